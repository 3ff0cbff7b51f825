/* SPDX-License-Identifier: MIT */
/* Vectors of the instruction set that this translation unit is compiled for, by GCC's and clang's vector types. */
#ifndef SAPE_KERNELS_VECTOR_H
#define SAPE_KERNELS_VECTOR_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__AVX512F__)
#define LANES 16
#define BLOCK 12 /* 24 accumulators of 32 registers */
#elif defined(__AVX2__)
#define LANES 8
#define BLOCK 4 /* 12 of 16: with three vectors a row */
#elif defined(__aarch64__)
#define LANES 4
#define BLOCK 8 /* 16 of 32 */
#else
#define LANES 4
#define BLOCK 4 /* 8 of 16 */
#endif

/* Vectors a row of the product's block, and so the panel's width. */
#if defined(__AVX2__) && !defined(__AVX512F__)
#define COLUMN_VECTORS 3
#else
#define COLUMN_VECTORS 2
#endif

#define WIDTH (COLUMN_VECTORS * LANES)

/* Every function of a variant carries the instruction set in its name. */
#define PASTE(a, b, c) a##b##_##c
#define VARIANT_(name, isa) PASTE(sape_, name, isa)
#define VARIANT(name) VARIANT_(name, SAPE_ISA)

typedef float vf __attribute__((vector_size(4 * LANES)));
typedef int32_t vi __attribute__((vector_size(4 * LANES)));
typedef float v4 __attribute__((vector_size(16)));

static inline vf vf_load(const float *p) {
    vf v;
    memcpy(&v, p, sizeof v);
    return v;
}

static inline void vf_store(float *p, vf v) {
    memcpy(p, &v, sizeof v);
}

static inline vf vf_set(float x) {
    return (vf){0} + x;
}

/* Lane by lane: condition (-1 or 0) ? a : b. */
static inline vf vf_select(vi condition, vf a, vf b) {
    return (vf)(((vi)a & condition) | ((vi)b & ~condition));
}

/* NaN stays NaN, so that a network that has diverged says so. */
static inline vf vf_relu(vf v) {
    return vf_select(v < vf_set(0.0f), vf_set(0.0f), v);
}

/* The nearest whole number, for every finite t: adding and taking away 2^23 rounds, and larger ones are whole. */
static inline vf vf_round(vf t) {
    const vi sign = (vi)t & INT32_MIN;
    const vf shift = (vf)((vi)vf_set(8388608.0f) | sign);
    const vf magnitude = (vf)((vi)t & INT32_MAX);
    return vf_select(magnitude < vf_set(8388608.0f), (t + shift) - shift, t);
}

static inline vf vf_floor(vf t) {
    const vf r = vf_round(t);
    return vf_select(r > t, r - 1.0f, r);
}

#endif
