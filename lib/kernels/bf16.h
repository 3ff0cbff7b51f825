/* SPDX-License-Identifier: MIT */
/*
 * Products of bfloat16 numbers, summed in single precision. An operand has one part, its numbers rounded to bfloat16,
 * or two: what rounding has left over, rounded too. A product of operands of two parts is high high + high low + low
 * high, nearly single precision.
 *
 * The instructions multiply pairs: a word of 32 bits holds two neighbours along the depth of the product, the first in
 * its lower half. The depth is cut into steps of SAPE_BF16_STEP words.
 *
 * - a lies step by step, `a_step` apart: row after row of SAPE_BF16_STEP words. For AMX, 16 such rows are a tile.
 * - b lies in blocks of SAPE_BF16_WIDTH columns, `b_block` apart: word after word along the depth, a row of columns.
 *
 * Values in panels of SAPE_BF16_WIDTH samples become b when two neighbouring rows are joined to words: these are the
 * "pairs" of a panel. Where the depth is the samples, sample s and s + 16 of a panel make a word, so that turning pairs
 * of rows into pairs of samples, and back, moves nothing from lane to lane.
 */
#ifndef SAPE_KERNELS_BF16_H
#define SAPE_KERNELS_BF16_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernels.h"

#define SAPE_BF16_STEP 16
#define SAPE_BF16_WIDTH 32

/* An operand's parts; low is NULL where there is one. */
struct sape_bf16_parts {
    uint32_t *high, *low;
};

/* c = the product of a and b, finished as enum sape_store says. */
struct sape_bf16_args {
    size_t rows, columns, steps;
    /* Whole tiles of a are read: rows up to a multiple of 32 must be there. */
    struct sape_bf16_parts a, b;
    size_t a_step, b_block;
    /* NULL where only pairs are wanted. Element (row, column) lies at row * c_stride + column % 32, blocks of columns
       c_block apart. columns is a multiple of 16. With pairs c_stride is 32 and columns a multiple of it. */
    float *c;
    size_t c_stride, c_block;
    enum sape_store store;
    /* (rows) for BIAS, RELU and CURVE. */
    const float *bias;
    /* For CURVE: what sape_kernels.apply() does, with this curve. */
    void (*apply)(const struct sape_curve *curve, size_t offset, size_t count, float *values);
    const struct sape_curve *curve;
    /* Laid out as c, for SCALE. */
    const float *scales;
    /* The high part of pairs laid out as those that are stored, for GATE, which stores pairs. */
    const uint32_t *gate;
    /* Where high is not NULL, the values are stored as pairs of rows, blocks pairs_block apart. Rows that fill up the
       last step are zeroed. */
    struct sape_bf16_parts pairs;
    size_t pairs_block;
};

struct sape_bf16_kernels {
    /* "amx", "avx512_bf16", "emulated" or "emulated_amx". */
    const char *code;
    void (*product)(const struct sape_bf16_args *args);
    /* The first `rows` rows of a panel become pairs; those that fill up the last step are zeroed. */
    void (*join_rows)(size_t rows, const float *panel, const struct sape_bf16_parts *pairs);
    /* A panel's pairs of rows become rows of pairs of samples. */
    void (*turn)(size_t rows, const uint32_t *pairs, uint32_t *turned);
    /* (rows, columns) at from, stride apart, as a: its rows, with the columns as depth... */
    void (*pack_rows)(size_t rows, size_t columns, const float *from, size_t stride, size_t a_step,
                      const struct sape_bf16_parts *a);
    /* ...and its columns, with the rows as depth. columns is a multiple of 16. */
    void (*pack_columns)(size_t rows, size_t columns, const float *from, size_t stride, size_t a_step,
                         const struct sape_bf16_parts *a);
    /* sums[column] = or += the sum over all of the depth, of columns of b that are a multiple of 16. */
    void (*column_sums)(size_t columns, size_t depth, const struct sape_bf16_parts *b, bool add, float *sums);
};

/* How products of bfloat16 are computed. */
enum sape_bf16_code {
    SAPE_BF16_AUTO,
    SAPE_BF16_AMX,
    SAPE_BF16_AVX512_BF16,
    SAPE_BF16_EMULATED,
    /* The kernels for AMX, their instructions emulated. */
    SAPE_BF16_EMULATED_AMX
};

/* The kernels of a code beside the other kernels of a handle; AUTO: the fastest. NULL where the processor does not have
   the instructions, or the handle is not to use them. */
const struct sape_bf16_kernels *sape_bf16_find(const struct sape_kernels *kernels, enum sape_bf16_code code);

/* Rows in whole steps of the depth, which are whole tiles too. */
static inline size_t sape_bf16_round_up(size_t rows) {
    return (rows + 2 * SAPE_BF16_STEP - 1) / (2 * SAPE_BF16_STEP) * (2 * SAPE_BF16_STEP);
}

/* From one step of a to the next, in words. The room of 16 rows keeps the steps from sharing sets of the cache. */
static inline size_t sape_bf16_a_step(size_t rows) {
    return (sape_bf16_round_up(rows) + 16) * SAPE_BF16_STEP;
}

#endif
