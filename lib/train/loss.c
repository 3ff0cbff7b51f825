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

/* Added to the squared output in the relative loss's denominator. */
#define RELATIVE_FLOOR 0.01

static double sign(double x) {
    return x > 0.0 ? 1.0 : x < 0.0 ? -1.0 : 0.0;
}

/* The loss of one value, and its slope. */
static double value_loss(const struct sape_sample_loss *loss, double output, double target, double *slope) {
    const double error = output - target, delta = loss->huber_delta;
    switch (loss->kind) {
    case SAPE_LOSS_BCE:
        *slope = sigmoid(output) - target;
        return bce(output, target);
    case SAPE_LOSS_L1:
        *slope = sign(error);
        return fabs(error);
    case SAPE_LOSS_HUBER:
        *slope = fabs(error) <= delta ? error : delta * sign(error);
        return fabs(error) <= delta ? 0.5 * error * error : delta * (fabs(error) - 0.5 * delta);
    case SAPE_LOSS_RELATIVE_L2:
        *slope = 2.0 * error / (output * output + RELATIVE_FLOOR);
        return error * error / (output * output + RELATIVE_FLOOR);
    default:
        *slope = 2.0 * error;
        return error * error;
    }
}

double sape_loss_sample(const struct sape_sample_loss *loss, size_t output_dim, size_t stride, const float *outputs,
                        const float *targets, double scale, float *d_outputs) {
    double sum = 0.0;
    for (size_t i = 0; i < output_dim; i++) {
        double slope;
        sum += value_loss(loss, (double)outputs[i * stride], (double)targets[i], &slope);
        if (d_outputs != NULL) d_outputs[i * stride] = (float)(scale * slope);
    }
    return sum / (double)output_dim;
}

double sape_loss_mean(size_t n, const float *sample_loss, const float *weights) {
    double sum = 0.0, weight = 0.0;
    for (size_t i = 0; weights == NULL && i < n; i++) sum += (double)sample_loss[i];
    if (weights == NULL) return sum / (double)n;
    for (size_t i = 0; i < n; i++) {
        sum += (double)weights[i] * (double)sample_loss[i];
        weight += (double)weights[i];
    }
    return weight > 0.0 ? sum / weight : 0.0;
}

sape_status sape_loss_check_weights(const float *weights, size_t count, double *sum) {
    SAPE_TRY(sape_check_finite("weights", weights, count));
    *sum = 0.0;
    for (size_t i = 0; i < count; i++) {
        SAPE_REQUIRE(weights[i] >= 0.0f, "weights[%zu] is %g, must be >= 0", i, (double)weights[i]);
        *sum += (double)weights[i];
    }
    return SAPE_OK;
}

sape_status sape_loss_check_delta(double huber_delta) {
    SAPE_REQUIRE(huber_delta > 0.0 && !isinf(huber_delta), "huber_delta is %g, must be finite and greater than 0",
                 huber_delta);
    return SAPE_OK;
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

static sape_status check_evaluate(const struct sape_sample_loss *of, size_t n, size_t output_dim, const float *outputs,
                                  const float *targets) {
    const sape_loss kind = of->kind;
    SAPE_REQUIRE((unsigned)kind <= SAPE_LOSS_RELATIVE_L2 && !sape_loss_sees_batch(kind),
                 "kind is %d, must be mse, bce, l1, huber or relative_l2", (int)kind);
    if (kind == SAPE_LOSS_HUBER) SAPE_TRY(sape_loss_check_delta(of->huber_delta));
    SAPE_REQUIRE(n >= 1, "n is 0, must be at least 1");
    SAPE_REQUIRE(output_dim >= 1, "output_dim is 0, must be at least 1");
    SAPE_TRY(sape_check_size("n", n, output_dim));
    SAPE_REQUIRE_POINTER(outputs);
    SAPE_REQUIRE_POINTER(targets);
    SAPE_TRY(sape_check_finite("outputs", outputs, n * output_dim));
    return sape_loss_check_targets(kind, targets, n * output_dim);
}

sape_status sape_loss_evaluate_weighted(sape_loss kind, double huber_delta, size_t n, size_t output_dim,
                                        const float *outputs, const float *targets, const float *weights,
                                        float *d_outputs, float *sample_loss, double *loss) {
    SAPE_BEGIN_CALL();
    const struct sape_sample_loss of = {.kind = kind, .huber_delta = huber_delta};
    double total = (double)n, sum = 0.0;
    SAPE_TRY(check_evaluate(&of, n, output_dim, outputs, targets));
    if (weights != NULL) SAPE_TRY(sape_loss_check_weights(weights, n, &total));
    if (total == 0.0) total = 1.0;
    const double scale = 1.0 / (total * (double)output_dim);
    for (size_t i = 0; i < n; i++) {
        const size_t at = i * output_dim;
        const double weight = weights == NULL ? 1.0 : (double)weights[i];
        const double one = sape_loss_sample(&of, output_dim, 1, outputs + at, targets + at, weight * scale,
                                            d_outputs == NULL ? NULL : d_outputs + at);
        if (sample_loss != NULL) sample_loss[i] = (float)one;
        sum += weight * one;
    }
    if (loss != NULL) *loss = sum / total;
    return SAPE_OK;
}

sape_status sape_loss_evaluate(sape_loss kind, size_t n, size_t output_dim, const float *outputs, const float *targets,
                               float *d_outputs, float *sample_loss, double *loss) {
    SAPE_BEGIN_CALL();
    return sape_loss_evaluate_weighted(kind, 1.0, n, output_dim, outputs, targets, NULL, d_outputs, sample_loss, loss);
}
