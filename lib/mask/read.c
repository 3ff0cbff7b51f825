/* SPDX-License-Identifier: MIT */
/* Reading the mask at samples: the steps of the cells around a sample, weighted, give the weights of its features. */
#include <string.h>

#include "mask/mask.h"

/* Cells along an axis that a sample can touch: the blur's width and one more. */
#define MAX_WINDOW 6

/* The cells around a sample along every axis, their distance in memory from the first, weights and derivatives. */
struct window {
    size_t count[SAPE_MAX_DIM];
    size_t offset[SAPE_MAX_DIM][MAX_WINDOW];
    float weight[SAPE_MAX_DIM][MAX_WINDOW];
    float slope[SAPE_MAX_DIM][MAX_WINDOW];
};

static size_t clip(size_t lower, size_t i, size_t radius, size_t size) {
    if (lower + i < radius) return 0;
    return lower + i - radius < size ? lower + i - radius : size - 1;
}

/* The end of a row of cells away from a sample counts by its share; the whole cells between count fully. */
static void open_axis(const struct sape_grid *grid, size_t a, size_t step, size_t lower, float share, float slope,
                      struct window *window) {
    const size_t width = 2 * grid->radius + 1;
    const float part = 1.0f / (float)width;
    for (size_t i = 0; i <= width; i++) {
        const bool first = i == 0, last = i == width;
        window->offset[a][i] = clip(lower, i, grid->radius, grid->size[a]) * step;
        window->weight[a][i] = part * (first ? 1.0f - share : last ? share : 1.0f);
        window->slope[a][i] = part * (first ? -slope : last ? slope : 0.0f);
    }
    window->count[a] = width + 1;
}

/* x, coordinates `stride` apart, is for the slopes; NULL without. */
static void open_window(const struct sape_grid *grid, const struct sape_place *place, const float *x, size_t stride,
                        struct window *window) {
    size_t step = 1, cell = place->cell;
    for (size_t a = 0; a < SAPE_MAX_DIM; a++) {
        if (a < grid->dim) {
            const float slope = x == NULL ? 0.0f : sape_grid_slope(grid, a, x[a * stride]);
            open_axis(grid, a, step, cell % grid->size[a], place->share[a], slope, window);
            cell /= grid->size[a];
            step *= grid->size[a];
            continue;
        }
        window->count[a] = 1;
        window->offset[a][0] = 0;
        window->weight[a][0] = 1.0f;
        window->slope[a][0] = 0.0f;
    }
}

/* Where the steps' counts of one sample go: column s of rows, the first of which is for the level after base. */
struct column {
    float *values;
    size_t width;
    size_t base;
};

static inline void add(const struct sape_mask *mask, const struct column *column, uint16_t level, float weight) {
    const size_t index = mask->distinct_index[level];
    if (index > column->base) column->values[(index - column->base - 1) * column->width] += weight;
}

static inline void add_cell(const struct sape_mask *mask, const struct column *column, size_t cell, float weight) {
    if (mask->ramp == NULL) {
        add(mask, column, mask->level[cell], weight);
        return;
    }
    add(mask, column, mask->level[cell], weight * (1.0f - mask->ramp[cell]));
    add(mask, column, mask->end[cell], weight * mask->ramp[cell]);
}

/* Adds all cells of the window; along slope_axis, where there is one, the derivatives take the weights' place. */
static void add_window(const struct sape_mask *mask, const struct window *window, size_t slope_axis,
                       const struct column *column) {
    const float *x = slope_axis == 0 ? window->slope[0] : window->weight[0];
    const float *y = slope_axis == 1 ? window->slope[1] : window->weight[1];
    const float *z = slope_axis == 2 ? window->slope[2] : window->weight[2];
    for (size_t k = 0; k < window->count[2]; k++) {
        for (size_t j = 0; j < window->count[1]; j++) {
            const size_t row = window->offset[2][k] + window->offset[1][j];
            const float weight = z[k] * y[j];
            for (size_t i = 0; i < window->count[0]; i++)
                add_cell(mask, column, row + window->offset[0][i], weight * x[i]);
        }
    }
}

/* A feature's weight is the sum over all steps that end behind it. */
static void sum_from_the_end(size_t num_steps, size_t width, float *values) {
    for (size_t row = num_steps - 1; row-- > 0;)
        for (size_t s = 0; s < width; s++) values[row * width + s] += values[(row + 1) * width + s];
}

static void read_sample(const struct sape_mask *mask, const struct sape_place *place, size_t width, const float *x,
                        size_t s, struct sape_mask_panel *panel) {
    const bool slopes = panel->slopes[0] != NULL;
    const size_t cell = place->cell;
    const size_t base = mask->distinct_index[panel->full];
    struct column column = {panel->weights + s, width, base};
    if (mask->lowest[cell] == mask->highest[cell]) {
        add(mask, &column, mask->lowest[cell], 1.0f);
        return;
    }
    struct window window;
    open_window(&mask->grid, place, slopes ? x + s : NULL, width, &window);
    add_window(mask, &window, SAPE_MAX_DIM, &column);
    for (size_t a = 0; slopes && a < mask->grid.dim; a++) {
        column.values = panel->slopes[a] + s;
        add_window(mask, &window, a, &column);
    }
}

size_t sape_mask_panel_size(const struct sape_mask *mask, size_t width) {
    return (mask->encoding_dim + 1) * width;
}

void sape_mask_read(const struct sape_mask *mask, size_t samples, size_t width, const float *x,
                    const struct sape_place *places, struct sape_mask_panel *panel) {
    if (mask->cutoff != NULL) {
        sape_cutoff_read(mask, samples, width, x, places, panel);
        return;
    }
    panel->full = mask->encoding_dim;
    panel->active = 0;
    for (size_t s = 0; s < samples; s++) {
        const size_t cell = places[s].cell;
        if (mask->lowest[cell] < panel->full) panel->full = mask->lowest[cell];
        if (mask->highest[cell] > panel->active) panel->active = mask->highest[cell];
    }
    const size_t base = mask->distinct_index[panel->full];
    panel->num_steps = mask->distinct_index[panel->active] - base;
    panel->ends = mask->distinct + base + 1;
    if (panel->num_steps == 0) return;
    const size_t bytes = panel->num_steps * width * sizeof(float);
    memset(panel->weights, 0, bytes);
    for (size_t a = 0; a < mask->domain_dim && panel->slopes[0] != NULL; a++) memset(panel->slopes[a], 0, bytes);
    for (size_t s = 0; s < samples; s++) read_sample(mask, &places[s], width, x, s, panel);
    sum_from_the_end(panel->num_steps, width, panel->weights);
    for (size_t a = 0; a < mask->grid.dim && panel->slopes[0] != NULL; a++)
        sum_from_the_end(panel->num_steps, width, panel->slopes[a]);
}

void sape_mask_panel_weights(const struct sape_mask *mask, const struct sape_mask_panel *panel, size_t width, size_t s,
                             float *weights) {
    for (size_t j = 0; j < panel->full; j++) weights[j] = 1.0f;
    for (size_t i = 0; i < panel->num_steps; i++)
        for (size_t j = sape_mask_step_begin(panel, i); j < panel->ends[i]; j++)
            weights[j] = panel->weights[i * width + s];
    for (size_t j = panel->active; j < mask->encoding_dim; j++) weights[j] = 0.0f;
}

void sape_mask_bounds(const struct sape_mask *mask, size_t n, const struct sape_place *places, uint16_t *bounds) {
    if (mask->cutoff != NULL) {
        sape_cutoff_bounds(mask, n, places, bounds);
        return;
    }
    for (size_t s = 0; s < n; s++) bounds[s] = mask->highest[places[s].cell];
}

size_t sape_mask_revealed_features(const struct sape_mask *mask) {
    return mask->cutoff != NULL ? sape_cutoff_active(mask->cutoff, &mask->grid)
                                : mask->distinct[mask->num_distinct - 1];
}
