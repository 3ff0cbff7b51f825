/* SPDX-License-Identifier: MIT */
/* Losses that see all of a batch's outputs at once: the caller's own, and Chamfer. */
#ifndef SAPE_LIB_WHOLE_H
#define SAPE_LIB_WHOLE_H

#include "train/batch.h"
#include "train/jacobian.h"
#include "train/objective.h"

struct sape_whole {
    /* (batch, o) outputs and their gradient. */
    float *outputs, *d_outputs;
    struct sape_chamfer chamfer;
    struct sape_jacobian jacobian;
    /* What the caller's function sees while it runs. */
    struct sape_shown shown;
};

/* What one evaluation is of. */
struct sape_whole_call {
    const struct sape_objective *objective;
    const struct sape_batches *batches;
    /* Of the target points' draw. */
    struct sape_random *random;
    /* Weights are divided by their sum later, when that of all ranks is known. */
    bool deferred;
};

/* The loss of the outputs and its gradient, batch by batch of the iteration, and the samples' losses. */
sape_status sape_whole_loss(struct sape_whole *whole, const struct sape_whole_call *call, float *sample_loss,
                            double *loss);

#endif
