/* SPDX-License-Identifier: MIT */
/**
 * @file field.h
 * Joins an encoder, a mask and a network into one function.
 *
 * A field maps coordinates to outputs. Several threads may make calls that take a const field on one field at once, but
 * not while a trainer, or a call that takes it non-const, changes it. Results do not depend on the number of threads.
 *
 * A field can carry a normalization (sape_field_set_normalization()): the centre and scale of its coordinates, and the
 * mean and scale of its targets. Every call that takes a field or trainer then works in the caller's units; encoder,
 * mask and network, taken from the field, work in the field's own, u = (x - center) / scale.
 *
 * Below, d is the encoder's domain_dim and E its encoding_dim.
 */
#ifndef SAPE_FIELD_H
#define SAPE_FIELD_H

#include "encoder.h"
#include "mask.h"
#include "network.h"
#include "optimizer.h"

#ifdef __cplusplus
extern "C" {
#endif

/** A field. It owns its encoder, mask and network. */
typedef struct sape_field sape_field;

/** Options of a prediction. Call sape_predict_options_init() first, then change what you need. */
typedef struct sape_predict_options {
    /** sizeof(sape_predict_options), set by the initialiser. */
    size_t struct_size;
    /** Coordinates (n, d) at which to read the mask. NULL (the default) for x. */
    const float *mask_by;
    /** Finite weights to use instead of the mask's. (E) for all samples, or (n, E). NULL (the default) for none. */
    const float *override_mask;
    /** Rows of override_mask: 1 or n. Default 1. */
    size_t override_rows;
    /** Receives the weights that were used, (n, E). NULL (the default) if not wanted. */
    float *weights;
} sape_predict_options;

/**
 * Sets every option of a prediction to its default.
 *
 * @param[out] options the options; NULL is ignored.
 * @param[in]  size    sizeof(sape_predict_options) in the caller's headers.
 * @since 0.1.0
 */
SAPE_API void sape_predict_options_init(sape_predict_options *options, size_t size);

/**
 * Creates a field.
 *
 * The field sets the dimensions that follow from another part, whatever the structs say: the mask's domain_dim and
 * encoding_dim and the network's input_dim. Under every policy but none, it turns on include_identity.
 *
 * @param[in]  encoder parameters of the encoder; NULL for the defaults.
 * @param[in]  mask    parameters of the mask; NULL for the defaults.
 * @param[in]  network parameters of the network; NULL for the defaults.
 * @param[out] out     receives the field; NULL on failure.
 * @return #SAPE_OK; #SAPE_ERROR_ARGUMENT if out is NULL, a parameter or SAPE_BACKEND is invalid, or encoder and network
 *         ask for different instruction sets; #SAPE_ERROR_NOT_FINITE if the mask's samples or constants are not finite;
 *         #SAPE_ERROR_VERSION if a struct sets a field that this version does not know; #SAPE_ERROR_MEMORY if memory is
 *         exhausted; #SAPE_ERROR_UNSUPPORTED if the processor lacks the instruction set, or the build lacks CBLAS.
 * @since 0.1.0
 */
SAPE_API sape_status sape_field_create(const sape_encoder_params *encoder, const sape_mask_params *mask,
                                       const sape_network_params *network, sape_field **out);

/**
 * Frees a field and its parts.
 *
 * While the field has a trainer, it stays alive for that trainer alone and is freed with it.
 *
 * @param[in] field the field; NULL is ignored.
 * @since 0.1.0
 */
SAPE_API void sape_field_free(sape_field *field);

/**
 * Returns the field's encoder.
 *
 * @param[in] field the field; may be NULL.
 * @return the encoder, owned by the field; NULL for NULL.
 * @since 0.1.0
 */
SAPE_API sape_encoder *sape_field_encoder(const sape_field *field);

/**
 * Returns the field's mask.
 *
 * @param[in] field the field; may be NULL.
 * @return the mask, owned by the field; NULL for NULL.
 * @since 0.1.0
 */
SAPE_API sape_mask *sape_field_mask(const sape_field *field);

/**
 * Returns the field's network.
 *
 * @param[in] field the field; may be NULL.
 * @return the network, owned by the field; NULL for NULL.
 * @since 0.1.0
 */
SAPE_API sape_network *sape_field_network(const sape_field *field);

/**
 * Returns the number of trainable parameters.
 *
 * They are the network's, flat as in network.h, then the encoder's: the tensors of #SAPE_ENCODING_GRID, one after the
 * other. Other encodings have none.
 *
 * @param[in] field the field; may be NULL.
 * @return the number of parameters; 0 for NULL.
 * @since 0.3.0
 */
SAPE_API size_t sape_field_num_parameters(const sape_field *field);

/**
 * Sets the scales of coordinates and targets.
 *
 * The field computes target_mean + target_scale f((x - center) / scale). Predictions, grids, Jacobians and gradients
 * are in the caller's units. A trainer's samples are too; its built-in losses compare outputs and targets after
 * division by target_scale, so that a mask's epsilon and a tolerance mean the same for targets of any size.
 * #SAPE_LOSS_CHAMFER and a loss of your own are in the caller's units. A mask's samples, domain and signal are in the
 * field's units. Checkpoints store the normalization.
 *
 * @param[in,out] field        the field; it must not have a trainer.
 * @param[in]     center       (d) finite; NULL for zeros.
 * @param[in]     scale        (d) finite, greater than 0; NULL for ones.
 * @param[in]     target_mean  (output_dim) finite; NULL for zeros.
 * @param[in]     target_scale (output_dim) finite, greater than 0; NULL for ones.
 * @return #SAPE_OK; #SAPE_ERROR_ARGUMENT if field is NULL or a value is out of range; #SAPE_ERROR_STATE if the field
 * has a trainer; #SAPE_ERROR_MEMORY if memory is exhausted. On failure nothing changes.
 * @since 0.3.0
 */
SAPE_API sape_status sape_field_set_normalization(sape_field *field, const double *center, const double *scale,
                                                  const double *target_mean, const double *target_scale);

/**
 * Sets the normalization from samples.
 *
 * Every coordinate's range becomes [-1, 1]; every output's targets get mean 0 and standard deviation 1. What does not
 * vary keeps its scale.
 *
 * @param[in,out] field   the field; it must not have a trainer.
 * @param[in]     n       number of samples, at least 1.
 * @param[in]     x       (n, d) finite coordinates.
 * @param[in]     targets (n, output_dim) finite targets; NULL, for labels above all, to leave outputs as they are.
 * @return #SAPE_OK; #SAPE_ERROR_ARGUMENT if a required pointer is NULL or n is 0; #SAPE_ERROR_NOT_FINITE if x or
 * targets contains NaN or infinity; #SAPE_ERROR_STATE if the field has a trainer; #SAPE_ERROR_MEMORY if memory is
 *         exhausted or n is too large. On failure nothing changes.
 * @since 0.3.0
 */
SAPE_API sape_status sape_field_fit_normalization(sape_field *field, size_t n, const float *x, const float *targets);

/**
 * Copies the normalization.
 *
 * @param[in]  field        the field.
 * @param[out] center       (d) receives the coordinates' centre; may be NULL.
 * @param[out] scale        (d) receives their scale; may be NULL.
 * @param[out] target_mean  (output_dim) receives the targets' mean; may be NULL.
 * @param[out] target_scale (output_dim) receives their scale; may be NULL.
 * @return #SAPE_OK; #SAPE_ERROR_ARGUMENT if field is NULL.
 * @since 0.3.0
 */
SAPE_API sape_status sape_field_get_normalization(const sape_field *field, double *center, double *scale,
                                                  double *target_mean, double *target_scale);

/**
 * Sets how many threads one call on the field may use.
 *
 * This applies to predictions, gradients and Jacobians. A trainer has its own num_threads.
 *
 * @param[in,out] field       the field.
 * @param[in]     num_threads 1 to 256, or 0 (the default) for one per available processor.
 * @return #SAPE_OK; #SAPE_ERROR_ARGUMENT if field is NULL, or num_threads or SAPE_BACKEND is invalid.
 * @since 0.1.0
 */
SAPE_API sape_status sape_field_set_num_threads(sape_field *field, size_t num_threads);

/**
 * Describes the backend that the field uses.
 *
 * num_threads is the number that sape_field_predict() may use.
 *
 * @param[in]     field       the field.
 * @param[in,out] description receives the description; its struct_size must be set.
 * @return #SAPE_OK; #SAPE_ERROR_ARGUMENT if a pointer is NULL or struct_size is out of range.
 * @since 0.2.0
 */
SAPE_API sape_status sape_field_describe(const sape_field *field, sape_description *description);

/**
 * Computes the outputs at coordinates.
 *
 * @param[in]  field   the field.
 * @param[in]  n       number of samples; 0 does nothing.
 * @param[in]  x       (n, d) coordinates, finite, usually in [-1, 1], at most #SAPE_MAX_COORDINATE in absolute value.
 * @param[out] outputs (n, output_dim) receives the outputs.
 * @return #SAPE_OK; #SAPE_ERROR_ARGUMENT if a pointer is NULL or a coordinate is too large; #SAPE_ERROR_NOT_FINITE if x
 *         contains NaN or infinity; #SAPE_ERROR_MEMORY if memory is exhausted or n is too large; #SAPE_ERROR_THREAD if
 *         a thread cannot be started.
 * @since 0.1.0
 */
SAPE_API sape_status sape_field_predict(const sape_field *field, size_t n, const float *x, float *outputs);

/**
 * Computes the outputs at coordinates, with options.
 *
 * @param[in]  field   the field.
 * @param[in]  options the options; NULL for the defaults.
 * @param[in]  n       number of samples; 0 does nothing.
 * @param[in]  x       (n, d) coordinates, finite, usually in [-1, 1], at most #SAPE_MAX_COORDINATE in absolute value.
 * @param[out] outputs (n, output_dim) receives the outputs.
 * @return #SAPE_OK; #SAPE_ERROR_ARGUMENT if a required pointer is NULL, a coordinate is too large, or override_rows is
 *         neither 1 nor n; #SAPE_ERROR_NOT_FINITE if x, mask_by or override_mask contains NaN or infinity;
 *         #SAPE_ERROR_VERSION if options sets a field that this version does not know; #SAPE_ERROR_MEMORY if memory is
 *         exhausted or n is too large; #SAPE_ERROR_THREAD if a thread cannot be started.
 * @since 0.1.0
 */
SAPE_API sape_status sape_field_predict_with(const sape_field *field, const sape_predict_options *options, size_t n,
                                             const float *x, float *outputs);

/**
 * Computes the outputs on a regular grid.
 *
 * The grid's coordinates are not stored: besides the outputs, a large grid needs no more memory than a small one.
 *
 * Along axis a, point (i_0, i_1, ...) has the coordinate low[a] + (high[a] - low[a]) * i_a / (size[a] - 1), computed in
 * double precision in this order and rounded to float; if size[a] is 1, it is low[a]. The first point of an axis is
 * therefore at low and the last one at high. The outputs are bit-identical to those of sape_field_predict() at these
 * coordinates.
 *
 * @param[in]  field   the field.
 * @param[in]  size    (d) points along every axis, at least 1 each.
 * @param[in]  low     (d) coordinates of the first points, finite, at most #SAPE_MAX_COORDINATE in absolute value.
 * @param[in]  high    (d) coordinates of the last points, likewise; they may be below low.
 * @param[out] outputs (size[0], ..., size[d-1], output_dim) receives the outputs; the last coordinate is the fastest.
 * @return #SAPE_OK; #SAPE_ERROR_ARGUMENT if a pointer is NULL, a size is 0, or a coordinate is too large;
 *         #SAPE_ERROR_NOT_FINITE if low or high contains NaN or infinity; #SAPE_ERROR_MEMORY if memory is exhausted or
 *         the grid is too large; #SAPE_ERROR_THREAD if a thread cannot be started.
 * @since 0.2.0
 */
SAPE_API sape_status sape_field_predict_grid(const sape_field *field, const size_t *size, const float *low,
                                             const float *high, float *outputs);

/**
 * Propagates a gradient from the outputs to parameters and coordinates.
 *
 * The derivative with respect to the coordinates is that of the whole field, including the mask's slope. For the normal
 * of an implicit surface, set d_outputs to ones.
 *
 * @param[in]  field        the field.
 * @param[in]  n            number of samples; 0 gives a gradient of zeros.
 * @param[in]  x            (n, d) coordinates, finite, at most #SAPE_MAX_COORDINATE in absolute value.
 * @param[in]  d_outputs    (n, output_dim) finite gradient of a quantity with respect to the outputs.
 * @param[out] d_parameters (sape_field_num_parameters()) receives its gradient with respect to the parameters; may be
 *                          NULL.
 * @param[out] d_x          (n, d) receives its gradient with respect to x; may be NULL.
 * @return #SAPE_OK; #SAPE_ERROR_ARGUMENT if a required pointer is NULL or a coordinate is too large;
 *         #SAPE_ERROR_NOT_FINITE if x or d_outputs contains NaN or infinity; #SAPE_ERROR_MEMORY if memory is exhausted
 *         or n is too large; #SAPE_ERROR_THREAD if a thread cannot be started.
 * @since 0.1.0
 */
SAPE_API sape_status sape_field_backward(const sape_field *field, size_t n, const float *x, const float *d_outputs,
                                         float *d_parameters, float *d_x);

/**
 * Computes the norm of every sample's own parameter gradient.
 *
 * A sample's norm is that of the gradient from sape_field_backward() with this sample alone. All norms together cost
 * one backward pass; docs/mathematics.md has the formula.
 *
 * @param[in]  field     the field.
 * @param[in]  n         number of samples; 0 does nothing.
 * @param[in]  x         (n, d) coordinates, finite, at most #SAPE_MAX_COORDINATE in absolute value.
 * @param[in]  d_outputs (n, output_dim) finite gradient of a quantity with respect to the outputs.
 * @param[out] norms     (n) receives the Euclidean norms.
 * @return #SAPE_OK; #SAPE_ERROR_ARGUMENT if a pointer is NULL or a coordinate is too large; #SAPE_ERROR_NOT_FINITE if x
 *         or d_outputs contains NaN or infinity; #SAPE_ERROR_MEMORY if memory is exhausted or n is too large;
 *         #SAPE_ERROR_THREAD if a thread cannot be started.
 * @since 0.2.0
 */
SAPE_API sape_status sape_field_gradient_norms(const sape_field *field, size_t n, const float *x,
                                               const float *d_outputs, float *norms);

/**
 * Computes the outputs and their Jacobian with respect to the coordinates.
 *
 * The Jacobian is that of the whole field: through the network, the encoding and the mask. A ReLU at its kink counts as
 * off.
 *
 * @param[in]  field    the field.
 * @param[in]  n        number of samples; 0 does nothing.
 * @param[in]  x        (n, d) coordinates, finite, at most #SAPE_MAX_COORDINATE in absolute value.
 * @param[out] outputs  (n, output_dim) receives the outputs; may be NULL.
 * @param[out] jacobian (n, output_dim, d) receives the derivative of every output with respect to every coordinate.
 * @return #SAPE_OK; #SAPE_ERROR_ARGUMENT if a required pointer is NULL or a coordinate is too large;
 *         #SAPE_ERROR_NOT_FINITE if x contains NaN or infinity; #SAPE_ERROR_MEMORY if memory is exhausted or n is too
 *         large; #SAPE_ERROR_THREAD if a thread cannot be started.
 * @since 0.2.0
 */
SAPE_API sape_status sape_field_jacobian(const sape_field *field, size_t n, const float *x, float *outputs,
                                         float *jacobian);

/**
 * Propagates a gradient from outputs and Jacobian to the parameters.
 *
 * Eikonal terms and losses on normals need it.
 *
 * @param[in]  field        the field.
 * @param[in]  n            number of samples; 0 gives a gradient of zeros.
 * @param[in]  x            (n, d) coordinates, finite, at most #SAPE_MAX_COORDINATE in absolute value.
 * @param[in]  d_outputs    (n, output_dim) finite gradient of a quantity with respect to the outputs; NULL for zeros.
 * @param[in]  d_jacobian   (n, output_dim, d) its finite gradient with respect to the Jacobian.
 * @param[out] d_parameters (sape_field_num_parameters()) receives its gradient with respect to the parameters.
 * @return #SAPE_OK; #SAPE_ERROR_ARGUMENT if a required pointer is NULL or a coordinate is too large;
 *         #SAPE_ERROR_NOT_FINITE if x, d_outputs or d_jacobian contains NaN or infinity; #SAPE_ERROR_MEMORY if memory
 *         is exhausted or n is too large; #SAPE_ERROR_THREAD if a thread cannot be started.
 * @since 0.2.0
 */
SAPE_API sape_status sape_field_jacobian_backward(const sape_field *field, size_t n, const float *x,
                                                  const float *d_outputs, const float *d_jacobian, float *d_parameters);

/**
 * Updates the field's parameters by one optimizer step.
 *
 * Use it for your own training loop: predict, compute the loss, backward, update, then sape_mask_record() and
 * sape_mask_step() on sape_field_mask(). No other thread may use the field or the optimizer meanwhile.
 *
 * @param[in,out] field        the field.
 * @param[in,out] optimizer    an optimizer for sape_field_num_parameters() parameters.
 * @param[in]     d_parameters (sape_field_num_parameters()) finite gradient.
 * @return #SAPE_OK; #SAPE_ERROR_ARGUMENT if a pointer is NULL; #SAPE_ERROR_SHAPE if the optimizer is for another number
 *         of parameters; #SAPE_ERROR_NOT_FINITE if d_parameters contains NaN or infinity; #SAPE_ERROR_DIVERGED if a
 *         parameter or a moment would become NaN or infinite; #SAPE_ERROR_MEMORY if memory is exhausted. On failure the
 *         field and the optimizer are unchanged.
 * @since 0.1.0
 */
SAPE_API sape_status sape_field_update(sape_field *field, sape_optimizer *optimizer, const float *d_parameters);

/**
 * Returns the number of named tensors.
 *
 * The encoder's are called "model.encode.NAME", the network's "model.model.model.NAME". The mask's keep their names.
 *
 * @param[in] field the field; may be NULL.
 * @return the number of tensors; 0 for NULL.
 * @since 0.1.0
 */
SAPE_API size_t sape_field_tensor_count(const sape_field *field);

/**
 * Describes a tensor by its index.
 *
 * @param[in]     field the field.
 * @param[in]     index the index, from 0.
 * @param[in,out] info  receives the description; its struct_size must be set.
 * @return #SAPE_OK; #SAPE_ERROR_ARGUMENT if a pointer is NULL, or index or struct_size is out of range.
 * @since 0.1.0
 */
SAPE_API sape_status sape_field_tensor_info(const sape_field *field, size_t index, sape_tensor_info *info);

/**
 * Copies a tensor out of the field.
 *
 * @param[in]  field  the field.
 * @param[in]  name   the name from sape_field_tensor_info().
 * @param[out] values (count) receives the tensor.
 * @param[in]  count  number of floats in values; must be the tensor's.
 * @return #SAPE_OK; #SAPE_ERROR_ARGUMENT if a pointer is NULL; #SAPE_ERROR_NOT_FOUND if no tensor has that name;
 *         #SAPE_ERROR_SHAPE if count is not the tensor's.
 * @since 0.1.0
 */
SAPE_API sape_status sape_field_get_tensor(const sape_field *field, const char *name, float *values, size_t count);

/**
 * Replaces a tensor of the field.
 *
 * Under the variance policy, replace the encoder's tensors with this call, not with sape_encoder_set_tensor(): the mask
 * then follows their frequencies. No other thread may use the field meanwhile.
 *
 * @param[in,out] field  the field.
 * @param[in]     name   the name from sape_field_tensor_info().
 * @param[in]     values (count) finite values, in the range that the part's own setter requires.
 * @param[in]     count  number of floats in values; must be the tensor's.
 * @return #SAPE_OK; #SAPE_ERROR_ARGUMENT if a pointer is NULL or a value is out of range; #SAPE_ERROR_NOT_FOUND if no
 *         tensor has that name; #SAPE_ERROR_SHAPE if count is not the tensor's; #SAPE_ERROR_NOT_FINITE if values
 *         contains NaN or infinity.
 * @since 0.1.0
 */
SAPE_API sape_status sape_field_set_tensor(sape_field *field, const char *name, const float *values, size_t count);

#ifdef __cplusplus
}
#endif

#endif
