/* SPDX-License-Identifier: MIT */
/**
 * @file bandwidth.h
 * Proposes how high an encoding's frequencies should be for given samples.
 *
 * If std is too low, the fit is blurred; if it is too high, the fit invents detail between the samples. The spacing of
 * the samples limits which detail can be known. How much a target differs from its neighbours shows how much detail
 * there is. docs/mathematics.md derives the formulas.
 */
#ifndef SAPE_BANDWIDTH_H
#define SAPE_BANDWIDTH_H

#include "status.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * A proposed bandwidth and what it is based on.
 *
 * Frequencies are in cycles per unit of x.
 * @since 0.2.0
 */
typedef struct sape_bandwidth {
    /** sizeof(sape_bandwidth), set by the caller before the call. */
    size_t struct_size;
    /**
     * The proposed std of sape_encoder_params for #SAPE_ENCODING_FOURIER. It is 0.65 signal_frequency, clamped to
     * [nyquist / 16, nyquist / 2]; nyquist / 5 if signal_frequency is 0.
     */
    double std;
    /** The proposed c_max of sape_cutoff_params. It is nyquist / 2. */
    double c_max;
    /** The samples' Nyquist frequency. It is 1 / (2 h), where h is the mean distance between samples. */
    double nyquist;
    /** The targets' root-mean-square frequency; 0 without targets and for constant ones. */
    double signal_frequency;
} sape_bandwidth;

/**
 * Proposes a bandwidth for samples and their targets.
 *
 * A coordinate that is the same for all samples is ignored. Samples at the same place are not neighbours. With more
 * than 16384 samples, signal_frequency is estimated from 4096 of them that are spread evenly over the array. Any number
 * of threads may call this at once.
 *
 * @param[in]     n          number of samples, at least 2, not all at one place.
 * @param[in]     domain_dim number d of coordinates of a sample, 1 to 3.
 * @param[in]     x          (n, d) coordinates, finite, at most #SAPE_MAX_COORDINATE in absolute value.
 * @param[in]     output_dim number o of outputs of a sample, at least 1.
 * @param[in]     targets    (n, o) finite targets; may be NULL.
 * @param[in,out] out        receives the proposal; its struct_size must be set.
 * @return #SAPE_OK; #SAPE_ERROR_ARGUMENT if a required pointer is NULL or a value is out of range;
 *         #SAPE_ERROR_NOT_FINITE if x or targets contains NaN or infinity; #SAPE_ERROR_MEMORY if memory is exhausted or
 *         n is too large.
 * @since 0.2.0
 */
SAPE_API sape_status sape_bandwidth_propose(size_t n, size_t domain_dim, const float *x, size_t output_dim,
                                            const float *targets, sape_bandwidth *out);

#ifdef __cplusplus
}
#endif

#endif
