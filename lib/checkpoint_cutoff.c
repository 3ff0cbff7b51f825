/* SPDX-License-Identifier: MIT */
/* The variance policy in checkpoints: its constants and where the schedule stands; sigma is a tensor of the mask. */
#include <string.h>

#include "checkpoint.h"
#include "error.h"
#include "metadata.h"

#define NUM_SETTINGS 13
#define NUM_ENTRIES 15

static const char *const boundaries[] = {"replicate", "reflect", "zero", "periodic", NULL};
static const char *const shapes[] = {"linear", "cosine", NULL};

/* Enumerations and flags as the numbers that entries hold. */
struct state {
    struct sape_cutoff cutoff;
    size_t rescale, boundary, shape;
    uint64_t iteration;
};

static struct state state_of(const struct sape_mask *mask) {
    const sape_cutoff_params *params = &mask->cutoff->params;
    return (struct state){.cutoff = *mask->cutoff,
                          .rescale = params->rescale != 0,
                          .boundary = params->boundary,
                          .shape = params->shape,
                          .iteration = mask->iteration};
}

/* The settings first. */
static void list_entries(struct state *state, struct sape_entry entries[NUM_ENTRIES]) {
    sape_cutoff_params *params = &state->cutoff.params;
    const struct sape_entry all[NUM_ENTRIES] = {
        {"sape.mask.c_min", SAPE_ENTRY_REAL, &params->c_min, NULL},
        {"sape.mask.c_max", SAPE_ENTRY_REAL, &params->c_max, NULL},
        {"sape.mask.beta", SAPE_ENTRY_REAL, &params->beta, NULL},
        {"sape.mask.gamma", SAPE_ENTRY_REAL, &params->gamma, NULL},
        {"sape.mask.steepness", SAPE_ENTRY_REAL, &params->steepness, NULL},
        {"sape.mask.midpoint", SAPE_ENTRY_REAL, &params->midpoint, NULL},
        {"sape.mask.rescale", SAPE_ENTRY_FLAG, &state->rescale, NULL},
        {"sape.mask.boundary", SAPE_ENTRY_CHOICE, &state->boundary, boundaries},
        {"sape.mask.start_iteration", SAPE_ENTRY_SIZE, &params->start_iteration, NULL},
        {"sape.mask.end_iteration", SAPE_ENTRY_INTEGER, &state->cutoff.end_iteration, NULL},
        {"sape.mask.window", SAPE_ENTRY_SIZE, &params->window, NULL},
        {"sape.mask.width", SAPE_ENTRY_REAL, &params->width, NULL},
        {"sape.mask.shape", SAPE_ENTRY_CHOICE, &state->shape, shapes},
        {"sape.mask.limit", SAPE_ENTRY_REAL, &state->cutoff.limit, NULL},
        {"sape.mask.iteration", SAPE_ENTRY_INTEGER, &state->iteration, NULL}};
    memcpy(entries, all, sizeof all);
}

sape_status sape_checkpoint_add_cutoff(const struct sape_mask *mask, sape_safetensors_writer *writer) {
    struct state state = state_of(mask);
    struct sape_entry entries[NUM_ENTRIES];
    list_entries(&state, entries);
    return sape_entries_write(writer, entries, NUM_ENTRIES);
}

sape_status sape_checkpoint_match_cutoff(const char *function, const sape_safetensors *file,
                                         const struct sape_mask *mask) {
    struct state state = state_of(mask);
    struct sape_entry entries[NUM_ENTRIES];
    list_entries(&state, entries);
    return sape_entries_match(function, file, entries, NUM_SETTINGS);
}

sape_status sape_checkpoint_apply_cutoff(const char *function, const sape_safetensors *file, struct sape_mask *mask) {
    struct state state = state_of(mask);
    struct sape_entry entries[NUM_ENTRIES];
    list_entries(&state, entries);
    SAPE_TRY(sape_entries_read(function, file, entries, NUM_ENTRIES));
    struct sape_cutoff *cutoff = &state.cutoff;
    cutoff->params.rescale = state.rescale != 0;
    cutoff->params.boundary = (sape_boundary)state.boundary;
    cutoff->params.shape = (sape_filter_shape)state.shape;
    SAPE_TRY(sape_cutoff_check_state(function, cutoff, state.iteration));
    *mask->cutoff = *cutoff;
    mask->iteration = state.iteration;
    sape_cutoff_set_sigma(mask->cutoff, mask->grid.cells, mask->cutoff->sigma);
    sape_cutoff_set_iteration(mask->cutoff, mask->iteration);
    mask->version++;
    return SAPE_OK;
}
