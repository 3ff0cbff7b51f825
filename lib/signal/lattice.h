/* SPDX-License-Identifier: MIT */
/* Samples on a regular grid. */
#ifndef SAPE_LIB_LATTICE_H
#define SAPE_LIB_LATTICE_H

#include <stddef.h>

struct sape_lattice {
    /* The share of the places of a grid that the samples would fill: far below 1 where they are not on one. */
    double filled;
    /* The distance between neighbouring places, along the axis where it is least; 0 for a single place. */
    double gap;
};

/* x (n, d), n >= 1, is finite. */
struct sape_lattice sape_lattice_find(size_t n, size_t d, const float *x);

#endif
