/* SPDX-License-Identifier: MIT */
/* The points of a Chamfer loss: which of them an iteration sees, and what follows for the outputs. */
#ifndef SAPE_LIB_POINTS_H
#define SAPE_LIB_POINTS_H

#include <sape/trainer.h>

#include "base/random.h"
#include "state/state.h"
#include "train/chamfer.h"

struct sape_target_points {
    size_t count, per_iteration;
    const float *points;
    /* Only where not all are taken: 0 .. count - 1, the places swapped in a draw, and the points drawn. */
    size_t *order, *swapped;
    float *drawn;
};

/* per_iteration of m points of dim coordinates, which stay the caller's; 0 for all. */
sape_status sape_target_points_open(size_t m, const float *points, size_t per_iteration, size_t dim,
                                    struct sape_target_points *target);
void sape_target_points_close(struct sape_target_points *target);

/* The Chamfer loss of n outputs, with weights where there are some, their gradient and the samples' losses; NaN where
   an output is not finite. chamfer is opened where it has not been. */
sape_status sape_target_points_loss(const struct sape_target_points *target, struct sape_chamfer *chamfer,
                                    struct sape_random *random, size_t n, size_t dim, const float *outputs,
                                    const float *weights, float *d_outputs, float *sample_loss, double *loss);

#endif
