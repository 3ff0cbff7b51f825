/* SPDX-License-Identifier: MIT */
#include "task/surface_chamfer.h"

#include "cli/message.h"
#include "mesh/nearest.h"
#include "task/sampling.h"

#include <stdlib.h>

static bool draw(const struct mesh *mesh, struct random *random, size_t n, float *points) {
    struct surface surface;
    if (!surface_build(&surface, mesh)) return false;
    surface_sample(&surface, random, n, points, NULL);
    surface_free(&surface);
    return true;
}

static bool find(const struct mesh *mesh, size_t n, const float *points, struct nearest *found, size_t num_threads) {
    struct bvh bvh;
    if (!bvh_build(&bvh, mesh)) return false;
    nearest_points(&bvh, n, points, found, num_threads);
    bvh_free(&bvh);
    return true;
}

/* Adds the mean distance from points of one mesh to another. */
static bool add_distance(const struct surface_pair *pair, const struct mesh *from, const struct mesh *to,
                         struct random *random, double *sum) {
    const size_t n = pair->num_points;
    float *points = malloc(n * 3 * sizeof *points);
    struct nearest *found = malloc(n * sizeof *found);
    bool done = (points && found) || message_out_of_memory();
    done = done && draw(from, random, n, points) && find(to, n, points, found, pair->num_threads);
    for (size_t i = 0; done && i < n; i++) *sum += (double)found[i].distance / (double)n;
    free(points);
    free(found);
    return done;
}

bool surface_chamfer(const struct surface_pair *pair, struct random *random, double *chamfer) {
    *chamfer = 0.0;
    return add_distance(pair, pair->a, pair->b, random, chamfer) &&
           add_distance(pair, pair->b, pair->a, random, chamfer);
}
