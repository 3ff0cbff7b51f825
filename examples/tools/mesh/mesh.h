/* SPDX-License-Identifier: MIT */
/* Triangle meshes: reading them, placing them in the domain, writing them. */
#ifndef EXAMPLES_MESH_H
#define EXAMPLES_MESH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mesh/vec3.h"

/* A way to place a mesh: a point p goes to (p - center) * scale. */
struct placement {
    vec3 center;
    double scale;
};

vec3 placement_apply(struct placement placement, vec3 point);
vec3 placement_undo(struct placement placement, vec3 point);

/* Leaves a mesh where it is. */
static const struct placement placement_none = {{0.0, 0.0, 0.0}, 1.0};

struct mesh {
    size_t num_vertices, num_faces;
    float *vertices;            /* (num_vertices, 3) */
    uint32_t *faces;            /* (num_faces, 3), counter-clockwise seen from outside */
    float *normals;             /* (num_vertices, 3), or NULL */
    float *colors;              /* (num_vertices, 3) red, green and blue in [0, 1] for pictures, or NULL */
    uint32_t *numbers;          /* (num_faces) the face of its file, from 1, that each is a part of, or NULL */
    struct placement placement; /* of a mesh that was read: how it was placed */
};

/*
 * Reads an STL (ASCII or binary), OBJ, PLY (ASCII or binary) or OFF (ASCII) file and places it, in double precision up
 * to there: the middle of the bounding box goes to the origin, the farthest vertex to that distance from it. Polygons
 * and PLY's triangle strips are cut into triangles; points and lines, vertices that no face uses and faces with two
 * corners in one place are dropped; vertices at the same position become one. Says what faces were dropped. When the
 * file cannot be read, holds no surface or has a coordinate that is not finite, says so, returns false and leaves *mesh
 * empty.
 */
bool mesh_read(struct mesh *mesh, const char *path, double radius);

/*
 * Writes directory/name as binary PLY, with the normals when there are some; a file that fails is not left behind. The
 * vertices go back by the placement, in double precision.
 */
bool mesh_write_ply(const struct mesh *mesh, struct placement placement, const char *directory, const char *name);

/* Writes directory/name as binary STL; likewise, but the format has single precision: warns where that is too little.
 */
bool mesh_write_stl(const struct mesh *mesh, struct placement placement, const char *directory, const char *name);

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
