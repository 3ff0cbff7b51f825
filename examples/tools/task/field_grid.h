/* SPDX-License-Identifier: MIT */
/* The mean of fields of three coordinates and one output, evaluated on a regular grid over the cube [-1, 1]^3. */
#ifndef EXAMPLES_FIELD_GRID_H
#define EXAMPLES_FIELD_GRID_H

#include "mesh/marching_cubes.h"
#include "task/field_set.h"

enum { FIELD_GRID_MIN_SIZE = 2, FIELD_GRID_MAX_SIZE = 1024 };

/* A grid of size^3 samples, the first and the last of an axis on the border of the cube. */
struct grid field_grid(size_t size, const float *values);

/* Evaluates it at all size^3 samples. When it fails a message has been printed. */
bool field_grid_evaluate(const struct field_set *fields, size_t size, float *values);

/*
 * As field_grid_evaluate(), but away from the surface, where the mean is zero, a sample gets the value of one nearby.
 * The grid is looked at in blocks: those that the surface crosses, as seen from one sample a block, are evaluated with
 * their neighbours, and so on along the surface. A part of the surface that is smaller than a block may be missed.
 * *evaluated receives the share of the samples that were evaluated.
 */
bool field_grid_evaluate_near_zero(const struct field_set *fields, size_t size, float *values, double *evaluated);

/* How many vertices of the surface only one of two grids has: edges that only one of them sees cross zero. */
size_t field_grid_count_differences(size_t size, const float *a, const float *b);

/* Whether some samples are below zero and some are not, so that there is a surface. */
bool field_grid_has_surface(size_t size, const float *values);

#endif
