/* SPDX-License-Identifier: MIT */
/**
 * @file checkpoint.h
 * Saves fields and trainers as checkpoints, and restores them.
 *
 * A checkpoint is a safetensors file. Its tensors have the names and shapes of the public SAPE code's state dict, so
 * either side can load what the other has saved. All else (the encoder's kind, sizes, the policy and its progress) is
 * in the metadata, under keys that begin with "sape.". A trainer's checkpoint is a field's checkpoint with additional
 * tensors, called "optimizer.*" and "sape.*". So is that of a field whose policy is spatial_fixed.
 *
 * Tensors are single precision whatever the precision of the products was. Where that was not fp32, the metadata name
 * it in "sape.network.precision". It need not match: a restored or loaded field computes in the precision that it has
 * by its own parameters or by default.
 *
 * This version and every later one can read these files. A file that a later version writes may be refused with
 * #SAPE_ERROR_VERSION. To keep a checkpoint in memory, or to pass it to a callback, see safetensors.h.
 *
 * No other thread may change a field or trainer while it is saved, or use it while it is restored.
 */
#ifndef SAPE_CHECKPOINT_H
#define SAPE_CHECKPOINT_H

#include "field.h"
#include "safetensors.h"
#include "trainer.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Makes a checkpoint of a field.
 *
 * The checkpoint is a copy of the field's entire state.
 *
 * @param[in]  field the field.
 * @param[out] out   receives the checkpoint, to be freed with sape_safetensors_free(); NULL on failure.
 * @return #SAPE_OK; #SAPE_ERROR_ARGUMENT if a pointer is NULL; #SAPE_ERROR_NOT_FINITE if the field contains NaN or
 *         infinity, so that it could not be loaded again; #SAPE_ERROR_MEMORY if memory is exhausted.
 * @since 0.1.0
 */
SAPE_API sape_status sape_field_checkpoint(const sape_field *field, sape_safetensors **out);

/**
 * Creates a field from a checkpoint that libsape made.
 *
 * The checkpoint may be that of a field or of a trainer.
 *
 * @param[in]  checkpoint the checkpoint; it is not kept.
 * @param[out] out        receives the field; NULL on failure.
 * @return #SAPE_OK; #SAPE_ERROR_ARGUMENT if a pointer is NULL, or a stored value or SAPE_BACKEND is out of range;
 *         #SAPE_ERROR_NOT_FOUND if a tensor or libsape's metadata is missing (without metadata, create a field of the
 *         right architecture and use sape_field_restore()); #SAPE_ERROR_SHAPE if a tensor contradicts the metadata;
 *         #SAPE_ERROR_FORMAT if an entry is out of range or contradicts another; #SAPE_ERROR_NOT_FINITE if a tensor
 *         contains NaN or infinity; #SAPE_ERROR_VERSION if a later version wrote the checkpoint; #SAPE_ERROR_MEMORY if
 *         memory is exhausted; #SAPE_ERROR_UNSUPPORTED if this machine lacks what SAPE_BACKEND asks for.
 * @since 0.1.0
 */
SAPE_API sape_status sape_field_from_checkpoint(const sape_safetensors *checkpoint, sape_field **out);

/**
 * Restores a field from a checkpoint of the same architecture.
 *
 * The checkpoint may be from libsape or from the public code. Without libsape's metadata, the mask keeps its settings,
 * and its schedule continues after the last feature that is revealed anywhere. On failure the field is unchanged.
 *
 * @param[in,out] field      the field.
 * @param[in]     checkpoint the checkpoint; it is not kept.
 * @return #SAPE_OK; #SAPE_ERROR_ARGUMENT if a pointer is NULL, a setting differs (the message names the first), or a
 *         stored value is out of range; #SAPE_ERROR_NOT_FOUND if a tensor is missing or unknown, or #SAPE_ERROR_SHAPE
 *         if its shape differs (the message names the first); #SAPE_ERROR_FORMAT if an entry is out of range or
 *         contradicts another; #SAPE_ERROR_NOT_FINITE if a tensor contains NaN or infinity; #SAPE_ERROR_VERSION if a
 *         later version wrote the checkpoint; #SAPE_ERROR_MEMORY if memory is exhausted.
 * @since 0.1.0
 */
SAPE_API sape_status sape_field_restore(sape_field *field, const sape_safetensors *checkpoint);

/**
 * Saves a field to a file.
 *
 * It combines sape_field_checkpoint() and sape_safetensors_save(), which describes how a file is replaced.
 *
 * @param[in] field the field.
 * @param[in] path  the file's path.
 * @return #SAPE_OK; #SAPE_ERROR_ARGUMENT if a pointer is NULL; #SAPE_ERROR_NOT_FINITE if the field contains NaN or
 *         infinity; #SAPE_ERROR_FILE if the file cannot be written; #SAPE_ERROR_MEMORY if memory is exhausted.
 * @since 0.1.0
 */
SAPE_API sape_status sape_field_save(const sape_field *field, const char *path);

/**
 * Loads a field from a file.
 *
 * It combines sape_safetensors_open() and sape_field_from_checkpoint().
 *
 * @param[in]  path the file's path.
 * @param[out] out  receives the field; NULL on failure.
 * @return #SAPE_OK; #SAPE_ERROR_FILE if the file cannot be read; #SAPE_ERROR_FORMAT if it is not a valid safetensors
 *         file, or an entry is out of range or contradicts another; #SAPE_ERROR_ARGUMENT, #SAPE_ERROR_NOT_FOUND,
 *         #SAPE_ERROR_SHAPE, #SAPE_ERROR_NOT_FINITE, #SAPE_ERROR_VERSION, #SAPE_ERROR_MEMORY or #SAPE_ERROR_UNSUPPORTED
 *         for the reasons of sape_field_from_checkpoint().
 * @since 0.1.0
 */
SAPE_API sape_status sape_field_load(const char *path, sape_field **out);

/**
 * Makes a checkpoint of a trainer and its field.
 *
 * It includes the optimizer's moments and the position in the epoch, but not the samples. A trainer that could not be
 * restored is refused.
 *
 * @param[in]  trainer the trainer.
 * @param[out] out     receives the checkpoint, to be freed with sape_safetensors_free(); NULL on failure.
 * @return #SAPE_OK; #SAPE_ERROR_ARGUMENT if a pointer is NULL; #SAPE_ERROR_NOT_FINITE if the field or the optimizer
 *         contains NaN or infinity; #SAPE_ERROR_FORMAT if the trainer's state contradicts itself; #SAPE_ERROR_MEMORY if
 *         memory is exhausted.
 * @since 0.1.0
 */
SAPE_API sape_status sape_trainer_checkpoint(const sape_trainer *trainer, sape_safetensors **out);

/**
 * Restores a trainer and its field from a checkpoint.
 *
 * Training then continues as if it had never stopped: on the same machine, the parameters are bit-identical (see
 * backend.h). On failure the trainer and the field are unchanged.
 *
 * Before this call:
 * - Create the trainer with the parameters of the saved one, for a field of the same architecture and schedule.
 *   num_threads, progress_every, tolerance, patience, min_improvement and validation_patience may differ. Without
 *   validation, so may the seed. With validation, the seed, validation_share, validation_every and validation_margin
 *   must be the same.
 * - Set the same samples, or a sampler for as many.
 * - For #SAPE_LOSS_CHAMFER, set the same points with sape_trainer_set_target_points().
 * - For an adaptive rate, set the same one with sape_trainer_set_adaptive_rate().
 * - Set the function of sape_trainer_set_jacobian_loss() and the reduce function of sape_trainer_set_reduce(), if any;
 *   they are not in the checkpoint.
 *
 * @param[in,out] trainer    the trainer.
 * @param[in]     checkpoint the checkpoint; it is not kept.
 * @return #SAPE_OK; #SAPE_ERROR_ARGUMENT if a pointer is NULL, a parameter differs (the message names the first), or a
 *         stored value is out of range; #SAPE_ERROR_NOT_FOUND if the checkpoint does not contain a trainer, or a tensor
 *         is missing or unknown; #SAPE_ERROR_SHAPE if a tensor's shape differs; #SAPE_ERROR_FORMAT if an entry is out
 *         of range or contradicts another; #SAPE_ERROR_NOT_FINITE if a tensor contains NaN or infinity;
 *         #SAPE_ERROR_VERSION if a later version wrote the checkpoint; #SAPE_ERROR_STATE from one of the trainer's
 *         callbacks; #SAPE_ERROR_MEMORY if memory is exhausted.
 * @since 0.1.0
 */
SAPE_API sape_status sape_trainer_restore(sape_trainer *trainer, const sape_safetensors *checkpoint);

/**
 * Saves a trainer and its field to a file.
 *
 * It combines sape_trainer_checkpoint() and sape_safetensors_save(), which describes how a file is replaced.
 *
 * @param[in] trainer the trainer.
 * @param[in] path    the file's path.
 * @return #SAPE_OK; #SAPE_ERROR_ARGUMENT if a pointer is NULL; #SAPE_ERROR_NOT_FINITE if the field or the optimizer
 *         contains NaN or infinity; #SAPE_ERROR_FORMAT if the trainer's state contradicts itself; #SAPE_ERROR_FILE if
 *         the file cannot be written; #SAPE_ERROR_MEMORY if memory is exhausted. On failure an existing file is kept.
 * @since 0.1.0
 */
SAPE_API sape_status sape_trainer_save(const sape_trainer *trainer, const char *path);

/**
 * Restores a trainer and its field from a file.
 *
 * It combines sape_safetensors_open() and sape_trainer_restore(), which says what the trainer needs first.
 *
 * @param[in,out] trainer the trainer.
 * @param[in]     path    the file's path.
 * @return #SAPE_OK; #SAPE_ERROR_FILE if the file cannot be read; #SAPE_ERROR_FORMAT if it is not a valid safetensors
 *         file, or an entry is out of range or contradicts another; #SAPE_ERROR_ARGUMENT, #SAPE_ERROR_NOT_FOUND,
 *         #SAPE_ERROR_SHAPE, #SAPE_ERROR_NOT_FINITE, #SAPE_ERROR_VERSION, #SAPE_ERROR_STATE or #SAPE_ERROR_MEMORY for
 *         the reasons of sape_trainer_restore().
 * @since 0.1.0
 */
SAPE_API sape_status sape_trainer_resume(sape_trainer *trainer, const char *path);

#ifdef __cplusplus
}
#endif

#endif
