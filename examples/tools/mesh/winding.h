/* SPDX-License-Identifier: MIT */
/*
 * Generalised winding numbers (Jacobson, Kavan and Sorkine-Hornung 2013): 1 inside a closed mesh whose faces point
 * outwards, 0 outside, and something in between round holes and flipped faces.
 *
 * Triangles near a point count by their exact solid angle (Van Oosterom and Strackee 1983), distant groups of them by
 * the Taylor expansion of their dipole field to second order (Barill et al. 2018).
 */
#ifndef EXAMPLES_WINDING_H
#define EXAMPLES_WINDING_H

#include "mesh/bvh.h"

/*
 * A group of triangles is distant when it is farther than this times its radius. Errors are then near 2e-4 on average
 * and below 1e-3 (tests/bench/bench_winding.c).
 */
#define WINDING_USUAL_ACCURACY 3.0

struct winding_group;

struct winding {
    const struct bvh *bvh;        /* borrowed */
    struct winding_group *groups; /* one a node of the tree */
};

/* Computes the expansions; fails, and says so, only for want of memory. The tree must outlive the result. */
bool winding_build(struct winding *winding, const struct bvh *bvh);

/*
 * Winding numbers of points (n, 3) into numbers (n). The higher the accuracy, the more exact and the slower;
 * infinity gives the exact sum over all triangles.
 */
void winding_numbers(const struct winding *winding, double accuracy, size_t n, const float *points, float *numbers,
                     size_t num_threads);

/* Frees the expansions. */
void winding_free(struct winding *winding);

#endif
