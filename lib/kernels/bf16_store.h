/* SPDX-License-Identifier: MIT */
/* What both kinds of product do with the sums of a block: finish and store them, in single precision and as pairs. */
#ifndef SAPE_KERNELS_BF16_STORE_H
#define SAPE_KERNELS_BF16_STORE_H

#include "bf16_vector.h"
#include "store.h"

/* What comes to lie in c as pairs, of rows from first on. */
static inline void bf16_join_block(const struct sape_bf16_args *args, size_t first, size_t rows, size_t block) {
    for (size_t row = first; row < first + rows; row += 2) {
        const float *c = args->c + block * args->c_block + row * args->c_stride;
        for (size_t column = 0; column < SAPE_BF16_WIDTH; column += LANES)
            bf16_split(vf_load(c + column), row + 1 < args->rows ? vf_load(c + args->c_stride + column) : vf_set(0.0f),
                       &args->pairs, block * args->pairs_block + row / 2 * SAPE_BF16_WIDTH + column);
    }
}

/* sums (rows, 32) of the block's rows from first (even) on. */
static inline void bf16_store_block(const struct sape_bf16_args *args, size_t first, size_t rows, size_t block,
                                    const float *sums) {
    const size_t rest = args->columns - block * SAPE_BF16_WIDTH, c = block * args->c_block + first * args->c_stride;
    const size_t columns = rest < SAPE_BF16_WIDTH ? rest : SAPE_BF16_WIDTH;
    for (size_t i = 0; i < rows; i++)
        for (size_t column = 0; column < columns; column += LANES) {
            const size_t offset = c + i * args->c_stride + column;
            vf_store(args->c + offset, finish(args->store, args->c, args->bias, args->gate, first + i, offset,
                                              vf_load(sums + i * SAPE_BF16_WIDTH + column)));
        }
    /* While the block is in the first cache. */
    if (args->store == SAPE_STORE_CURVE) args->apply(args->curve, c, rows * args->c_stride, args->c);
    if (args->pairs.high == NULL) return;
    bf16_join_block(args, first, rows, block);
    if (first + rows == args->rows) bf16_fill(args->rows, &args->pairs, block * args->pairs_block);
}

#endif
