/* SPDX-License-Identifier: MIT */
/* Losses of one sample, as the trainer's tiles and the public call use them. */
#ifndef SAPE_LIB_LOSS_H
#define SAPE_LIB_LOSS_H

#include <sape/loss.h>
#include <stdbool.h>

/* A loss of single samples, and what it depends on. */
struct sape_sample_loss {
    sape_loss kind;
    double huber_delta;
};

/*
 * The loss of one sample, the mean over its values. Outputs and gradients lie `stride` apart; scale is the factor of
 * the gradient, 1 over the number of all values; d_outputs may be NULL.
 */
double sape_loss_sample(const struct sape_sample_loss *loss, size_t output_dim, size_t stride, const float *outputs,
                        const float *targets, double scale, float *d_outputs);

/* The mean of the samples' losses, weighted where there are weights; 0 where all weights are. */
double sape_loss_mean(size_t n, const float *sample_loss, const float *weights);

/* Checks weights, and sums them. */
sape_status sape_loss_check_weights(const float *weights, size_t count, double *sum);

/* Checks the parameter of the Huber loss. */
sape_status sape_loss_check_delta(double huber_delta);

/* Whether the loss looks at all of a batch's outputs at once. */
bool sape_loss_sees_batch(sape_loss kind);

/* Checks targets: finite, and labels within [0, 1]. */
sape_status sape_loss_check_targets(sape_loss kind, const float *targets, size_t count);

#endif
