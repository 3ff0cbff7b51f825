/* SPDX-License-Identifier: MIT */
/* The distance between two surfaces. */
#ifndef EXAMPLES_SURFACE_CHAMFER_H
#define EXAMPLES_SURFACE_CHAMFER_H

#include "mesh/mesh.h"
#include "task/random.h"

struct surface_pair {
    const struct mesh *a, *b;
    size_t num_points; /* drawn on each */
    size_t num_threads;
};

/*
 * Mean distance from points of a to the surface b, plus that from points of b to the surface a. Fails, and says so, for
 * a mesh without faces and for want of memory.
 */
bool surface_chamfer(const struct surface_pair *pair, struct random *random, double *chamfer);

#endif
