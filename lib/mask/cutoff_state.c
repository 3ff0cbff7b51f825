/* SPDX-License-Identifier: MIT */
/* The state of the variance policy: its constants, where the schedule stands, and sigma. */
#include "base/error.h"
#include "mask/cutoff.h"
#include "mask/mask.h"
#include "state/claims.h"

SAPE_DEFINE_NAMES(boundary_name, "replicate", "reflect", "zero", "periodic")
SAPE_DEFINE_NAMES(shape_name, "linear", "cosine")

const char *sape_boundary_name(sape_boundary boundary) {
    return boundary_name((unsigned)boundary);
}

const char *sape_filter_shape_name(sape_filter_shape shape) {
    return shape_name((unsigned)shape);
}

void sape_cutoff_list_state(struct sape_cutoff *cutoff, size_t cells, uint64_t *iteration, bool metadata,
                            struct sape_state *state) {
    sape_cutoff_params *params = &cutoff->params;
    const struct sape_rows sigma = SAPE_ROWS("sigma", &sape_float_rows, SAPE_OWN_STATE, &cutoff->sigma, cells);
    const struct sape_entry all[] = {
        {"sape.mask.c_min", SAPE_ENTRY_REAL, SAPE_SETTING, &params->c_min, NULL},
        {"sape.mask.c_max", SAPE_ENTRY_REAL, SAPE_SETTING, &params->c_max, NULL},
        {"sape.mask.beta", SAPE_ENTRY_REAL, SAPE_SETTING, &params->beta, NULL},
        {"sape.mask.gamma", SAPE_ENTRY_REAL, SAPE_SETTING, &params->gamma, NULL},
        {"sape.mask.steepness", SAPE_ENTRY_REAL, SAPE_SETTING, &params->steepness, NULL},
        {"sape.mask.midpoint", SAPE_ENTRY_REAL, SAPE_SETTING, &params->midpoint, NULL},
        {"sape.mask.rescale", SAPE_ENTRY_FLAG, SAPE_SETTING, &params->rescale, NULL},
        {"sape.mask.boundary", SAPE_ENTRY_CHOICE, SAPE_SETTING, &params->boundary, boundary_name},
        {"sape.mask.start_iteration", SAPE_ENTRY_SIZE, SAPE_SETTING, &params->start_iteration, NULL},
        {"sape.mask.end_iteration", SAPE_ENTRY_INTEGER, SAPE_SETTING, &cutoff->end_iteration, NULL},
        {"sape.mask.window", SAPE_ENTRY_SIZE, SAPE_SETTING, &params->window, NULL},
        {"sape.mask.width", SAPE_ENTRY_REAL, SAPE_SETTING, &params->width, NULL},
        {"sape.mask.shape", SAPE_ENTRY_CHOICE, SAPE_SETTING, &params->shape, shape_name},
        {"sape.mask.limit", SAPE_ENTRY_REAL, SAPE_OWN_STATE, &cutoff->limit, NULL},
        {"sape.mask.iteration", SAPE_ENTRY_INTEGER, SAPE_STATE, iteration, NULL}};
    sape_state_add_rows(state, 1, &sigma);
    if (metadata) sape_state_add(state, sizeof all / sizeof *all, all);
}

uint64_t sape_cutoff_digest(uint64_t hash, const struct sape_cutoff *cutoff, size_t cells) {
    hash = sape_digest(hash, &cutoff->highest, sizeof cutoff->highest);
    return sape_digest(hash, cutoff->rise, cells * sizeof *cutoff->rise);
}

static bool sigma_holds(const struct sape_cutoff *cutoff, size_t cells) {
    for (size_t i = 0; i < cells; i++)
        if (!(cutoff->sigma[i] >= 0.0f && cutoff->sigma[i] <= 1.0f)) return false;
    return true;
}

sape_status sape_cutoff_check_state(const struct sape_cutoff *cutoff, size_t cells, uint64_t iteration) {
    const bool constants = sape_cutoff_check(&cutoff->params, cutoff->end_iteration) == SAPE_OK;
    const struct sape_claim claims[] = {{"one of the constants of sape.mask", constants},
                                        {"sape.mask.window", cutoff->params.window >= 1},
                                        {"sape.mask.limit", cutoff->limit > 0.0},
                                        {"sape.mask.end_iteration", cutoff->end_iteration <= SAPE_MAX_SCHEDULE},
                                        {"sape.mask.iteration", iteration <= SAPE_MAX_COUNT},
                                        {"sigma", sigma_holds(cutoff, cells)}};
    return SAPE_CHECK_CLAIMS(claims);
}
