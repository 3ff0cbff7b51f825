/* SPDX-License-Identifier: MIT */
/*
 * A tile's derivatives along one coordinate, forward with the values and back to the parameters. The derivatives go
 * through the layers as the values do, but without biases, and are multiplied by the slopes of the values' functions.
 * Where those bend, a loss on derivatives is one on the values too: tangents_backward() collects what it means for
 * them, and tangents_finish() takes that back to the parameters.
 */
#ifndef SAPE_LIB_TANGENT_H
#define SAPE_LIB_TANGENT_H

#include "field/tile.h"

struct sape_tangents {
    float *memory;
    /* As a workspace's, for the derivatives of the values. With SAPE_USE_JACOBIAN, slopes hold the functions'
       curvatures times the derivatives before them, curvatures the gradient with respect to the values before them. */
    struct sape_activations activations;
    /* A layer's biases' gradient, which derivatives have no part in. */
    float *bias;
};

/* For derivatives alone, SAPE_USE_OUTPUTS, or a loss on them, SAPE_USE_JACOBIAN. */
sape_status sape_tangents_open(struct sape_tangents *tangents, const struct sape_field *field, size_t tile_samples,
                               enum sape_use use);
void sape_tangents_close(struct sape_tangents *tangents);

/* Derivatives along a coordinate of the workspace's tile, after its sape_tile_forward(); the workspace must have been
   opened for gradients with respect to coordinates. */
void sape_tangents_forward(const struct sape_field *field, struct sape_workspace *workspace, size_t axis,
                           struct sape_tangents *tangents);

/* Adds to the parameters' gradient what the gradient with respect to the outputs' derivatives, d_values[0].single,
   gives; and to that of the encoder's tables, where it has some. */
void sape_tangents_backward(const struct sape_field *field, struct sape_workspace *workspace, size_t axis,
                            struct sape_tangents *tangents, float *gradient, struct sape_tables *tables);

/* After the last axis, the first of which was 0: adds what the derivatives' gradients mean for the values. */
void sape_tangents_finish(const struct sape_field *field, struct sape_workspace *workspace,
                          struct sape_tangents *tangents, float *gradient, struct sape_tables *tables);

/* From the outputs' derivatives to their places in a batch's Jacobian (n, o, d), and from one's gradient, scaled, to
   d_values[0].single. */
void sape_tangents_store(const struct sape_field *field, const struct sape_batch *batch,
                         const struct sape_workspace *workspace, size_t axis, const struct sape_tangents *tangents,
                         float *jacobian);
void sape_tangents_load(const struct sape_field *field, const struct sape_batch *batch,
                        const struct sape_workspace *workspace, size_t axis, float scale, const float *d_jacobian,
                        struct sape_tangents *tangents);

#endif
