/* SPDX-License-Identifier: MIT */
/* The history of losses: a bounded number of entries, each for as many iterations as it takes. */
#ifndef SAPE_LIB_HISTORY_H
#define SAPE_LIB_HISTORY_H

#include <sape/trainer.h>

#include "state/state.h"

struct sape_history {
    /* Entries that there may be, an even number; 0 without a history. */
    size_t capacity;
    /* Entries so far, the iterations of each, and the iterations before the first. */
    size_t count;
    uint64_t stride, first;
    /* Mean losses, and the latest held-out losses, infinite for none. */
    double *loss, *validation;
    /* The entry under way: its iterations so far, the sum of their losses divided by the stride, which cannot overflow,
       and its latest held-out loss. */
    uint64_t pending;
    double sum, latest;
};

/* Checks the parameter. */
sape_status sape_history_check_capacity(size_t capacity);

/* To be closed also when it fails. */
sape_status sape_history_open(size_t capacity, struct sape_history *history);
void sape_history_close(struct sape_history *history);

/* Before the first iteration. */
void sape_history_begin(struct sape_history *history);

/* Takes in an iteration, counted from 1; validation is its held-out loss, infinite where none was computed. */
void sape_history_add(struct sape_history *history, uint64_t iteration, double loss, double validation);

/* The number of entries, with the one under way; and what they are, NaN for no held-out loss. The arrays may be
   NULL. */
size_t sape_history_count(const struct sape_history *history);
void sape_history_read(const struct sape_history *history, uint64_t *iterations, double *loss, double *validation);

/* Whether the file has a history of this size. */
bool sape_history_stored(const struct sape_history *history, const sape_safetensors *file);

/* The state; and what must hold in it after num_steps steps. */
void sape_history_list_state(struct sape_history *history, struct sape_state *state);
sape_status sape_history_check_state(const struct sape_history *history, uint64_t num_steps);

#endif
