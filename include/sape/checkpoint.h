/* SPDX-License-Identifier: MIT */
/**
 * @file checkpoint.h
 * Checkpoints: fields and trainings that outlive the program.
 *
 * A checkpoint is a safetensors file. Its tensors have the names and shapes of the public SAPE code's state dict, so
 * that either side loads what the other has saved; everything else (the encoder's kind, sizes, the policy and where it
 * stands) is in the metadata, under keys that begin with "sape.". A trainer's checkpoint is a field's with more tensors
 * in it, called "optimizer.*" and "sape.*"; so is that of a field whose policy is spatial_fixed.
 *
 * Files can be read by this and every later version; what a later version writes may be refused with
 * #SAPE_ERROR_VERSION. For memory and callbacks in place of files see safetensors.h: a checkpoint is made from a
 * handle, and a handle from a checkpoint, wherever its bytes come from or go to.
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
 * Makes a checkpoint of a field, a copy of all it holds.
 *
 * @param out receives it, to be freed with sape_safetensors_free(); NULL is stored when the call fails.
 * @return #SAPE_OK, #SAPE_ERROR_ARGUMENT, #SAPE_ERROR_MEMORY, #SAPE_ERROR_NOT_FINITE (a field that cannot be loaded
 *         again is not saved).
 */
SAPE_API sape_status sape_field_checkpoint(const sape_field *field, sape_safetensors **out);

/**
 * Makes a field from a checkpoint that libsape has made, of a field or of a trainer.
 *
 * @param checkpoint the checkpoint; it is not kept.
 * @param out receives the field; NULL is stored when the call fails.
 * @return #SAPE_OK, #SAPE_ERROR_ARGUMENT, #SAPE_ERROR_MEMORY; #SAPE_ERROR_NOT_FOUND: without libsape's metadata (make
 *         a field of the right architecture and use sape_field_restore()), or a tensor is missing;
 *         #SAPE_ERROR_SHAPE: tensor and metadata contradict each other; #SAPE_ERROR_FORMAT: an entry is out of range,
 *         or contradicts another; #SAPE_ERROR_NOT_FINITE, #SAPE_ERROR_VERSION.
 */
SAPE_API sape_status sape_field_from_checkpoint(const sape_safetensors *checkpoint, sape_field **out);

/**
 * Brings a field into the state of a checkpoint of the same architecture, from libsape or from the public code. Without
 * libsape's metadata the mask keeps its settings and its schedule goes on behind the last feature that is revealed
 * anywhere. When it fails the field is as it was.
 *
 * @param checkpoint the checkpoint; it is not kept.
 * @return as sape_field_from_checkpoint(); #SAPE_ERROR_NOT_FOUND or #SAPE_ERROR_SHAPE name the first tensor that does
 *         not fit, #SAPE_ERROR_ARGUMENT the first setting.
 */
SAPE_API sape_status sape_field_restore(sape_field *field, const sape_safetensors *checkpoint);

/**
 * sape_field_checkpoint() and sape_safetensors_save() in one; see the latter for what is kept of a file that is
 * replaced.
 *
 * @param path the file's name. @return as these.
 */
SAPE_API sape_status sape_field_save(const sape_field *field, const char *path);

/** sape_safetensors_open() and sape_field_from_checkpoint() in one. @param path, out as there. @return as these. */
SAPE_API sape_status sape_field_load(const char *path, sape_field **out);

/**
 * Makes a checkpoint of a trainer and its field: with the optimizer's moments and the place in the epoch, but without
 * the samples. Not while another thread trains. A trainer that could not be restored is refused, so that
 * sape_trainer_save() leaves the file that was there.
 *
 * @param out as in sape_field_checkpoint(). @return as sape_field_checkpoint().
 */
SAPE_API sape_status sape_trainer_checkpoint(const sape_trainer *trainer, sape_safetensors **out);

/**
 * Brings a trainer and its field into the state of a checkpoint. Training then goes on as if it had never stopped: the
 * parameters are the same to the last bit on the same machine, see backend.h. When it fails the trainer and the field
 * are as they were.
 *
 * Before this call the trainer must have been
 * - made with the parameters of the one that was saved, for a field of the same architecture and schedule. Threads and
 *   reports may differ; so may the seed without validation, and what ends a run: tolerance, patience, min_improvement
 *   and validation_patience. With validation the seed, validation_share and validation_every must be the same;
 * - given the same samples, or a sampler for as many;
 * - with #SAPE_LOSS_CHAMFER, given the same points by sape_trainer_set_target_points();
 * - with an adaptive rate, given the same one by sape_trainer_set_adaptive_rate(). A loss function of
 *   sape_trainer_set_jacobian_loss() and a reduce function are not in the checkpoint either.
 *
 * @param checkpoint the checkpoint; it is not kept.
 * @return as sape_field_restore(); #SAPE_ERROR_ARGUMENT names the first parameter that differs; #SAPE_ERROR_STATE
 *         from a callback of the trainer.
 */
SAPE_API sape_status sape_trainer_restore(sape_trainer *trainer, const sape_safetensors *checkpoint);

/** sape_trainer_checkpoint() and sape_safetensors_save() in one. @param path the file's name. @return as these. */
SAPE_API sape_status sape_trainer_save(const sape_trainer *trainer, const char *path);

/** sape_safetensors_open() and sape_trainer_restore() in one. @param path the file's name. @return as these. */
SAPE_API sape_status sape_trainer_resume(sape_trainer *trainer, const char *path);

#ifdef __cplusplus
}
#endif

#endif
