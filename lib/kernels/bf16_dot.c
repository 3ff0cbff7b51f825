/* SPDX-License-Identifier: MIT */
/*
 * Products by the instruction that adds two products of bfloat16 to every lane: AVX-512's VDPBF16PS, or its emulation.
 * A block of rows by 32 columns is summed in registers over the whole depth; every word of the depth loads a row of b
 * and multiplies it by broadcast words of a.
 */
#include "bf16_store.h"
#include "bf16_variant.h"

#define VECTORS (SAPE_BF16_WIDTH / LANES)

#if defined(__AVX512BF16__)

#define ROWS 12
#define UNROLL _Pragma("GCC unroll 16")

static inline vf dot_add(vf sum, vi a, vi b) {
    return (vf)_mm512_dpbf16_ps((__m512)sum, (__m512bh)a, (__m512bh)b);
}

#else

#define ROWS 4
#define UNROLL

/* The second of both products comes first. Intel's and AMD's processors agree on it. */
static inline vf dot_add(vf sum, vi a, vi b) {
    const vf second = bf16_multiply_add(bf16_flush(bf16_second(a)), bf16_flush(bf16_second(b)), bf16_flush(sum));
    return bf16_multiply_add(bf16_flush(bf16_first(a)), bf16_flush(bf16_first(b)), second);
}

#endif

static inline vi broadcast(const uint32_t *word) {
    return (vi){0} + (int32_t)*word;
}

/* One word of the depth: small products first. */
#define ADD_WORD(COUNT, TWO_PARTS)                                                                                     \
    do {                                                                                                               \
        vi high[VECTORS], low[VECTORS];                                                                                \
        UNROLL for (size_t v = 0; v < VECTORS; v++) {                                                                  \
            high[v] = vi_load(b_high + word * SAPE_BF16_WIDTH + v * LANES);                                            \
            if (TWO_PARTS) low[v] = vi_load(b_low + word * SAPE_BF16_WIDTH + v * LANES);                               \
        }                                                                                                              \
        UNROLL for (size_t i = 0; i < COUNT; i++) {                                                                    \
            const vi a = broadcast(a_high + i * SAPE_BF16_STEP + word);                                                \
            if (TWO_PARTS) {                                                                                           \
                const vi rest = broadcast(a_low + i * SAPE_BF16_STEP + word);                                          \
                UNROLL for (size_t v = 0; v < VECTORS; v++) sum[i][v] = dot_add(sum[i][v], rest, high[v]);             \
                UNROLL for (size_t v = 0; v < VECTORS; v++) sum[i][v] = dot_add(sum[i][v], a, low[v]);                 \
            }                                                                                                          \
            UNROLL for (size_t v = 0; v < VECTORS; v++) sum[i][v] = dot_add(sum[i][v], a, high[v]);                    \
        }                                                                                                              \
    } while (0)

/* COUNT rows from first on, of which `rows` are stored. The loops have constant bounds, so that the sums stay in
   registers. */
#define DEFINE_BLOCK(NAME, COUNT, TWO_PARTS)                                                                           \
    static void NAME##_##COUNT(const struct sape_bf16_args *args, size_t first, size_t rows, size_t block) {           \
        const size_t b_step = (size_t)SAPE_BF16_STEP * SAPE_BF16_WIDTH;                                                \
        const uint32_t *b_high = args->b.high + block * args->b_block;                                                 \
        const uint32_t *b_low = TWO_PARTS ? args->b.low + block * args->b_block : NULL;                                \
        const uint32_t *a_high = args->a.high + first * SAPE_BF16_STEP;                                                \
        const uint32_t *a_low = TWO_PARTS ? args->a.low + first * SAPE_BF16_STEP : NULL;                               \
        vf sum[COUNT][VECTORS] = {{{0}}};                                                                              \
        float sums[COUNT][SAPE_BF16_WIDTH];                                                                            \
        for (size_t step = 0; step < args->steps; step++) {                                                            \
            for (size_t word = 0; word < SAPE_BF16_STEP; word++) ADD_WORD(COUNT, TWO_PARTS);                           \
            a_high += args->a_step;                                                                                    \
            b_high += b_step;                                                                                          \
            if (TWO_PARTS) {                                                                                           \
                a_low += args->a_step;                                                                                 \
                b_low += b_step;                                                                                       \
            }                                                                                                          \
        }                                                                                                              \
        UNROLL for (size_t i = 0; i < COUNT; i++) UNROLL for (size_t v = 0; v < VECTORS; v++)                          \
            vf_store(&sums[i][v * LANES], sum[i][v]);                                                                  \
        bf16_store_block(args, first, rows, block, &sums[0][0]);                                                       \
    }

DEFINE_BLOCK(one, 4, 0)
DEFINE_BLOCK(two, 4, 1)
#if ROWS == 12
DEFINE_BLOCK(one, 12, 0)
DEFINE_BLOCK(two, 12, 1)
#define one_rows one_12
#define two_rows two_12
#else
#define one_rows one_4
#define two_rows two_4
#endif

void VARIANT(bf16_dot)(const struct sape_bf16_args *args) {
    const bool two_parts = args->a.low != NULL;
    const size_t blocks = (args->columns + SAPE_BF16_WIDTH - 1) / SAPE_BF16_WIDTH;
    /* Rows outside: a block of a stays in the first cache while all of b passes. */
    for (size_t first = 0; first < args->rows;) {
        const size_t rest = args->rows - first, size = rest < ROWS ? 4 : ROWS, rows = rest < size ? rest : size;
        for (size_t block = 0; block < blocks; block++) {
            bf16_prefetch_block(args, first, rows, block);
            if (size == 4)
                (two_parts ? two_4 : one_4)(args, first, rows, block);
            else
                (two_parts ? two_rows : one_rows)(args, first, rows, block);
        }
        first += size;
    }
}
