/* SPDX-License-Identifier: MIT */
#include "signal/variance.h"

#include <math.h>
#include <stdbool.h>

#include "base/error.h"
#include "base/memory.h"
#include "signal/moments.h"

/* What is worked on: the cells that lie in the domain, without those at the ends of the grid. */
struct work {
    struct sape_moments_grid grid;
    size_t size[SAPE_MAX_DIM], window[SAPE_MAX_DIM];
    size_t cells;
    struct sape_moments *moments, *scratch;
    /* The variance of a cell; negative where it is not known. */
    double *variance;
    /* Samples in a cell's window, each counted once however the border repeats it. */
    double *count;
};

static size_t inner_cell(const struct work *work, const float *x) {
    size_t cell = 0, step = 1;
    for (size_t a = 0; a < work->grid.dim; a++) {
        const size_t size = work->size[a];
        const double place = floor(((double)x[a] + 1.0) / 2.0 * (double)size);
        cell += step * (place < 0.0 ? 0 : place >= (double)size ? size - 1 : (size_t)place);
        step *= size;
    }
    return cell;
}

static bool work_open(struct work *work, const struct sape_grid *grid, size_t window, sape_boundary boundary,
                      size_t n) {
    *work = (struct work){.cells = 1};
    for (size_t a = 0; a < grid->dim; a++) {
        work->size[a] = grid->size[a] - 2;
        work->window[a] = window;
        work->cells *= work->size[a];
    }
    work->grid =
        (struct sape_moments_grid){grid->dim, work->size, work->window, boundary, (double)n / (double)work->cells};
    work->moments = SAPE_NEW_ARRAY(struct sape_moments, work->cells);
    work->scratch = SAPE_NEW_ARRAY(struct sape_moments, sape_moments_scratch(&work->grid));
    work->variance = SAPE_NEW_ARRAY(double, work->cells);
    work->count = SAPE_NEW_ARRAY(double, work->cells);
    return work->moments != NULL && work->scratch != NULL && work->variance != NULL && work->count != NULL;
}

static void work_close(struct work *work) {
    sape_release(work->moments);
    sape_release(work->scratch);
    sape_release(work->variance);
    sape_release(work->count);
}

static void add_channel(struct work *work, size_t n, size_t d, const float *x, size_t channels, const float *values) {
    for (size_t i = 0; i < work->cells; i++) work->moments[i] = (struct sape_moments){0};
    for (size_t i = 0; i < n; i++) {
        struct sape_moments *cell = &work->moments[inner_cell(work, x + i * d)];
        *cell = sape_moments_merge(*cell, (struct sape_moments){1.0, (double)values[i * channels], 0.0});
    }
    sape_moments_slide(&work->grid, work->moments, work->scratch);
    for (size_t i = 0; i < work->cells; i++) work->variance[i] += sape_moments_variance(work->moments[i]);
}

static void count_samples(struct work *work, size_t n, size_t d, const float *x) {
    struct sape_moments_grid inside = work->grid;
    inside.outside_weight = 0.0;
    if (inside.boundary != SAPE_BOUNDARY_PERIODIC) inside.boundary = SAPE_BOUNDARY_ZERO;
    for (size_t i = 0; i < work->cells; i++) work->moments[i] = (struct sape_moments){0};
    for (size_t i = 0; i < n; i++) work->moments[inner_cell(work, x + i * d)].weight += 1.0;
    sape_moments_slide(&inside, work->moments, work->scratch);
    for (size_t i = 0; i < work->cells; i++) work->count[i] = work->moments[i].weight;
}

/* Cells that do not know their variance take the mean of those near them that do. */
static void fill_unknown(struct work *work) {
    size_t unknown = 0;
    for (size_t i = 0; i < work->cells; i++) {
        if (work->count[i] >= 2.0) continue;
        work->variance[i] = -1.0;
        unknown++;
    }
    if (unknown == work->cells)
        for (size_t i = 0; i < work->cells; i++) work->variance[i] = 0.0;
    work->grid.boundary = SAPE_BOUNDARY_ZERO;
    work->grid.outside_weight = 0.0;
    for (size_t width = 3; unknown > 0 && unknown < work->cells; width = 2 * width + 1) {
        for (size_t a = 0; a < work->grid.dim; a++) work->window[a] = width;
        for (size_t i = 0; i < work->cells; i++)
            work->moments[i] =
                work->variance[i] < 0.0 ? (struct sape_moments){0} : (struct sape_moments){1.0, work->variance[i], 0.0};
        sape_moments_slide(&work->grid, work->moments, work->scratch);
        for (size_t i = 0; i < work->cells; i++) {
            if (work->variance[i] >= 0.0 || work->moments[i].weight == 0.0) continue;
            work->variance[i] = work->moments[i].mean;
            unknown--;
        }
    }
}

static size_t nearest_inner(const struct work *work, const struct sape_grid *grid, size_t cell) {
    size_t inner = 0, step = 1;
    for (size_t a = 0; a < grid->dim; a++) {
        const size_t i = cell % grid->size[a];
        cell /= grid->size[a];
        inner += step * (i == 0 ? 0 : i > work->size[a] ? work->size[a] - 1 : i - 1);
        step *= work->size[a];
    }
    return inner;
}

sape_status sape_grid_variance(const struct sape_grid *grid, size_t window, sape_boundary boundary, size_t n, size_t d,
                               const float *x, size_t channels, const float *values, float *sigma) {
    struct work work;
    if (!work_open(&work, grid, window, boundary, n)) {
        work_close(&work);
        return sape_fail(SAPE_ERROR_MEMORY, "no memory for the variance in %zu cells", grid->cells);
    }
    for (size_t c = 0; c < channels; c++) add_channel(&work, n, d, x, channels, values + c);
    count_samples(&work, n, d, x);
    fill_unknown(&work);
    double largest = 0.0;
    for (size_t i = 0; i < work.cells; i++) largest = fmax(largest, work.variance[i]);
    for (size_t i = 0; i < grid->cells; i++)
        sigma[i] = largest > 0.0 ? (float)(work.variance[nearest_inner(&work, grid, i)] / largest) : 0.0f;
    work_close(&work);
    return SAPE_OK;
}
