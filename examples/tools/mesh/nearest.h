/* SPDX-License-Identifier: MIT */
/* The point of a mesh that is nearest to a given one. */
#ifndef EXAMPLES_NEAREST_H
#define EXAMPLES_NEAREST_H

#include "mesh/bvh.h"

struct nearest {
    float point[3];
    float distance;
    float barycentric[3]; /* of the point in its face; not negative, their sum is 1 */
    uint32_t face;
};

/* Nearest points of the mesh behind the tree to points (n, 3), into found (n). Equal for any number of threads. */
void nearest_points(const struct bvh *bvh, size_t n, const float *points, struct nearest *found, size_t num_threads);

#endif
