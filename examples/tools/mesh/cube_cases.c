/* SPDX-License-Identifier: MIT */
#include "mesh/cube_cases.h"

#include <stdbool.h>
#include <stddef.h>

#define CUBE_SIDES 6

/* Where the surface goes on from each edge that it crosses. */
struct contour {
    bool crossed[CUBE_EDGES];
    unsigned next[CUBE_EDGES];
};

unsigned cube_edge_corner(unsigned edge) {
    const unsigned axis = edge / 4;
    return (edge & 1) << (axis + 1) % 3 | (edge >> 1 & 1) << (axis + 2) % 3;
}

static unsigned edge_between(unsigned corner, unsigned other) {
    const unsigned axis = (corner ^ other) >> 1, begin = corner & other;
    return 4 * axis + (begin >> (axis + 1) % 3 & 1) + 2 * (begin >> (axis + 2) % 3 & 1);
}

/* The corners of a side, counter-clockwise seen from outside the cube. */
static void list_corners(unsigned side, unsigned corners[4]) {
    const unsigned axis = side / 2, u = 1u << (axis + 1) % 3, v = 1u << (axis + 2) % 3;
    const bool upper = side % 2 == 1;
    const unsigned begin = upper ? 1u << axis : 0;
    corners[0] = begin;
    corners[1] = begin | (upper ? u : v);
    corners[2] = begin | u | v;
    corners[3] = begin | (upper ? v : u);
}

/* Every run of inside corners round the side is cut off: from the edge where it begins to the edge where it ends. */
static void trace_side(struct contour *contour, unsigned side, unsigned inside) {
    unsigned corners[4];
    list_corners(side, corners);
    for (unsigned i = 0; i < 4; i++) {
        unsigned last = (i + 1) % 4;
        if (inside >> corners[i] & 1 || !(inside >> corners[last] & 1)) continue;
        const unsigned begin = edge_between(corners[i], corners[last]);
        while (inside >> corners[(last + 1) % 4] & 1) last = (last + 1) % 4;
        contour->crossed[begin] = true;
        contour->next[begin] = edge_between(corners[last], corners[(last + 1) % 4]);
    }
}

/* The two sides that share the edge, as bits. */
static unsigned sides_of(unsigned edge) {
    const unsigned axis = edge / 4, corner = cube_edge_corner(edge);
    unsigned sides = 0;
    for (unsigned other = 0; other < 3; other++)
        if (other != axis) sides |= 1u << (2 * other + (corner >> other & 1));
    return sides;
}

/* Whether a fan from the loop's first edge has all its inner edges inside the cube. */
static bool fan_is_inner(const unsigned *loop, size_t length) {
    for (size_t k = 2; k + 1 < length; k++)
        if (sides_of(loop[0]) & sides_of(loop[k])) return false;
    return true;
}

static void rotate(unsigned *loop, size_t length) {
    const unsigned first = loop[0];
    for (size_t k = 0; k + 1 < length; k++) loop[k] = loop[k + 1];
    loop[length - 1] = first;
}

/* Every loop that occurs has a rotation whose fan is an inner one. */
static void add_fan(struct cube_case *result, unsigned *loop, size_t length) {
    while (!fan_is_inner(loop, length)) rotate(loop, length);
    for (size_t k = 1; k + 1 < length; k++) {
        uint8_t *edges = result->edges + 3 * (size_t)result->num_triangles++;
        edges[0] = (uint8_t)loop[0];
        edges[1] = (uint8_t)loop[k];
        edges[2] = (uint8_t)loop[k + 1];
    }
}

struct cube_case cube_case_derive(unsigned inside) {
    struct contour contour = {.crossed = {false}};
    struct cube_case result = {0};
    for (unsigned side = 0; side < CUBE_SIDES; side++) trace_side(&contour, side, inside);
    for (unsigned begin = 0; begin < CUBE_EDGES; begin++) {
        unsigned loop[CUBE_EDGES];
        size_t length = 0;
        for (unsigned edge = begin; contour.crossed[edge]; edge = contour.next[edge]) {
            contour.crossed[edge] = false;
            loop[length++] = edge;
        }
        if (length > 0) add_fan(&result, loop, length);
    }
    return result;
}
