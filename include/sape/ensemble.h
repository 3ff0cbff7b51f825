/* SPDX-License-Identifier: MIT */
/**
 * @file ensemble.h
 * Uses several fields as one, with one file for all.
 *
 * Fields that were trained on the same samples from different seeds err differently between them. The mean of their
 * outputs is closer to the target than the outputs of one. An ensemble is an array of such fields, which stay the
 * caller's: make, train and free each of them as usual. All must have the same domain_dim and the same output_dim. Else
 * they may differ; the mean is taken in the caller's units.
 *
 * These calls do not change the fields, and follow the rules of all calls that take a const field. The array's type
 * has no const for the fields, so that C takes an array of your own handles without a cast. A field may be in it more
 * than once. Each field is asked in turn and uses its own number of threads.
 *
 * A checkpoint of several fields is a safetensors file. Its tensors and metadata are those of the fields' checkpoints,
 * with "0.", "1." and so on before their names. The entry "sape.fields" is their number. The checkpoint of an ensemble
 * of one is that of the field. The calls that read ensembles read it, and those of trainers, as ensembles of one. Calls
 * that restore a single field or trainer refuse a checkpoint of several.
 *
 * Below, d is the fields' domain_dim and o their output_dim.
 */
#ifndef SAPE_ENSEMBLE_H
#define SAPE_ENSEMBLE_H

#include "field.h"
#include "safetensors.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Most fields of an ensemble. */
#define SAPE_MAX_FIELDS 256

/**
 * Computes the mean of the fields' outputs at coordinates.
 *
 * The outputs of all are added in their order and divided by their number, in single precision. An ensemble of one
 * gives the bits of sape_field_predict(). While it computes, it needs as much memory again as the outputs. On failure,
 * what outputs contains is undefined.
 *
 * @param[in]  num_fields number of fields, 1 to #SAPE_MAX_FIELDS.
 * @param[in]  fields     (num_fields) the fields.
 * @param[in]  n          number of samples; 0 does nothing.
 * @param[in]  x          (n, d) coordinates, finite, at most #SAPE_MAX_COORDINATE in absolute value.
 * @param[out] outputs    (n, o) receives the mean outputs.
 * @return #SAPE_OK; #SAPE_ERROR_ARGUMENT if a pointer or a field is NULL, num_fields is out of range or a coordinate is
 *         too large; #SAPE_ERROR_SHAPE if the fields differ in domain_dim or output_dim; #SAPE_ERROR_NOT_FINITE if x
 *         contains NaN or infinity; #SAPE_ERROR_MEMORY if memory is exhausted or n is too large; #SAPE_ERROR_THREAD if
 *         a thread cannot be started.
 * @since 0.3.0
 */
SAPE_API sape_status sape_ensemble_predict(size_t num_fields, sape_field *const *fields, size_t n, const float *x,
                                           float *outputs);

/**
 * Computes the mean of the fields' outputs on a regular grid.
 *
 * The grid is that of sape_field_predict_grid(), the mean that of sape_ensemble_predict().
 *
 * @param[in]  num_fields number of fields, 1 to #SAPE_MAX_FIELDS.
 * @param[in]  fields     (num_fields) the fields.
 * @param[in]  size       (d) points along every axis, at least 1 each.
 * @param[in]  low        (d) coordinates of the first points, finite, at most #SAPE_MAX_COORDINATE in absolute value.
 * @param[in]  high       (d) coordinates of the last points, likewise; they may be below low.
 * @param[out] outputs    (size[0], ..., size[d-1], o) receives the mean outputs; the last coordinate is the fastest.
 * @return #SAPE_OK; #SAPE_ERROR_ARGUMENT if a pointer or a field is NULL, num_fields is out of range, a size is 0, or a
 *         coordinate is too large; #SAPE_ERROR_SHAPE if the fields differ in domain_dim or output_dim;
 *         #SAPE_ERROR_NOT_FINITE if low or high contains NaN or infinity; #SAPE_ERROR_MEMORY if memory is exhausted or
 *         the grid is too large; #SAPE_ERROR_THREAD if a thread cannot be started.
 * @since 0.3.0
 */
SAPE_API sape_status sape_ensemble_predict_grid(size_t num_fields, sape_field *const *fields, const size_t *size,
                                                const float *low, const float *high, float *outputs);

/**
 * Computes the mean outputs and their Jacobian with respect to the coordinates.
 *
 * It is the mean of the Jacobians of sape_field_jacobian(), taken as in sape_ensemble_predict(). For the normal of an
 * implicit surface, take it for fields of one output.
 *
 * @param[in]  num_fields number of fields, 1 to #SAPE_MAX_FIELDS.
 * @param[in]  fields     (num_fields) the fields.
 * @param[in]  n          number of samples; 0 does nothing.
 * @param[in]  x          (n, d) coordinates, finite, at most #SAPE_MAX_COORDINATE in absolute value.
 * @param[out] outputs    (n, o) receives the mean outputs; may be NULL.
 * @param[out] jacobian   (n, o, d) receives the derivative of every mean output with respect to every coordinate.
 * @return #SAPE_OK; #SAPE_ERROR_ARGUMENT if a required pointer or a field is NULL, num_fields is out of range or a
 *         coordinate is too large; #SAPE_ERROR_SHAPE if the fields differ in domain_dim or output_dim;
 *         #SAPE_ERROR_NOT_FINITE if x contains NaN or infinity; #SAPE_ERROR_MEMORY if memory is exhausted or n is too
 *         large; #SAPE_ERROR_THREAD if a thread cannot be started.
 * @since 0.3.0
 */
SAPE_API sape_status sape_ensemble_jacobian(size_t num_fields, sape_field *const *fields, size_t n, const float *x,
                                            float *outputs, float *jacobian);

/**
 * Makes one checkpoint of several fields.
 *
 * The checkpoint is a copy of the fields' entire state.
 *
 * @param[in]  num_fields number of fields, 1 to #SAPE_MAX_FIELDS.
 * @param[in]  fields     (num_fields) the fields.
 * @param[out] out        receives the checkpoint, to be freed with sape_safetensors_free(); NULL on failure.
 * @return #SAPE_OK; #SAPE_ERROR_ARGUMENT if a pointer or a field is NULL or num_fields is out of range;
 *         #SAPE_ERROR_SHAPE if the fields differ in domain_dim or output_dim; #SAPE_ERROR_NOT_FINITE if a field
 *         contains NaN or infinity; #SAPE_ERROR_MEMORY if memory is exhausted.
 * @since 0.3.0
 */
SAPE_API sape_status sape_ensemble_checkpoint(size_t num_fields, sape_field *const *fields, sape_safetensors **out);

/**
 * Saves several fields to one file.
 *
 * It combines sape_ensemble_checkpoint() and sape_safetensors_save(), which describes how a file is replaced.
 *
 * @param[in] num_fields number of fields, 1 to #SAPE_MAX_FIELDS.
 * @param[in] fields     (num_fields) the fields.
 * @param[in] path       the file's path.
 * @return #SAPE_OK; #SAPE_ERROR_ARGUMENT if a pointer or a field is NULL or num_fields is out of range;
 *         #SAPE_ERROR_SHAPE if the fields differ in domain_dim or output_dim; #SAPE_ERROR_NOT_FINITE if a field
 *         contains NaN or infinity; #SAPE_ERROR_FILE if the file cannot be written; #SAPE_ERROR_MEMORY if memory is
 *         exhausted.
 * @since 0.3.0
 */
SAPE_API sape_status sape_ensemble_save(size_t num_fields, sape_field *const *fields, const char *path);

/**
 * Returns the number of fields in a checkpoint.
 *
 * It checks that every field is there, that their sizes agree and that no tensor is left over, but not the fields
 * themselves.
 *
 * @param[in]  checkpoint the checkpoint, of an ensemble, a field or a trainer.
 * @param[out] num_fields receives the number, 1 to #SAPE_MAX_FIELDS; 0 on failure.
 * @return #SAPE_OK; #SAPE_ERROR_ARGUMENT if a pointer is NULL; #SAPE_ERROR_NOT_FOUND if libsape's metadata is missing;
 *         #SAPE_ERROR_FORMAT if the number is out of range, a field is missing, the fields' sizes differ, or a tensor
 *         belongs to none; #SAPE_ERROR_VERSION if a later version wrote the checkpoint.
 * @since 0.3.0
 */
SAPE_API sape_status sape_ensemble_count(const sape_safetensors *checkpoint, size_t *num_fields);

/**
 * Creates the fields of a checkpoint.
 *
 * Free each with sape_field_free(). On failure none is left, and the entries of fields are NULL.
 *
 * @param[in]  checkpoint the checkpoint, of an ensemble, a field or a trainer; it is not kept.
 * @param[in]  capacity   number of entries of fields. #SAPE_MAX_FIELDS is always enough.
 * @param[out] fields     (capacity) receives the fields; entries beyond the last are NULL.
 * @param[out] num_fields receives their number; 0 on failure.
 * @return #SAPE_OK; #SAPE_ERROR_SHAPE if there are more fields than capacity; otherwise as sape_ensemble_count() and
 *         sape_field_from_checkpoint().
 * @since 0.3.0
 */
SAPE_API sape_status sape_ensemble_from_checkpoint(const sape_safetensors *checkpoint, size_t capacity,
                                                   sape_field **fields, size_t *num_fields);

/**
 * Loads the fields of a file.
 *
 * It combines sape_safetensors_open() and sape_ensemble_from_checkpoint(): `sape_field *fields[SAPE_MAX_FIELDS]` takes
 * any file.
 *
 * @param[in]  path       the file's path.
 * @param[in]  capacity   number of entries of fields.
 * @param[out] fields     (capacity) receives the fields; entries beyond the last are NULL.
 * @param[out] num_fields receives their number; 0 on failure.
 * @return #SAPE_OK; #SAPE_ERROR_FILE if the file cannot be read; #SAPE_ERROR_FORMAT if it is not a valid safetensors
 *         file; otherwise as sape_ensemble_from_checkpoint().
 * @since 0.3.0
 */
SAPE_API sape_status sape_ensemble_load(const char *path, size_t capacity, sape_field **fields, size_t *num_fields);

/**
 * Joins checkpoints of fields or trainers to one.
 *
 * Use this for checkpoints that carry metadata of your own, or to save the training of several fields in one file.
 *
 * @param[in]  count       number of checkpoints, 1 to #SAPE_MAX_FIELDS.
 * @param[in]  checkpoints (count) checkpoints of one field each; they are not kept.
 * @param[out] out         receives the copy, to be freed with sape_safetensors_free(); NULL on failure.
 * @return #SAPE_OK; #SAPE_ERROR_ARGUMENT if a pointer or a checkpoint is NULL, count is out of range, or all names
 *         together are too long for a file's header (16 MiB); #SAPE_ERROR_SHAPE if a checkpoint is of several fields,
 *         or they differ in domain_dim or output_dim; #SAPE_ERROR_MEMORY if memory is exhausted; otherwise as
 *         sape_ensemble_count().
 * @since 0.3.0
 */
SAPE_API sape_status sape_ensemble_join(size_t count, sape_safetensors *const *checkpoints, sape_safetensors **out);

/**
 * Copies one field's checkpoint out of an ensemble's.
 *
 * It is what sape_ensemble_join() was given: sape_field_from_checkpoint() or sape_trainer_restore() takes it.
 *
 * @param[in]  checkpoint the checkpoint, of an ensemble, a field or a trainer.
 * @param[in]  index      the field's index, from 0.
 * @param[out] out        receives the copy, to be freed with sape_safetensors_free(); NULL on failure.
 * @return #SAPE_OK; #SAPE_ERROR_ARGUMENT if index is out of range; #SAPE_ERROR_MEMORY if memory is exhausted; otherwise
 *         as sape_ensemble_count().
 * @since 0.3.0
 */
SAPE_API sape_status sape_ensemble_member(const sape_safetensors *checkpoint, size_t index, sape_safetensors **out);

#ifdef __cplusplus
}
#endif

#endif
