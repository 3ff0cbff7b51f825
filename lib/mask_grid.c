/* SPDX-License-Identifier: MIT */
/* Where the rows of a mask are: evenly spread cells, or the samples themselves. */
#include <stdlib.h>

#include "error.h"
#include "mask.h"
#include "memory.h"

static int compare_floats(const void *a, const void *b) {
    const float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

/* The distinct values of one coordinate of the samples become the grid's positions along that axis. */
static sape_status place_axis(const char *function, struct sape_grid *grid, const sape_mask_params *params,
                              size_t axis) {
    const size_t n = params->num_samples;
    float *positions = SAPE_NEW_ARRAY(float, n);
    grid->positions[axis] = positions;
    if (positions == NULL) return sape_fail(SAPE_ERROR_MEMORY, function, "no memory for %zu samples", n);
    for (size_t i = 0; i < n; i++) positions[i] = params->samples[i * params->domain_dim + axis];
    qsort(positions, n, sizeof *positions, compare_floats);
    size_t distinct = 0;
    for (size_t i = 0; i < n; i++)
        if (i == 0 || positions[i] > positions[distinct - 1]) positions[distinct++] = positions[i];
    grid->size[axis] = distinct;
    if (distinct < 2)
        return sape_fail(SAPE_ERROR_ARGUMENT, function, "samples have %zu distinct values of coordinate %zu, need 2",
                         distinct, axis);
    return SAPE_OK;
}

/* Every cell of the grid must be the place of a sample, or of several. */
static sape_status check_full_grid(const char *function, struct sape_mask *mask, const sape_mask_params *params) {
    struct sape_place places[SAPE_MAX_DIM];
    if (mask->grid.cells > params->num_samples)
        return sape_fail(SAPE_ERROR_ARGUMENT, function, "samples: %zu of them do not form a grid of %zu x %zu",
                         params->num_samples, mask->grid.size[0], mask->grid.size[1]);
    uint8_t *seen = SAPE_NEW_ARRAY(uint8_t, mask->grid.cells);
    if (seen == NULL) return sape_fail(SAPE_ERROR_MEMORY, function, "no memory for %zu samples", mask->grid.cells);
    size_t missing = mask->grid.cells;
    for (size_t i = 0; i < params->num_samples; i++) {
        size_t cell = 0, step = 1;
        for (size_t a = 0; a < mask->grid.dim; a++) {
            places[a] = sape_grid_place(&mask->grid, a, (double)params->samples[i * params->domain_dim + a]);
            cell += (places[a].lower + (places[a].share >= 0.5f)) * step;
            step *= mask->grid.size[a];
        }
        missing -= seen[cell] == 0;
        seen[cell] = 1;
    }
    sape_release(seen);
    if (missing == 0) return SAPE_OK;
    return sape_fail(SAPE_ERROR_ARGUMENT, function, "samples leave %zu places of their grid empty", missing);
}

sape_status sape_mask_set_grid(const char *function, struct sape_mask *mask, const sape_mask_params *params) {
    struct sape_grid *grid = &mask->grid;
    *grid = (struct sape_grid){.size = {1, 1, 1}, .cells = 1, .radius = 1};
    for (size_t a = 0; a < SAPE_MAX_DIM; a++) mask->scale[a] = 1.0f;
    if (params->policy == SAPE_POLICY_NONE || params->policy == SAPE_POLICY_GLOBAL) return SAPE_OK;
    grid->dim = params->policy == SAPE_POLICY_SPATIAL_FIXED ? params->domain_dim : params->mask_dim;
    for (size_t a = 0; a < grid->dim; a++) {
        grid->size[a] = params->resolution;
        if (params->policy == SAPE_POLICY_SPATIAL_FIXED) SAPE_TRY(place_axis(function, grid, params, a));
        grid->cells *= grid->size[a];
    }
    if (params->policy == SAPE_POLICY_SPATIAL_FIXED) return check_full_grid(function, mask, params);
    grid->radius = sape_grid_radius(grid->cells);
    return SAPE_OK;
}
