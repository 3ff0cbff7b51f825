/* SPDX-License-Identifier: MIT */
/* Along which axes targets change faster. */
#ifndef SAPE_LIB_STRETCH_H
#define SAPE_LIB_STRETCH_H

#include <sape/status.h>
#include <stddef.h>

/*
 * Factors, at least 1, by which the coordinates are to be divided so that neighbouring targets differ alike along all
 * axes; the smallest is 1. All are 1 where the samples are too few to tell, or nearly so. x (n, d), d at most
 * SAPE_NEAREST_MAX_DIM, and targets (n, o) are finite; n >= 1.
 */
sape_status sape_stretch_find(size_t n, size_t d, const float *x, size_t o, const float *targets, double *factors);

#endif
