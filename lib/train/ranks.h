/* SPDX-License-Identifier: MIT */
/* Training on several ranks: what they compare before a run, and what they sum in an iteration. */
#ifndef SAPE_LIB_RANKS_H
#define SAPE_LIB_RANKS_H

#include "train/gradient.h"
#include "train/updater.h"

struct sape_ranks {
    /* NULL on one rank. */
    sape_reduce_fn reduce;
    void *user;
    /* What goes through reduce: the gradient's rows in use, that of the encoder's tables, and a few numbers. */
    float *buffer;
    /* Whether the ranks have been compared since something changed, and the samples of all their batches. */
    bool agreed;
    size_t union_size;
    /* A callback of this rank, or of any rank, wants to stop. */
    bool stop_wanted, stop;
    /* The mean of the union's per-sample losses. */
    double sample_loss;
};

/* What a rank has to say of an iteration: how it went, whether its sampler has ended the training, and of samples with
   weights their sum. */
struct sape_rank_part {
    sape_status status;
    bool ended, weighted;
    double weight;
};

/* The function of the caller's, NULL for none; nothing changes when it fails. */
sape_status sape_ranks_set(struct sape_ranks *ranks, const sape_field *field, sape_reduce_fn reduce, void *user);
void sape_ranks_close(struct sape_ranks *ranks);

/* Before they are compared again: a batch of this rank alone. */
void sape_ranks_forget(struct sape_ranks *ranks, size_t batch_size);

/* What ranks compare before a run: digests of what must be the same everywhere. */
struct sape_rank_digests {
    uint64_t settings, state, num_iterations;
};

/* Before a run: compares the ranks and counts their samples. status is this rank's own; when it is an error
   the others learn of it. Without a reduce function it is returned, and nothing happens. */
sape_status sape_ranks_begin(struct sape_ranks *ranks, const struct sape_rank_digests *digests, size_t batch_size,
                             sape_status status);

/* What is reduced, and with which threads. */
struct sape_reduce_call {
    const sape_field *field;
    struct sape_gradients *gradients;
    struct sape_pool *pool;
    size_t *touched;
};

/* Sums gradients and losses into the first slot; rows of the first layer that any rank may have reached count as
   touched. part->status as above; part->ended becomes whether any rank's sampler has ended the training. */
sape_status sape_ranks_reduce(struct sape_ranks *ranks, const struct sape_reduce_call *call,
                              struct sape_rank_part *part, double *loss);

/* Sums what the mask has recorded, where it is about to be used. */
sape_status sape_ranks_reduce_mask(const struct sape_ranks *ranks, struct sape_mask *mask);

/* Whether this iteration is the last, when this rank's callback has said whether it wants to stop. */
bool sape_ranks_stop(struct sape_ranks *ranks, bool wanted);

#endif
