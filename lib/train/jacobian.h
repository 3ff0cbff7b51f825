/* SPDX-License-Identifier: MIT */
/* A loss of the caller's own that also sees how the outputs change with the coordinates: its memory, and a tile's way
   forward and back. */
#ifndef SAPE_LIB_JACOBIAN_H
#define SAPE_LIB_JACOBIAN_H

#include "field/tangent.h"
#include "train/objective.h"

/* (batch, o, d) values and their gradient, and each worker's memory. */
struct sape_jacobian {
    float *values, *d_values;
    struct sape_tangents *tangents;
    size_t num_tangents;
};

/* For batches of n samples. To be closed also when it fails. */
sape_status sape_jacobian_open(const sape_field *field, size_t n, size_t tile_samples, size_t workers,
                               struct sape_jacobian *jacobian);
void sape_jacobian_close(struct sape_jacobian *jacobian);

/* Derivatives of a tile's outputs; and back from theirs, scaled by share, to the parameters. */
void sape_jacobian_forward(const struct sape_jacobian *jacobian, const sape_field *field,
                           const struct sape_batch *batch, struct sape_workspace *workspace, size_t worker);
void sape_jacobian_backward(const struct sape_jacobian *jacobian, const sape_field *field,
                            const struct sape_batch *batch, struct sape_workspace *workspace, size_t worker,
                            float share, const struct sape_tile_gradient *to);

#endif
