/* SPDX-License-Identifier: MIT */
/* The state of a mask: what a checkpoint stores of it, and what must always hold between its members. */
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "mask/policy.h"
#include "state/claims.h"

/* What rounding can make of a row's sum, as a share of the number of features. */
#define SUM_TOLERANCE 1e-6f

static const char *const positions_names[] = {"sape.mask.positions.0", "sape.mask.positions.1"};

const char *sape_positions_name(size_t axis) {
    return positions_names[axis];
}

/* The sum of each row's weights, which is all that the public code stores of a row. */
static sape_status write_stashed(const struct sape_rows *rows, sape_safetensors_writer *writer) {
    const struct sape_mask *mask = rows->context;
    const size_t cells = mask->grid.cells;
    float *sums = sape_state_keep(writer, cells, sizeof *sums);
    if (sums == NULL) return SAPE_ERROR_MEMORY;
    for (size_t i = 0; i < cells; i++) sums[i] = sape_mask_row_sum(mask, i);
    return sape_safetensors_writer_add(writer, rows->name, SAPE_DTYPE_F32, 1, &cells, sums);
}

/* The levels that follow, into the mask of the context; the sums stay in its scratch memory. */
static sape_status read_stashed(const struct sape_rows *rows, const sape_safetensors *file) {
    struct sape_mask *mask = (struct sape_mask *)rows->context;
    SAPE_TRY(sape_state_read_floats(file, rows, mask->scratch));
    return sape_mask_set_row_sums(mask, mask->scratch);
}

static const struct sape_rows_ops stashed_rows = {sizeof(uint16_t), write_stashed, read_stashed};

/* Many rows with ramps have arrays of their own; where there is but one row, it is metadata. */
static bool has_ramp_rows(const struct sape_mask *mask) {
    return sape_mask_has_ramps(mask) && mask->grid.dim > 0;
}

static void list_rows(struct sape_mask *mask, bool metadata, struct sape_state *state) {
    const size_t cells = mask->grid.cells;
    const bool stashed = mask->ops->num_tensors > 0, recorded = mask->log != NULL;
    const bool exact = metadata && has_ramp_rows(mask);
    const struct sape_rows all[] = {
        {.name = stashed ? "mask_stashed" : NULL,
         .ops = &stashed_rows,
         .role = SAPE_STATE,
         .values = (void **)&mask->level,
         .count = cells,
         .context = mask},
        SAPE_ROWS(recorded ? "in_progress" : NULL, &sape_byte_rows, SAPE_STATE, &mask->in_progress, cells),
        SAPE_ROWS("log_buffer", &sape_float_rows, SAPE_OWN_STATE, &mask->log, cells),
        SAPE_ROWS("log_counter", &sape_float_rows, SAPE_OWN_STATE, &mask->counter, cells),
        SAPE_ROWS(exact ? "sape.mask.level" : NULL, &sape_feature_rows, SAPE_STATE, &mask->level, cells),
        SAPE_ROWS(exact ? "sape.mask.end" : NULL, &sape_feature_rows, SAPE_STATE, &mask->end, cells),
        SAPE_ROWS(exact ? "sape.mask.ramp" : NULL, &sape_float_rows, SAPE_STATE, &mask->ramp, cells)};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (*all[i].values != NULL) sape_state_add_rows(state, 1, &all[i]);
    for (size_t a = 0; exact && !mask->ops->has_resolution && a < mask->grid.dim; a++) {
        const struct sape_rows positions =
            SAPE_ROWS(positions_names[a], &sape_float_rows, SAPE_SETTING, &mask->grid.positions[a], mask->grid.size[a]);
        sape_state_add_rows(state, 1, &positions);
    }
}

static void list_schedule(struct sape_mask *mask, struct sape_state *state) {
    const struct sape_entry all[] = {
        {"sape.mask.block_size", SAPE_ENTRY_SIZE, SAPE_SETTING, &mask->block, NULL},
        {"sape.mask.num_blocks", SAPE_ENTRY_SIZE, SAPE_SETTING, &mask->num_blocks, NULL},
        {"sape.mask.block_iterations", SAPE_ENTRY_SIZE, SAPE_SETTING, &mask->block_iterations, NULL},
        {"sape.mask.patience", SAPE_ENTRY_SIZE, SAPE_SETTING, &mask->patience, NULL},
        {"sape.mask.epsilon", SAPE_ENTRY_REAL, SAPE_SETTING, &mask->epsilon, NULL},
        {"sape.mask.iteration", SAPE_ENTRY_INTEGER, SAPE_STATE, &mask->iteration, NULL},
        {"sape.mask.current", SAPE_ENTRY_SIZE, SAPE_STATE, &mask->current, NULL},
        {"sape.mask.next", SAPE_ENTRY_SIZE, SAPE_STATE, &mask->next, NULL},
        {"sape.mask.loss_sum", SAPE_ENTRY_REAL, SAPE_OWN_STATE, &mask->loss_sum, NULL},
        {"sape.mask.loss_count", SAPE_ENTRY_REAL, SAPE_OWN_STATE, &mask->loss_count, NULL},
        {"sape.mask.best_loss", SAPE_ENTRY_REAL, SAPE_OWN_STATE, &mask->best_loss, NULL},
        {"sape.mask.center.0", SAPE_ENTRY_SINGLE, SAPE_STATE, &mask->grid.center[0], NULL},
        {"sape.mask.center.1", SAPE_ENTRY_SINGLE, SAPE_STATE, &mask->grid.center[1], NULL},
        {"sape.mask.center.2", SAPE_ENTRY_SINGLE, SAPE_STATE, &mask->grid.center[2], NULL},
        {"sape.mask.scale.0", SAPE_ENTRY_SINGLE, SAPE_STATE, &mask->grid.scale[0], NULL},
        {"sape.mask.scale.1", SAPE_ENTRY_SINGLE, SAPE_STATE, &mask->grid.scale[1], NULL},
        {"sape.mask.scale.2", SAPE_ENTRY_SINGLE, SAPE_STATE, &mask->grid.scale[2], NULL}};
    sape_state_add(state, sizeof all / sizeof *all, all);
    if (mask->grid.dim > 0) return;
    const struct sape_entry row[] = {{"sape.mask.level", SAPE_ENTRY_FEATURE, SAPE_STATE, mask->level, NULL},
                                     {"sape.mask.end", SAPE_ENTRY_FEATURE, SAPE_STATE, mask->end, NULL},
                                     {"sape.mask.ramp", SAPE_ENTRY_SINGLE, SAPE_STATE, mask->ramp, NULL}};
    sape_state_add(state, sizeof row / sizeof *row, row);
}

void sape_mask_list_state(struct sape_mask *mask, bool metadata, struct sape_state *state) {
    if (mask->cutoff != NULL) {
        sape_cutoff_list_state(mask->cutoff, mask->grid.cells, &mask->iteration, metadata, state);
        return;
    }
    if (metadata) list_schedule(mask, state);
    list_rows(mask, metadata, state);
}

size_t sape_mask_patience(size_t block_iterations) {
    return block_iterations / 2 > 0 ? block_iterations / 2 : 1;
}

/* Only some masks can be placed elsewhere, along the axes that they have. */
static bool domain_holds(const struct sape_mask *mask) {
    for (size_t a = 0; a < SAPE_MAX_DIM; a++) {
        const float center = mask->grid.center[a], scale = mask->grid.scale[a];
        const bool placed = mask->ops->has_domain && a < mask->domain_dim;
        const bool good = isfinite(center) && isfinite(scale) && scale != 0.0f;
        if (!good || (!placed && (center != 0.0f || scale != 1.0f))) return false;
    }
    return true;
}

/* The next block ends a block behind the present one, or at the last feature. */
static sape_status check_schedule(const struct sape_mask *m) {
    const size_t dim = m->encoding_dim;
    const bool block = m->block >= 1 && m->block <= dim;
    const struct sape_claim claims[] = {
        {"sape.mask.block_size", block},
        {"sape.mask.num_blocks", block && m->num_blocks >= 1 && m->num_blocks <= dim / m->block},
        {"sape.mask.block_iterations", m->block_iterations >= 1 && m->block_iterations <= SAPE_MAX_SCHEDULE},
        {"sape.mask.patience", m->patience == sape_mask_patience(m->block_iterations)},
        {"sape.mask.epsilon", m->epsilon >= 0.0 && isfinite(m->epsilon)},
        {"sape.mask.iteration", m->iteration <= SAPE_MAX_COUNT},
        {"sape.mask.current", m->current >= sape_mask_first(m) && m->current <= dim},
        {"sape.mask.next", m->next == dim || (m->next < dim && m->next - m->current == m->block)},
        {"sape.mask.loss_sum", isfinite(m->loss_sum) && (m->loss_count > 0.0 || m->loss_sum == 0.0)},
        {"sape.mask.loss_count", isfinite(m->loss_count) && m->loss_count >= 0.0},
        {"sape.mask.best_loss", m->best_loss > -(double)INFINITY},
        {"sape.mask.center or sape.mask.scale", domain_holds(m)}};
    return SAPE_CHECK_CLAIMS(claims);
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

sape_status sape_mask_check_state(const struct sape_mask *mask) {
    if (mask->cutoff != NULL) return sape_cutoff_check_state(mask->cutoff, mask->grid.cells, mask->iteration);
    SAPE_TRY(check_schedule(mask));
    for (size_t i = 0; i < mask->grid.cells; i++)
        if (!row_holds(mask, i))
            return sape_fail(SAPE_ERROR_FORMAT,
                             "row %zu of the mask has %u features, which contradicts its schedule at feature %zu", i,
                             (unsigned)mask->level[i], mask->current);
    return SAPE_OK;
}

/* A list only shows where members are: it does not change them. */
static struct sape_state state_of(const struct sape_mask *mask) {
    struct sape_state state = {.num_entries = 0};
    sape_mask_list_state((struct sape_mask *)mask, true, &state);
    return state;
}

sape_status sape_mask_copy_open(const struct sape_mask *mask, struct sape_mask_copy *copy) {
    copy->mask = *mask;
    if (mask->cutoff != NULL) {
        copy->cutoff = *mask->cutoff;
        copy->mask.cutoff = &copy->cutoff;
    }
    const struct sape_state own = state_of(&copy->mask);
    const sape_status status = sape_state_open(&own);
    if (status == SAPE_OK) sape_mask_copy_keep(copy, mask);
    return status;
}

void sape_mask_copy_close(struct sape_mask_copy *copy) {
    if (copy->mask.ops == NULL) return;
    const struct sape_state own = state_of(&copy->mask);
    sape_state_close(&own);
}

void sape_mask_copy_keep(struct sape_mask_copy *copy, const struct sape_mask *mask) {
    const struct sape_state from = state_of(mask), to = state_of(&copy->mask);
    sape_state_copy(&from, &to);
}

void sape_mask_copy_take(const struct sape_mask_copy *copy, struct sape_mask *mask) {
    const struct sape_state from = state_of(&copy->mask), to = state_of(mask);
    sape_state_copy(&from, &to);
    if (mask->cutoff == NULL) {
        sape_mask_rebuild(mask);
        return;
    }
    sape_cutoff_set_sigma(mask->cutoff, mask->grid.cells, mask->cutoff->sigma);
    sape_cutoff_set_iteration(mask->cutoff, mask->iteration);
    mask->version++;
}

/* The samples of spatial_fixed. */
static sape_status check_positions(const struct sape_grid *stored, const struct sape_grid *grid) {
    for (size_t a = 0; a < grid->dim; a++)
        SAPE_REQUIRE(grid->positions[a] == NULL ||
                         memcmp(stored->positions[a], grid->positions[a], grid->size[a] * sizeof(float)) == 0,
                     "%s differs: the samples are not those of the checkpoint", positions_names[a]);
    return SAPE_OK;
}

/* The sums of the rows, which read_stashed() has left in the scratch memory, are in the file a second time. */
static sape_status check_sums(const struct sape_mask *mask) {
    const float tolerance = SUM_TOLERANCE * (float)mask->encoding_dim;
    for (size_t i = 0; mask->ops->num_tensors > 0 && i < mask->grid.cells; i++)
        if (!(fabsf(mask->scratch[i] - sape_mask_row_sum(mask, i)) <= tolerance))
            return sape_fail(SAPE_ERROR_FORMAT, "row %zu of the mask: level %u, end %u, ramp %g, sum %g", i,
                             (unsigned)mask->level[i], (unsigned)mask->end[i], (double)mask->ramp[i],
                             (double)mask->scratch[i]);
    return SAPE_OK;
}

sape_status sape_mask_copy_read(const sape_safetensors *file, bool metadata, struct sape_mask_copy *copy,
                                const struct sape_mask *mask) {
    struct sape_state state = {.num_entries = 0};
    sape_mask_list_state(&copy->mask, metadata, &state);
    SAPE_TRY(sape_state_read_rows(&state, file));
    if (!metadata) return sape_mask_check_state(&copy->mask);
    SAPE_TRY(sape_state_read_entries(&state, file));
    SAPE_TRY(sape_mask_check_state(&copy->mask));
    SAPE_TRY(check_positions(&copy->mask.grid, &mask->grid));
    return mask->ramp == NULL ? SAPE_OK : check_sums(&copy->mask);
}
