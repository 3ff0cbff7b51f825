/* SPDX-License-Identifier: MIT */
/* A tree of bounding boxes over the triangles of a mesh. */
#ifndef EXAMPLES_BVH_H
#define EXAMPLES_BVH_H

#include "mesh/mesh.h"

/* No path from the root is longer; the depth is the logarithm of a number below 2^32. */
#define BVH_MAX_DEPTH 40

struct bvh_node {
    vec3 min, max;         /* the box */
    uint32_t first, count; /* the triangles within it */
    uint32_t right;        /* the second child; the first is the next node. 0 for a leaf */
};

struct bvh {
    size_t num_nodes, num_triangles;
    struct bvh_node *nodes; /* (num_nodes), the root first, parents before children */
    triangle *triangles;    /* (num_triangles), those of a node side by side */
    uint32_t *faces;        /* (num_triangles) the face of the mesh that each of them is */
};

/* Builds the tree; fails, and says so, for a mesh without faces and for want of memory. The mesh is not kept. */
bool bvh_build(struct bvh *bvh, const struct mesh *mesh);

/* Frees the arrays. */
void bvh_free(struct bvh *bvh);

#endif
