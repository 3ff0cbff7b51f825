/* SPDX-License-Identifier: MIT */
/* Policy spatial: a block is revealed in the cells whose smoothed loss is still above epsilon. */
#include <string.h>

#include "base/error.h"
#include "mask/policy.h"

sape_status sape_mask_check_cube(const sape_mask_params *params) {
    if (params->resolution < 3 || params->resolution > 4096)
        return sape_fail(SAPE_ERROR_ARGUMENT, "resolution is %zu, must be 3 to 4096", params->resolution);
    if (sape_grid_cube(params->resolution, params->mask_dim).cells > 0) return SAPE_OK;
    return sape_fail(SAPE_ERROR_ARGUMENT, "resolution is %zu, which makes more than %zu cells", params->resolution,
                     SAPE_MAX_CELLS);
}

sape_status sape_mask_place_cube(struct sape_mask *mask, const sape_mask_params *params) {
    mask->grid = sape_grid_cube(params->resolution, params->mask_dim);
    return SAPE_OK;
}

/* Each loss goes to the corners of its cell. */
static void record(struct sape_mask *mask, size_t n, const struct sape_place *places, const float *loss) {
    sape_grid_record(&mask->grid, n, places, loss, mask->log, mask->counter);
}

/* Cells whose loss is low enough leave progress; then recording begins anew. */
static void judge(struct sape_mask *mask) {
    const size_t cells = mask->grid.cells;
    float *loss = mask->scratch;
    sape_grid_smooth(&mask->grid, mask->log, mask->counter, loss, mask->scratch + cells);
    for (size_t i = 0; i < cells; i++)
        mask->in_progress[i] = (uint8_t)(mask->in_progress[i] & ((double)loss[i] > mask->epsilon));
    memset(mask->log, 0, cells * sizeof *mask->log);
    memset(mask->counter, 0, cells * sizeof *mask->counter);
}

static void advance(struct sape_mask *mask) {
    judge(mask);
    sape_mask_reveal(mask);
}

bool sape_mask_reads_log(const struct sape_mask *mask) {
    return mask->policy == SAPE_POLICY_SPATIAL && (mask->iteration + 1) % mask->block_iterations == 0;
}

/* With ramps, a block is complete in the cells that it was begun in before they are judged. */
static void step(struct sape_mask *mask) {
    const bool judged = sape_mask_reads_log(mask);
    if (mask->ramp == NULL && judged) advance(mask);
    mask->iteration++;
    if (mask->ramp == NULL) return;
    sape_mask_ramp_step(mask);
    if (judged) judge(mask);
}

const struct sape_policy_ops sape_spatial_policy = {.name = "spatial",
                                                    .has_resolution = true,
                                                    .has_domain = true,
                                                    .num_tensors = 4,
                                                    .pace = {1, 2},
                                                    .check = sape_mask_check_cube,
                                                    .place = sape_mask_place_cube,
                                                    .record = record,
                                                    .step = step,
                                                    .advance = advance};
