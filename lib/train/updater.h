/* SPDX-License-Identifier: MIT */
/* The optimizer's step: taken by ranges of the parameters, side by side, and what of it is undone on divergence. */
#ifndef SAPE_LIB_UPDATER_H
#define SAPE_LIB_UPDATER_H

#include <stdatomic.h>

#include "base/pool.h"
#include "field/field.h"
#include "optimizer/optimizer.h"
#include "train/table_updater.h"

struct sape_updater {
    sape_optimizer *optimizer;
    /* First-layer rows from here on have never had a gradient. */
    size_t touched;
    /* The parameters before the last step, with which the loss was finite. */
    float *previous;
    bool has_previous;
    /* Of the encoder's tables, where it has some. */
    struct sape_table_updater tables;
    /* Whether a part of the step under way has left something that is not finite. */
    atomic_bool failed;
};

/* To be closed also when it fails. */
sape_status sape_updater_open(const sape_optimizer_params *params, const sape_field *field,
                              struct sape_updater *updater);
void sape_updater_close(struct sape_updater *updater);

/* A step of the network's parameters, whose gradient is the sum of num_gradients arrays, and of the encoder's tables.
   One that leaves a parameter or a moment that is not finite is taken back whole, which is SAPE_ERROR_DIVERGED. */
sape_status sape_updater_step(struct sape_updater *updater, sape_field *field, struct sape_pool *pool,
                              size_t num_gradients, const float *const *gradients, struct sape_tables *tables);

/* Where the loss is not finite: the parameters become those before the last step. Returns SAPE_ERROR_DIVERGED. */
sape_status sape_updater_diverged(struct sape_updater *updater, sape_field *field, double loss);

/* The state; and what must hold in it. */
void sape_updater_list_state(struct sape_updater *updater, const sape_field *field, bool has_previous,
                             struct sape_state *state);
sape_status sape_updater_check_state(const struct sape_updater *updater, const sape_network *network);

/* Runs tasks in the pool, or one after the other where the network is so small that waking threads costs more. */
void sape_updater_parallel(struct sape_pool *pool, const sape_network *network, size_t count, sape_pool_task task,
                           void *context);

#endif
