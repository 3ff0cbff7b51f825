/* SPDX-License-Identifier: MIT */
/**
 * @file loss.h
 * Losses: from outputs and targets to a mean loss, per-sample losses and the gradient with respect to the outputs.
 */
#ifndef SAPE_LOSS_H
#define SAPE_LOSS_H

#include "status.h"

#ifdef __cplusplus
extern "C" {
#endif

/** The kinds of loss. N samples, o outputs each. */
typedef enum sape_loss {
    /** Squared error, mean over all N o values; a sample's loss is the mean over its o. */
    SAPE_LOSS_MSE = 0,
    /** Binary cross-entropy of logits (outputs) against labels in [0, 1], in the numerically stable form; means alike.
     */
    SAPE_LOSS_BCE = 1,
    /** The caller's own, a #sape_loss_fn. */
    SAPE_LOSS_CUSTOM = 2,
    /** The distance between two sets of points, the outputs and points of a target, see sape_loss_chamfer(). */
    SAPE_LOSS_CHAMFER = 3,
    /** The caller's own on outputs and their derivatives with respect to the coordinates, a #sape_jacobian_loss_fn. */
    SAPE_LOSS_CUSTOM_JACOBIAN = 4
} sape_loss;

/**
 * A loss of the caller's own, called by the trainer once an iteration with the whole batch. Calls that would change the
 * trainer are refused meanwhile.
 *
 * @param user        the pointer given with the function.
 * @param n           number of samples. @param x (n, d) their coordinates.
 * @param output_dim  o. @param outputs (n, o) what the field predicts.
 * @param targets     (n, o) as given to the trainer; NULL when it was given none.
 * @param d_outputs   (n, o) must receive the gradient of the loss with respect to the outputs.
 * @param sample_loss (n) must receive the per-sample losses, which drive the mask.
 * @param loss        must receive the loss.
 * @return 0, or anything else to end the training with #SAPE_ERROR_CALLBACK.
 */
typedef int (*sape_loss_fn)(void *user, size_t n, const float *x, size_t output_dim, const float *outputs,
                            const float *targets, float *d_outputs, float *sample_loss, double *loss);

/**
 * A loss of the caller's own that sees how the outputs change with the coordinates (eikonal terms, normals), called by
 * the trainer once an iteration with the whole batch. Calls that would change the trainer are refused meanwhile.
 *
 * @param user        the pointer given with the function.
 * @param n           number of samples. @param domain_dim d. @param x (n, d) their coordinates.
 * @param output_dim  o. @param outputs (n, o) what the field predicts. @param jacobian (n, o, d) its derivatives.
 * @param targets     (n, o) as given to the trainer; NULL when it was given none.
 * @param d_outputs   (n, o) must receive the gradient of the loss with respect to the outputs.
 * @param d_jacobian  (n, o, d) must receive the gradient of the loss with respect to the Jacobian.
 * @param sample_loss (n) must receive the per-sample losses, which drive the mask.
 * @param loss        must receive the loss.
 * @return 0, or anything else to end the training with #SAPE_ERROR_CALLBACK.
 */
typedef int (*sape_jacobian_loss_fn)(void *user, size_t n, size_t domain_dim, const float *x, size_t output_dim,
                                     const float *outputs, const float *jacobian, const float *targets,
                                     float *d_outputs, float *d_jacobian, float *sample_loss, double *loss);

/**
 * Evaluates a loss.
 *
 * @param kind        #SAPE_LOSS_MSE or #SAPE_LOSS_BCE.
 * @param n           number of samples, at least 1. @param output_dim o, at least 1.
 * @param outputs     (n, o). @param targets (n, o), finite; for BCE in [0, 1].
 * @param d_outputs   (n, o) receives the gradient of the mean loss; may be NULL.
 * @param sample_loss (n) receives the per-sample losses; may be NULL.
 * @param loss        receives the mean loss; may be NULL.
 * @return #SAPE_OK, #SAPE_ERROR_ARGUMENT, #SAPE_ERROR_NOT_FINITE. Any thread.
 */
SAPE_API sape_status sape_loss_evaluate(sape_loss kind, size_t n, size_t output_dim, const float *outputs,
                                        const float *targets, float *d_outputs, float *sample_loss, double *loss);

/**
 * The Chamfer distance between two sets of points: the mean distance (not squared) from every output to its nearest
 * target, plus the mean distance from every target to its nearest output. An output's own loss is its distance to its
 * nearest target. Where points coincide, where the distance has no derivative, they add nothing to the gradient; of
 * targets that are equally near one counts, the same one in every call.
 *
 * Nearest points are found by a k-d tree: the time grows as (n + m) log(n + m), also where points coincide, lie on a
 * line or crowd together. Only where very many points are equally near to very many others (all outputs in the centre
 * of a circle of targets) does it grow as n m.
 *
 * @param dim         coordinates of a point, 1 to 3.
 * @param n           number of outputs, at least 1. @param outputs (n, dim), finite.
 * @param m           number of targets, at least 1. @param targets (m, dim), finite.
 * @param d_outputs   (n, dim) receives the gradient of the loss with respect to the outputs; may be NULL.
 * @param sample_loss (n) receives the distance of every output to its nearest target; may be NULL.
 * @param loss        receives the sum of the two means; may be NULL.
 * @return #SAPE_OK, #SAPE_ERROR_ARGUMENT, #SAPE_ERROR_NOT_FINITE, #SAPE_ERROR_MEMORY. Any thread.
 */
SAPE_API sape_status sape_loss_chamfer(size_t dim, size_t n, const float *outputs, size_t m, const float *targets,
                                       float *d_outputs, float *sample_loss, double *loss);

#ifdef __cplusplus
}
#endif

#endif
