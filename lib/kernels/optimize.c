/* SPDX-License-Identifier: MIT */
/* Optimizer steps; the gradient's parts are summed on the way, always in the same order. */
#include "variant.h"

static inline vf gradient_at(size_t num_gradients, const float *const *gradients, size_t i) {
    vf sum = vf_load(gradients[0] + i);
    for (size_t g = 1; g < num_gradients; g++) sum += vf_load(gradients[g] + i);
    return sum;
}

static inline vf vf_sqrt(vf v) {
    vf root;
    for (size_t lane = 0; lane < LANES; lane++) root[lane] = __builtin_sqrtf(v[lane]);
    return root;
}

/* Moments that fade away would end as denormal numbers, which many processors are slow at: they end as zero, long after
   they have stopped to move a parameter. */
static inline vf settle(vf v) {
    const vf magnitude = (vf)((vi)v & INT32_MAX);
    return vf_select(magnitude < vf_set(1e-36f), vf_set(0.0f), v);
}

void VARIANT(adam)(const struct sape_adam *adam, size_t count, size_t num_gradients, const float *const *gradients,
                   float *parameters, float *first, float *second) {
    for (size_t i = 0; i < count; i += LANES) {
        const vf gradient = gradient_at(num_gradients, gradients, i);
        const vf m = settle(adam->beta1 * vf_load(first + i) + adam->one_minus_beta1 * gradient);
        const vf v = settle(adam->beta2 * vf_load(second + i) + adam->one_minus_beta2 * (gradient * gradient));
        const vf root = vf_sqrt(v) * adam->root_scale + adam->epsilon;
        vf_store(first + i, m);
        vf_store(second + i, v);
        vf_store(parameters + i, vf_load(parameters + i) * adam->decay - adam->step * m / root);
    }
}

void VARIANT(sgd)(float rate, float momentum, float decay, size_t count, size_t num_gradients,
                  const float *const *gradients, float *parameters, float *velocity) {
    for (size_t i = 0; i < count; i += LANES) {
        const vf v = settle(momentum * vf_load(velocity + i) + gradient_at(num_gradients, gradients, i));
        vf_store(velocity + i, v);
        vf_store(parameters + i, vf_load(parameters + i) * decay - rate * v);
    }
}
