/* SPDX-License-Identifier: MIT */
/* The locally adaptive learning rate: a grid of rates, from the targets' variance and the samples' gradients. */
#ifndef SAPE_LIB_RATE_H
#define SAPE_LIB_RATE_H

#include <sape/trainer.h>
#include <stdbool.h>

#include "grid.h"
#include "tile.h"

struct sape_rate {
    sape_adaptive_rate_params params;
    /* The spatial mask's grid, or one of its own. */
    struct sape_grid grid;
    /* A value a cell: the targets' variance and the mean gradient norm, each in [0, 1], and the rate that follows. */
    float *sigma, *gradient, *cell_rate;
    /* Norms and weights recorded in the epoch under way, and its iterations so far. */
    float *log, *counter;
    uint64_t batches;
    /* Three floats a cell. */
    float *scratch;
    /* The batch: every sample's rate; and by place in the batch's order, its squared gradient norm. */
    float *sample_rate, *squares;
};

void sape_rate_free(struct sape_rate *rate);

/* One that has learnt the same, for other samples. *out is NULL when it fails. */
sape_status sape_rate_copy(const char *function, const struct sape_rate *rate, struct sape_rate **out);

/* For a new one: memory for the trainer's batches, and sigma from its targets. */
sape_status sape_rate_prepare(const char *function, sape_trainer *trainer);

/* Checks what must hold between its members, the batches of the epoch under way, and those it consists of. */
sape_status sape_rate_check_state(const char *function, const struct sape_rate *rate, uint64_t batches_used,
                                  uint64_t epoch_batches);

/* Drops the epoch under way. */
void sape_rate_new_epoch(struct sape_rate *rate);

/* Before the gradients of a batch: its samples' rates. All these do nothing where the trainer has no adaptive rate. */
void sape_rate_begin(sape_trainer *trainer);
/* Between a tile's loss and its way back: multiplies the outputs' gradients by the rates, and asks for the norms. */
void sape_rate_scale_tile(const sape_trainer *trainer, struct sape_workspace *workspace);
/* After the gradients: records the norms. */
void sape_rate_record(sape_trainer *trainer);

/* After a change of gradient from outside: the rates that follow. */
void sape_rate_update(struct sape_rate *rate);

#endif
