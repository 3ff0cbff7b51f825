/* SPDX-License-Identifier: MIT */
/**
 * @file loss.h
 * Computes losses and their gradients with respect to the outputs.
 *
 * A loss compares outputs with targets. It gives a mean loss, a loss per sample, and the gradient of the mean loss.
 */
#ifndef SAPE_LOSS_H
#define SAPE_LOSS_H

#include "status.h"

#ifdef __cplusplus
extern "C" {
#endif

/** The kind of loss. Below, there are n samples with o outputs each. */
typedef enum sape_loss {
    /** Squared error, averaged over all n o values. A sample's loss is the mean over its o values. */
    SAPE_LOSS_MSE = 0,
    /**
     * Binary cross-entropy of logits (the outputs) with labels in [0, 1]. It is computed in its numerically stable form
     * and averaged as #SAPE_LOSS_MSE is.
     */
    SAPE_LOSS_BCE = 1,
    /** Your own loss on outputs, a #sape_loss_fn. */
    SAPE_LOSS_CUSTOM = 2,
    /** The Chamfer distance between outputs and target points, see sape_loss_chamfer(). @since 0.2.0 */
    SAPE_LOSS_CHAMFER = 3,
    /** Your own loss on outputs and their Jacobian, a #sape_jacobian_loss_fn. @since 0.2.0 */
    SAPE_LOSS_CUSTOM_JACOBIAN = 4,
    /** Absolute error |e|, averaged as #SAPE_LOSS_MSE is; e is output minus target. @since 0.3.0 */
    SAPE_LOSS_L1 = 5,
    /**
     * Huber's loss: squared up to an error of delta, then absolute. It is e^2 / 2 where |e| <= delta, otherwise
     * delta (|e| - delta / 2), averaged likewise. @since 0.3.0
     */
    SAPE_LOSS_HUBER = 6,
    /**
     * Relative squared error, e^2 / (output^2 + 0.01), averaged likewise. The denominator is not differentiated. It
     * suits targets of many magnitudes, such as light. @since 0.3.0
     */
    SAPE_LOSS_RELATIVE_L2 = 7
} sape_loss;

/**
 * Computes your own loss of a batch.
 *
 * The thread that trains calls it once per iteration with the whole batch, and with the held-out samples whenever
 * validation computes their loss. Calls that would change the trainer are refused meanwhile (trainer.h).
 * sape_trainer_get_indices() says which samples these are. With accumulate, each call sees one batch of the iteration.
 *
 * @param[in]  user        the pointer that was passed with the function.
 * @param[in]  n           number of samples.
 * @param[in]  x           (n, d) coordinates of the samples.
 * @param[in]  output_dim  number o of outputs.
 * @param[in]  outputs     (n, o) the field's outputs.
 * @param[in]  targets     (n, o) the trainer's targets; NULL if it has none.
 * @param[out] d_outputs   (n, o) must receive the gradient of the loss with respect to the outputs.
 * @param[out] sample_loss (n) must receive the per-sample losses, which drive the mask.
 * @param[out] loss        must receive the loss.
 * @return 0 to go on; any other value ends training with #SAPE_ERROR_CALLBACK.
 * @since 0.1.0
 */
typedef int (*sape_loss_fn)(void *user, size_t n, const float *x, size_t output_dim, const float *outputs,
                            const float *targets, float *d_outputs, float *sample_loss, double *loss);

/**
 * Computes your own loss from outputs and their Jacobian.
 *
 * Eikonal terms and losses on normals are examples. The thread that trains calls it once per iteration with the whole
 * batch. Calls that would change the trainer are refused meanwhile (trainer.h). sape_trainer_get_indices() says which
 * samples these are. With accumulate, each call sees one batch of the iteration.
 *
 * @param[in]  user        the pointer that was passed with the function.
 * @param[in]  n           number of samples.
 * @param[in]  domain_dim  number d of coordinates.
 * @param[in]  x           (n, d) coordinates of the samples.
 * @param[in]  output_dim  number o of outputs.
 * @param[in]  outputs     (n, o) the field's outputs.
 * @param[in]  jacobian    (n, o, d) the outputs' derivatives with respect to the coordinates.
 * @param[in]  targets     (n, o) the trainer's targets; NULL if it has none.
 * @param[out] d_outputs   (n, o) must receive the gradient of the loss with respect to the outputs.
 * @param[out] d_jacobian  (n, o, d) must receive the gradient of the loss with respect to the Jacobian.
 * @param[out] sample_loss (n) must receive the per-sample losses, which drive the mask.
 * @param[out] loss        must receive the loss.
 * @return 0 to go on; any other value ends training with #SAPE_ERROR_CALLBACK.
 * @since 0.2.0
 */
typedef int (*sape_jacobian_loss_fn)(void *user, size_t n, size_t domain_dim, const float *x, size_t output_dim,
                                     const float *outputs, const float *jacobian, const float *targets,
                                     float *d_outputs, float *d_jacobian, float *sample_loss, double *loss);

/**
 * Evaluates a built-in loss.
 *
 * Any number of threads may call this at once. delta of #SAPE_LOSS_HUBER is 1.
 *
 * @param[in]  kind        any loss but #SAPE_LOSS_CUSTOM, #SAPE_LOSS_CHAMFER and #SAPE_LOSS_CUSTOM_JACOBIAN.
 * @param[in]  n           number of samples, at least 1.
 * @param[in]  output_dim  number o of outputs, at least 1.
 * @param[in]  outputs     (n, o) finite outputs.
 * @param[in]  targets     (n, o) finite targets; for #SAPE_LOSS_BCE in [0, 1].
 * @param[out] d_outputs   (n, o) receives the gradient of the mean loss; may be NULL.
 * @param[out] sample_loss (n) receives the per-sample losses; may be NULL.
 * @param[out] loss        receives the mean loss; may be NULL.
 * @return #SAPE_OK; #SAPE_ERROR_ARGUMENT if a required pointer is NULL or a value is out of range;
 *         #SAPE_ERROR_NOT_FINITE if outputs or targets contains NaN or infinity; #SAPE_ERROR_MEMORY if n is too large.
 * @since 0.1.0
 */
SAPE_API sape_status sape_loss_evaluate(sape_loss kind, size_t n, size_t output_dim, const float *outputs,
                                        const float *targets, float *d_outputs, float *sample_loss, double *loss);

/**
 * Evaluates a built-in loss of samples that have weights.
 *
 * The loss is the sum of weight times sample loss, divided by the sum of weights. The samples' own losses are without
 * weights. If all weights are 0, loss and gradient are 0. Any number of threads may call this at once.
 *
 * @param[in]  kind        any loss but #SAPE_LOSS_CUSTOM, #SAPE_LOSS_CHAMFER and #SAPE_LOSS_CUSTOM_JACOBIAN.
 * @param[in]  huber_delta delta of #SAPE_LOSS_HUBER, finite, greater than 0; other losses ignore it.
 * @param[in]  n           number of samples, at least 1.
 * @param[in]  output_dim  number o of outputs, at least 1.
 * @param[in]  outputs     (n, o) finite outputs.
 * @param[in]  targets     (n, o) finite targets; for #SAPE_LOSS_BCE in [0, 1].
 * @param[in]  weights     (n) finite weights, >= 0; NULL for the mean of all samples.
 * @param[out] d_outputs   (n, o) receives the gradient of the loss; may be NULL.
 * @param[out] sample_loss (n) receives the per-sample losses; may be NULL.
 * @param[out] loss        receives the loss; may be NULL.
 * @return #SAPE_OK; #SAPE_ERROR_ARGUMENT if a required pointer is NULL or a value is out of range;
 *         #SAPE_ERROR_NOT_FINITE if outputs, targets or weights contains NaN or infinity; #SAPE_ERROR_MEMORY if n is
 *         too large.
 * @since 0.3.0
 */
SAPE_API sape_status sape_loss_evaluate_weighted(sape_loss kind, double huber_delta, size_t n, size_t output_dim,
                                                 const float *outputs, const float *targets, const float *weights,
                                                 float *d_outputs, float *sample_loss, double *loss);

/**
 * Evaluates the Chamfer distance between two sets of points.
 *
 * The loss is the mean distance (not squared) from every output to its nearest target, plus the mean distance from
 * every target to its nearest output. An output's own loss is its distance to its nearest target. Coincident points
 * contribute nothing to the gradient. If several targets are equally near, the same one counts in every call.
 *
 * The time grows as (n + m) log(n + m), even for points that coincide, lie on a line or form clusters. It grows as n m
 * only if very many points are equally near to very many others, for example all outputs at the centre of a circle of
 * targets. Any number of threads may call this at once.
 *
 * @param[in]  dim         coordinates of a point, 1 to 3.
 * @param[in]  n           number of outputs, at least 1.
 * @param[in]  outputs     (n, dim) finite points.
 * @param[in]  m           number of targets, at least 1.
 * @param[in]  targets     (m, dim) finite points.
 * @param[out] d_outputs   (n, dim) receives the gradient of the loss with respect to the outputs; may be NULL.
 * @param[out] sample_loss (n) receives the distance of every output to its nearest target; may be NULL.
 * @param[out] loss        receives the sum of the two means; may be NULL.
 * @return #SAPE_OK; #SAPE_ERROR_ARGUMENT if a required pointer is NULL or a value is out of range;
 *         #SAPE_ERROR_NOT_FINITE if outputs or targets contains NaN or infinity; #SAPE_ERROR_MEMORY if memory is
 *         exhausted, or n or m is too large.
 * @since 0.2.0
 */
SAPE_API sape_status sape_loss_chamfer(size_t dim, size_t n, const float *outputs, size_t m, const float *targets,
                                       float *d_outputs, float *sample_loss, double *loss);

/**
 * Returns the name of a loss.
 *
 * @param[in] loss the value.
 * @return a static string like "mse"; NULL if loss is not a #sape_loss.
 * @since 0.3.0
 */
SAPE_API const char *sape_loss_name(sape_loss loss);

#ifdef __cplusplus
}
#endif

#endif
