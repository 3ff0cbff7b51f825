/* SPDX-License-Identifier: MIT */
/*
 * What a policy is: one file for each defines a struct sape_policy_ops, and mask.c lists them all in a table. Formulas:
 * docs/mathematics.md.
 */
#ifndef SAPE_LIB_POLICY_H
#define SAPE_LIB_POLICY_H

#include "mask/mask.h"

/* Tensors of a mask's state. */
enum sape_mask_tensor { SAPE_MASK_STASHED, SAPE_IN_PROGRESS, SAPE_LOG_BUFFER, SAPE_LOG_COUNTER, SAPE_SIGMA };

struct sape_policy_ops {
    /* As checkpoints and programs call it. */
    const char *name;
    /* Whether rows have ramps, and whether it has cut-offs in place of rows. */
    bool has_ramps, has_cutoffs;
    /* Whether the grid is a cube of cells, with a domain that can be set. */
    bool has_resolution, has_domain;
    /* Its public tensors: the first, and how many. */
    enum sape_mask_tensor first_tensor;
    size_t num_tensors;
    /* Where params leave block_iterations open: num_iterations * pace[0] / (pace[1] * num_blocks). */
    size_t pace[2];
    /* Checks what params say of this policy alone; NULL for nothing. */
    sape_status (*check)(const sape_mask_params *params);
    /* The grid that params ask for; NULL for one cell. Its positions are the mask's to release, also on failure. */
    sape_status (*place)(struct sape_mask *mask, const sape_mask_params *params);
    /* The state before the first iteration, beyond the rows; NULL for nothing. */
    void (*start)(struct sape_mask *mask);
    /* Takes in the losses of n samples. */
    void (*record)(struct sape_mask *mask, size_t n, const struct sape_place *places, const float *loss);
    /* Ends an iteration. */
    void (*step)(struct sape_mask *mask);
    /* Reveals the next block where it is due; NULL for nothing. */
    void (*advance)(struct sape_mask *mask);
};

extern const struct sape_policy_ops sape_none_policy, sape_global_policy, sape_spatial_policy,
    sape_spatial_fixed_policy, sape_variance_policy;

/* A policy's operations; and its name, NULL for what is not a policy. */
const struct sape_policy_ops *sape_policy_ops_of(sape_policy policy);
const char *sape_policy_entry(unsigned policy);

/* For policies that look at no places: adds up the losses. */
void sape_mask_record_sum(struct sape_mask *mask, size_t n, const struct sape_place *places, const float *loss);

/* Spatial_fixed: the patience that goes with iterations of a block. */
size_t sape_mask_patience(size_t block_iterations);

/* Reveals the next block in the rows in progress. */
void sape_mask_reveal(struct sape_mask *mask);

/* The next block's weight grows over the first half of its time, then it is revealed. */
void sape_mask_ramp_step(struct sape_mask *mask);

/* A cube of cells over the first mask_dim coordinates: its check, and its grid. */
sape_status sape_mask_check_cube(const sape_mask_params *params);
sape_status sape_mask_place_cube(struct sape_mask *mask, const sape_mask_params *params);

#endif
