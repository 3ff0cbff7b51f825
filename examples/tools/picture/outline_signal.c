/* SPDX-License-Identifier: MIT */
#include "picture/outline.h"

#include <math.h>

static const float *point_of(const struct outline *outline, size_t i) {
    return outline->points + 2 * (i % outline->n);
}

/* Twice the signed area: positive where the points go the way of the circle (cos, sin). */
static double turning(const struct outline *outline) {
    double sum = 0;
    for (size_t i = 0; i < outline->n; i++) {
        const float *a = point_of(outline, i), *b = point_of(outline, i + 1);
        sum += (double)a[0] * (double)b[1] - (double)a[1] * (double)b[0];
    }
    return sum;
}

static size_t nearest_to_start(const struct outline *outline) {
    size_t nearest = 0;
    double least = INFINITY;
    for (size_t i = 0; i < outline->n; i++) {
        const float *point = point_of(outline, i);
        const double distance = hypot((double)point[0] - 1, (double)point[1]);
        if (distance < least) {
            least = distance;
            nearest = i;
        }
    }
    return nearest;
}

void outline_by_arc_length(const struct outline *outline, float *x, float *points) {
    const size_t n = outline->n, first = nearest_to_start(outline), step = turning(outline) < 0 ? n - 1 : 1;
    double length = 0, reached = 0;
    for (size_t i = 0; i < n; i++) {
        const float *a = point_of(outline, i), *b = point_of(outline, i + 1);
        length += hypot((double)b[0] - (double)a[0], (double)b[1] - (double)a[1]);
    }
    for (size_t i = 0, at = first; i < n; i++, at = (at + step) % n) {
        const float *here = point_of(outline, at), *next = point_of(outline, at + step);
        x[i] = length > 0 ? (float)(-1 + 2 * reached / length) : -1;
        points[2 * i] = here[0];
        points[2 * i + 1] = here[1];
        reached += hypot((double)next[0] - (double)here[0], (double)next[1] - (double)here[1]);
    }
}
