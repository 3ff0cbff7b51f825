/* SPDX-License-Identifier: MIT */
/**
 * @file field.h
 * Fields: encoder, mask and network joined into one function from coordinates to outputs.
 *
 * Calls that take a const field may be made on one field from several threads at once, but not while a trainer, or a
 * call that takes it non-const, changes it.
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

/** A field; it owns its encoder, mask and network. */
typedef struct sape_field sape_field;

/** How to predict where the default is not wanted. The initialiser sets every field to "as usual". */
typedef struct sape_predict_options {
    /** sizeof(sape_predict_options); set by the initialiser. */
    size_t struct_size;
    /** (n, d) coordinates at which the mask is read in place of x; NULL (the default) for x. */
    const float *mask_by;
    /** Weights used in place of the mask's, finite: (E) for all samples or (n, E); NULL (the default) for none. */
    const float *override_mask;
    /** Rows of override_mask: 1 or n. Default 1. */
    size_t override_rows;
    /** (n, E) receives the weights that were used; NULL (the default) for not wanted. */
    float *weights;
} sape_predict_options;

/** Sets every field to its default. @param size sizeof(sape_predict_options) as the caller was compiled. */
SAPE_API void sape_predict_options_init(sape_predict_options *options, size_t size);

/**
 * Makes a field. Dimensions that follow from another part (the mask's domain_dim and encoding_dim, the network's
 * input_dim) are set by the field, whatever the structs say; include_identity is turned on under every policy but none.
 *
 * @param encoder, mask, network  parameters of the parts; NULL for the defaults.
 * @param out                     receives the field; NULL is stored when the call fails.
 * @return #SAPE_OK, #SAPE_ERROR_ARGUMENT, #SAPE_ERROR_NOT_FINITE, #SAPE_ERROR_VERSION, #SAPE_ERROR_MEMORY,
 *         #SAPE_ERROR_UNSUPPORTED (an instruction set that the processor lacks).
 */
SAPE_API sape_status sape_field_create(const sape_encoder_params *encoder, const sape_mask_params *mask,
                                       const sape_network_params *network, sape_field **out);

/**
 * Frees a field with its parts; NULL is fine. While it has a trainer the field stays, for that trainer alone, and goes
 * with it.
 */
SAPE_API void sape_field_free(sape_field *field);

/** @return the field's encoder, borrowed; NULL for NULL. */
SAPE_API sape_encoder *sape_field_encoder(const sape_field *field);

/** @return the field's mask, borrowed; NULL for NULL. */
SAPE_API sape_mask *sape_field_mask(const sape_field *field);

/** @return the field's network, borrowed; NULL for NULL. */
SAPE_API sape_network *sape_field_network(const sape_field *field);

/**
 * How many threads sape_field_predict() and sape_field_backward() may use for one call.
 *
 * @param num_threads 1 to 256, or 0 (the default) for one a processor that the process may use, as num_threads of
 *                    sape_trainer_params. The result does not depend on it.
 * @return #SAPE_OK or #SAPE_ERROR_ARGUMENT.
 */
SAPE_API sape_status sape_field_set_num_threads(sape_field *field, size_t num_threads);

/**
 * Says what the field computes with; num_threads is what sape_field_predict() would use.
 *
 * @param description receives it; its struct_size must be set.
 * @return #SAPE_OK or #SAPE_ERROR_ARGUMENT.
 */
SAPE_API sape_status sape_field_describe(const sape_field *field, sape_description *description);

/**
 * Outputs at n coordinates.
 *
 * @param n       number of samples; 0 does nothing.
 * @param x       (n, d) finite coordinates, usually in [-1, 1]. @param outputs (n, output_dim) receives the result.
 * @return #SAPE_OK, #SAPE_ERROR_ARGUMENT, #SAPE_ERROR_NOT_FINITE, #SAPE_ERROR_MEMORY, #SAPE_ERROR_THREAD.
 */
SAPE_API sape_status sape_field_predict(const sape_field *field, size_t n, const float *x, float *outputs);

/**
 * As sape_field_predict(), with options.
 *
 * @param options NULL for the defaults. @param n, x, outputs as there.
 * @return as sape_field_predict().
 */
SAPE_API sape_status sape_field_predict_with(const sape_field *field, const sape_predict_options *options, size_t n,
                                             const float *x, float *outputs);

/**
 * Outputs on a regular grid, whose coordinates need not be in memory: beside the result the call needs no more of it
 * for a large grid than for a small one.
 *
 * Point (i_0, i_1, ...) of the grid has along axis a the coordinate low[a] + (high[a] - low[a]) * i_a / (size[a] - 1),
 * computed in double precision in this order and rounded to float; low[a] where size[a] is 1. So the first point of an
 * axis lies on low, the last one on high, and the outputs are, to the last bit, those of sape_field_predict() at these
 * coordinates.
 *
 * @param size      (d) points along every axis, each at least 1.
 * @param low, high (d) coordinates of the first and the last point of every axis, finite; high may be below low.
 * @param outputs   (size[0], ..., size[d-1], output_dim) receives the result; the last coordinate is the fastest.
 * @return as sape_field_predict().
 */
SAPE_API sape_status sape_field_predict_grid(const sape_field *field, const size_t *size, const float *low,
                                             const float *high, float *outputs);

/**
 * Gradients from an output gradient: with respect to the parameters, to the coordinates, or both. The derivative with
 * respect to the coordinates is that of the whole field, the mask's slope included. For the normal of an implicit
 * surface give a d_outputs of ones.
 *
 * @param n            number of samples.
 * @param x            (n, d). @param d_outputs (n, output_dim) gradient of something with respect to the outputs.
 * @param d_parameters (sape_network_num_parameters()) receives the gradient, flat as in network.h; may be NULL.
 * @param d_x          (n, d) receives the gradient with respect to x; may be NULL.
 * @return as sape_field_predict(). The result does not depend on the number of threads.
 */
SAPE_API sape_status sape_field_backward(const sape_field *field, size_t n, const float *x, const float *d_outputs,
                                         float *d_parameters, float *d_x);

/**
 * The norm of every sample's own parameter gradient: that of sape_field_backward() with this sample alone. It costs one
 * way back: for a fully connected layer with output gradient delta and input a, the squared norm is
 * |delta|^2 (|a|^2 + 1), summed over the layers (Goodfellow 2015, arXiv 1510.01799).
 *
 * @param n     number of samples.
 * @param x     (n, d). @param d_outputs (n, output_dim) gradient of something with respect to the outputs.
 * @param norms (n) receives the Euclidean norms.
 * @return as sape_field_predict(). The result does not depend on the number of threads.
 */
SAPE_API sape_status sape_field_gradient_norms(const sape_field *field, size_t n, const float *x,
                                               const float *d_outputs, float *norms);

/**
 * Outputs and their Jacobian with respect to the coordinates, that of the whole field: through network and encoding,
 * and through the mask. Where a ReLU is at its kink it counts as off.
 *
 * @param n        number of samples.
 * @param x        (n, d).
 * @param outputs  (n, output_dim) receives the outputs; may be NULL.
 * @param jacobian (n, output_dim, d) receives the derivative of every output with respect to every coordinate.
 * @return as sape_field_predict(). The result does not depend on the number of threads.
 */
SAPE_API sape_status sape_field_jacobian(const sape_field *field, size_t n, const float *x, float *outputs,
                                         float *jacobian);

/**
 * The gradient with respect to the parameters of something that depends on the outputs and on their Jacobian, as
 * eikonal terms and losses on normals do.
 *
 * @param n            number of samples.
 * @param x            (n, d).
 * @param d_outputs    (n, output_dim) its gradient with respect to the outputs, finite; NULL for zero.
 * @param d_jacobian   (n, output_dim, d) its gradient with respect to the Jacobian, finite.
 * @param d_parameters (sape_network_num_parameters()) receives the gradient, flat as in network.h.
 * @return as sape_field_predict(). The result does not depend on the number of threads.
 */
SAPE_API sape_status sape_field_jacobian_backward(const sape_field *field, size_t n, const float *x,
                                                  const float *d_outputs, const float *d_jacobian, float *d_parameters);

/**
 * One step of an optimizer on the field's network, for training by hand: predict, compute the loss, backward, update,
 * then sape_mask_record() and sape_mask_step() on sape_field_mask().
 *
 * @param optimizer    made for sape_network_num_parameters(). @param d_parameters the flat gradient.
 * @return #SAPE_OK, #SAPE_ERROR_ARGUMENT, #SAPE_ERROR_SHAPE, #SAPE_ERROR_NOT_FINITE, #SAPE_ERROR_MEMORY,
 *         #SAPE_ERROR_DIVERGED (see sape_optimizer_step()). When it fails field and optimizer are as they were.
 */
SAPE_API sape_status sape_field_update(sape_field *field, sape_optimizer *optimizer, const float *d_parameters);

/**
 * @return how many named tensors the field has; 0 for NULL. The encoder's are called "model.encode.NAME", the
 *         network's "model.model.model.NAME", the mask's as they are.
 */
SAPE_API size_t sape_field_tensor_count(const sape_field *field);

/**
 * Describes the index-th tensor.
 *
 * @param index from 0. @param info receives the description; its struct_size must be set.
 * @return #SAPE_OK or #SAPE_ERROR_ARGUMENT.
 */
SAPE_API sape_status sape_field_tensor_info(const sape_field *field, size_t index, sape_tensor_info *info);

/**
 * Copies a tensor out.
 *
 * @param name as sape_field_tensor_info() gives it. @param values (count) receives the tensor.
 * @param count the number of floats in values; must be the tensor's.
 * @return #SAPE_OK, #SAPE_ERROR_ARGUMENT, #SAPE_ERROR_NOT_FOUND, #SAPE_ERROR_SHAPE.
 */
SAPE_API sape_status sape_field_get_tensor(const sape_field *field, const char *name, float *values, size_t count);

/**
 * Replaces a tensor. The encoder's must be replaced here, not with sape_encoder_set_tensor(), under the variance
 * policy, whose mask follows their frequencies. @param name, values, count as above.
 * @return as above, and what the part's own setter returns.
 */
SAPE_API sape_status sape_field_set_tensor(sape_field *field, const char *name, const float *values, size_t count);

#ifdef __cplusplus
}
#endif

#endif
