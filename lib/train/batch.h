/* SPDX-License-Identifier: MIT */
/* Which samples an iteration sees, and in which order. */
#ifndef SAPE_LIB_BATCH_H
#define SAPE_LIB_BATCH_H

#include "base/random.h"
#include "field/tile.h"
#include "train/samples.h"

struct sape_batches {
    const struct sape_samples *samples;
    /* Samples of an iteration, and of one of its batches, of which the last may be smaller. */
    size_t size, slice;
    /* The epoch: the order of the samples, first those that are trained on, and how many of these have been used. NULL
       where all samples are in every batch. */
    size_t *epoch;
    size_t used;
    /* This iteration's samples: the caller's arrays, or what was gathered from them or sampled. */
    const float *x, *targets;
    float *gathered_x, *gathered_targets, *gathered_weights;
    /* The same in the caller's units, as the caller's functions see them, with memory of its own where these are
     * others.
     */
    const float *caller_x, *caller_targets;
    float *gathered_caller_x, *gathered_caller_targets;
    const struct sape_normalization *normalization;
    /* Of a sampler's samples so far. */
    size_t num_outside;
    /* Which of the caller's samples they are, NULL for all as they come; their weights, NULL for none, and the sum. */
    const size_t *which;
    const float *weights;
    double weight;
    /* Their places in the mask's grid, and their order, those with the most features first; as they are under a version
       of the mask. */
    struct sape_place *places;
    size_t *order;
    uint16_t *bounds;
    size_t *starts;
    bool placed;
    /* Whether the samples have weights, for checkpoints. */
    bool weighted;
    uint64_t placed_version;
    /* What the tiles read. */
    struct sape_batch batch;
};

/* Memory for batches of up to that many samples, 0 for all, of which an iteration takes `accumulate`. To be closed also
   when it fails. */
sape_status sape_batches_open(const struct sape_samples *samples, const sape_trainer_params *params,
                              const sape_field *field, struct sape_batches *batches);
/* Gives the samples weights, NULL for none; nothing changes when it fails. */
sape_status sape_batches_set_weights(struct sape_batches *batches, struct sape_samples *samples, const float *weights);
void sape_batches_close(struct sape_batches *batches);

/* Batches of an epoch, and those that it has had. */
uint64_t sape_batches_of_epoch(const struct sape_batches *batches);
uint64_t sape_batches_used(const struct sape_batches *batches);

/* What the next batch is asked with. */
struct sape_batch_call {
    const sape_field *field;
    /* Tiles shall find samples of equal cost together. */
    bool sort;
    struct sape_random *random;
    /* For a sampler. */
    uint64_t iteration;
    sape_loss loss;
};

/* What it begins, or that there is none: a sampler has ended the training. */
struct sape_batch_event {
    bool new_epoch, ended;
};

sape_status sape_batches_next(struct sape_batches *batches, const struct sape_batch_call *call,
                              struct sape_batch_event *event);

/* The state; and what must hold in it. */
void sape_batches_list_state(struct sape_batches *batches, struct sape_state *state);
sape_status sape_batches_check_state(const struct sape_batches *batches, const struct sape_batches *drawn);

#endif
