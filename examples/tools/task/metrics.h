/* SPDX-License-Identifier: MIT */
/* How good a fit is. */
#ifndef EXAMPLES_METRICS_H
#define EXAMPLES_METRICS_H

#include <stddef.h>

/* Mean squared difference of n values; NaN when there are none. */
double metrics_mse(size_t n, const float *a, const float *b);

/* Peak signal-to-noise ratio, in dB, of a mean squared error of values in [0, 1]. */
double metrics_psnr(double mse);

/* The mean squared error that has this PSNR. */
double metrics_mse_of_psnr(double psnr);

#endif
