/* SPDX-License-Identifier: MIT */
/*
 * Products of packed operands. A block of BLOCK rows by COLUMN_VECTORS vectors is summed in registers over the whole
 * depth; every step loads a row of b and multiplies it by BLOCK broadcast numbers of a.
 */
#include "variant.h"

struct block_args {
    size_t depth;
    const float *a, *b;
    size_t b_stride;
    float *c;
    size_t c_stride;
    enum sape_store store;
    const float *bias, *gate;
};

static inline vf finish(const struct block_args *args, size_t row, size_t offset, vf sum) {
    switch (args->store) {
    case SAPE_STORE:
        return sum;
    case SAPE_STORE_ADD:
        return vf_load(args->c + offset) + sum;
    case SAPE_STORE_BIAS:
        return sum + args->bias[row];
    case SAPE_STORE_RELU:
        return vf_relu(sum + args->bias[row]);
    case SAPE_STORE_GATE:
        return vf_select(vf_load(args->gate + offset) > vf_set(0.0f), sum, vf_set(0.0f));
    }
    return sum;
}

/* The loops have constant bounds, so that they unroll and the sums stay in registers. */
#define DEFINE_BLOCK(ROWS, VECTORS)                                                                                    \
    static void block_##ROWS##_##VECTORS(const struct block_args *args) {                                              \
        const float *a = args->a, *b = args->b;                                                                        \
        vf sum[ROWS][VECTORS] = {{{0}}};                                                                               \
        for (size_t p = 0; p < args->depth; p++) {                                                                     \
            vf row[VECTORS];                                                                                           \
            _Pragma("GCC unroll 16") for (size_t v = 0; v < VECTORS; v++) row[v] = vf_load(b + v * LANES);             \
            _Pragma("GCC unroll 16") for (size_t i = 0; i < ROWS; i++) {                                               \
                _Pragma("GCC unroll 16") for (size_t v = 0; v < VECTORS; v++) sum[i][v] += a[i] * row[v];              \
            }                                                                                                          \
            a += BLOCK;                                                                                                \
            b += args->b_stride;                                                                                       \
        }                                                                                                              \
        _Pragma("GCC unroll 16") for (size_t i = 0; i < ROWS; i++) {                                                   \
            _Pragma("GCC unroll 16") for (size_t v = 0; v < VECTORS; v++) {                                            \
                const size_t offset = i * args->c_stride + v * LANES;                                                  \
                vf_store(args->c + offset, finish(args, i, offset, sum[i][v]));                                        \
            }                                                                                                          \
        }                                                                                                              \
    }

#if COLUMN_VECTORS == 3
#define DEFINE_BLOCKS(ROWS) DEFINE_BLOCK(ROWS, 1) DEFINE_BLOCK(ROWS, 2) DEFINE_BLOCK(ROWS, 3)
#define BLOCKS(ROWS)                                                                                                   \
    { block_##ROWS##_1, block_##ROWS##_2, block_##ROWS##_3 }
#else
#define DEFINE_BLOCKS(ROWS) DEFINE_BLOCK(ROWS, 1) DEFINE_BLOCK(ROWS, 2)
#define BLOCKS(ROWS)                                                                                                   \
    { block_##ROWS##_1, block_##ROWS##_2 }
#endif

DEFINE_BLOCKS(1)
DEFINE_BLOCKS(2)
DEFINE_BLOCKS(3)
DEFINE_BLOCKS(4)
#if BLOCK >= 8
DEFINE_BLOCKS(5)
DEFINE_BLOCKS(6)
DEFINE_BLOCKS(7)
DEFINE_BLOCKS(8)
#endif
#if BLOCK >= 12
DEFINE_BLOCKS(9)
DEFINE_BLOCKS(10)
DEFINE_BLOCKS(11)
DEFINE_BLOCKS(12)
#endif

typedef void (*block_fn)(const struct block_args *args);

static const block_fn blocks[BLOCK][COLUMN_VECTORS] = {
    BLOCKS(1), BLOCKS(2),  BLOCKS(3),  BLOCKS(4),
#if BLOCK >= 8
    BLOCKS(5), BLOCKS(6),  BLOCKS(7),  BLOCKS(8),
#endif
#if BLOCK >= 12
    BLOCKS(9), BLOCKS(10), BLOCKS(11), BLOCKS(12),
#endif
};

/* All columns of one panel for one block of rows. */
static void block_row(const struct sape_product_args *args, size_t first, size_t rows, size_t panel) {
    const size_t c_offset = panel * args->c_panel + first * args->c_stride;
    struct block_args block = {.depth = args->depth,
                               .a = args->a + first * args->a_depth,
                               .b_stride = args->b_stride,
                               .c_stride = args->c_stride,
                               .store = args->store,
                               .bias = args->bias == NULL ? NULL : args->bias + first};
    for (size_t column = 0; column < args->columns; column += COLUMN_VECTORS * LANES) {
        size_t vectors = (args->columns - column) / LANES;
        if (vectors > COLUMN_VECTORS) vectors = COLUMN_VECTORS;
        block.b = args->b + panel * args->b_panel + column;
        block.c = args->c + c_offset + column;
        block.gate = args->gate == NULL ? NULL : args->gate + c_offset + column;
        blocks[rows - 1][vectors - 1](&block);
    }
}

void VARIANT(product)(const struct sape_product_args *args) {
    /* Rows outside: a block of a stays in the first cache while all panels of b pass. */
    for (size_t first = 0; first < args->rows; first += BLOCK) {
        const size_t rows = args->rows - first < BLOCK ? args->rows - first : BLOCK;
        for (size_t panel = 0; panel < args->panels; panel++) block_row(args, first, rows, panel);
    }
}
