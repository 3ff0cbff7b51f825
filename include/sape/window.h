/* SPDX-License-Identifier: MIT */
/**
 * @file window.h
 * Computes statistics in sliding windows over regular grids.
 *
 * Grids have one to three axes. The cost of a cell does not depend on the window's length. Variances are never
 * negative, the variance of a constant signal is exactly 0, and a large constant offset costs no precision.
 */
#ifndef SAPE_WINDOW_H
#define SAPE_WINDOW_H

#include "status.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * The continuation of a signal [a b c d] beyond its border.
 * @since 0.2.0
 */
typedef enum sape_boundary {
    /** Its last value: a a [a b c d] d d. */
    SAPE_BOUNDARY_REPLICATE = 0,
    /** Its mirror image: b a [a b c d] d c. The last value comes twice. */
    SAPE_BOUNDARY_REFLECT = 1,
    /** Zero: 0 0 [a b c d] 0 0. */
    SAPE_BOUNDARY_ZERO = 2,
    /** Its repetition: c d [a b c d] a b. */
    SAPE_BOUNDARY_PERIODIC = 3
} sape_boundary;

/**
 * Parameters of windowed statistics: a signal's shape and the window.
 *
 * Call sape_window_params_init() first, then change what you need.
 * @since 0.2.0
 */
typedef struct sape_window_params {
    /** sizeof(sape_window_params), set by the initialiser. */
    size_t struct_size;
    /** The signal beyond its border. Default #SAPE_BOUNDARY_REPLICATE. */
    sape_boundary boundary;
    /** Unused, 0. */
    int32_t reserved;
    /** Number of axes, 1 to 3. Default 1. */
    size_t dim;
    /** Cells along every axis, at least 1. Entries from dim on are ignored. Default 0, which must be replaced. */
    size_t size[3];
    /**
     * The window's length along every axis in cells, 1 to 1e9. It may exceed the signal's. Entries from dim on are
     * ignored. The window of cell i covers the cells i - window / 2 to i - window / 2 + window - 1 (integer division),
     * so an even window reaches one cell further towards the beginning. Default 3.
     */
    size_t window[3];
    /** Values per cell, at least 1. Each has its own statistics. Default 1. */
    size_t channels;
} sape_window_params;

/**
 * Sets every window parameter to its default.
 *
 * @param[out] params the parameters; NULL is ignored.
 * @param[in]  size   sizeof(sape_window_params) in the caller's headers.
 * @since 0.2.0
 */
SAPE_API void sape_window_params_init(sape_window_params *params, size_t size);

/**
 * Computes the mean and variance of the window around every cell.
 *
 * The variance is the mean squared distance of the window's values from their mean. Cells beyond the border count like
 * any others, with the values that the boundary gives them. Any number of threads may call this at once.
 *
 * @param[in]  params   the signal's shape and the window.
 * @param[in]  values   (size[0], ..., size[dim - 1], channels) finite values; the last axis is the fastest.
 * @param[out] mean     receives the means, in the shape of values; may be NULL, and may be values itself.
 * @param[out] variance receives the variances, >= 0, in the shape of values; infinity if one exceeds the range of
 *                      float; may be NULL.
 * @return #SAPE_OK; #SAPE_ERROR_ARGUMENT if params or values is NULL or a parameter is out of range;
 *         #SAPE_ERROR_NOT_FINITE if values contains NaN or infinity; #SAPE_ERROR_VERSION if params sets a field that
 *         this version does not know; #SAPE_ERROR_MEMORY if memory is exhausted or the signal is too large.
 * @since 0.2.0
 */
SAPE_API sape_status sape_window_statistics(const sape_window_params *params, const float *values, float *mean,
                                            float *variance);

/**
 * Returns the name of a boundary.
 *
 * @param[in] boundary the value.
 * @return a static string like "reflect"; NULL if boundary is not a #sape_boundary.
 * @since 0.3.0
 */
SAPE_API const char *sape_boundary_name(sape_boundary boundary);

#ifdef __cplusplus
}
#endif

#endif
