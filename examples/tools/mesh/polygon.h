/* SPDX-License-Identifier: MIT */
/* Polygons cut into triangles. */
#ifndef EXAMPLES_POLYGON_H
#define EXAMPLES_POLYGON_H

#include <stddef.h>
#include <stdint.h>

/*
 * Cuts a polygon of n >= 3 corners into n - 2 triangles, which have its orientation; triangles (n - 2, 3) receives
 * their corners. The polygon may be concave; points (n, 2) and left (n) are room to work in. A convex one becomes a fan
 * around its first corner, a concave one loses its ears one by one (Meisters 1975), seen along its normal.
 */
void polygon_cut(const double *vertices, size_t n, const uint32_t *corners, double *points, uint32_t *left,
                 uint32_t *triangles);

#endif
