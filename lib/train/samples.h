/* SPDX-License-Identifier: MIT */
/* The training samples: the caller's arrays or a function that draws them, and which of them are held out. */
#ifndef SAPE_LIB_SAMPLES_H
#define SAPE_LIB_SAMPLES_H

#include <sape/trainer.h>

#include "field/normalization.h"

struct sape_samples {
    /* How many; 0 as long as there are none. */
    size_t count;
    /* (count, d) and (count, o) in the field's units; targets may be NULL. */
    const float *x, *targets;
    size_t d, o;
    /* The same in the caller's units, which the caller's functions see; and memory of the session's own for those in
       the field's, where they are others. */
    const float *caller_x, *caller_targets;
    float *own_x, *own_targets;
    /* How many have coordinates far outside of where a field is at home. */
    size_t num_outside;
    /* (count) weights; NULL for none. */
    const float *weights;
    /* What draws count samples for every iteration instead; NULL for nothing. */
    sape_sample_fn sampler;
    void *sampler_user;
    /* How many are trained on; the others are held out. */
    size_t num_training;
};

/* How many of n samples are held out. */
size_t sape_held_out_count(double share, size_t n);

/* 0 .. count - 1: ascending, first those that are trained on, then those held out. */
void sape_held_out_draw(const struct sape_samples *samples, uint64_t seed, size_t *order);

/* Copies some of the caller's samples together; their targets where there are some. */
void sape_samples_gather(const struct sape_samples *samples, size_t count, const size_t *which, float *x,
                         float *targets);
void sape_samples_gather_caller(const struct sape_samples *samples, size_t count, const size_t *which, float *x,
                                float *targets);

/* Copies the caller's arrays into the field's units, where these are others. To be closed also when it fails. */
sape_status sape_samples_normalize(struct sape_samples *samples, const struct sape_normalization *normalization);
void sape_samples_close(struct sape_samples *samples);

/* How many rows have a coordinate far outside [-1, 1]. */
size_t sape_samples_outside(size_t n, size_t d, const float *x);

/* Checks weights of the samples, whose places have first those that are trained on; order may be NULL for as they come.
   Neither part may have weights of 0 alone. */
sape_status sape_samples_check_weights(const struct sape_samples *samples, const float *weights, const size_t *order);

/* The samples that are trained on, in their order; in place where none are held out. */
struct sape_training_samples {
    size_t n;
    const float *x, *targets;
    float *copies[2];
};

/* Of samples with targets. To be closed also when it fails. */
sape_status sape_training_samples_open(const struct sape_samples *samples, uint64_t seed,
                                       struct sape_training_samples *training);
void sape_training_samples_close(struct sape_training_samples *training);

#endif
