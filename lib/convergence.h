/* SPDX-License-Identifier: MIT */
/* When a training has converged: its loss is low enough, or has stood still for too long. */
#ifndef SAPE_LIB_CONVERGENCE_H
#define SAPE_LIB_CONVERGENCE_H

#include <sape/trainer.h>

struct sape_convergence {
    /* Losses of the epoch under way. */
    double sum;
    uint64_t batches;
    /* The loss that the next improvement is held against, and the iteration that counts as its: patience starts there.
     */
    double best;
    uint64_t since;
};

/* Checks tolerance, patience and min_improvement. */
sape_status sape_convergence_check(const char *function, const sape_trainer_params *params);

void sape_convergence_begin(struct sape_convergence *convergence);

/* Checks what must hold between its members, the batches of the epoch under way, those it consists of, and the steps.
 */
sape_status sape_convergence_check_state(const char *function, const struct sape_convergence *convergence,
                                         uint64_t batches_used, uint64_t epoch_batches, uint64_t num_steps);

/* Drops the epoch under way. */
void sape_convergence_new_epoch(struct sape_convergence *convergence);

/* Takes in the loss of an iteration, counted from 1, of epochs of so many batches; SAPE_STOP_ITERATIONS: go on. */
sape_stop sape_convergence_observe(struct sape_convergence *convergence, const sape_trainer_params *params,
                                   uint64_t epoch_batches, uint64_t iteration, double loss);

#endif
