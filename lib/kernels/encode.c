/* SPDX-License-Identifier: MIT */
/* The encodings, a vector of samples at a time. Formulas: docs/mathematics.md. */
#include "variant.h"
#include "vector_math.h"

#define MAX_DIM 3
#define TWO_PI 6.28318530717958647692f

/*
 * x.F in cycles, without the whole cycles. Both factors come as an upper part of 12 bits and the rest, so the largest
 * product is exact and its whole cycles can be taken away before they cost the others' precision.
 */
static inline vf fourier_phase(const struct sape_basis *basis, size_t j, const vf *upper, const vf *lower) {
    vf phase = vf_set(0.0f);
    for (size_t a = 0; a < basis->domain_dim; a++) {
        const float frequency = basis->points[j * basis->domain_dim + a];
        const float rest = basis->scales[j * basis->domain_dim + a];
        const vf product = upper[a] * frequency;
        phase += (product - vf_round(product)) + (upper[a] * rest + lower[a] * (frequency + rest));
    }
    return phase;
}

static inline void split(const struct sape_basis *basis, size_t width, const float *x, vf *upper, vf *lower) {
    for (size_t a = 0; a < basis->domain_dim; a++) {
        const vf v = vf_load(x + a * width);
        upper[a] = (vf)((vi)v & (int32_t)0xFFFFF000);
        lower[a] = v - upper[a];
    }
}

void VARIANT(fourier)(const struct sape_basis *basis, size_t groups, size_t width, const float *x, float *features) {
    for (size_t s = 0; s < width; s += LANES) {
        vf upper[MAX_DIM], lower[MAX_DIM], sine, cosine;
        split(basis, width, x + s, upper, lower);
        for (size_t j = 0; j < groups; j++) {
            vf_sincos_cycles(fourier_phase(basis, j, upper, lower), &sine, &cosine);
            vf_store(features + 2 * j * width + s, sine);
            vf_store(features + (2 * j + 1) * width + s, cosine);
        }
    }
}

void VARIANT(fourier_backward)(const struct sape_basis *basis, size_t groups, size_t width, const float *x,
                               const float *d_features, float *d_x) {
    for (size_t s = 0; s < width; s += LANES) {
        vf upper[MAX_DIM], lower[MAX_DIM], sum[MAX_DIM], sine, cosine;
        split(basis, width, x + s, upper, lower);
        for (size_t a = 0; a < basis->domain_dim; a++) sum[a] = vf_set(0.0f);
        for (size_t j = 0; j < groups; j++) {
            vf_sincos_cycles(fourier_phase(basis, j, upper, lower), &sine, &cosine);
            const vf slope =
                cosine * vf_load(d_features + 2 * j * width + s) - sine * vf_load(d_features + (2 * j + 1) * width + s);
            for (size_t a = 0; a < basis->domain_dim; a++) {
                const size_t i = j * basis->domain_dim + a;
                sum[a] += slope * (basis->points[i] + basis->scales[i]);
            }
        }
        for (size_t a = 0; a < basis->domain_dim; a++)
            vf_store(d_x + a * width + s, vf_load(d_x + a * width + s) + sum[a] * TWO_PI);
    }
}

/* Half of 2^i: the cycles of 2^i pi x. */
static inline float half_power(size_t i) {
    return __builtin_ldexpf(0.5f, (int)i);
}

void VARIANT(positional)(const struct sape_basis *basis, size_t groups, size_t width, const float *x, float *features) {
    const size_t d = basis->domain_dim;
    for (size_t i = 0; i < groups; i++) {
        for (size_t a = 0; a < d; a++) {
            for (size_t s = 0; s < width; s += LANES) {
                vf sine, cosine;
                vf_sincos_cycles(vf_load(x + a * width + s) * half_power(i), &sine, &cosine);
                vf_store(features + (2 * i * d + a) * width + s, cosine);
                vf_store(features + (2 * i * d + d + a) * width + s, sine);
            }
        }
    }
}

void VARIANT(positional_backward)(const struct sape_basis *basis, size_t groups, size_t width, const float *x,
                                  const float *d_features, float *d_x) {
    const size_t d = basis->domain_dim;
    for (size_t i = 0; i < groups; i++) {
        for (size_t a = 0; a < d; a++) {
            for (size_t s = 0; s < width; s += LANES) {
                vf sine, cosine;
                vf_sincos_cycles(vf_load(x + a * width + s) * half_power(i), &sine, &cosine);
                const vf slope = cosine * vf_load(d_features + (2 * i * d + d + a) * width + s) -
                                 sine * vf_load(d_features + (2 * i * d + a) * width + s);
                vf_store(d_x + a * width + s, vf_load(d_x + a * width + s) + slope * (TWO_PI * half_power(i)));
            }
        }
    }
}

/* exp(-|x - c|^2 sigma^2); keeps the distances when asked for. */
static inline vf radial(const struct sape_basis *basis, size_t j, size_t width, const float *x, vf *distance) {
    const float square = basis->scales[j] * basis->scales[j];
    vf sum = vf_set(0.0f);
    for (size_t a = 0; a < basis->domain_dim; a++) {
        distance[a] = vf_load(x + a * width) - basis->points[j * basis->domain_dim + a];
        sum += distance[a] * distance[a];
    }
    return vf_exp_negative(-sum * square);
}

void VARIANT(rbf)(const struct sape_basis *basis, size_t groups, size_t width, const float *x, float *features) {
    for (size_t j = 0; j < groups; j++) {
        for (size_t s = 0; s < width; s += LANES) {
            vf distance[MAX_DIM];
            vf_store(features + j * width + s, radial(basis, j, width, x + s, distance));
        }
    }
}

void VARIANT(rbf_backward)(const struct sape_basis *basis, size_t groups, size_t width, const float *x,
                           const float *d_features, float *d_x) {
    for (size_t j = 0; j < groups; j++) {
        const float factor = -2.0f * basis->scales[j] * basis->scales[j];
        for (size_t s = 0; s < width; s += LANES) {
            vf distance[MAX_DIM];
            const vf value = radial(basis, j, width, x + s, distance);
            const vf slope = value * vf_load(d_features + j * width + s) * factor;
            for (size_t a = 0; a < basis->domain_dim; a++)
                vf_store(d_x + a * width + s, vf_load(d_x + a * width + s) + slope * distance[a]);
        }
    }
}

/* exp(-|r|^2 sigma^2) with r the signed distance, doubled, to the middle of the period that x + offset lies in. */
static inline vf periodic(const struct sape_basis *basis, size_t j, size_t half, size_t width, const float *x, vf *r) {
    const float sigma = basis->scales[j];
    const float period = 2.0f / sigma;
    const float shift = half ? 1.0f / sigma : 0.0f;
    vf sum = vf_set(0.0f);
    for (size_t a = 0; a < basis->domain_dim; a++) {
        const vf u = vf_load(x + a * width) + basis->points[j * basis->domain_dim + a] + shift;
        r[a] = (u - vf_floor(u / period) * period) * 2.0f - period;
        sum += r[a] * r[a];
    }
    return vf_exp_negative(-sum * (sigma * sigma));
}

void VARIANT(periodic_rbf)(const struct sape_basis *basis, size_t groups, size_t width, const float *x,
                           float *features) {
    for (size_t row = 0; row < 2 * groups; row++) {
        for (size_t s = 0; s < width; s += LANES) {
            vf r[MAX_DIM];
            vf_store(features + row * width + s, periodic(basis, row / 2, row % 2, width, x + s, r) * 2.0f - 1.0f);
        }
    }
}

void VARIANT(periodic_rbf_backward)(const struct sape_basis *basis, size_t groups, size_t width, const float *x,
                                    const float *d_features, float *d_x) {
    for (size_t row = 0; row < 2 * groups; row++) {
        /* d/dx of 2 exp(-r^2 sigma^2) - 1 with dr/dx = 2 */
        const float factor = -8.0f * basis->scales[row / 2] * basis->scales[row / 2];
        for (size_t s = 0; s < width; s += LANES) {
            vf r[MAX_DIM];
            const vf value = periodic(basis, row / 2, row % 2, width, x + s, r);
            const vf slope = value * vf_load(d_features + row * width + s) * factor;
            for (size_t a = 0; a < basis->domain_dim; a++)
                vf_store(d_x + a * width + s, vf_load(d_x + a * width + s) + slope * r[a]);
        }
    }
}

void VARIANT(scale_rows)(size_t count, size_t width, const float *weights, float *values) {
    for (size_t row = 0; row < count; row++)
        for (size_t s = 0; s < width; s += LANES)
            vf_store(values + row * width + s, vf_load(values + row * width + s) * vf_load(weights + s));
}
