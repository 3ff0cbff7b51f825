/* SPDX-License-Identifier: MIT */
/*
 * The functions that layers end with, a vector at a time: the value, the first and the second derivative at z.
 * Formulas: docs/mathematics.md. NaN stays NaN, so that a network that has diverged says so.
 */
#ifndef SAPE_KERNELS_ACTIVATION_H
#define SAPE_KERNELS_ACTIVATION_H

#include "kernels.h"
#include "vector_math.h"

#define LEAK 0.01f
/* From here on softplus is z itself. */
#define SOFTPLUS_LINEAR 20.0f
#define SQRT_HALF_INVERSE_PI 0.39894228040143267794f

struct vf_curve {
    vf value, slope, curvature;
};

/* What is the same for all vectors: the parameter, and for the sine its cycles per unit in an upper part of 12 bits and
   the rest. */
struct vf_constants {
    float a, cycles, rest;
};

static inline struct vf_constants vf_constants_of(float parameter) {
    const double cycles = (double)parameter * 0.15915494309189533577;
    float upper = (float)cycles;
    int32_t bits;
    memcpy(&bits, &upper, sizeof bits);
    bits &= (int32_t)0xFFFFF000;
    memcpy(&upper, &bits, sizeof upper);
    return (struct vf_constants){parameter, upper, (float)(cycles - (double)upper)};
}

static inline vf vf_abs(vf v) {
    return (vf)((vi)v & INT32_MAX);
}

static inline struct vf_curve vf_curve_relu(vf z, const struct vf_constants *c) {
    (void)c;
    return (struct vf_curve){.value = vf_relu(z)};
}

static inline struct vf_curve vf_curve_leaky_relu(vf z, const struct vf_constants *c) {
    (void)c;
    const vi below = z < vf_set(0.0f);
    return (struct vf_curve){vf_select(below, z * LEAK, z), vf_select(below, vf_set(LEAK), vf_set(1.0f)), vf_set(0.0f)};
}

/* Whole cycles are taken away from an exact product, so that a z of many cycles costs no precision. */
static inline struct vf_curve vf_curve_sine(vf z, const struct vf_constants *c) {
    const vf upper = (vf)((vi)z & (int32_t)0xFFFFF000);
    const vf product = upper * c->cycles;
    vf sine, cosine;
    vf_sincos_cycles((product - vf_round(product)) + (upper * c->rest + (z - upper) * (c->cycles + c->rest)), &sine,
                     &cosine);
    return (struct vf_curve){sine, cosine * c->a, sine * (-c->a * c->a)};
}

/* The logistic function of t, and 1 less it, both without cancellation. */
static inline void vf_logistic(vf t, vf *value, vf *rest) {
    const vf e = vf_exp_negative(-vf_abs(t));
    const vf larger = 1.0f / (e + 1.0f), smaller = e * larger;
    const vi below = t < vf_set(0.0f);
    *value = vf_select(below, smaller, larger);
    *rest = vf_select(below, larger, smaller);
}

static inline struct vf_curve vf_curve_softplus(vf z, const struct vf_constants *c) {
    const vf t = z * c->a, e = vf_exp_negative(-vf_abs(t));
    const vf larger = 1.0f / (e + 1.0f), smaller = e * larger;
    const vf value = (vf_select(t < vf_set(0.0f), vf_set(0.0f), t) + vf_log1p(e)) / c->a;
    const vi linear = t > vf_set(SOFTPLUS_LINEAR);
    return (struct vf_curve){
        vf_select(linear, z, value),
        vf_select(linear, vf_set(1.0f), vf_select(t < vf_set(0.0f), smaller, larger)),
        vf_select(linear, vf_set(0.0f), larger * smaller * c->a),
    };
}

/*
 * The normal distribution below -t, t >= 0, is exp(-t^2 / 2) Q(t). Q(t) (t + 3.5) is smooth in (t - 3.5) / (t + 3.5): a
 * minimax polynomial, good to 5e-9 up to where the exponential ends.
 */
static inline vf vf_normal_tail(vf t, vf exponential) {
    const vf inverse = 1.0f / (t + 3.5f), v = (t - 3.5f) * inverse;
    vf p = v * 1.156853567e-4f + 4.312549083e-4f;
    p = p * v + -4.938759264e-4f;
    p = p * v + -3.181251680e-3f;
    p = p * v + 6.491252261e-3f;
    p = p * v + 1.740759827e-2f;
    p = p * v + -1.160526719e-1f;
    p = p * v + 3.154249620e-1f;
    p = p * v + -5.655617605e-1f;
    p = p * v + 7.444160752e-1f;
    return p * inverse * exponential;
}

static inline struct vf_curve vf_curve_gelu(vf z, const struct vf_constants *c) {
    (void)c;
    const vf e = vf_exp_square(z, 0.5f), tail = vf_normal_tail(vf_abs(z), e), density = e * SQRT_HALF_INVERSE_PI;
    const vf share = vf_select(z < vf_set(0.0f), tail, 1.0f - tail);
    return (struct vf_curve){z * share, share + z * density, density * (2.0f - z * z)};
}

static inline struct vf_curve vf_curve_silu(vf z, const struct vf_constants *c) {
    (void)c;
    vf share, rest;
    vf_logistic(z, &share, &rest);
    return (struct vf_curve){z * share, share * (1.0f + z * rest), share * rest * (2.0f + z * (rest - share))};
}

/* Near zero x + x^3 P(x^2), elsewhere by the exponential. */
static inline struct vf_curve vf_curve_tanh(vf z, const struct vf_constants *c) {
    (void)c;
    const vf magnitude = vf_abs(z), e = vf_exp_negative(magnitude * -2.0f), inverse = 1.0f / (1.0f + e);
    const vf square = z * z;
    vf p = square * 2.293741991e-3f + -8.345011738e-3f;
    p = p * square + 2.176933269e-2f;
    p = p * square + -5.395932978e-2f;
    p = p * square + 1.333330404e-1f;
    p = p * square + -3.333333318e-1f;
    const vf large = (vf)((vi)((1.0f - e) * inverse) | ((vi)z & INT32_MIN));
    const vf value = vf_select(magnitude < vf_set(0.625f), z + z * square * p, large);
    const vf slope = 4.0f * e * inverse * inverse;
    return (struct vf_curve){value, slope, -2.0f * value * slope};
}

static inline struct vf_curve vf_curve_gaussian(vf z, const struct vf_constants *c) {
    const vf t = z * c->a, value = vf_exp_square(t, 1.0f), twice = t * (2.0f * c->a);
    return (struct vf_curve){value, -twice * value, value * (twice * twice - 2.0f * c->a * c->a)};
}

static inline struct vf_curve vf_curve_sigmoid(vf z, const struct vf_constants *c) {
    (void)c;
    vf value, rest;
    vf_logistic(z, &value, &rest);
    return (struct vf_curve){value, value * rest, value * rest * (rest - value)};
}

static inline struct vf_curve vf_curve_exp(vf z, const struct vf_constants *c) {
    (void)c;
    const vf value = vf_exp(z);
    return (struct vf_curve){value, value, value};
}

#endif
