/* SPDX-License-Identifier: MIT */
/* Sine, cosine, exponential and logarithm of vectors. */
#ifndef SAPE_KERNELS_VECTOR_MATH_H
#define SAPE_KERNELS_VECTOR_MATH_H

#include "vector.h"

/*
 * sin(2 pi t) and cos(2 pi t) for finite t in cycles. t is reduced exactly to an eighth of a cycle around the nearest
 * quarter, where minimax polynomials (the coefficients of Cephes' sinf and cosf) are good to the last bit or two.
 */
static inline void vf_sincos_cycles(vf t, vf *sine, vf *cosine) {
    t -= vf_round(t);
    const vf quarter = vf_round(t * 4.0f);
    const vf angle = (t - quarter * 0.25f) * 6.28318530717958647692f;
    const vf square = angle * angle;
    const vf s =
        angle + angle * square * (-1.6666654611e-1f + square * (8.3321608736e-3f + square * -1.9515295891e-4f));
    const vf c =
        1.0f - 0.5f * square +
        square * square * (4.166664568298827e-2f + square * (-1.388731625493765e-3f + square * 2.443315711809948e-5f));
    const vi q = __builtin_convertvector(quarter, vi);
    const vi odd = (q & 1) != 0;
    /* Quarters 2, 3 (and -2, -1) turn the sine's sign, 1, 2 (-3, -2) the cosine's. */
    const vi sine_sign = (vi)((q & 2) << 30);
    const vi cosine_sign = (vi)(((q + 1) & 2) << 30);
    *sine = (vf)((vi)vf_select(odd, c, s) ^ sine_sign);
    *cosine = (vf)((vi)vf_select(odd, s, c) ^ cosine_sign);
}

/* exp(r) for |r| <= log(2) / 2. */
static inline vf vf_exp_reduced(vf r) {
    vf p = r * 1.9875691500e-4f + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    return p * r * r + r + 1.0f;
}

/* 2^n for whole n from -126 to 127. */
static inline vf vf_power(vi n) {
    return (vf)((n + 127) << 23);
}

/* t without its n times log(2). */
static inline vf vf_exp_reduce(vf t, vf *n) {
    *n = vf_round(t * 1.44269504088896341f);
    return (t - *n * 0.693359375f) - *n * -2.12194440e-4f;
}

/* exp(t) for t <= 0; 0 below -87, where the result would not be a normal number. */
static inline vf vf_exp_negative(vf t) {
    const vi small = t < vf_set(-87.0f);
    vf n;
    const vf r = vf_exp_reduce(vf_select(small, vf_set(0.0f), t), &n);
    return vf_select(small, vf_set(0.0f), vf_exp_reduced(r) * vf_power(__builtin_convertvector(n, vi)));
}

/* exp(t); 0 below -87, infinity where the result is no float. */
static inline vf vf_exp(vf t) {
    const vi small = t<vf_set(-87.0f), large = t> vf_set(88.7228f);
    vf n;
    const vf r = vf_exp_reduce(vf_select(small | large, vf_set(0.0f), t), &n);
    const vi whole = __builtin_convertvector(n, vi), half = whole >> 1;
    const vf value = vf_exp_reduced(r) * vf_power(half) * vf_power(whole - half);
    return vf_select(large, vf_set(__builtin_inff()), vf_select(small, vf_set(0.0f), value));
}

/* exp(-scale t^2), for a scale that is a power of two, without what rounding the square would cost; 0 where the result
   would not be a normal number. */
static inline vf vf_exp_square(vf t, float scale) {
    const vf upper = (vf)((vi)t & (int32_t)0xFFFFF000);
    const vf square = upper * upper * -scale;
    const vf rest = (t - upper) * (t + upper) * -scale;
    const vi small = square < vf_set(-87.0f);
    vf n;
    const vf r = vf_exp_reduce(vf_select(small, vf_set(0.0f), square), &n) + vf_select(small, vf_set(0.0f), rest);
    return vf_select(small, vf_set(0.0f), vf_exp_reduced(r) * vf_power(__builtin_convertvector(n, vi)));
}

/* log(1 + e) for 0 <= e <= 1: 2 artanh(e / (2 + e)), by a minimax polynomial. */
static inline vf vf_log1p(vf e) {
    const vf s = e / (e + 2.0f), square = s * s;
    vf p = square * 1.408916595e-1f + 1.398030171e-1f;
    p = p * square + 2.001245512e-1f;
    p = p * square + 3.333315734e-1f;
    return (s + s * square * p) * 2.0f;
}

#endif
