/* SPDX-License-Identifier: MIT */
/* Policy spatial_fixed: a row for each place of the training samples, which form a grid of their own. */
#include <float.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/sort.h"
#include "mask/policy.h"

static sape_status check(const sape_mask_params *params) {
    SAPE_REQUIRE(params->domain_dim <= 2, "domain_dim is %zu, spatial_fixed needs 1 or 2", params->domain_dim);
    SAPE_REQUIRE(params->num_samples >= 2 && params->num_samples <= SAPE_MAX_CELLS,
                 "num_samples is %zu, must be 2 to %zu", params->num_samples, SAPE_MAX_CELLS);
    return sape_check_coordinates("samples", params->samples, params->num_samples, params->domain_dim);
}

/* The distinct values of one coordinate of the samples become the grid's positions along that axis. */
static sape_status place_axis(struct sape_grid *grid, const sape_mask_params *params, size_t axis) {
    const size_t n = params->num_samples;
    float *positions = SAPE_NEW_ARRAY(float, n);
    grid->positions[axis] = positions;
    if (positions == NULL) return sape_fail(SAPE_ERROR_MEMORY, "no memory for %zu samples", n);
    for (size_t i = 0; i < n; i++) positions[i] = params->samples[i * params->domain_dim + axis];
    qsort(positions, n, sizeof *positions, sape_compare_floats);
    size_t distinct = 0;
    for (size_t i = 0; i < n; i++)
        if (i == 0 || positions[i] > positions[distinct - 1]) positions[distinct++] = positions[i];
    grid->size[axis] = distinct;
    SAPE_REQUIRE(distinct >= 2, "samples have %zu distinct values of coordinate %zu, need 2", distinct, axis);
    return SAPE_OK;
}

/* Every cell of the grid must be the place of a sample, or of several. */
static sape_status check_full_grid(struct sape_mask *mask, const sape_mask_params *params) {
    SAPE_REQUIRE(mask->grid.cells <= params->num_samples, "samples: %zu do not form a grid of %zu x %zu",
                 params->num_samples, mask->grid.size[0], mask->grid.size[1]);
    uint8_t *seen = SAPE_NEW_ARRAY(uint8_t, mask->grid.cells);
    if (seen == NULL) return sape_fail(SAPE_ERROR_MEMORY, "no memory for %zu samples", mask->grid.cells);
    size_t missing = mask->grid.cells;
    for (size_t i = 0; i < params->num_samples; i++) {
        const struct sape_place place = sape_grid_place(&mask->grid, params->samples + i * params->domain_dim, 1);
        const size_t cell = sape_grid_nearest(&mask->grid, &place);
        missing -= seen[cell] == 0;
        seen[cell] = 1;
    }
    sape_release(seen);
    if (missing == 0) return SAPE_OK;
    return sape_fail(SAPE_ERROR_ARGUMENT, "samples leave %zu places of their grid empty", missing);
}

static sape_status place(struct sape_mask *mask, const sape_mask_params *params) {
    struct sape_grid *grid = &mask->grid;
    grid->dim = params->domain_dim;
    for (size_t a = 0; a < grid->dim; a++) {
        SAPE_TRY(place_axis(grid, params, a));
        grid->cells *= grid->size[a];
    }
    return check_full_grid(mask, params);
}

/* No loss has been seen yet: it counts as high. */
static void start(struct sape_mask *mask) {
    for (size_t i = 0; i < mask->grid.cells; i++) mask->log[i] = FLT_MAX;
}

static void record(struct sape_mask *mask, size_t n, const struct sape_place *places, const float *loss) {
    for (size_t i = 0; i < n; i++) mask->log[sape_grid_nearest(&mask->grid, &places[i])] = loss[i];
}

/* A row leaves progress when its smoothed loss has not been above epsilon for long enough. */
static void judge(struct sape_mask *mask) {
    const size_t cells = mask->grid.cells;
    float *loss = mask->scratch;
    memcpy(loss, mask->log, cells * sizeof *loss);
    sape_grid_box_mean(&mask->grid, loss, mask->scratch + cells);
    for (size_t i = 0; i < cells; i++) {
        mask->counter[i] = (double)loss[i] > mask->epsilon ? 0.0f : mask->counter[i] + 1.0f;
        if (mask->counter[i] >= (float)mask->patience) mask->in_progress[i] = 0;
    }
}

static void step(struct sape_mask *mask) {
    judge(mask);
    mask->iteration++;
    sape_mask_ramp_step(mask);
}

const struct sape_policy_ops sape_spatial_fixed_policy = {.name = "spatial_fixed",
                                                          .has_ramps = true,
                                                          .num_tensors = 4,
                                                          .pace = {3, 4},
                                                          .check = check,
                                                          .place = place,
                                                          .start = start,
                                                          .record = record,
                                                          .step = step,
                                                          .advance = sape_mask_reveal};
