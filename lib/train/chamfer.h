/* SPDX-License-Identifier: MIT */
/* The Chamfer loss with memory that is kept from call to call. */
#ifndef SAPE_LIB_CHAMFER_H
#define SAPE_LIB_CHAMFER_H

#include "signal/nearest.h"

struct sape_chamfer {
    struct sape_nearest outputs, targets;
    /* (outputs, dim) sums in double precision: many targets may pull at one output. */
    double *gradient;
};

/* Memory for up to this many outputs and targets. A struct that is all zero can be closed. */
sape_status sape_chamfer_open(struct sape_chamfer *chamfer, size_t dim, size_t most_outputs, size_t most_targets);
void sape_chamfer_close(struct sape_chamfer *chamfer);

/* The loss of n outputs and m targets, all finite, as sape_loss_chamfer(); the outputs' distances have weights where
   there are some. weights, d_outputs and sample_loss may be NULL. */
double sape_chamfer_evaluate(struct sape_chamfer *chamfer, size_t n, const float *outputs, const float *weights,
                             size_t m, const float *targets, float *d_outputs, float *sample_loss);

#endif
