/* SPDX-License-Identifier: MIT */
/* Which samples an iteration sees, and in which order. */
#ifndef SAPE_LIB_BATCH_H
#define SAPE_LIB_BATCH_H

#include "base/random.h"
#include "field/tile.h"
#include "train/samples.h"

struct sape_batches {
    const struct sape_samples *samples;
    /* Samples of an iteration. */
    size_t size;
    /* The epoch: the order of the samples, first those that are trained on, and how many of these have been used. NULL
       where all samples are in every batch. */
    size_t *epoch;
    size_t used;
    /* This iteration's samples: the caller's arrays, or what was gathered from them or sampled. */
    const float *x, *targets;
    float *gathered_x, *gathered_targets;
    /* Their places in the mask's grid, and their order, those with the most features first; as they are under a version
       of the mask. */
    struct sape_place *places;
    size_t *order;
    uint16_t *bounds;
    size_t *starts;
    bool placed;
    uint64_t placed_version;
    /* What the tiles read. */
    struct sape_batch batch;
};

/* Memory for batches of up to that many samples, 0 for all. To be closed also when it fails. */
sape_status sape_batches_open(const struct sape_samples *samples, size_t batch_size, const sape_field *field,
                              uint64_t seed, struct sape_batches *batches);
void sape_batches_close(struct sape_batches *batches);

/* Batches of an epoch, and those that it has had. */
uint64_t sape_batches_of_epoch(const struct sape_batches *batches);
uint64_t sape_batches_used(const struct sape_batches *batches);

/* The next batch; *new_epoch says whether an epoch begins with it. sort: tiles shall find samples of equal cost
   together. iteration and loss are for a sampler. */
sape_status sape_batches_next(struct sape_batches *batches, const sape_field *field, bool sort,
                              struct sape_random *random, uint64_t iteration, sape_loss loss, bool *new_epoch);

/* The state; and what must hold in it. */
void sape_batches_list_state(struct sape_batches *batches, struct sape_state *state);
sape_status sape_batches_check_state(const struct sape_batches *batches, const struct sape_batches *drawn);

#endif
