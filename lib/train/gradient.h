/* SPDX-License-Identifier: MIT */
/* Loss and gradients of a batch: tile by tile, in slots that threads work on side by side. */
#ifndef SAPE_LIB_GRADIENT_H
#define SAPE_LIB_GRADIENT_H

#include "base/pool.h"
#include "field/tables.h"
#include "train/batch.h"
#include "train/objective.h"
#include "train/rate.h"
#include "train/whole.h"

struct sape_gradients {
    struct sape_plan plan;
    struct sape_workspace *workspaces;
    size_t num_workspaces;
    /* The slots' sums, and the first-layer rows that each has reached. */
    float *slots;
    size_t slot_active[SAPE_MAX_SLOTS];
    /* The slots, as the optimizer takes them. */
    const float *parts[SAPE_MAX_SLOTS];
    /* The batch's losses, sample by sample; and what a loss needs that wants to see them all. */
    float *sample_loss;
    struct sape_whole whole;
    /* Of the encoder's tables, where it has some. */
    struct sape_tables tables;
};

/* Memory for batches of n samples and a pool. To be closed also when it fails. */
sape_status sape_gradients_open(const sape_field *field, const struct sape_pool *pool, sape_loss loss, size_t n,
                                struct sape_gradients *gradients);
void sape_gradients_close(struct sape_gradients *gradients);

/* What one computation is of. */
struct sape_gradient_call {
    const sape_field *field;
    struct sape_pool *pool;
    const struct sape_objective *objective;
    const struct sape_batches *batches;
    /* NULL without an adaptive rate. */
    struct sape_rate *rate;
    /* Of the target points' draw. */
    struct sape_random *random;
    /* Samples of all ranks' batches. */
    size_t union_size;
    /* Weights are divided by their sum later, when that of all ranks is known. */
    bool deferred;
};

/* Losses and gradients, into sample_loss and the slots. First-layer rows below *touched have had a gradient before; it
   grows. */
sape_status sape_gradients_compute(struct sape_gradients *gradients, const struct sape_gradient_call *call,
                                   size_t *touched, double *loss);

/* Whether all that drives the mask is finite; a sample's loss may overflow where the mean, a double, does not. */
bool sape_gradients_losses_finite(const struct sape_gradients *gradients, double loss);

/* The mean of the samples' losses. */
double sape_gradients_mean_loss(const struct sape_gradients *gradients);

/* Sets rows begin .. end - 1 of the first layer to zero in all slots. */
void sape_gradients_clear_rows(struct sape_gradients *gradients, const sape_network *network, size_t begin, size_t end);

#endif
