/* SPDX-License-Identifier: MIT */
/*
 * The mask as the field and the trainer use it.
 *
 * A row of the mask is a step function: 1 below level, ramp from there to end, 0 behind. The spatial policy needs the
 * level alone, one integer a cell; none, global and spatial_fixed have ramps; variance has cut-offs in place of rows.
 * The blurred, interpolated weight of a feature at a place is the weighted share of the cells round it whose step
 * reaches beyond the feature.
 */
#ifndef SAPE_LIB_MASK_H
#define SAPE_LIB_MASK_H

#include <sape/mask.h>
#include <stdbool.h>

#include "cutoff.h"
#include "grid.h"

/* Products of it with numbers of blocks stay exact. */
#define SAPE_MAX_SCHEDULE ((size_t)1000000000000)

struct sape_mask {
    sape_policy policy;
    size_t domain_dim, encoding_dim;
    double epsilon;

    /* The schedule. */
    size_t block, num_blocks, block_iterations;
    uint64_t iteration;
    size_t current, next;

    /* The rows. */
    struct sape_grid grid;
    uint16_t *level;
    uint16_t *end;
    float *ramp;
    uint8_t *in_progress;
    float center[SAPE_MAX_DIM], scale[SAPE_MAX_DIM];

    /* What has been recorded: spatial, losses and weights; spatial_fixed, the last losses, and for how many iterations
       the smoothed ones have not been above epsilon. */
    float *log, *counter;
    /* Spatial_fixed: so many of them, and a row leaves progress. */
    size_t patience;
    /* Global. */
    double loss_sum, loss_count, best_loss;

    /* Derived by sape_mask_rebuild(): window extremes, and the distinct values of level and end. */
    uint16_t *lowest, *highest;
    uint16_t *distinct;
    uint16_t *distinct_index;
    size_t num_distinct;
    /* Three floats a cell for whoever changes the mask. */
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

/* The first feature of step i. */
static inline size_t sape_mask_step_begin(const struct sape_mask_panel *panel, size_t i) {
    return i == 0 ? panel->full : panel->ends[i - 1];
}

/* The weights of the sample in column s, feature by feature. */
void sape_mask_panel_weights(const struct sape_mask *mask, const struct sape_mask_panel *panel, size_t width, size_t s,
                             float *weights);

/* Floats that a panel's weights need for a width; slopes need as many for every coordinate. */
size_t sape_mask_panel_size(const struct sape_mask *mask, size_t width);

/* Reads the mask at `samples` of a panel's places, rows of d coordinates. slopes[0] == NULL: without slopes. What lies
   behind the samples gets weight 0 where there are steps. */
void sape_mask_read(const struct sape_mask *mask, size_t samples, size_t width, const float *x,
                    struct sape_mask_panel *panel);

/* An upper bound of the features revealed at each of n places, (n, d). */
void sape_mask_bounds(const struct sape_mask *mask, size_t n, const float *x, uint16_t *bounds);

/* The grid that the parameters ask for; its positions are the mask's to release, also when it fails. */
sape_status sape_mask_set_grid(const char *function, struct sape_mask *mask, const sape_mask_params *params);

/* Spatial_fixed: the patience that goes with iterations of a block. */
size_t sape_mask_patience(size_t block_iterations);

/* Checks what must hold between the mask's members, derived ones aside; every call that changes a mask keeps to it. */
sape_status sape_mask_check_state(const char *function, const struct sape_mask *mask);

/* The sum of a row's weights. */
float sape_mask_row_sum(const struct sape_mask *mask, size_t row);

/* Brings the derived members up to date after a change of the rows. */
void sape_mask_rebuild(struct sape_mask *mask);

/* Policy by policy: what an iteration and an advance do. */
void sape_mask_spatial_advance(struct sape_mask *mask);
void sape_mask_ramp_step(struct sape_mask *mask);
void sape_mask_fixed_judge(struct sape_mask *mask);

/* Whether the step to come ends with an advance that reads the spatial log. */
bool sape_mask_reads_log(const struct sape_mask *mask);

/* Reveals the next block in the rows in progress. */
void sape_mask_reveal(struct sape_mask *mask);

/* The cell that x, d coordinates, lies in: its lower corner, and where between the corners. */
size_t sape_mask_place(const struct sape_mask *mask, const float *x, size_t stride, struct sape_place *places);

/* The same in a grid that is not the mask's but lies over the same domain. */
size_t sape_mask_place_in(const struct sape_mask *mask, const struct sape_grid *grid, const float *x, size_t stride,
                          struct sape_place *places);

/* Spatial: the smoothed mean loss of every cell; scratch has two floats a cell. */
void sape_mask_smooth(const struct sape_mask *mask, float *loss, float *scratch);

#endif
