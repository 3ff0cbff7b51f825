/* SPDX-License-Identifier: MIT */
#include "signal/grid.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

/* Grids of more cells than this have the wider window. */
#define LARGE_GRID 100

/* Where a coordinate lies along an axis: in between cells lower and lower + 1. */
struct axis_place {
    size_t lower;
    float share, slope;
};

static struct axis_place place_evenly(size_t size, double x) {
    const double clamped = x < -1.0 ? -1.0 : x > 1.0 ? 1.0 : x;
    const double spread = size > 3 ? (double)(size - 2) : 1.0;
    const double g = (clamped + 1.0) / 2.0 * spread + 0.5;
    const int32_t lower = (int32_t)g;
    return (struct axis_place){(size_t)lower, (float)(g - (double)lower), x == clamped ? (float)(spread / 2.0) : 0.0f};
}

/* Linear between neighbouring positions, constant outside. */
static struct axis_place place_between(const float *positions, size_t size, double x) {
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
    if (share < 0.0) return (struct axis_place){low, 0.0f, 0.0f};
    if (share > 1.0) return (struct axis_place){low, 1.0f, 0.0f};
    return (struct axis_place){low, (float)share, (float)(1.0 / (to - from))};
}

static struct axis_place place_along(const struct sape_grid *grid, size_t axis, float x) {
    const double scaled = ((double)x - (double)grid->center[axis]) * (double)grid->scale[axis];
    if (grid->positions[axis] == NULL) return place_evenly(grid->size[axis], scaled);
    return place_between(grid->positions[axis], grid->size[axis], scaled);
}

struct sape_place sape_grid_place(const struct sape_grid *grid, const float *x, size_t stride) {
    struct sape_place place = {.cell = 0};
    size_t step = 1;
    for (size_t a = 0; a < grid->dim; a++) {
        const struct axis_place along = place_along(grid, a, x[a * stride]);
        place.cell += (uint32_t)(along.lower * step);
        place.share[a] = along.share;
        step *= grid->size[a];
    }
    return place;
}

float sape_grid_slope(const struct sape_grid *grid, size_t axis, float x) {
    return place_along(grid, axis, x).slope * grid->scale[axis];
}

struct sape_grid sape_grid_of_one_cell(void) {
    struct sape_grid grid = {.size = {1, 1, 1}, .cells = 1, .radius = 1};
    for (size_t a = 0; a < SAPE_MAX_DIM; a++) grid.scale[a] = 1.0f;
    return grid;
}

struct sape_grid sape_grid_cube(size_t resolution, size_t dim) {
    struct sape_grid grid = sape_grid_of_one_cell();
    grid.dim = dim;
    for (size_t a = 0; a < dim; a++) {
        grid.size[a] = resolution;
        grid.cells = grid.cells > SAPE_MAX_CELLS / resolution ? 0 : grid.cells * resolution;
    }
    if (grid.cells > LARGE_GRID) grid.radius = 2;
    return grid;
}

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

static inline float sum(float a, float b) {
    return a + b;
}

static inline uint16_t smaller(uint16_t a, uint16_t b) {
    return b < a ? b : a;
}

static inline uint16_t larger(uint16_t a, uint16_t b) {
    return b > a ? b : a;
}

/*
 * One axis of a window: every value is combined with the `width` values of `from` that begin `radius` before it,
 * borders replicated, in their order. The loops run along memory, whole rows of cells at a time.
 */
#define DEFINE_WINDOW(type, combine)                                                                                   \
    static void combine##_row(size_t count, type *restrict to, const type *restrict from) {                            \
        for (size_t i = 0; i < count; i++) to[i] = combine(to[i], from[i]);                                            \
    }                                                                                                                  \
    /* Along the first axis: a line of cells, combined with itself moved by up to the width. */                        \
    static void combine##_line(size_t size, size_t radius, size_t width, type *to, const type *from) {                 \
        for (size_t k = 0; k < width; k++) {                                                                           \
            const size_t before = k < radius ? radius - k : 0, behind = k > radius ? k - radius : 0;                   \
            const size_t inside = size > before + behind ? size - before - behind : 0;                                 \
            for (size_t i = 0; i < before && i < size; i++) to[i] = combine(to[i], from[clip(i, k, radius, size)]);    \
            if (inside > 0) combine##_row(inside, to + before, from + behind);                                         \
            for (size_t i = before + inside; i < size; i++) to[i] = combine(to[i], from[clip(i, k, radius, size)]);    \
        }                                                                                                              \
    }                                                                                                                  \
    static void combine##_axis(const struct sape_grid *grid, size_t axis, size_t width, type *to, const type *from) {  \
        const size_t size = grid->size[axis], step = axis_step(grid, axis), radius = grid->radius;                     \
        for (size_t first = 0; first < grid->cells; first += step * size) {                                            \
            if (axis == 0) {                                                                                           \
                combine##_line(size, radius, width, to + first, from + first);                                         \
                continue;                                                                                              \
            }                                                                                                          \
            for (size_t i = 0; i < size; i++)                                                                          \
                for (size_t k = 0; k < width; k++)                                                                     \
                    combine##_row(step, to + first + i * step, from + first + clip(i, k, radius, size) * step);        \
        }                                                                                                              \
    }

DEFINE_WINDOW(float, sum)
DEFINE_WINDOW(uint16_t, smaller)
DEFINE_WINDOW(uint16_t, larger)

void sape_grid_box_mean(const struct sape_grid *grid, float *values, float *scratch) {
    const size_t width = 2 * grid->radius + 1;
    for (size_t axis = 0; axis < grid->dim; axis++) {
        memcpy(scratch, values, grid->cells * sizeof *values);
        memset(values, 0, grid->cells * sizeof *values);
        sum_axis(grid, axis, width, values, scratch);
        for (size_t i = 0; i < grid->cells; i++) values[i] /= (float)width;
    }
}

void sape_grid_extremes(const struct sape_grid *grid, uint16_t *lowest, uint16_t *highest, uint16_t *scratch) {
    const size_t width = 2 * grid->radius + 2, bytes = grid->cells * sizeof *scratch;
    for (size_t axis = 0; axis < grid->dim; axis++) {
        memcpy(scratch, lowest, bytes);
        smaller_axis(grid, axis, width, lowest, scratch);
        memcpy(scratch, highest, bytes);
        larger_axis(grid, axis, width, highest, scratch);
    }
}

size_t sape_grid_corner(const struct sape_grid *grid, size_t corner) {
    size_t offset = 0, step = 1;
    for (size_t a = 0; a < grid->dim; a++) {
        if (corner >> a & 1) offset += step;
        step *= grid->size[a];
    }
    return offset;
}

static inline float corner_weight(const struct sape_grid *grid, const struct sape_place *place, size_t corner) {
    float weight = 1.0f;
    for (size_t a = 0; a < grid->dim; a++) weight *= corner >> a & 1 ? place->share[a] : 1.0f - place->share[a];
    return weight;
}

/* A sum that overflows would be lost for good, and could not be saved. */
static inline float saturate(float sum) {
    return sum > FLT_MAX ? FLT_MAX : sum < -FLT_MAX ? -FLT_MAX : sum;
}

void sape_grid_record(const struct sape_grid *grid, size_t n, const struct sape_place *places, const float *values,
                      float *log, float *counter) {
    const size_t corners = (size_t)1 << grid->dim;
    size_t offsets[1 << SAPE_MAX_DIM];
    for (size_t c = 0; c < corners; c++) offsets[c] = sape_grid_corner(grid, c);
    for (size_t i = 0; i < n; i++) {
        for (size_t c = 0; c < corners; c++) {
            const float weight = corner_weight(grid, &places[i], c);
            const size_t at = places[i].cell + offsets[c];
            log[at] = saturate(log[at] + values[i] * weight);
            counter[at] += weight;
        }
    }
}

size_t sape_grid_nearest(const struct sape_grid *grid, const struct sape_place *place) {
    size_t corner = 0;
    for (size_t a = 0; a < grid->dim; a++)
        if (place->share[a] >= 0.5f) corner |= (size_t)1 << a;
    return place->cell + sape_grid_corner(grid, corner);
}

float sape_grid_interpolate(const struct sape_grid *grid, const float *values, const struct sape_place *place) {
    float lines[1 << SAPE_MAX_DIM];
    size_t count = (size_t)1 << grid->dim;
    for (size_t corner = 0; corner < count; corner++)
        lines[corner] = values[place->cell + sape_grid_corner(grid, corner)];
    /* Axis by axis, in a form that gives equal values back exactly. */
    for (size_t a = 0; a < grid->dim; a++) {
        count /= 2;
        for (size_t i = 0; i < count; i++)
            lines[i] = lines[2 * i] + place->share[a] * (lines[2 * i + 1] - lines[2 * i]);
    }
    return lines[0];
}

void sape_grid_smooth(const struct sape_grid *grid, const float *log, const float *counter, float *mean,
                      float *scratch) {
    const size_t width = 2 * grid->radius + 1;
    size_t window = 1, empty = 0;
    for (size_t a = 0; a < grid->dim; a++) window *= width;
    for (size_t i = 0; i < grid->cells; i++) {
        const bool any = counter[i] != 0.0f;
        const float quotient = log[i] / (any ? counter[i] : 1.0f);
        mean[i] = any ? quotient : 0.0f;
        empty += !any;
    }
    if (empty > 0) {
        /* An empty cell counts as 0 in the mean, so the box mean is the mean over the neighbours but for the count. */
        float *filled = scratch + grid->cells;
        memcpy(filled, mean, grid->cells * sizeof *filled);
        sape_grid_box_mean(grid, filled, scratch);
        const float factor = (float)window / (float)(window - 1);
        for (size_t i = 0; i < grid->cells; i++) mean[i] = counter[i] == 0.0f ? filled[i] * factor : mean[i];
    }
    sape_grid_box_mean(grid, mean, scratch);
}
