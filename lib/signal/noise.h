/* SPDX-License-Identifier: MIT */
/* How much of the targets is noise that no neighbour shares. */
#ifndef SAPE_LIB_NOISE_H
#define SAPE_LIB_NOISE_H

#include <sape/status.h>
#include <stddef.h>

/* The variance of targets (n, o), summed over the outputs. */
double sape_targets_variance(size_t n, size_t o, const float *targets);

/*
 * The variance of the targets, and the part of it that remains between samples however near they are, both as means
 * over the outputs. x (n, d), d at most SAPE_NEAREST_MAX_DIM, and targets (n, o) are finite, n >= 1.
 */
sape_status sape_noise_estimate(size_t n, size_t d, const float *x, size_t o, const float *targets, double *variance,
                                double *noise);

#endif
