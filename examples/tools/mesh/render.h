/* SPDX-License-Identifier: MIT */
/* Shaded pictures of meshes. */
#ifndef EXAMPLES_RENDER_H
#define EXAMPLES_RENDER_H

#include "mesh/mesh.h"

/* Where from and in what colours a mesh is seen. The projection is parallel. */
struct view {
    double azimuth, elevation;     /* of the eye, in degrees: from the x axis towards y, and above the x-y plane */
    double radius;                 /* what lies within this distance from the origin is in the picture */
    double crease;                 /* edges that bend more, in degrees, look sharp; for meshes without normals */
    float color[3], background[3]; /* red, green and blue in [0, 1]; color for meshes without their own */
};

/* Three quarters from above, grey on white, with room for a mesh of radius 1. */
extern const struct view render_usual_view;

/*
 * Draws the mesh into values (height, width, 3) in [0, 1], as a struct picture holds them. Vertex normals, where the
 * mesh has them, make it look smooth, otherwise those of its faces do; both sides of a face are lit. Fails, and says
 * so, only for want of memory.
 */
bool render_mesh(const struct mesh *mesh, const struct view *view, size_t width, size_t height, float *values);

#endif
