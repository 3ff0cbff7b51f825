/* SPDX-License-Identifier: MIT */
/* What a mask's public tensors cannot hold: settings and schedule as metadata, rows with ramps exactly. */
#include <math.h>
#include <string.h>

#include "checkpoint.h"
#include "error.h"
#include "metadata.h"

#define NUM_SETTINGS 5
#define MAX_ENTRIES 20

/* Of the number of features: what rounding can make of a row's sum. */
#define SUM_TOLERANCE 1e-6f

static const char *const positions_names[] = {"sape.mask.positions.0", "sape.mask.positions.1"};

const char *sape_checkpoint_positions_name(size_t axis) {
    return positions_names[axis];
}

/* A mask's scalars, and its row where there is but one. Many rows with ramps go to tensors instead. */
struct state {
    struct sape_mask mask;
    size_t level, end;
    float ramp;
};

static bool has_one_row(const struct sape_mask *mask) {
    return mask->grid.dim == 0;
}

static bool has_ramp_rows(const struct sape_mask *mask) {
    return mask->grid.dim > 0 && mask->ramp != NULL;
}

static struct state state_of(const struct sape_mask *mask) {
    struct state state = {.mask = *mask, .level = mask->level[0]};
    if (mask->ramp != NULL) {
        state.end = mask->end[0];
        state.ramp = mask->ramp[0];
    }
    return state;
}

/* The settings first; returns the number of all entries. */
static size_t list_entries(struct state *state, struct sape_entry entries[MAX_ENTRIES]) {
    struct sape_mask *mask = &state->mask;
    const struct sape_entry all[MAX_ENTRIES] = {
        {"sape.mask.block_size", SAPE_ENTRY_SIZE, &mask->block, NULL},
        {"sape.mask.num_blocks", SAPE_ENTRY_SIZE, &mask->num_blocks, NULL},
        {"sape.mask.block_iterations", SAPE_ENTRY_SIZE, &mask->block_iterations, NULL},
        {"sape.mask.patience", SAPE_ENTRY_SIZE, &mask->patience, NULL},
        {"sape.mask.epsilon", SAPE_ENTRY_REAL, &mask->epsilon, NULL},
        {"sape.mask.iteration", SAPE_ENTRY_INTEGER, &mask->iteration, NULL},
        {"sape.mask.current", SAPE_ENTRY_SIZE, &mask->current, NULL},
        {"sape.mask.next", SAPE_ENTRY_SIZE, &mask->next, NULL},
        {"sape.mask.loss_sum", SAPE_ENTRY_REAL, &mask->loss_sum, NULL},
        {"sape.mask.loss_count", SAPE_ENTRY_REAL, &mask->loss_count, NULL},
        {"sape.mask.best_loss", SAPE_ENTRY_REAL, &mask->best_loss, NULL},
        {"sape.mask.center.0", SAPE_ENTRY_SINGLE, &mask->center[0], NULL},
        {"sape.mask.center.1", SAPE_ENTRY_SINGLE, &mask->center[1], NULL},
        {"sape.mask.center.2", SAPE_ENTRY_SINGLE, &mask->center[2], NULL},
        {"sape.mask.scale.0", SAPE_ENTRY_SINGLE, &mask->scale[0], NULL},
        {"sape.mask.scale.1", SAPE_ENTRY_SINGLE, &mask->scale[1], NULL},
        {"sape.mask.scale.2", SAPE_ENTRY_SINGLE, &mask->scale[2], NULL},
        {"sape.mask.level", SAPE_ENTRY_SIZE, &state->level, NULL},
        {"sape.mask.end", SAPE_ENTRY_SIZE, &state->end, NULL},
        {"sape.mask.ramp", SAPE_ENTRY_SINGLE, &state->ramp, NULL}};
    memcpy(entries, all, sizeof all);
    return has_one_row(mask) ? MAX_ENTRIES : MAX_ENTRIES - 3;
}

static sape_status add_floats(const char *function, sape_safetensors_writer *writer, const char *name,
                              const float *values, size_t count) {
    float *copy = sape_checkpoint_add_floats(writer, name, count);
    if (copy == NULL) return sape_fail(SAPE_ERROR_MEMORY, function, "no memory for %s", name);
    memcpy(copy, values, count * sizeof *copy);
    return SAPE_OK;
}

/* Numbers of features are exact as floats. */
static sape_status add_features(const char *function, sape_safetensors_writer *writer, const char *name,
                                const uint16_t *values, size_t count) {
    float *copy = sape_checkpoint_add_floats(writer, name, count);
    if (copy == NULL) return sape_fail(SAPE_ERROR_MEMORY, function, "no memory for %s", name);
    for (size_t i = 0; i < count; i++) copy[i] = (float)values[i];
    return SAPE_OK;
}

static sape_status add_ramp_rows(const char *function, const struct sape_mask *mask, sape_safetensors_writer *writer) {
    const struct sape_grid *grid = &mask->grid;
    for (size_t a = 0; a < grid->dim; a++)
        SAPE_TRY(add_floats(function, writer, positions_names[a], grid->positions[a], grid->size[a]));
    SAPE_TRY(add_features(function, writer, "sape.mask.level", mask->level, grid->cells));
    SAPE_TRY(add_features(function, writer, "sape.mask.end", mask->end, grid->cells));
    return add_floats(function, writer, "sape.mask.ramp", mask->ramp, grid->cells);
}

sape_status sape_checkpoint_add_mask(const char *function, const struct sape_mask *mask,
                                     sape_safetensors_writer *writer) {
    SAPE_TRY(sape_mask_check_state(function, mask));
    if (mask->cutoff != NULL) return sape_checkpoint_add_cutoff(mask, writer);
    struct state state = state_of(mask);
    struct sape_entry entries[MAX_ENTRIES];
    const size_t count = list_entries(&state, entries);
    SAPE_TRY(sape_entries_write(writer, entries, count));
    return has_ramp_rows(mask) ? add_ramp_rows(function, mask, writer) : SAPE_OK;
}

sape_status sape_checkpoint_match_mask(const char *function, const sape_safetensors *file, struct sape_mask *mask) {
    SAPE_TRY(sape_checkpoint_match_policy(function, file, mask));
    if (mask->cutoff != NULL) return sape_checkpoint_match_cutoff(function, file, mask);
    struct state state = state_of(mask);
    struct sape_entry entries[MAX_ENTRIES];
    list_entries(&state, entries);
    return sape_entries_match(function, file, entries, NUM_SETTINGS);
}

/* Where the mask's scratch memory keeps the rows until they are known to be good. */
struct rows {
    float *level, *end, *ramp;
};

static struct rows scratch_rows(const struct sape_mask *mask) {
    const size_t cells = mask->grid.cells;
    return (struct rows){mask->scratch, mask->scratch + cells, mask->scratch + 2 * cells};
}

static sape_status check_positions(const char *function, const sape_safetensors *file, const struct sape_mask *mask) {
    const struct sape_grid *grid = &mask->grid;
    for (size_t a = 0; a < grid->dim; a++) {
        SAPE_TRY(sape_checkpoint_read_row(function, file, positions_names[a], mask->scratch, grid->size[a]));
        if (memcmp(mask->scratch, grid->positions[a], grid->size[a] * sizeof(float)) != 0)
            return sape_fail(SAPE_ERROR_ARGUMENT, function, "%s differs: the samples are not those of the checkpoint",
                             positions_names[a]);
    }
    return SAPE_OK;
}

static sape_status read_rows(const char *function, const sape_safetensors *file, const struct state *state) {
    const struct sape_mask *mask = &state->mask;
    const struct rows rows = scratch_rows(mask);
    const size_t cells = mask->grid.cells;
    if (has_one_row(mask)) {
        rows.level[0] = (float)state->level;
        rows.end[0] = (float)state->end;
        rows.ramp[0] = state->ramp;
        return SAPE_OK;
    }
    SAPE_TRY(check_positions(function, file, mask));
    SAPE_TRY(sape_checkpoint_read_row(function, file, "sape.mask.level", rows.level, cells));
    SAPE_TRY(sape_checkpoint_read_row(function, file, "sape.mask.end", rows.end, cells));
    return sape_checkpoint_read_row(function, file, "sape.mask.ramp", rows.ramp, cells);
}

static bool is_whole(float value, size_t most) {
    return value >= 0.0f && value <= (float)most && value == floorf(value);
}

/* The sum of the row's weights is in the file as well, and has been set before. */
static bool is_row(const struct sape_mask *mask, const struct rows *rows, size_t i) {
    const float level = rows->level[i], end = rows->end[i], ramp = rows->ramp[i];
    const float dim = (float)mask->encoding_dim, sum = level + ramp * (end - level);
    return is_whole(level, mask->encoding_dim) && is_whole(end, mask->encoding_dim) &&
           fabsf(sum - sape_mask_row_sum(mask, i)) <= SUM_TOLERANCE * dim;
}

static sape_status take_rows(const char *function, struct sape_mask *mask) {
    const struct rows rows = scratch_rows(mask);
    for (size_t i = 0; i < mask->grid.cells; i++) {
        if (!is_row(mask, &rows, i))
            return sape_fail(SAPE_ERROR_FORMAT, function, "row %zu of the mask: level %g, end %g, ramp %g, sum %g", i,
                             (double)rows.level[i], (double)rows.end[i], (double)rows.ramp[i],
                             (double)sape_mask_row_sum(mask, i));
        mask->level[i] = (uint16_t)rows.level[i];
        mask->end[i] = (uint16_t)rows.end[i];
        mask->ramp[i] = rows.ramp[i];
    }
    return SAPE_OK;
}

sape_status sape_checkpoint_apply_mask(const char *function, const sape_safetensors *file, struct sape_mask *mask) {
    if (mask->cutoff != NULL) return sape_checkpoint_apply_cutoff(function, file, mask);
    struct state state = state_of(mask);
    struct sape_entry entries[MAX_ENTRIES];
    const size_t count = list_entries(&state, entries);
    SAPE_TRY(sape_entries_read(function, file, entries, count));
    if (mask->ramp != NULL) {
        SAPE_TRY(read_rows(function, file, &state));
        SAPE_TRY(take_rows(function, mask));
    }
    *mask = state.mask;
    SAPE_TRY(sape_mask_check_state(function, mask));
    sape_mask_rebuild(mask);
    return SAPE_OK;
}
