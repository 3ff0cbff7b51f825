/* SPDX-License-Identifier: MIT */
/* How the faces of a mesh hang together. */
#ifndef EXAMPLES_TOPOLOGY_H
#define EXAMPLES_TOPOLOGY_H

#include "mesh/mesh.h"

/* An edge, its lower vertex first. */
struct edge {
    uint32_t a, b;
};

/* One side of a face. */
struct side {
    struct edge edge;
    uint32_t face;
    bool forward; /* the face runs from edge.a to edge.b */
};

struct topology {
    size_t num_edges;
    struct edge *edges;      /* (num_edges), ordered by a, then b */
    size_t num_boundary;     /* edges of one face only */
    size_t num_non_manifold; /* edges of more than two faces */
    size_t num_inconsistent; /* edges of two faces that both run along them in the same direction */
};

/* The sides of all faces (3 num_faces), ordered by edge, then by face; NULL, with a message, without memory. */
struct side *topology_sides(const struct mesh *mesh);

/* How many sides, from the first one on, are of its edge. */
size_t topology_count_sides(const struct side *sides, size_t num_sides);

/* Collects the edges; fails, and says so, only for want of memory. */
bool topology_build(struct topology *topology, const struct mesh *mesh);

/* Vertices - edges + faces. */
long long topology_euler(const struct topology *topology, const struct mesh *mesh);

/* Whether the mesh is the boundary of a solid: every edge has two faces, which run along it in opposite directions. */
bool topology_is_closed(const struct topology *topology);

/*
 * Says so, and returns false, when more than two faces of the mesh meet in an edge: in how many, where the first is,
 * and which faces meet there. path names the mesh.
 */
bool topology_check_manifold(const struct mesh *mesh, const char *path);

/* Frees the edges. */
void topology_free(struct topology *topology);

#endif
