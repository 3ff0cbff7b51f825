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

/* Into c alone. */
static inline void bf16_store_single(const struct sape_bf16_args *args, size_t first, size_t rows, size_t block,
                                     const float *sums) {
    const size_t rest = args->columns - block * SAPE_BF16_WIDTH, c = block * args->c_block + first * args->c_stride;
    const size_t columns = rest < SAPE_BF16_WIDTH ? rest : SAPE_BF16_WIDTH;
    for (size_t i = 0; i < rows; i++)
        for (size_t column = 0; column < columns; column += LANES) {
            const size_t offset = c + i * args->c_stride + column;
            vf_store(args->c + offset, finish(args->store, args->c, args->bias, args->scales, first + i, offset,
                                              vf_load(sums + i * SAPE_BF16_WIDTH + column)));
        }
    /* While the block is in the first cache. */
    if (args->store == SAPE_STORE_CURVE) args->apply(args->curve, c, rows * args->c_stride, args->c);
}

/* The block's curve: its derivatives are laid out as c, from an offset on. */
static inline void bf16_apply(const struct sape_bf16_args *args, size_t offset, size_t rows, float *sums) {
    struct sape_curve curve = *args->curve;
    if (curve.slopes != NULL) curve.slopes += offset;
    if (curve.curvatures != NULL) curve.curvatures += offset;
    args->apply(&curve, 0, rows * SAPE_BF16_WIDTH, sums);
}

/* Two rows through the gate of their pairs. */
static inline void bf16_gate(const uint32_t *gate, float *sums) {
    for (size_t column = 0; column < SAPE_BF16_WIDTH; column += LANES) {
        const vi pair = vi_load(gate + column);
        const vf zero = vf_set(0.0f), first = vf_load(sums + column), second = vf_load(sums + SAPE_BF16_WIDTH + column);
        vf_store(sums + column, vf_select(bf16_first(pair) > zero, first, zero));
        vf_store(sums + SAPE_BF16_WIDTH + column, vf_select(bf16_second(pair) > zero, second, zero));
    }
}

/* Finishes the sums in their place. */
static inline void bf16_finish(const struct sape_bf16_args *args, size_t first, size_t rows, size_t block,
                               float *sums) {
    const size_t c = block * args->c_block + first * SAPE_BF16_WIDTH;
    const size_t pairs = block * args->pairs_block + first / 2 * SAPE_BF16_WIDTH;
    if (args->store == SAPE_STORE_GATE) {
        for (size_t i = 0; i < rows; i += 2)
            bf16_gate(args->gate + pairs + i / 2 * SAPE_BF16_WIDTH, sums + i * SAPE_BF16_WIDTH);
        return;
    }
    for (size_t i = 0; i < rows; i++)
        for (size_t column = 0; column < SAPE_BF16_WIDTH; column += LANES) {
            const size_t at = i * SAPE_BF16_WIDTH + column;
            vf_store(sums + at,
                     finish(args->store, NULL, args->bias, args->scales, first + i, c + at, vf_load(sums + at)));
        }
    if (args->store == SAPE_STORE_CURVE) bf16_apply(args, c, rows, sums);
}

/* sums (rows, 32) of the block's rows from first (even) on, with room for an even number of rows. */
static inline void bf16_store_block(const struct sape_bf16_args *args, size_t first, size_t rows, size_t block,
                                    float *sums) {
    const size_t pairs = block * args->pairs_block + first / 2 * SAPE_BF16_WIDTH;
    if (args->pairs.high == NULL) {
        bf16_store_single(args, first, rows, block, sums);
        return;
    }
    bf16_finish(args, first, rows, block, sums);
    if (args->c != NULL)
        memcpy(args->c + block * args->c_block + first * SAPE_BF16_WIDTH, sums, rows * SAPE_BF16_WIDTH * sizeof *sums);
    if (rows % 2 != 0) memset(sums + rows * SAPE_BF16_WIDTH, 0, SAPE_BF16_WIDTH * sizeof *sums);
    for (size_t i = 0; i < rows; i += 2)
        for (size_t column = 0; column < SAPE_BF16_WIDTH; column += LANES) {
            const float *row = sums + i * SAPE_BF16_WIDTH + column;
            bf16_split(vf_load(row), vf_load(row + SAPE_BF16_WIDTH), &args->pairs,
                       pairs + i / 2 * SAPE_BF16_WIDTH + column);
        }
    if (first + rows == args->rows) bf16_fill(args->rows, &args->pairs, block * args->pairs_block);
}

#endif
