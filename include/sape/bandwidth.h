/* SPDX-License-Identifier: MIT */
/**
 * @file bandwidth.h
 * Bandwidth: how high an encoding's frequencies should be for given samples.
 *
 * Too low a std blurs the fit; too high a one invents detail between the samples. Where the samples lie says what can
 * be known at all, and how much targets differ from their neighbours says how much detail there is.
 */
#ifndef SAPE_BANDWIDTH_H
#define SAPE_BANDWIDTH_H

#include "status.h"

#ifdef __cplusplus
extern "C" {
#endif

/** What is proposed, and what it is from. Frequencies are in cycles per unit of x. The caller sets struct_size. */
typedef struct sape_bandwidth {
    /** sizeof(sape_bandwidth), set by the caller before the call. */
    size_t struct_size;
    /**
     * For std of sape_encoder_params with #SAPE_ENCODING_FOURIER: 0.65 signal_frequency, at least nyquist / 16 and at
     * most nyquist / 2.
     */
    double std;
    /**
     * For c_max of sape_cutoff_params, which is in the same unit: the highest frequency that is worth revealing,
     * nyquist / 2, since samples at random places have gaps about twice as wide as a regular grid of as many. Where
     * they fill [-1, 1]^d this is the n^(1/d) / 8 that a mask chooses by itself, unless its features end below.
     */
    double c_max;
    /** 1 / (2 h) with the samples' mean distance h = (V / n)^(1/d), V the volume of the box round them. */
    double nyquist;
    /**
     * The target's root mean square frequency: with Delta the difference of a sample from its nearest neighbour and v
     * the variance of the targets, sqrt(d E|Delta y|^2 / (E|Delta x|^2 v)) / (2 pi). Without targets, and for constant
     * ones, 0, and std is nyquist / 5.
     */
    double signal_frequency;
} sape_bandwidth;

/**
 * Proposes a bandwidth. Up to 16384 samples each fourth of them looks for its nearest neighbours among the others, in
 * turn; of more samples, 4096 spread evenly over the array do. A coordinate that is the same for all samples is left
 * out, and samples at one place are no neighbours.
 *
 * @param n          number of samples, at least 2, not all at one place.
 * @param domain_dim d, 1 to 3. @param x (n, d) coordinates.
 * @param output_dim o, at least 1. @param targets (n, o); may be NULL.
 * @param out        receives the proposal; struct_size must be set.
 * @return #SAPE_OK, #SAPE_ERROR_ARGUMENT, #SAPE_ERROR_NOT_FINITE, #SAPE_ERROR_MEMORY. Any thread.
 */
SAPE_API sape_status sape_bandwidth_propose(size_t n, size_t domain_dim, const float *x, size_t output_dim,
                                            const float *targets, sape_bandwidth *out);

#ifdef __cplusplus
}
#endif

#endif
