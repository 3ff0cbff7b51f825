/* SPDX-License-Identifier: MIT */
/**
 * @file window.h
 * Statistics in sliding windows over regular grids of one to three axes.
 *
 * Every cell gets the mean and the variance of the window round it, at a cost that does not depend on the window's
 * length. Moments are merged in double precision and never subtracted, so no variance is negative, that of a constant
 * signal is exactly 0, and a large constant in the signal costs no digits.
 */
#ifndef SAPE_WINDOW_H
#define SAPE_WINDOW_H

#include "status.h"

#ifdef __cplusplus
extern "C" {
#endif

/** What a signal a b c d is taken to be beyond its border. */
typedef enum sape_boundary {
    /** Its last value: a a [a b c d] d d. */
    SAPE_BOUNDARY_REPLICATE = 0,
    /** Its mirror image, the last value twice: b a [a b c d] d c. */
    SAPE_BOUNDARY_REFLECT = 1,
    /** Zero: 0 0 [a b c d] 0 0. */
    SAPE_BOUNDARY_ZERO = 2,
    /** Itself again: c d [a b c d] a b. */
    SAPE_BOUNDARY_PERIODIC = 3
} sape_boundary;

/** A signal's shape and the window over it. Set by sape_window_params_init(), then changed where wanted. */
typedef struct sape_window_params {
    /** sizeof(sape_window_params); set by the initialiser. */
    size_t struct_size;
    /** What lies beyond the border. Default #SAPE_BOUNDARY_REPLICATE. */
    sape_boundary boundary;
    /** Unused, 0. */
    int32_t reserved;
    /** Number of axes, 1 to 3. Default 1. */
    size_t dim;
    /** Cells along every axis, at least 1; entries from dim on are ignored. Default 0, which must be replaced. */
    size_t size[3];
    /**
     * The window's length along every axis in cells, 1 to 1e9, also more than the signal has; entries from dim on are
     * ignored. The window of cell i holds the cells i - window / 2 to i - window / 2 + window - 1 (integer division):
     * an even window reaches one cell further towards the beginning. Default 3.
     */
    size_t window[3];
    /** Values a cell, each with statistics of its own; at least 1. Default 1. */
    size_t channels;
} sape_window_params;

/** Sets every field to its default. @param size sizeof(sape_window_params) as the caller was compiled. */
SAPE_API void sape_window_params_init(sape_window_params *params, size_t size);

/**
 * The mean and the variance of the window round every cell.
 *
 * The variance is that of the window's values themselves: the mean of the squared distances from their mean. Cells
 * beyond the border count like any others, with the values that the boundary gives them.
 *
 * @param params   the signal's shape and the window.
 * @param values   (size[0], .., size[dim - 1], channels), finite; the last axis is the fastest.
 * @param mean     receives the means, in the values' shape; may be NULL, and may be values.
 * @param variance receives the variances, >= 0, in the values' shape; infinite where one exceeds the range of a float;
 *                 may be NULL.
 * @return #SAPE_OK, #SAPE_ERROR_ARGUMENT, #SAPE_ERROR_NOT_FINITE, #SAPE_ERROR_VERSION, #SAPE_ERROR_MEMORY. Any number
 *         of threads may call it at once.
 */
SAPE_API sape_status sape_window_statistics(const sape_window_params *params, const float *values, float *mean,
                                            float *variance);

#ifdef __cplusplus
}
#endif

#endif
