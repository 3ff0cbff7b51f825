/* SPDX-License-Identifier: MIT */
/* Reading the mask at samples: the steps of the cells round a sample, weighted, give the weights of its features. */
#include <string.h>

#include "mask.h"

/* Cells along an axis that a sample can touch: the blur's width and one more. */
#define MAX_WINDOW 6

size_t sape_mask_place_in(const struct sape_mask *mask, const struct sape_grid *grid, const float *x, size_t stride,
                          struct sape_place *places) {
    size_t cell = 0, step = 1;
    for (size_t a = 0; a < grid->dim; a++) {
        const double scaled = ((double)x[a * stride] - (double)mask->center[a]) * (double)mask->scale[a];
        places[a] = sape_grid_place(grid, a, scaled);
        places[a].slope *= mask->scale[a];
        cell += places[a].lower * step;
        step *= grid->size[a];
    }
    return cell;
}

size_t sape_mask_place(const struct sape_mask *mask, const float *x, size_t stride, struct sape_place *places) {
    return sape_mask_place_in(mask, &mask->grid, x, stride, places);
}

/* The cells round a sample along every axis, their distance in memory from the first, weights and derivatives. */
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

static void open_window(const struct sape_mask *mask, const struct sape_place *places, struct window *window) {
    const struct sape_grid *grid = &mask->grid;
    const size_t width = 2 * grid->radius + 1;
    const float part = 1.0f / (float)width;
    size_t step = 1;
    for (size_t a = 0; a < SAPE_MAX_DIM; a++) {
        window->count[a] = a < grid->dim ? width + 1 : 1;
        for (size_t i = 0; i < window->count[a]; i++) {
            const bool first = i == 0, last = i == width;
            window->offset[a][i] = a < grid->dim ? clip(places[a].lower, i, grid->radius, grid->size[a]) * step : 0;
            if (a >= grid->dim) {
                window->weight[a][i] = 1.0f;
                window->slope[a][i] = 0.0f;
                continue;
            }
            window->weight[a][i] = part * (first ? 1.0f - places[a].share : last ? places[a].share : 1.0f);
            window->slope[a][i] = part * (first ? -places[a].slope : last ? places[a].slope : 0.0f);
        }
        step *= grid->size[a];
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

static void read_sample(const struct sape_mask *mask, size_t width, const float *x, size_t s,
                        struct sape_mask_panel *panel) {
    struct sape_place places[SAPE_MAX_DIM];
    const size_t cell = sape_mask_place(mask, x + s, width, places);
    const size_t base = mask->distinct_index[panel->full];
    struct column column = {panel->weights + s, width, base};
    if (mask->lowest[cell] == mask->highest[cell]) {
        add(mask, &column, mask->lowest[cell], 1.0f);
        return;
    }
    struct window window;
    open_window(mask, places, &window);
    add_window(mask, &window, SAPE_MAX_DIM, &column);
    for (size_t a = 0; a < mask->grid.dim && panel->slopes[0] != NULL; a++) {
        column.values = panel->slopes[a] + s;
        add_window(mask, &window, a, &column);
    }
}

size_t sape_mask_panel_size(const struct sape_mask *mask, size_t width) {
    return (mask->encoding_dim + 1) * width;
}

void sape_mask_read(const struct sape_mask *mask, size_t samples, size_t width, const float *x,
                    struct sape_mask_panel *panel) {
    struct sape_place places[SAPE_MAX_DIM];
    if (mask->cutoff != NULL) {
        sape_cutoff_read(mask, samples, width, x, panel);
        return;
    }
    panel->full = mask->encoding_dim;
    panel->active = 0;
    for (size_t s = 0; s < samples; s++) {
        const size_t cell = sape_mask_place(mask, x + s, width, places);
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
    for (size_t s = 0; s < samples; s++) read_sample(mask, width, x, s, panel);
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

void sape_mask_bounds(const struct sape_mask *mask, size_t n, const float *x, uint16_t *bounds) {
    struct sape_place places[SAPE_MAX_DIM];
    if (mask->cutoff != NULL) {
        sape_cutoff_bounds(mask, n, x, bounds);
        return;
    }
    for (size_t s = 0; s < n; s++)
        bounds[s] = mask->highest[sape_mask_place(mask, x + s * mask->domain_dim, 1, places)];
}
