/* SPDX-License-Identifier: MIT */
/* Small trainers of every kind: policies, losses, optimizers, batches, validation, adaptive rate, convergence,
 * and all that a trainer keeps besides. */
#ifndef SAPE_TESTS_KINDS_H
#define SAPE_TESTS_KINDS_H

#include <stdbool.h>

#include "support.h"

#define KIND_SAMPLES 40
#define KIND_OUTPUTS 2
#define NUM_KINDS 11

struct kind {
    sape_policy policy;
    sape_loss loss;
    sape_encoding encoding;
    sape_optimizer_kind optimizer;
    size_t batch_size;
    bool validation, rate, convergence, run;
    /* Weights, batches that accumulate, clipping, averages, reductions on a plateau, a history. */
    bool extras;
};

extern const struct kind kinds[NUM_KINDS];

struct training {
    float x[KIND_SAMPLES], y[KIND_SAMPLES * KIND_OUTPUTS], weights[KIND_SAMPLES];
    sape_field *field;
    sape_trainer *trainer;
};

struct training *new_training(const struct kind *kind);
void free_training(struct training *t);

sape_safetensors *training_checkpoint(const struct training *t);

/* After some steps, in the midst of an epoch; of some kinds with the field at its best by the held-out samples. */
sape_safetensors *honest_checkpoint(const struct kind *kind);

/* Every row goes back into progress, and the mask goes on from there. */
void use_mask(sape_field *field, const float *x);

/* What can be saved can be restored. */
void save_and_restore(const struct training *t, const struct kind *kind);

#endif
