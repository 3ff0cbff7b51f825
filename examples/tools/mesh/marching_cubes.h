/* SPDX-License-Identifier: MIT */
/* Iso-surfaces of sampled fields by marching cubes (Lorensen and Cline 1987). */
#ifndef EXAMPLES_MARCHING_CUBES_H
#define EXAMPLES_MARCHING_CUBES_H

#include "mesh/mesh.h"

/* A field sampled at origin + (i, j, k) * spacing. */
struct grid {
    size_t size[3];      /* samples an axis, at least 1 */
    double origin[3];    /* of the first sample */
    double spacing[3];   /* between samples, > 0 */
    const float *values; /* sample (i, j, k) is values[i + size[0] * (j + size[1] * k)] */
};

/*
 * The surface round the samples that lie below the level, its faces counter-clockwise seen from above the level. It is
 * always closed: every edge has two faces, which run along it in opposite directions. All that lies beyond the grid,
 * and what is not a number, counts as above the level. Without any surface the mesh is empty. Fails, and says so, only
 * for want of memory.
 */
bool marching_cubes(struct mesh *mesh, const struct grid *grid, float level);

#endif
