/* SPDX-License-Identifier: MIT */
/* When training has converged: its loss is low enough, or has stood still for too long. */
#ifndef SAPE_LIB_STOP_H
#define SAPE_LIB_STOP_H

#include <sape/trainer.h>

#include "state/state.h"

struct sape_convergence {
    /* Losses of the epoch under way. */
    double sum;
    uint64_t batches;
    /* The loss that the next improvement is held against, and the iteration that counts as its: patience starts there.
     */
    double best;
    uint64_t since;
    /* The iteration of the learning rate's last reduction; 0 for none. */
    uint64_t reduced;
};

/* Checks tolerance, patience, min_improvement and what is said of plateaus. */
sape_status sape_convergence_check_params(const sape_trainer_params *params);

void sape_convergence_begin(struct sape_convergence *convergence);

/* Drops the epoch under way. */
void sape_convergence_new_epoch(struct sape_convergence *convergence);

/* Takes in the loss of an iteration, counted from 1, of epochs of that many batches; SAPE_STOP_ITERATIONS: go on.
 *reduce says whether the learning rate is to be reduced. */
sape_stop sape_convergence_observe(struct sape_convergence *convergence, const sape_trainer_params *params,
                                   uint64_t epoch_batches, uint64_t iteration, double loss, bool *reduce);

/* Whether the caller wants convergence to be watched. */
bool sape_convergence_watched(const sape_trainer_params *params);

/* The state; and what must hold in it, of batches_used of an epoch's batches after num_steps steps. */
void sape_convergence_list_state(struct sape_convergence *convergence, struct sape_state *state);
sape_status sape_convergence_check_state(const struct sape_convergence *convergence, uint64_t batches_used,
                                         uint64_t epoch_batches, uint64_t num_steps);

#endif
