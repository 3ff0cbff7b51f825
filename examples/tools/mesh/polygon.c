/* SPDX-License-Identifier: MIT */
#include "mesh/polygon.h"

#include <math.h>
#include <stdbool.h>

/* What is left of a polygon, seen in two dimensions against the clock. */
struct outline {
    size_t n;
    double *points;          /* (n, 2) */
    const uint32_t *corners; /* (n) of the whole polygon */
    uint32_t *left;          /* (n) places in both arrays */
};

/* Twice the area vector (Newell), relative to the first corner. */
static void area_vector(const double *vertices, size_t n, const uint32_t *corners, double normal[3]) {
    const double *origin = vertices + 3 * (size_t)corners[0];
    normal[0] = normal[1] = normal[2] = 0.0;
    for (size_t i = 1; i + 1 < n; i++) {
        const double *a = vertices + 3 * (size_t)corners[i], *b = vertices + 3 * (size_t)corners[i + 1];
        for (int k = 0; k < 3; k++) {
            const int y = (k + 1) % 3, z = (k + 2) % 3;
            normal[k] += (a[y] - origin[y]) * (b[z] - origin[z]) - (a[z] - origin[z]) * (b[y] - origin[y]);
        }
    }
}

/* Leaves out the coordinate in which the normal is longest. */
static void flatten(const double *vertices, size_t n, const uint32_t *corners, double *points) {
    double normal[3];
    area_vector(vertices, n, corners, normal);
    int longest = fabs(normal[1]) > fabs(normal[0]) ? 1 : 0;
    if (fabs(normal[2]) > fabs(normal[longest])) longest = 2;
    const int x = (longest + 1) % 3, y = (longest + 2) % 3;
    const double *origin = vertices + 3 * (size_t)corners[0], sign = normal[longest] < 0.0 ? -1.0 : 1.0;
    for (size_t i = 0; i < n; i++) {
        const double *vertex = vertices + 3 * (size_t)corners[i];
        points[2 * i] = vertex[x] - origin[x];
        points[2 * i + 1] = sign * (vertex[y] - origin[y]);
    }
}

/* Above 0 where the way from a by b to c turns left. */
static double turn(const double *points, size_t a, size_t b, size_t c) {
    const double *p = points + 2 * a, *q = points + 2 * b, *r = points + 2 * c;
    return (q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0]);
}

static bool is_convex(const double *points, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (turn(points, i, (i + 1) % n, (i + 2) % n) < 0.0) return false;
    return true;
}

static bool same_place(const double *points, size_t a, size_t b) {
    return points[2 * a] == points[2 * b] && points[2 * a + 1] == points[2 * b + 1];
}

/* Whether the corner b between a and c is convex, and no other corner lies in the triangle. */
static bool is_ear(const struct outline *outline, size_t count, size_t i) {
    const size_t a = outline->left[(i + count - 1) % count], b = outline->left[i], c = outline->left[(i + 1) % count];
    if (!(turn(outline->points, a, b, c) > 0.0)) return false;
    for (size_t k = 0; k < count; k++) {
        const size_t p = outline->left[k];
        if (same_place(outline->points, p, a) || same_place(outline->points, p, b) || same_place(outline->points, p, c))
            continue;
        if (turn(outline->points, a, b, p) >= 0.0 && turn(outline->points, b, c, p) >= 0.0 &&
            turn(outline->points, c, a, p) >= 0.0)
            return false;
    }
    return true;
}

static uint32_t *put(uint32_t *to, const uint32_t *corners, size_t a, size_t b, size_t c) {
    to[0] = corners[a];
    to[1] = corners[b];
    to[2] = corners[c];
    return to + 3;
}

/* Where there is no ear, as in a polygon that crosses itself, any corner goes. */
static void cut_ears(const struct outline *outline, uint32_t *triangles) {
    size_t count = outline->n, next = 0;
    for (size_t i = 0; i < count; i++) outline->left[i] = (uint32_t)i;
    while (count > 3) {
        size_t i = next % count, tried = 0;
        for (; tried < count && !is_ear(outline, count, i); tried++) i = (i + 1) % count;
        const size_t before = (i + count - 1) % count, after = (i + 1) % count;
        triangles = put(triangles, outline->corners, outline->left[before], outline->left[i], outline->left[after]);
        for (size_t k = i; k + 1 < count; k++) outline->left[k] = outline->left[k + 1];
        count--;
        next = i; /* not at the same corner, lest a fan of slivers comes about */
    }
    put(triangles, outline->corners, outline->left[0], outline->left[1], outline->left[2]);
}

void polygon_cut(const double *vertices, size_t n, const uint32_t *corners, double *points, uint32_t *left,
                 uint32_t *triangles) {
    if (n > 3) flatten(vertices, n, corners, points);
    if (n == 3 || is_convex(points, n)) {
        for (size_t i = 1; i + 1 < n; i++) triangles = put(triangles, corners, 0, i, i + 1);
        return;
    }
    const struct outline outline = {n, points, corners, left};
    cut_ears(&outline, triangles);
}
