/* SPDX-License-Identifier: MIT */
#include "grid.h"

#include <math.h>
#include <string.h>

static struct sape_place place_evenly(const struct sape_grid *grid, size_t axis, double x) {
    const size_t size = grid->size[axis];
    const double clamped = x < -1.0 ? -1.0 : x > 1.0 ? 1.0 : x;
    const double spread = size > 3 ? (double)(size - 2) : 1.0;
    const double g = (clamped + 1.0) / 2.0 * spread + 0.5;
    const double lower = floor(g);
    return (struct sape_place){(size_t)lower, (float)(g - lower), x == clamped ? (float)(spread / 2.0) : 0.0f};
}

/* Linear between neighbouring positions, constant outside. */
static struct sape_place place_between(const float *positions, size_t size, double x) {
    size_t low = 0, high = size - 1;
    while (high - low > 1) {
        const size_t middle = low + (high - low) / 2;
        if ((double)positions[middle] <= x)
            low = middle;
        else
            high = middle;
    }
    const double from = (double)positions[low], to = (double)positions[high];
    const double share = (x - from) / (to - from);
    if (share < 0.0) return (struct sape_place){low, 0.0f, 0.0f};
    if (share > 1.0) return (struct sape_place){low, 1.0f, 0.0f};
    return (struct sape_place){low, (float)share, (float)(1.0 / (to - from))};
}

struct sape_place sape_grid_place(const struct sape_grid *grid, size_t axis, double x) {
    if (grid->positions[axis] == NULL) return place_evenly(grid, axis, x);
    return place_between(grid->positions[axis], grid->size[axis], x);
}

/* Calls `line` for every line of cells along an axis: its first cell and the distance from one to the next. */
#define FOR_LINES(grid, axis, first, step)                                                                             \
    const size_t step = axis_step(grid, axis);                                                                         \
    for (size_t outer = 0; outer < (grid)->cells; outer += step * (grid)->size[axis])                                  \
        for (size_t first = outer; first < outer + step; first++)

static size_t axis_step(const struct sape_grid *grid, size_t axis) {
    size_t step = 1;
    for (size_t a = 0; a < axis; a++) step *= grid->size[a];
    return step;
}

static size_t clip(size_t i, size_t offset, size_t radius, size_t size) {
    const size_t shifted = i + offset;
    if (shifted < radius) return 0;
    return shifted - radius < size ? shifted - radius : size - 1;
}

void sape_grid_box_mean(const struct sape_grid *grid, float *values, float *scratch) {
    const size_t width = 2 * grid->radius + 1;
    for (size_t axis = 0; axis < grid->dim; axis++) {
        const size_t size = grid->size[axis];
        memcpy(scratch, values, grid->cells * sizeof *values);
        FOR_LINES(grid, axis, first, step) {
            for (size_t i = 0; i < size; i++) {
                float sum = 0.0f;
                for (size_t k = 0; k < width; k++) sum += scratch[first + clip(i, k, grid->radius, size) * step];
                values[first + i * step] = sum / (float)width;
            }
        }
    }
}

/* One axis of one extreme; better(a, b) says whether a replaces b. */
#define DEFINE_EXTREME(name, better)                                                                                   \
    static void name(const struct sape_grid *grid, size_t axis, uint16_t *values, uint16_t *scratch) {                 \
        const size_t size = grid->size[axis];                                                                          \
        memcpy(scratch, values, grid->cells * sizeof *values);                                                         \
        FOR_LINES(grid, axis, first, step) {                                                                           \
            for (size_t i = 0; i < size; i++) {                                                                        \
                uint16_t best = scratch[first + i * step];                                                             \
                for (size_t k = 0; k < 2 * grid->radius + 2; k++) {                                                    \
                    const uint16_t value = scratch[first + clip(i, k, grid->radius, size) * step];                     \
                    if (value better best) best = value;                                                               \
                }                                                                                                      \
                values[first + i * step] = best;                                                                       \
            }                                                                                                          \
        }                                                                                                              \
    }

DEFINE_EXTREME(minimum, <)
DEFINE_EXTREME(maximum, >)

void sape_grid_extremes(const struct sape_grid *grid, const uint16_t *low, const uint16_t *high, uint16_t *lowest,
                        uint16_t *highest, uint16_t *scratch) {
    memcpy(lowest, low, grid->cells * sizeof *low);
    memcpy(highest, high, grid->cells * sizeof *high);
    for (size_t axis = 0; axis < grid->dim; axis++) {
        minimum(grid, axis, lowest, scratch);
        maximum(grid, axis, highest, scratch);
    }
}
