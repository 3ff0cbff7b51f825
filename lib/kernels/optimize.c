/* SPDX-License-Identifier: MIT */
/* Optimizer steps; the gradient's parts are summed on the way, always in the same order. */
#include "optimize.h"

static inline vf gradient_at(size_t num_gradients, const float *const *gradients, size_t i) {
    vf sum = vf_load(gradients[0] + i);
    for (size_t g = 1; g < num_gradients; g++) sum += vf_load(gradients[g] + i);
    return sum;
}

/* Numbers and addresses are copied, since the compiler must take it that stores may change them. A first moment that is
 * not finite shows in the parameter; an infinite second one makes its step zero. */
bool VARIANT(adam)(const struct sape_adam *adam, size_t count, size_t num_gradients, const float *const *gradients,
                   const struct sape_stepped *to) {
    const struct sape_stepped a = *to;
    const struct sape_adam n = *adam;
    vi bad = {0};
    for (size_t i = 0; i < count; i += LANES) {
        const vf gradient = gradient_at(num_gradients, gradients, i);
        const vf old_p = vf_load(a.parameters + i), old_m = vf_load(a.first + i), old_v = vf_load(a.second + i);
        const vf m = settle(n.beta1 * old_m + n.one_minus_beta1 * gradient);
        const vf v = settle(n.beta2 * old_v + n.one_minus_beta2 * (gradient * gradient));
        const vf root = vf_sqrt(v) * n.root_scale + n.epsilon;
        const vf p = old_p * n.decay - n.step * m / root;
        vf_store(a.kept_first + i, old_m);
        vf_store(a.kept_second + i, old_v);
        vf_store(a.kept_parameters + i, old_p);
        vf_store(a.first + i, m);
        vf_store(a.second + i, v);
        vf_store(a.parameters + i, p);
        bad |= unless_finite(v) | unless_finite(p);
    }
    return all_finite(bad);
}

bool VARIANT(sgd)(float rate, float momentum, float decay, size_t count, size_t num_gradients,
                  const float *const *gradients, const struct sape_stepped *to) {
    const struct sape_stepped a = *to;
    vi bad = {0};
    for (size_t i = 0; i < count; i += LANES) {
        const vf old_p = vf_load(a.parameters + i), old_v = vf_load(a.first + i);
        const vf v = settle(momentum * old_v + gradient_at(num_gradients, gradients, i));
        const vf p = old_p * decay - rate * v;
        vf_store(a.kept_first + i, old_v);
        vf_store(a.kept_parameters + i, old_p);
        vf_store(a.first + i, v);
        vf_store(a.parameters + i, p);
        bad |= unless_finite(p);
    }
    return all_finite(bad);
}
