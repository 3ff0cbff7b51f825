/* SPDX-License-Identifier: MIT */
/*
 * Rounding to bfloat16, and the arithmetic of the processors' bfloat16 instructions, which an emulation repeats bit for
 * bit: every operation rounds to nearest even, numbers below the normal ones are zero, whatever the caller's modes are.
 */
#ifndef SAPE_KERNELS_BF16_VECTOR_H
#define SAPE_KERNELS_BF16_VECTOR_H

#include "bf16.h"
#include "vector.h"

#if defined(__AVX512BF16__)
#include <immintrin.h>
#endif

#define UPPER_HALF ((int32_t)0xffff0000u)
#define EXPONENT 0x7f800000

typedef uint32_t vu __attribute__((vector_size(4 * LANES)));
/* Half as many numbers, and as many doubles. */
typedef float vh __attribute__((vector_size(2 * LANES)));
typedef double vd __attribute__((vector_size(4 * LANES)));
typedef int64_t vl __attribute__((vector_size(4 * LANES)));

static inline vi vi_load(const uint32_t *p) {
    vi v;
    memcpy(&v, p, sizeof v);
    return v;
}

static inline void vi_store(uint32_t *p, vi v) {
    memcpy(p, &v, sizeof v);
}

/* The numbers in the lower and in the upper halves. */
static inline vf bf16_first(vi pair) {
    return (vf)(vi)((vu)pair << 16);
}

static inline vf bf16_second(vi pair) {
    return (vf)(pair & UPPER_HALF);
}

#if defined(__AVX512BF16__)

static inline vi bf16_join(vf first, vf second) {
    /* Words 0, 16, 1, 17, ... */
    const __m512i order = (__m512i)(vi){0x100000, 0x110001, 0x120002, 0x130003, 0x140004, 0x150005, 0x160006, 0x170007,
                                        0x180008, 0x190009, 0x1a000a, 0x1b000b, 0x1c000c, 0x1d000d, 0x1e000e, 0x1f000f};
    return (vi)_mm512_permutexvar_epi16(order, (__m512i)_mm512_cvtne2ps_pbh((__m512)second, (__m512)first));
}

#else

/* Rounded, in the upper half. NaN stays NaN. */
static inline vi bf16_round(vf v) {
    const vi bits = (vi)v;
    const vi rounded = (vi)((vu)bits + 0x7fffu + ((vu)bits >> 16 & 1u)) & UPPER_HALF;
    const vi tiny = (bits & INT32_MAX) < 0x800000;
    const vi number = (rounded & ~tiny) | (bits & INT32_MIN & tiny);
    const vi nan = v != v;
    return (((bits | 0x400000) & UPPER_HALF) & nan) | (number & ~nan);
}

static inline vi bf16_join(vf first, vf second) {
    return (vi)((vu)bf16_round(first) >> 16) | bf16_round(second);
}

#endif

/* What rounding to `rounded` has left of v. Where that is not finite, nothing is left. */
static inline vf bf16_rest(vf v, vf rounded) {
    const vi finite = ((vi)rounded & EXPONENT) != EXPONENT;
    return (vf)((vi)(v - rounded) & finite);
}

/* Two values that are neighbours along a product's depth, into both parts. */
static inline void bf16_split(vf first, vf second, const struct sape_bf16_parts *to, size_t offset) {
    const vi high = bf16_join(first, second);
    vi_store(to->high + offset, high);
    if (to->low != NULL)
        vi_store(to->low + offset, bf16_join(bf16_rest(first, bf16_first(high)), bf16_rest(second, bf16_second(high))));
}

/* Zeroes the pairs that fill up the last step behind `rows` rows. */
static inline void bf16_fill(size_t rows, const struct sape_bf16_parts *pairs, size_t offset) {
    const size_t begin = (rows + 1) / 2 * SAPE_BF16_WIDTH, end = sape_bf16_round_up(rows) / 2 * SAPE_BF16_WIDTH;
    memset(pairs->high + offset + begin, 0, (end - begin) * sizeof(uint32_t));
    if (pairs->low != NULL) memset(pairs->low + offset + begin, 0, (end - begin) * sizeof(uint32_t));
}

/* Zero of the same sign in place of what is below the normal numbers. */
static inline vf bf16_flush(vf v) {
    const vi tiny = ((vi)v & EXPONENT) == 0;
    return (vf)((vi)v & (~tiny | INT32_MIN));
}

/*
 * a b + c, rounded once, of a and b from bfloat16: their product is exact in double precision, and rounding the sum
 * first to double precision changes nothing, since a sum that is not exact there is next to one of its two terms, which
 * are numbers of single precision. What would round to less than the least normal number is zero.
 */
static inline vh bf16_multiply_add_half(vh a, vh b, vh c) {
    const vd sum = __builtin_convertvector(a, vd) * __builtin_convertvector(b, vd) + __builtin_convertvector(c, vd);
    const vd magnitude = (vd)((vl)sum & INT64_MAX);
    const vl tiny = magnitude < 0x1.ffffffp-127;
    return __builtin_convertvector((vd)((vl)sum & (~tiny | INT64_MIN)), vh);
}

/* By halves, because clang 14 cannot split vectors of doubles that are wider than its processor's. */
static inline vf bf16_multiply_add(vf a, vf b, vf c) {
    vh halves[3][2];
    memcpy(halves[0], &a, sizeof a);
    memcpy(halves[1], &b, sizeof b);
    memcpy(halves[2], &c, sizeof c);
    for (size_t i = 0; i < 2; i++) halves[2][i] = bf16_multiply_add_half(halves[0][i], halves[1][i], halves[2][i]);
    memcpy(&c, halves[2], sizeof c);
    return c;
}

#endif
