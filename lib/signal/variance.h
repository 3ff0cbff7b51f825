/* SPDX-License-Identifier: MIT */
/* The variance of a signal around every cell of a grid, from samples anywhere. */
#ifndef SAPE_LIB_VARIANCE_H
#define SAPE_LIB_VARIANCE_H

#include <sape/window.h>

#include "signal/grid.h"

/*
 * sigma (a value a cell, in [0, 1]) becomes the variance of the samples in the window around every cell of an evenly
 * spread grid of at least 3 cells an axis, divided by its largest value; all zero for a constant signal.
 *
 * x is (n, d), grid->dim <= d, of which the first coordinates count; values is (n, channels), whose variances are
 * summed (their mean would give the same sigma); both are known to be good. The cells between the first and the last of
 * an axis share [-1, 1] evenly among them, a sample belongs to the cell it lies in, one outside to the nearest; the
 * first and the last cell of an axis get the sigma of their neighbour. A window of fewer than two samples says nothing:
 * such a cell takes the mean over the cells that know theirs, of the smallest neighbourhood of 3, 7, 15 ... cells that
 * has any. Boundary zero: a cell beyond the border has the mean number of samples. Fails for want of memory only.
 */
sape_status sape_grid_variance(const struct sape_grid *grid, size_t window, sape_boundary boundary, size_t n, size_t d,
                               const float *x, size_t channels, const float *values, float *sigma);

#endif
