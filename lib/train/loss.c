/* SPDX-License-Identifier: MIT */
#include "train/loss.h"

#include <math.h>

#include "base/call.h"
#include "base/error.h"

/* max(x, 0) - x y + log(1 + exp(-|x|)): no exponential can overflow. */
static double bce(double logit, double label) {
    return (logit > 0.0 ? logit : 0.0) - logit * label + (double)log1pf(expf(-(float)fabs(logit)));
}

static double sigmoid(double x) {
    const double e = (double)expf(-(float)fabs(x));
    return x >= 0.0 ? 1.0 / (1.0 + e) : e / (1.0 + e);
}

double sape_loss_sample(sape_loss kind, size_t output_dim, size_t stride, const float *outputs, const float *targets,
                        double scale, float *d_outputs) {
    double sum = 0.0;
    for (size_t i = 0; i < output_dim; i++) {
        const double output = (double)outputs[i * stride], target = (double)targets[i];
        double slope;
        if (kind == SAPE_LOSS_BCE) {
            sum += bce(output, target);
            slope = sigmoid(output) - target;
        } else {
            sum += (output - target) * (output - target);
            slope = 2.0 * (output - target);
        }
        if (d_outputs != NULL) d_outputs[i * stride] = (float)(scale * slope);
    }
    return sum / (double)output_dim;
}

bool sape_loss_sees_batch(sape_loss kind) {
    return kind == SAPE_LOSS_CUSTOM || kind == SAPE_LOSS_CHAMFER || kind == SAPE_LOSS_CUSTOM_JACOBIAN;
}

sape_status sape_loss_check_targets(sape_loss kind, const float *targets, size_t count) {
    SAPE_TRY(sape_check_finite("targets", targets, count));
    for (size_t i = 0; kind == SAPE_LOSS_BCE && i < count; i++)
        if (targets[i] < 0.0f || targets[i] > 1.0f)
            return sape_fail(SAPE_ERROR_ARGUMENT, "targets[%zu] is %g, must be in [0, 1]", i, (double)targets[i]);
    return SAPE_OK;
}

sape_status sape_loss_evaluate(sape_loss kind, size_t n, size_t output_dim, const float *outputs, const float *targets,
                               float *d_outputs, float *sample_loss, double *loss) {
    SAPE_BEGIN_CALL();
    SAPE_REQUIRE(kind == SAPE_LOSS_MSE || kind == SAPE_LOSS_BCE, "kind is %d, must be mse or bce", (int)kind);
    SAPE_REQUIRE(n >= 1, "n is 0, must be at least 1");
    SAPE_REQUIRE(output_dim >= 1, "output_dim is 0, must be at least 1");
    SAPE_TRY(sape_check_size("n", n, output_dim));
    SAPE_REQUIRE_POINTER(outputs);
    SAPE_REQUIRE_POINTER(targets);
    SAPE_TRY(sape_check_finite("outputs", outputs, n * output_dim));
    SAPE_TRY(sape_loss_check_targets(kind, targets, n * output_dim));
    const double scale = 1.0 / (double)(n * output_dim);
    double sum = 0.0;
    for (size_t i = 0; i < n; i++) {
        const size_t at = i * output_dim;
        const double one = sape_loss_sample(kind, output_dim, 1, outputs + at, targets + at, scale,
                                            d_outputs == NULL ? NULL : d_outputs + at);
        if (sample_loss != NULL) sample_loss[i] = (float)one;
        sum += one;
    }
    if (loss != NULL) *loss = sum / (double)n;
    return SAPE_OK;
}
