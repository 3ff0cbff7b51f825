/* SPDX-License-Identifier: MIT */
/*
 * The variance policy: a low-pass filter of the features whose cut-off belongs to the cells of a grid and rises with
 * the iterations. Features of one frequency, which share every weight, are a group.
 */
#ifndef SAPE_LIB_CUTOFF_H
#define SAPE_LIB_CUTOFF_H

#include <sape/mask.h>
#include <stdbool.h>

#include "signal/filter.h"
#include "signal/grid.h"
#include "state/state.h"

struct sape_mask_panel;

struct sape_cutoff {
    sape_cutoff_params params;
    /* The iteration T at which the schedule ends. */
    uint64_t end_iteration;
    size_t encoding_dim;
    /* Group by group, ascending: one past its last feature, and its frequency. */
    size_t num_groups;
    uint16_t *ends;
    double *frequencies;
    /* Cell by cell: sigma, and beta sigma^gamma. */
    float *sigma;
    double *rise;
    /* The highest frequency that the samples of the signal can tell apart; infinite before there is one. */
    double limit;
    /* c_max, chosen where the parameters leave it open. */
    double highest;
    /* L(p) after the present iteration, and whether p has reached 1. */
    double opening;
    bool ended;
};

/* Checks what the parameters say of the policy, and makes it for the grid. */
sape_status sape_cutoff_create(const sape_mask_params *params, const struct sape_grid *grid, struct sape_cutoff **out);
void sape_cutoff_free(struct sape_cutoff *cutoff);

/* Checks constants against a length of the training in iterations. */
sape_status sape_cutoff_check(const sape_cutoff_params *params, uint64_t end_iteration);

/* (encoding_dim) frequencies, not descending. */
void sape_cutoff_set_frequencies(struct sape_cutoff *cutoff, const double *frequencies);

/* Memory for (encoding_dim) frequencies until the next call. */
double *sape_cutoff_scratch(struct sape_cutoff *cutoff);

/* New sigma, and with it all that follows from the constants; also after the constants or the limit have changed. */
void sape_cutoff_set_sigma(struct sape_cutoff *cutoff, size_t cells, const float *sigma);

sape_status sape_cutoff_set_signal(struct sape_cutoff *cutoff, const struct sape_grid *grid, size_t n, size_t d,
                                   const float *x, size_t o, const float *values);

/* Says where the schedule stands; returns whether any weight may have changed. */
bool sape_cutoff_set_iteration(struct sape_cutoff *cutoff, uint64_t iteration);

/* The cut-off of a cell. */
double sape_cutoff_of_cell(const struct sape_cutoff *cutoff, size_t cell);

/* What sape_mask_read() and sape_mask_bounds() do for this policy. */
void sape_cutoff_read(const struct sape_mask *mask, size_t samples, size_t width, const float *x,
                      const struct sape_place *places, struct sape_mask_panel *panel);
void sape_cutoff_bounds(const struct sape_mask *mask, size_t n, const struct sape_place *places, uint16_t *bounds);

/* One past the last feature with any weight in any cell. */
size_t sape_cutoff_active(const struct sape_cutoff *cutoff, const struct sape_grid *grid);

/* The state, with the iteration that the mask counts; without metadata, sigma alone. */
void sape_cutoff_list_state(struct sape_cutoff *cutoff, size_t cells, uint64_t *iteration, bool metadata,
                            struct sape_state *state);
/* Goes on with a digest of what the cut-offs follow from. Signals may differ where these do not. */
uint64_t sape_cutoff_digest(uint64_t hash, const struct sape_cutoff *cutoff, size_t cells);
/* Checks what must hold between its members. */
sape_status sape_cutoff_check_state(const struct sape_cutoff *cutoff, size_t cells, uint64_t iteration);

/* Fills in what a mask's state says of the features and the cells. */
void sape_cutoff_state(const struct sape_cutoff *cutoff, const struct sape_grid *grid, sape_mask_state *state);

#endif
