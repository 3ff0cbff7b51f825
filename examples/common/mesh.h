/* SPDX-License-Identifier: MIT */
/* Triangle meshes: reading them, placing them in the domain, writing them. */
#ifndef EXAMPLES_MESH_H
#define EXAMPLES_MESH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vec3.h"

struct mesh {
    size_t num_vertices, num_faces;
    float *vertices; /* (num_vertices, 3) */
    uint32_t *faces; /* (num_faces, 3), counter-clockwise seen from outside */
    float *normals;  /* (num_vertices, 3), or NULL */
    float *colors;   /* (num_vertices, 3) red, green and blue in [0, 1] for pictures, or NULL */
};

/*
 * Reads an STL (ASCII or binary), OBJ, PLY or OFF file. Polygons are cut into triangles; points and lines, vertices
 * that no face uses and faces that name a vertex twice are dropped; vertices at the same position become one. When the
 * file cannot be read, holds no surface or has a coordinate that is not finite, says so, returns false and leaves *mesh
 * empty.
 */
bool mesh_read(struct mesh *mesh, const char *path);

/* Writes directory/name as binary PLY, with the normals when there are some; a file that fails is not left behind. */
bool mesh_write_ply(const struct mesh *mesh, const char *directory, const char *name);

/* Writes directory/name as binary STL; likewise. */
bool mesh_write_stl(const struct mesh *mesh, const char *directory, const char *name);

/* A way to place a mesh: a point p goes to (p - center) * scale. */
struct placement {
    vec3 center;
    double scale;
};

/* What takes the middle of the bounding box to the origin, and the farthest vertex to that distance from it. */
struct placement mesh_placement(const struct mesh *mesh, double radius);

vec3 placement_apply(struct placement placement, vec3 point);
vec3 placement_undo(struct placement placement, vec3 point);

/* Places the mesh in that way. */
void mesh_fit_into_radius(struct mesh *mesh, double radius);

/* Sum of the areas of the faces. */
double mesh_area(const struct mesh *mesh);

/* Frees the arrays and makes the mesh empty. */
void mesh_free(struct mesh *mesh);

/* The corners of a face. */
static inline triangle mesh_triangle(const struct mesh *mesh, size_t face) {
    const uint32_t *corners = mesh->faces + 3 * face;
    return (triangle){vec3_load(mesh->vertices + 3 * (size_t)corners[0]),
                      vec3_load(mesh->vertices + 3 * (size_t)corners[1]),
                      vec3_load(mesh->vertices + 3 * (size_t)corners[2])};
}

#endif
