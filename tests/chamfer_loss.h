/* SPDX-License-Identifier: MIT */
/* The Chamfer loss by brute force, as a sape_loss_fn. */
#ifndef SAPE_TESTS_CHAMFER_LOSS_H
#define SAPE_TESTS_CHAMFER_LOSS_H

#include <stddef.h>

struct chamfer_targets {
    size_t count;
    const double *points;
};

/* user is a struct chamfer_targets of points with output_dim coordinates. */
int chamfer_loss(void *user, size_t n, const float *x, size_t output_dim, const float *outputs, const float *targets,
                 float *d_outputs, float *sample_loss, double *loss);

#endif
