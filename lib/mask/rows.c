/* SPDX-License-Identifier: MIT */
/* The rows of a mask: how they are revealed, and what is derived from them for reading. */
#include <string.h>

#include "mask/policy.h"

bool sape_mask_has_ramps(const struct sape_mask *mask) {
    return mask->ops->has_ramps || (mask->policy == SAPE_POLICY_SPATIAL && mask->params.gradual != 0);
}

void sape_mask_rebuild(struct sape_mask *mask) {
    const size_t cells = mask->grid.cells, dim = mask->encoding_dim;
    uint16_t *low = mask->lowest, *high = mask->highest, *used = mask->distinct_index;
    memset(used, 0, (dim + 1) * sizeof *used);
    for (size_t i = 0; i < cells; i++) {
        const float ramp = mask->ramp == NULL ? 0.0f : mask->ramp[i];
        low[i] = ramp < 1.0f ? mask->level[i] : mask->end[i];
        high[i] = ramp > 0.0f ? mask->end[i] : mask->level[i];
        used[mask->level[i]] = 1;
        used[high[i]] = 1;
    }
    mask->version++;
    mask->num_distinct = 0;
    for (size_t value = 0; value <= dim; value++) {
        if (used[value] == 0) continue;
        used[value] = (uint16_t)mask->num_distinct;
        mask->distinct[mask->num_distinct++] = (uint16_t)value;
    }
    /* A uint16_t a cell fits where a float does. */
    sape_grid_extremes(&mask->grid, low, high, (uint16_t *)mask->scratch);
}

void sape_mask_reveal(struct sape_mask *mask) {
    bool changed = mask->ramp != NULL;
    for (size_t i = 0; i < mask->grid.cells; i++) {
        if (!mask->in_progress[i]) continue;
        changed = changed || mask->level[i] != mask->next;
        mask->level[i] = (uint16_t)mask->next;
        if (mask->ramp == NULL) continue;
        mask->end[i] = (uint16_t)mask->next;
        mask->ramp[i] = 0.0f;
    }
    mask->current = mask->next;
    mask->next += mask->block;
    if (mask->next > mask->encoding_dim || mask->encoding_dim - mask->next < mask->block)
        mask->next = mask->encoding_dim;
    if (changed) sape_mask_rebuild(mask);
}

static bool any_in_progress(const struct sape_mask *mask) {
    return memchr(mask->in_progress, 1, mask->grid.cells) != NULL;
}

void sape_mask_ramp_step(struct sape_mask *mask) {
    const uint64_t last = (uint64_t)mask->block_iterations * mask->num_blocks;
    const uint64_t phase = mask->iteration % mask->block_iterations;
    if (mask->iteration > last || !any_in_progress(mask)) return;
    if (phase == 0) {
        sape_mask_reveal(mask);
        return;
    }
    const float ramp = (float)(2.0 * (double)phase / (double)mask->block_iterations);
    for (size_t i = 0; i < mask->grid.cells; i++) {
        if (!mask->in_progress[i]) continue;
        mask->end[i] = (uint16_t)mask->next;
        mask->ramp[i] = ramp < 1.0f ? ramp : 1.0f;
    }
    sape_mask_rebuild(mask);
}

void sape_mask_record_sum(struct sape_mask *mask, size_t n, const struct sape_place *places, const float *loss) {
    (void)places;
    for (size_t i = 0; i < n; i++) mask->loss_sum += (double)loss[i];
}
