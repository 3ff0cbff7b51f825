/* SPDX-License-Identifier: MIT */
/* What must hold between the members of a mask, whoever has set them: the schedule, a tensor or a checkpoint. */
#include <math.h>

#include "claims.h"
#include "error.h"
#include "mask.h"

size_t sape_mask_patience(size_t block_iterations) {
    return block_iterations / 2 > 0 ? block_iterations / 2 : 1;
}

/* Only a spatial mask can be placed elsewhere, along the axes that it has. */
static bool domain_holds(const struct sape_mask *mask) {
    for (size_t a = 0; a < SAPE_MAX_DIM; a++) {
        const float center = mask->center[a], scale = mask->scale[a];
        const bool placed = mask->policy == SAPE_POLICY_SPATIAL && a < mask->domain_dim;
        const bool good = isfinite(center) && isfinite(scale) && scale != 0.0f;
        if (!good || (!placed && (center != 0.0f || scale != 1.0f))) return false;
    }
    return true;
}

/* The next block ends a block behind the present one, or at the last feature. */
static sape_status check_schedule(const char *function, const struct sape_mask *m) {
    const size_t dim = m->encoding_dim;
    const bool block = m->block >= 1 && m->block <= dim;
    const struct sape_claim claims[] = {
        {"sape.mask.block_size", block},
        {"sape.mask.num_blocks", block && m->num_blocks >= 1 && m->num_blocks <= dim / m->block},
        {"sape.mask.block_iterations", m->block_iterations >= 1 && m->block_iterations <= SAPE_MAX_SCHEDULE},
        {"sape.mask.patience", m->patience == sape_mask_patience(m->block_iterations)},
        {"sape.mask.epsilon", m->epsilon >= 0.0 && isfinite(m->epsilon)},
        {"sape.mask.iteration", m->iteration <= SAPE_MAX_COUNT},
        {"sape.mask.current", m->current >= m->block && m->current <= dim},
        {"sape.mask.next", m->next == dim || (m->next < dim && m->next - m->current == m->block)},
        {"sape.mask.loss_sum", isfinite(m->loss_sum) && (m->loss_count > 0.0 || m->loss_sum == 0.0)},
        {"sape.mask.loss_count", isfinite(m->loss_count) && m->loss_count >= 0.0},
        {"sape.mask.best_loss", m->best_loss > -(double)INFINITY},
        {"sape.mask.center or sape.mask.scale", domain_holds(m)}};
    return SAPE_CHECK_CLAIMS(function, claims);
}

/* A row that is not in progress may be again: it must not be ahead of the schedule either. */
static bool row_holds(const struct sape_mask *mask, size_t row) {
    const uint16_t level = mask->level[row];
    if (level > mask->current) return false;
    if (mask->policy == SAPE_POLICY_NONE && level != mask->encoding_dim) return false;
    if (mask->ramp == NULL) return true;
    return level <= mask->end[row] && mask->end[row] <= mask->next && mask->ramp[row] >= 0.0f &&
           mask->ramp[row] <= 1.0f;
}

sape_status sape_mask_check_state(const char *function, const struct sape_mask *mask) {
    if (mask->cutoff != NULL) return sape_cutoff_check_state(function, mask->cutoff, mask->iteration);
    SAPE_TRY(check_schedule(function, mask));
    for (size_t i = 0; i < mask->grid.cells; i++)
        if (!row_holds(mask, i))
            return sape_fail(SAPE_ERROR_FORMAT, function,
                             "row %zu of the mask has %u features, which contradicts its schedule, at %zu", i,
                             (unsigned)mask->level[i], mask->current);
    return SAPE_OK;
}
