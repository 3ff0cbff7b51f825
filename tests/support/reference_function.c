/* SPDX-License-Identifier: MIT */
#include "reference_function.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define ROOT_HALF 0.70710678118654752440
#define DENSITY 0.39894228040143267794
/* PyTorch's threshold. */
#define SOFTPLUS_LINEAR 20.0

const char *const reference_function_names[NUM_REFERENCE_FUNCTIONS] = {
    "relu", "leaky_relu", "sine", "softplus", "gelu", "silu", "tanh", "gaussian", "sigmoid", "exp", "none"};

static struct reference_curve relu(double a, double z) {
    (void)a;
    return (struct reference_curve){fmax(z, 0.0), z > 0.0 ? 1.0 : 0.0, 0.0};
}

static struct reference_curve leaky_relu(double a, double z) {
    (void)a;
    return (struct reference_curve){z < 0.0 ? 0.01 * z : z, z < 0.0 ? 0.01 : 1.0, 0.0};
}

static struct reference_curve sine(double a, double z) {
    return (struct reference_curve){sin(a * z), a * cos(a * z), -a * a * sin(a * z)};
}

static struct reference_curve sigmoid(double a, double z) {
    (void)a;
    const double value = 1.0 / (1.0 + exp(-z)), rest = 1.0 / (1.0 + exp(z));
    return (struct reference_curve){value, value * rest, value * rest * (rest - value)};
}

static struct reference_curve softplus(double a, double z) {
    if (a * z > SOFTPLUS_LINEAR) return (struct reference_curve){z, 1.0, 0.0};
    const struct reference_curve inner = sigmoid(1.0, a * z);
    return (struct reference_curve){log1p(exp(a * z)) / a, inner.value, a * inner.slope};
}

static struct reference_curve gelu(double a, double z) {
    (void)a;
    const double share = 0.5 * erfc(-z * ROOT_HALF), density = DENSITY * exp(-0.5 * z * z);
    return (struct reference_curve){z * share, share + z * density, density * (2.0 - z * z)};
}

static struct reference_curve silu(double a, double z) {
    const struct reference_curve inner = sigmoid(a, z);
    return (struct reference_curve){z * inner.value, inner.value + z * inner.slope,
                                    2.0 * inner.slope + z * inner.curvature};
}

static struct reference_curve hyperbolic_tangent(double a, double z) {
    (void)a;
    const double value = tanh(z), slope = 1.0 / (cosh(z) * cosh(z));
    return (struct reference_curve){value, slope, -2.0 * value * slope};
}

static struct reference_curve gaussian(double a, double z) {
    const double value = exp(-a * a * z * z), inner = -2.0 * a * a * z;
    return (struct reference_curve){value, inner * value, (inner * inner - 2.0 * a * a) * value};
}

static struct reference_curve exponential(double a, double z) {
    (void)a;
    return (struct reference_curve){exp(z), exp(z), exp(z)};
}

static struct reference_curve none(double a, double z) {
    (void)a;
    return (struct reference_curve){z, 1.0, 0.0};
}

struct reference_curve reference_function(const char *name, double a, double z) {
    static struct reference_curve (*const functions[NUM_REFERENCE_FUNCTIONS])(double, double) = {
        relu, leaky_relu, sine, softplus, gelu, silu, hyperbolic_tangent, gaussian, sigmoid, exponential, none};
    for (size_t i = 0; i < NUM_REFERENCE_FUNCTIONS; i++)
        if (strcmp(name, reference_function_names[i]) == 0) return functions[i](a, z);
    abort();
}
