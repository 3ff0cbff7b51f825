/* SPDX-License-Identifier: MIT */
#include "mesh/spatial_order.h"

#include <math.h>
#include <stdlib.h>

/* Bits of the curve's position for each axis. */
#define BITS 10

struct entry {
    uint32_t code, index;
};

struct frame {
    float min[3], scale[3];
};

static struct frame fit_frame(size_t n, const float *points) {
    struct frame frame;
    for (size_t a = 0; a < 3; a++) {
        float min = INFINITY, max = -INFINITY;
        for (size_t i = 0; i < n; i++) {
            min = fminf(min, points[3 * i + a]);
            max = fmaxf(max, points[3 * i + a]);
        }
        frame.min[a] = min;
        frame.scale[a] = max > min ? (float)((1 << BITS) - 1) / (max - min) : 0.0f;
    }
    return frame;
}

static uint32_t morton_code(const struct frame *frame, const float *point) {
    uint32_t code = 0;
    for (int a = 0; a < 3; a++) {
        const float cell = (point[a] - frame->min[a]) * frame->scale[a];
        const uint32_t index = cell > 0.0f ? (uint32_t)fminf(cell, (float)((1 << BITS) - 1)) : 0;
        for (int bit = 0; bit < BITS; bit++) code |= (index >> bit & 1) << (3 * bit + a);
    }
    return code;
}

static int compare_entries(const void *left, const void *right) {
    const struct entry *l = left, *r = right;
    if (l->code != r->code) return l->code < r->code ? -1 : 1;
    return (l->index > r->index) - (l->index < r->index);
}

uint32_t *spatial_order(size_t n, const float *points) {
    struct entry *entries = malloc(n * sizeof *entries);
    uint32_t *order = malloc(n * sizeof *order);
    if (entries && order) {
        const struct frame frame = fit_frame(n, points);
        for (size_t i = 0; i < n; i++) entries[i] = (struct entry){morton_code(&frame, points + 3 * i), (uint32_t)i};
        qsort(entries, n, sizeof *entries, compare_entries);
        for (size_t i = 0; i < n; i++) order[i] = entries[i].index;
    } else {
        free(order);
        order = NULL;
    }
    free(entries);
    return order;
}
