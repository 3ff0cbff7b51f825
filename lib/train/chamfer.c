/* SPDX-License-Identifier: MIT */
/* The Chamfer loss: every point pulls at, or is pulled by, the nearest one of the other set. */
#include "train/chamfer.h"

#include <math.h>
#include <sape/loss.h>
#include <string.h>

#include "base/call.h"
#include "base/error.h"
#include "base/memory.h"

sape_status sape_chamfer_open(struct sape_chamfer *chamfer, size_t dim, size_t most_outputs, size_t most_targets) {
    *chamfer = (struct sape_chamfer){.gradient = NULL};
    SAPE_TRY(sape_nearest_open(&chamfer->outputs, dim, most_outputs));
    SAPE_TRY(sape_nearest_open(&chamfer->targets, dim, most_targets));
    chamfer->gradient = SAPE_NEW_ARRAY(double, most_outputs *dim);
    if (chamfer->gradient != NULL) return SAPE_OK;
    return sape_fail(SAPE_ERROR_MEMORY, "no memory for the gradient of %zu outputs", most_outputs);
}

void sape_chamfer_close(struct sape_chamfer *chamfer) {
    sape_nearest_close(&chamfer->outputs);
    sape_nearest_close(&chamfer->targets);
    sape_release(chamfer->gradient);
    *chamfer = (struct sape_chamfer){.gradient = NULL};
}

/* Adds scale times the gradient of |output - target|: nothing where the two coincide. */
static void pull(size_t dim, const float *output, const float *target, double length, double scale, double *gradient) {
    if (length == 0.0) return;
    for (size_t a = 0; a < dim; a++) gradient[a] += scale * ((double)output[a] - (double)target[a]) / length;
}

/* 1 over the sum of weights, 0 where that is 0. */
static double share_of_weight(size_t n, const float *weights) {
    double sum = 0.0;
    for (size_t i = 0; i < n; i++) sum += (double)weights[i];
    return sum > 0.0 ? 1.0 / sum : 0.0;
}

double sape_chamfer_evaluate(struct sape_chamfer *chamfer, size_t n, const float *outputs, const float *weights,
                             size_t m, const float *targets, float *d_outputs, float *sample_loss) {
    const size_t dim = chamfer->outputs.dim;
    const double even_share = weights == NULL ? 1.0 / (double)n : share_of_weight(n, weights);
    const double target_share = 1.0 / (double)m;
    double *gradient = chamfer->gradient;
    double loss = 0.0;
    size_t nearest = 0;
    memset(gradient, 0, n * dim * sizeof *gradient);
    sape_nearest_build(&chamfer->targets, m, targets);
    sape_nearest_build(&chamfer->outputs, n, outputs);
    /* Neighbours in the arrays are often neighbours in space: what was nearest to one is near to the next. */
    for (size_t i = 0; i < n; i++) {
        const float *output = outputs + i * dim;
        const double length = sqrt(sape_nearest_find(&chamfer->targets, output, &nearest, NULL));
        const double output_share = weights == NULL ? even_share : even_share * (double)weights[i];
        if (sample_loss != NULL) sample_loss[i] = (float)length;
        loss += output_share * length;
        pull(dim, output, targets + nearest * dim, length, output_share, gradient + i * dim);
    }
    nearest = 0;
    for (size_t j = 0; j < m; j++) {
        const float *target = targets + j * dim;
        const double length = sqrt(sape_nearest_find(&chamfer->outputs, target, &nearest, NULL));
        loss += target_share * length;
        pull(dim, outputs + nearest * dim, target, length, target_share, gradient + nearest * dim);
    }
    for (size_t i = 0; d_outputs != NULL && i < n * dim; i++) d_outputs[i] = (float)gradient[i];
    return loss;
}

sape_status sape_loss_chamfer(size_t dim, size_t n, const float *outputs, size_t m, const float *targets,
                              float *d_outputs, float *sample_loss, double *loss) {
    SAPE_BEGIN_CALL();
    SAPE_REQUIRE(dim >= 1 && dim <= SAPE_NEAREST_MAX_DIM, "dim is %zu, must be 1 to %d", dim, SAPE_NEAREST_MAX_DIM);
    SAPE_REQUIRE(n >= 1, "n is 0, must be at least 1");
    SAPE_REQUIRE(m >= 1, "m is 0, must be at least 1");
    if (n > SIZE_MAX / sizeof(double) / dim) return sape_fail(SAPE_ERROR_MEMORY, "n is %zu, too many for memory", n);
    if (m > SIZE_MAX / sizeof(double) / dim) return sape_fail(SAPE_ERROR_MEMORY, "m is %zu, too many for memory", m);
    SAPE_REQUIRE_POINTER(outputs);
    SAPE_REQUIRE_POINTER(targets);
    SAPE_TRY(sape_check_finite("outputs", outputs, n * dim));
    SAPE_TRY(sape_check_finite("targets", targets, m * dim));
    struct sape_chamfer chamfer;
    const sape_status status = sape_chamfer_open(&chamfer, dim, n, m);
    if (status == SAPE_OK) {
        const double value = sape_chamfer_evaluate(&chamfer, n, outputs, NULL, m, targets, d_outputs, sample_loss);
        if (loss != NULL) *loss = value;
    }
    sape_chamfer_close(&chamfer);
    return status;
}
