/* SPDX-License-Identifier: MIT */
/* What both kinds of product do with the sums of a block: finish and store them, in single precision and as pairs. */
#ifndef SAPE_KERNELS_BF16_STORE_H
#define SAPE_KERNELS_BF16_STORE_H

#include "bf16_vector.h"
#include "store.h"

/* Before the sums of a block that goes into c alone. */
static inline void bf16_prefetch_block(const struct sape_bf16_args *args, size_t first, size_t rows, size_t block) {
    const size_t rest = args->columns - block * SAPE_BF16_WIDTH;
    if (args->pairs.high == NULL)
        prefetch_block(args->c + block * args->c_block + first * args->c_stride, rows, args->c_stride,
                       rest < SAPE_BF16_WIDTH ? rest : SAPE_BF16_WIDTH);
}

/* A block of finished sums (rows, 32), which begins at these offsets in c and among the pairs; first is even. */
struct bf16_block {
    size_t first, rows, c, pairs;
    float *sums;
};

/* The loops are compiled for every store, and keep what stores to memory might change in registers. */
#define BF16_LOOP static inline __attribute__((always_inline)) void

/* Into c alone. */
BF16_LOOP bf16_store_single(const struct sape_bf16_args *args, enum sape_store store, size_t columns,
                            const struct bf16_block *block) {
    const size_t first = block->first, stride = args->c_stride;
    const float *bias = args->bias, *scales = args->scales, *sums = block->sums;
    float *c = args->c;
    for (size_t i = 0; i < block->rows; i++)
        for (size_t column = 0; column < columns; column += LANES) {
            const size_t offset = block->c + i * stride + column;
            const vf sum = vf_load(sums + i * SAPE_BF16_WIDTH + column);
            vf_store(c + offset, finish(store, c, bias, scales, first + i, offset, sum));
        }
}

/* As pairs, and into c where there is one. An odd last row stands in for the one that it has no neighbour in. */
BF16_LOOP bf16_store_pairs(const struct sape_bf16_args *args, enum sape_store store, const struct bf16_block *block) {
    const struct sape_bf16_parts pairs = {args->pairs.high + block->pairs,
                                          args->pairs.low == NULL ? NULL : args->pairs.low + block->pairs};
    const uint32_t *gate = store == SAPE_STORE_GATE ? args->gate + block->pairs : NULL;
    const float *bias = args->bias, *scales = args->scales, *sums = block->sums;
    float *c = args->c;
    const size_t first = block->first, rows = block->rows;
    for (size_t i = 0; i < rows; i += 2) {
        const size_t next = i + 1 < rows ? i + 1 : i;
        for (size_t column = 0; column < SAPE_BF16_WIDTH; column += LANES) {
            const size_t pair = i / 2 * SAPE_BF16_WIDTH + column;
            const size_t near = i * SAPE_BF16_WIDTH + column, far = next * SAPE_BF16_WIDTH + column;
            vf one = vf_load(sums + near), other = vf_load(sums + far);
            if (store == SAPE_STORE_GATE) {
                const vi word = vi_load(gate + pair);
                one = vf_select(bf16_first(word) > vf_set(0.0f), one, vf_set(0.0f));
                other = vf_select(bf16_second(word) > vf_set(0.0f), other, vf_set(0.0f));
            } else {
                one = finish(store, NULL, bias, scales, first + i, block->c + near, one);
                other = finish(store, NULL, bias, scales, first + next, block->c + far, other);
            }
            if (c != NULL) {
                vf_store(c + block->c + far, other);
                vf_store(c + block->c + near, one);
            }
            bf16_split(one, other, &pairs, pair);
        }
    }
}

/* The last row of all has zeros beside it where it has no neighbour, and so has the rest of its step. */
static inline void bf16_end_pairs(const struct sape_bf16_args *args, const struct bf16_block *block, size_t begin) {
    for (size_t i = 0; block->rows % 2 != 0 && i < SAPE_BF16_WIDTH; i++) {
        const size_t word = block->pairs + block->rows / 2 * SAPE_BF16_WIDTH + i;
        args->pairs.high[word] &= 0xffff;
        if (args->pairs.low != NULL) args->pairs.low[word] &= 0xffff;
    }
    bf16_fill(args->rows, &args->pairs, begin);
}

/* The block's curve, in place: its derivatives are laid out as c. */
static inline void bf16_apply(const struct sape_bf16_args *args, const struct bf16_block *block) {
    struct sape_curve curve = *args->curve;
    for (size_t i = 0; i < block->rows; i++)
        for (size_t column = 0; column < SAPE_BF16_WIDTH; column += LANES) {
            float *sum = block->sums + i * SAPE_BF16_WIDTH + column;
            vf_store(sum, vf_load(sum) + args->bias[block->first + i]);
        }
    if (curve.slopes != NULL) curve.slopes += block->c;
    if (curve.curvatures != NULL) curve.curvatures += block->c;
    args->apply(&curve, 0, block->rows * SAPE_BF16_WIDTH, block->sums);
}

/* Sums that go into c alone: the weights' gradient, the outputs, and the inputs' gradient. */
static inline void bf16_store_values(const struct sape_bf16_args *args, size_t columns,
                                     const struct bf16_block *block) {
    if (args->store == SAPE_STORE_ADD) /* the most frequent one, so that it has a loop of its own */
        bf16_store_single(args, SAPE_STORE_ADD, columns, block);
    else
        bf16_store_single(args, args->store, columns, block);
    /* While the block is in the first cache. */
    if (args->store == SAPE_STORE_CURVE) args->apply(args->curve, block->c, block->rows * args->c_stride, args->c);
}

/* sums (rows, 32) of the block's rows from first on. */
static inline void bf16_store_block(const struct sape_bf16_args *args, size_t first, size_t rows, size_t column_block,
                                    float *sums) {
    const size_t pairs = column_block * args->pairs_block, rest = args->columns - column_block * SAPE_BF16_WIDTH;
    const struct bf16_block block = {first, rows, column_block * args->c_block + first * args->c_stride,
                                     pairs + first / 2 * SAPE_BF16_WIDTH, sums};
    if (args->pairs.high == NULL) {
        bf16_store_values(args, rest < SAPE_BF16_WIDTH ? rest : SAPE_BF16_WIDTH, &block);
        return;
    }
    if (args->store == SAPE_STORE_CURVE) bf16_apply(args, &block);
    switch (args->store) {
    case SAPE_STORE_RELU:
        bf16_store_pairs(args, SAPE_STORE_RELU, &block);
        break;
    case SAPE_STORE_GATE:
        bf16_store_pairs(args, SAPE_STORE_GATE, &block);
        break;
    case SAPE_STORE_SCALE:
        bf16_store_pairs(args, SAPE_STORE_SCALE, &block);
        break;
    default: /* a curve's values */
        bf16_store_pairs(args, SAPE_STORE, &block);
    }
    if (first + rows == args->rows) bf16_end_pairs(args, &block, pairs);
}

#endif
