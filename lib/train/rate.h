/* SPDX-License-Identifier: MIT */
/* The locally adaptive learning rate: a grid of rates, from the targets' variance and the samples' gradients. */
#ifndef SAPE_LIB_RATE_H
#define SAPE_LIB_RATE_H

#include "train/batch.h"

struct sape_rate {
    sape_adaptive_rate_params params;
    /* The mask's grid of cells, or one of its own. */
    struct sape_grid own_grid;
    const struct sape_grid *grid;
    /* Its cells, for checkpoints. */
    size_t cells;
    /* A value a cell: the targets' variance and the mean gradient norm, each in [0, 1], and the rate that follows. */
    float *sigma, *gradient, *cell_rate;
    /* Norms and weights recorded in the epoch under way, and its iterations so far. */
    float *log, *counter;
    uint64_t batches;
    /* Three floats a cell. */
    float *scratch;
    /* The batch: every sample's rate; and by place in the batch's order, its squared gradient norm. */
    float *sample_rate, *squares;
    /* Its places in the grid: the mask's, or found here. */
    struct sape_place *own_places;
};

/* Takes the caller's parameters in, NULL for the defaults, and checks them. */
sape_status sape_rate_params_read(const sape_adaptive_rate_params *caller, sape_adaptive_rate_params *params);

/* A rate for a field. *out is NULL when it fails. */
sape_status sape_rate_create(const sape_adaptive_rate_params *params, const sape_field *field, struct sape_rate **out);
void sape_rate_free(struct sape_rate *rate);

/* One that has learnt the same, for other samples. *out is NULL when it fails. */
sape_status sape_rate_copy(const struct sape_rate *rate, struct sape_rate **out);

/* For a new one: memory for batches of these samples, and sigma from their targets. */
sape_status sape_rate_prepare(struct sape_rate *rate, const struct sape_batches *batches, uint64_t seed);

/* Drops the epoch under way. */
void sape_rate_new_epoch(struct sape_rate *rate);

/* Before the gradients of a batch: its samples' rates. */
void sape_rate_begin(struct sape_rate *rate, const struct sape_batches *batches);
/* Between a tile's loss and its way back: multiplies the outputs' gradients by the rates, and asks for the norms. rate
   may be NULL. */
void sape_rate_scale_tile(const struct sape_rate *rate, const sape_field *field, const struct sape_batch *batch,
                          struct sape_workspace *workspace);
/* After the gradients: records the norms. */
void sape_rate_record(struct sape_rate *rate, const struct sape_batches *batches);

/* After a change of gradient from outside: the rates that follow. */
void sape_rate_update(struct sape_rate *rate);

/* The state; and what must hold in it and between it and the batches. */
void sape_rate_list_state(struct sape_rate *rate, struct sape_state *state);
sape_status sape_rate_check_state(const struct sape_rate *rate, const struct sape_batches *batches);

#endif
