/* SPDX-License-Identifier: MIT */
/* Synthetic signals with known spectra, and how an error is spread over frequencies. */
#ifndef EXAMPLES_STUDY_SIGNALS_H
#define EXAMPLES_STUDY_SIGNALS_H

#include <stddef.h>
#include <stdint.h>

struct study_signal {
    const char *name;
    size_t dim;
    /* The value at x; the seed draws phases. */
    double (*value)(const double *x, uint64_t seed);
};

extern const struct study_signal study_signals[];
extern const size_t study_num_signals;

#define STUDY_NUM_BANDS 5

/* Where the bands end, in cycles per unit of x; the last has no end. */
extern const double study_band_ends[STUDY_NUM_BANDS - 1];

/* Cells along an axis of a grid at most. */
#define STUDY_MAX_SIZE 512

/* Splits the mean square of errors on a regular grid over [-1, 1)^dim, size cells an axis, into bands of frequency by
   its discrete Fourier transform; the bands add up to it. work has 4 size^dim doubles. */
void study_bands(size_t dim, size_t size, const float *errors, double *work, double bands[STUDY_NUM_BANDS]);

#endif
