/* SPDX-License-Identifier: MIT */
/* Random points on and round the surface of a mesh. */
#ifndef EXAMPLES_SAMPLING_H
#define EXAMPLES_SAMPLING_H

#include "mesh/mesh.h"
#include "mesh/winding.h"
#include "task/random.h"

/* Points with a winding number below this are outside. */
#define SAMPLING_INSIDE 0.9f

struct surface {
    const struct mesh *mesh; /* borrowed */
    double *cumulative;      /* (num_faces) area of the faces up to and including each */
};

/* Where a sample lies on the surface. */
struct surface_point {
    uint32_t face;
    float barycentric[3];
};

/* Prepares for sampling; fails, and says so, only for want of memory. The mesh must stay as it is. */
bool surface_build(struct surface *surface, const struct mesh *mesh);

/* Frees what surface_build() allocated. */
void surface_free(struct surface *surface);

/*
 * Draws n points of the surface: every other one uniform by area, the rest uniform within a face that is drawn with
 * equal chances. points (n, 3) receives them, where (n) their places; where may be NULL.
 */
void surface_sample(const struct surface *surface, struct random *random, size_t n, float *points,
                    struct surface_point *where);

/* As surface_sample(), with normal noise of that standard deviation added, and clamped to the cube [-1, 1]^3. */
void sample_near_surface(const struct surface *surface, struct random *random, double noise, size_t n, float *points);

/* Draws n points (n, 3) uniformly in the cube [-1, 1]^3. */
void sample_cube(struct random *random, size_t n, float *points);

/* Occupancy labels of n points: 1 outside the mesh, 0 inside. */
void label_points(const struct winding *winding, size_t n, const float *points, float *labels, size_t num_threads);

/*
 * Draws an epoch's samples with their labels: a third of them near the surface (noise 0.01), a third a little farther
 * from the same points of it (noise 0.1), the rest in the whole cube.
 */
void sample_occupancy(const struct surface *surface, const struct winding *winding, struct random *random, size_t n,
                      float *points, float *labels, size_t num_threads);

#endif
