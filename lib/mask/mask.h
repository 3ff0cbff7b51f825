/* SPDX-License-Identifier: MIT */
/*
 * The mask as the field and the trainer use it.
 *
 * A row of the mask is a step function: 1 below level, ramp from there to end, 0 behind. The spatial policy needs the
 * level alone, one integer a cell, unless it is gradual; none, global and spatial_fixed have ramps; variance has
 * cut-offs in place of rows. The blurred, interpolated weight of a feature at a place is the weighted share of the
 * cells around it whose step reaches beyond the feature.
 */
#ifndef SAPE_LIB_MASK_H
#define SAPE_LIB_MASK_H

#include <sape/mask.h>
#include <stdbool.h>

#include "mask/cutoff.h"
#include "signal/grid.h"
#include "state/state.h"

/* The longest schedule: products of it with numbers of blocks stay exact. */
#if SIZE_MAX > UINT32_MAX
#define SAPE_MAX_SCHEDULE ((size_t)1000000000000)
#else
#define SAPE_MAX_SCHEDULE ((size_t)4000000000)
#endif

struct sape_policy_ops;

struct sape_mask {
    /* What it was made with, without the caller's arrays. */
    sape_mask_params params;
    sape_policy policy;
    const struct sape_policy_ops *ops;
    size_t domain_dim, encoding_dim;
    double epsilon;

    /* The schedule; leading features, if there are any, are before the first block. */
    size_t leading, block, num_blocks, block_iterations;
    uint64_t iteration;
    size_t current, next;

    /* The rows. */
    struct sape_grid grid;
    uint16_t *level;
    uint16_t *end;
    float *ramp;
    uint8_t *in_progress;

    /* What has been recorded: spatial, losses and weights; spatial_fixed, the last losses, and for how many iterations
       the smoothed ones have not been above epsilon. */
    float *log, *counter;
    /* Spatial_fixed: a row leaves progress after this many of them. */
    size_t patience;
    /* Global. */
    double loss_sum, loss_count, best_loss;

    /* Derived by sape_mask_rebuild(): window extremes, and the distinct values of level and end. */
    uint16_t *lowest, *highest;
    uint16_t *distinct;
    uint16_t *distinct_index;
    size_t num_distinct;
    /* Scratch of three floats per cell for changing the mask. */
    float *scratch;
    /* Variance; otherwise NULL, and then the rows above are there. */
    struct sape_cutoff *cutoff;
    /* Grows with every change of the rows or of their places. */
    uint64_t version;
};

/* The weights of a panel of samples. Features below full have weight 1, those from active on 0; in between step i ends
   before ends[i] and has row i of weights, and of slopes, the derivatives with respect to the coordinates. */
struct sape_mask_panel {
    size_t full, active;
    size_t num_steps;
    const uint16_t *ends;
    float *weights;
    float *slopes[SAPE_MAX_DIM];
};

/* Blocks that an encoding brings with it: `first` features, then blocks of one size. A size of 0: the mask's own. */
struct sape_mask_blocks {
    size_t first, size;
};

/* Features that are revealed from the start: the leading ones or, without them, the first block. */
static inline size_t sape_mask_first(const struct sape_mask *mask) {
    return mask->leading > 0 ? mask->leading : mask->block;
}

/* sape_mask_create() with such blocks. */
sape_status sape_mask_make(const sape_mask_params *params, struct sape_mask_blocks blocks, sape_mask **out);

/* The first feature of step i. */
static inline size_t sape_mask_step_begin(const struct sape_mask_panel *panel, size_t i) {
    return i == 0 ? panel->full : panel->ends[i - 1];
}

/* The weights of the sample in column s, feature by feature. */
void sape_mask_panel_weights(const struct sape_mask *mask, const struct sape_mask_panel *panel, size_t width, size_t s,
                             float *weights);

/* Floats that a panel's weights need for a width; slopes need as many for every coordinate. */
size_t sape_mask_panel_size(const struct sape_mask *mask, size_t width);

/* Reads the mask at the places of `samples` samples. x has their coordinates, rows of d, for the slopes alone;
   slopes[0] == NULL: without slopes. What lies behind the samples gets weight 0 where there are steps. */
void sape_mask_read(const struct sape_mask *mask, size_t samples, size_t width, const float *x,
                    const struct sape_place *places, struct sape_mask_panel *panel);

/* An upper bound of the features revealed at each of n places. */
void sape_mask_bounds(const struct sape_mask *mask, size_t n, const struct sape_place *places, uint16_t *bounds);

/* One past the furthest feature that is revealed anywhere. */
size_t sape_mask_revealed_features(const struct sape_mask *mask);

/* As sape_mask_record(), of samples whose places are known and whose losses are finite. */
void sape_mask_record_at(struct sape_mask *mask, size_t n, const struct sape_place *places, const float *loss);

/* Brings the derived members up to date after a change of the rows. */
void sape_mask_rebuild(struct sape_mask *mask);

/* The sum of a row's weights; and rows of given sums, between which and the schedule all is as it must be. The derived
   members are left to sape_mask_rebuild(). */
float sape_mask_row_sum(const struct sape_mask *mask, size_t row);
sape_status sape_mask_set_row_sums(struct sape_mask *mask, const float *sums);

/* Whether the weights of a block can grow. */
bool sape_mask_has_ramps(const struct sape_mask *mask);

/* Whether the step to come ends with an advance that reads the log. */
bool sape_mask_reads_log(const struct sape_mask *mask);

/* Where a checkpoint has the samples of spatial_fixed along an axis. */
const char *sape_positions_name(size_t axis);

/* The mask's state; without metadata, what the public code stores of it. The rows must stay where they are. */
void sape_mask_list_state(struct sape_mask *mask, bool metadata, struct sape_state *state);

/* Checks what must hold between the mask's members, derived ones aside; every call that changes a mask keeps to it. */
sape_status sape_mask_check_state(const struct sape_mask *mask);

/* A mask's state apart from the mask. A copy that is all zero can be closed. */
struct sape_mask_copy {
    struct sape_mask mask;
    struct sape_cutoff cutoff;
};

sape_status sape_mask_copy_open(const struct sape_mask *mask, struct sape_mask_copy *copy);
void sape_mask_copy_close(struct sape_mask_copy *copy);
/* The copy becomes what the mask is, and the mask what the copy is. */
void sape_mask_copy_keep(struct sape_mask_copy *copy, const struct sape_mask *mask);
void sape_mask_copy_take(const struct sape_mask_copy *copy, struct sape_mask *mask);
/* A copy of the mask becomes what the file says; it is good for nothing when that fails. */
sape_status sape_mask_copy_read(const sape_safetensors *file, bool metadata, struct sape_mask_copy *copy,
                                const struct sape_mask *mask);

#endif
