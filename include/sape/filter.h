/* SPDX-License-Identifier: MIT */
/**
 * @file filter.h
 * A low-pass filter of a sampled signal whose cut-off differs from place to place.
 *
 * The signal is written as a sum of waves, and each output sample is that sum at its place with every wave weighted by
 * the sample's own cut-off: 1 up to the cut-off, 0 from cut-off + width on, falling in between. With one cut-off for
 * all samples it is the usual filter in the frequency domain. Nothing is approximated or interpolated.
 *
 * The waves follow from the boundary, n being the number of cells of an axis:
 *
 * - periodic: the Fourier series, cos and sin(2 pi k i / n), of frequency k cycles per domain;
 * - reflect: the cosine series (DCT-II), cos(pi k (i + 1/2) / n), of frequency k / 2;
 * - replicate, zero: the cosine series of the signal extended by n / 2 cells (integer division) on both sides, by its
 *   border values or by zeros.
 *
 * In several dimensions waves are products of those of the axes, and their frequency is the length of the vector of the
 * axes' frequencies. The domain is the signal's extent along an axis, all n cells of it: where it is [-1, 1] of a
 * field, f cycles per domain are f / 2 cycles per unit of x, in which encoders and sape_cutoff_params count.
 */
#ifndef SAPE_FILTER_H
#define SAPE_FILTER_H

#include "mask.h"
#include "window.h"

#ifdef __cplusplus
extern "C" {
#endif

/** A signal's shape and the filter over it. Set by sape_filter_params_init(), then changed where wanted. */
typedef struct sape_filter_params {
    /** sizeof(sape_filter_params); set by the initialiser. */
    size_t struct_size;
    /** What lies beyond the border, and so which waves there are. Default #SAPE_BOUNDARY_REFLECT. */
    sape_boundary boundary;
    /** How the filter falls over its width. Default #SAPE_FILTER_LINEAR. */
    sape_filter_shape shape;
    /** Number of axes, 1 to 3. Default 1. */
    size_t dim;
    /** Cells along every axis, 1 to 8192; entries from dim on are ignored. Default 0, which must be replaced. */
    size_t size[3];
    /** Values a cell, filtered each by itself with the cell's cut-off; at least 1. Default 1. */
    size_t channels;
    /** Width of the fall in cycles per domain, finite, >= 0; 0 (the default) is the ideal filter. */
    double width;
} sape_filter_params;

/** Sets every field to its default. @param size sizeof(sape_filter_params) as the caller was compiled. */
SAPE_API void sape_filter_params_init(sape_filter_params *params, size_t size);

/**
 * Filters a signal in double precision.
 *
 * The cost is one multiply-add for every output value and every wave below its own cut-off + width: low cut-offs are
 * cheap, and a picture of 128 x 128 with nothing filtered out takes some tenths of a second.
 *
 * @param params   the signal's shape and the filter.
 * @param values   (size[0], .., size[dim - 1], channels), finite; the last axis is the fastest.
 * @param cutoff   (size[0], .., size[dim - 1]) cut-offs in cycles per domain, >= 0; infinity passes everything.
 * @param filtered receives the result, in the values' shape; may be values.
 * @return #SAPE_OK, #SAPE_ERROR_ARGUMENT, #SAPE_ERROR_NOT_FINITE, #SAPE_ERROR_VERSION, #SAPE_ERROR_MEMORY. Any number
 *         of threads may call it at once.
 */
SAPE_API sape_status sape_filter_apply(const sape_filter_params *params, const float *values, const float *cutoff,
                                       float *filtered);

#ifdef __cplusplus
}
#endif

#endif
