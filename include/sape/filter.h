/* SPDX-License-Identifier: MIT */
/**
 * @file filter.h
 * Filters sampled signals with a low-pass cut-off that varies in space.
 *
 * The signal is written as a sum of waves. Each output sample is that sum at its place, with every wave weighted by the
 * sample's own cut-off: 1 up to the cut-off, 0 from cut-off + width on, falling in between. If all samples have the
 * same cut-off, this is the usual filter in the frequency domain. Nothing is approximated or interpolated.
 *
 * The waves depend on the boundary, where n is the number of cells of an axis:
 *
 * - periodic: the Fourier series, cos and sin(2 pi k i / n), of frequency k cycles per domain;
 * - reflect: the cosine series (DCT-II), cos(pi k (i + 1/2) / n), of frequency k / 2;
 * - replicate, zero: the cosine series of the signal, extended by n / 2 cells (integer division) on both sides with its
 *   border values or with zeros.
 *
 * In several dimensions, a wave is a product of waves along the axes, and its frequency is the length of the vector of
 * their frequencies. The domain is the signal's extent along an axis, which is all n cells. If the domain is a field's
 * [-1, 1], then f cycles per domain are f / 2 cycles per unit of x, the unit of encoders and sape_cutoff_params.
 */
#ifndef SAPE_FILTER_H
#define SAPE_FILTER_H

#include "mask.h"
#include "window.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Parameters of a filter: a signal's shape and the filter itself.
 *
 * Call sape_filter_params_init() first, then change what you need.
 * @since 0.2.0
 */
typedef struct sape_filter_params {
    /** sizeof(sape_filter_params), set by the initialiser. */
    size_t struct_size;
    /** The signal beyond its border, which determines the waves. Default #SAPE_BOUNDARY_REFLECT. */
    sape_boundary boundary;
    /** How the filter falls over its width. Default #SAPE_FILTER_LINEAR. */
    sape_filter_shape shape;
    /** Number of axes, 1 to 3. Default 1. */
    size_t dim;
    /** Cells along every axis, 1 to 8192. Entries from dim on are ignored. Default 0, which must be replaced. */
    size_t size[3];
    /** Values per cell, at least 1. Each is filtered separately with the cell's cut-off. Default 1. */
    size_t channels;
    /** Width of the fall in cycles per domain, finite, >= 0. 0 (the default) is the ideal filter. */
    double width;
} sape_filter_params;

/**
 * Sets every filter parameter to its default.
 *
 * @param[out] params the parameters; NULL is ignored.
 * @param[in]  size   sizeof(sape_filter_params) in the caller's headers.
 * @since 0.2.0
 */
SAPE_API void sape_filter_params_init(sape_filter_params *params, size_t size);

/**
 * Filters a signal in double precision.
 *
 * The cost is one multiply-add per output value and wave below that value's own cut-off + width. Low cut-offs are
 * cheap; a 128 x 128 picture with nothing filtered out takes a few tenths of a second. Any number of threads may call
 * this at once.
 *
 * @param[in]  params   the signal's shape and the filter.
 * @param[in]  values   (size[0], ..., size[dim - 1], channels) finite values; the last axis is the fastest.
 * @param[in]  cutoff   (size[0], ..., size[dim - 1]) cut-offs in cycles per domain, >= 0; infinity passes everything.
 * @param[out] filtered receives the result, in the shape of values; may be values itself.
 * @return #SAPE_OK; #SAPE_ERROR_ARGUMENT if a pointer is NULL, or a parameter or cut-off is out of range;
 *         #SAPE_ERROR_NOT_FINITE if values contains NaN or infinity, or cutoff contains NaN; #SAPE_ERROR_VERSION if
 *         params sets a field that this version does not know; #SAPE_ERROR_MEMORY if memory is exhausted or the signal
 *         is too large.
 * @since 0.2.0
 */
SAPE_API sape_status sape_filter_apply(const sape_filter_params *params, const float *values, const float *cutoff,
                                       float *filtered);

#ifdef __cplusplus
}
#endif

#endif
