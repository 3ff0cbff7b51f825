/* SPDX-License-Identifier: MIT */
/*
 * The 256 ways in which a surface can cross a cube. Corner c has the coordinates (c & 1, c >> 1 & 1, c >> 2 & 1); edge
 * 4 * axis + i is parallel to the axis and begins at the i-th corner whose bit for the axis is 0.
 */
#ifndef EXAMPLES_CUBE_CASES_H
#define EXAMPLES_CUBE_CASES_H

#include <stdint.h>

#define CUBE_EDGES 12
#define CUBE_MAX_TRIANGLES 5

struct cube_case {
    uint8_t num_triangles;
    uint8_t edges[3 * CUBE_MAX_TRIANGLES]; /* the edges that the triangles have their corners on */
};

/*
 * Derives the case in which the corners whose bits are set are inside. Where two opposite corners of a side of the cube
 * are inside and the other two are not, the inside ones are kept apart. As that depends on nothing but this side, the
 * next cube decides alike and the surface has no cracks. No edge of a triangle within the cube lies in one of its
 * sides.
 */
struct cube_case cube_case_derive(unsigned inside);

/* The corner at which an edge begins. */
unsigned cube_edge_corner(unsigned edge);

#endif
