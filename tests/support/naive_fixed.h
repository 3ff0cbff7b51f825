/* SPDX-License-Identifier: MIT */
/* The policy spatial_fixed, row by row, in double precision: the samples are a grid of one or two dimensions. */
#ifndef SAPE_TESTS_NAIVE_FIXED_H
#define SAPE_TESTS_NAIVE_FIXED_H

#include <stddef.h>

#define NAIVE_FIXED_MAX_CELLS 64

struct naive_fixed {
    /* Set by the caller; size[1] is 1 in 1D. */
    size_t size[2], features, block, num_blocks, block_iterations;
    double epsilon;
    /* What follows is the state: features below level have weight 1, from there to end ramp. */
    size_t cells, iteration, current, next;
    size_t level[NAIVE_FIXED_MAX_CELLS], end[NAIVE_FIXED_MAX_CELLS];
    double ramp[NAIVE_FIXED_MAX_CELLS];
    int active[NAIVE_FIXED_MAX_CELLS];
    size_t quiet[NAIVE_FIXED_MAX_CELLS];
};

void naive_fixed_init(struct naive_fixed *mask);

/* One iteration with a loss a cell, the first coordinate the fastest. */
void naive_fixed_step(struct naive_fixed *mask, const double *loss);

/* The smoothed weight of a feature at a place, in cells from the first, within the grid. */
double naive_fixed_weight(const struct naive_fixed *mask, const double *place, size_t feature);

#endif
