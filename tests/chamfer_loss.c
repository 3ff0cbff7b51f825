/* SPDX-License-Identifier: MIT */
#include "chamfer_loss.h"

#include <math.h>
#include <string.h>

static double distance(size_t dim, const float *output, const double *target) {
    double sum = 0.0;
    for (size_t k = 0; k < dim; k++) sum += ((double)output[k] - target[k]) * ((double)output[k] - target[k]);
    return sqrt(sum);
}

static void add_gradient(size_t dim, const float *output, const double *target, double scale, float *gradient) {
    const double length = distance(dim, output, target);
    if (length == 0.0) return;
    for (size_t k = 0; k < dim; k++) gradient[k] += (float)(scale * ((double)output[k] - target[k]) / length);
}

int chamfer_loss(void *user, size_t n, const float *x, size_t output_dim, const float *outputs, const float *targets,
                 float *d_outputs, float *sample_loss, double *loss) {
    const struct chamfer_targets *points = user;
    const double to_target = 1.0 / (double)n, to_output = 1.0 / (double)points->count;
    (void)x;
    (void)targets;
    memset(d_outputs, 0, n * output_dim * sizeof *d_outputs);
    *loss = 0.0;
    for (size_t i = 0; i < n; i++) {
        size_t best = 0;
        for (size_t j = 1; j < points->count; j++)
            if (distance(output_dim, outputs + i * output_dim, points->points + j * output_dim) <
                distance(output_dim, outputs + i * output_dim, points->points + best * output_dim))
                best = j;
        const double nearest = distance(output_dim, outputs + i * output_dim, points->points + best * output_dim);
        sample_loss[i] = (float)nearest;
        *loss += to_target * nearest;
        add_gradient(output_dim, outputs + i * output_dim, points->points + best * output_dim, to_target,
                     d_outputs + i * output_dim);
    }
    for (size_t j = 0; j < points->count; j++) {
        size_t best = 0;
        for (size_t i = 1; i < n; i++)
            if (distance(output_dim, outputs + i * output_dim, points->points + j * output_dim) <
                distance(output_dim, outputs + best * output_dim, points->points + j * output_dim))
                best = i;
        *loss += to_output * distance(output_dim, outputs + best * output_dim, points->points + j * output_dim);
        add_gradient(output_dim, outputs + best * output_dim, points->points + j * output_dim, to_output,
                     d_outputs + best * output_dim);
    }
    return 0;
}
