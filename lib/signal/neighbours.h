/* SPDX-License-Identifier: MIT */
/* What neighbouring samples say of the targets. */
#ifndef SAPE_LIB_NEIGHBOURS_H
#define SAPE_LIB_NEIGHBOURS_H

#include <sape/status.h>
#include <stddef.h>

/* The variance of targets (n, o), summed over the outputs. */
double sape_targets_variance(size_t n, size_t o, const float *targets);

/* What neighbours have in common. */
struct sape_neighbours {
    /* The targets' variance, and the part of it that remains between samples however near they are: means over the
       outputs, 0 without targets. */
    double variance, noise;
};

/* x (n, d), d at most SAPE_NEAREST_MAX_DIM, and targets (n, o), which may be NULL, are finite; n >= 1. */
sape_status sape_neighbours_find(size_t n, size_t d, const float *x, size_t o, const float *targets,
                                 struct sape_neighbours *out);

#endif
