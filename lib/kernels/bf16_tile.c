/* SPDX-License-Identifier: MIT */
/*
 * Products by tiles of 16 rows of 64 bytes: AMX's TDPBF16PS, or its emulation. Four tiles of sums, 32 rows by 32
 * columns, take two tiles of a and two of b for every step of the depth.
 */
#include "bf16_store.h"
#include "bf16_variant.h"
#if defined(__AMX_BF16__)
#include "bf16_tile_native.h"
#else
#include "bf16_tile_emulated.h"
#endif

#define TILE_ROWS 16
#define BLOCK_ROWS 32
#define TILE_BYTES (TILE_ROWS * SAPE_BF16_STEP * sizeof(uint32_t))
#define ROW_BYTES (SAPE_BF16_STEP * sizeof(uint32_t))
#define COLUMN_BYTES (SAPE_BF16_WIDTH * sizeof(uint32_t))

/* Tiles 0 to 3 hold the sums, 4 and 5 a's rows, 6 and 7 b's columns. Without lower rows, 2, 3 and 5 rest. */
#define LOAD_A(part)                                                                                                   \
    do {                                                                                                               \
        TILE_LOAD(4, part, ROW_BYTES);                                                                                 \
        if (lower) TILE_LOAD(5, (part) + TILE_ROWS * SAPE_BF16_STEP, ROW_BYTES);                                       \
    } while (0)
#define LOAD_B(part)                                                                                                   \
    do {                                                                                                               \
        TILE_LOAD(6, part, COLUMN_BYTES);                                                                              \
        TILE_LOAD(7, (part) + TILE_ROWS, COLUMN_BYTES);                                                                \
    } while (0)
#define MULTIPLY()                                                                                                     \
    do {                                                                                                               \
        TILE_MULTIPLY(0, 4, 6);                                                                                        \
        TILE_MULTIPLY(1, 4, 7);                                                                                        \
        if (lower) {                                                                                                   \
            TILE_MULTIPLY(2, 5, 6);                                                                                    \
            TILE_MULTIPLY(3, 5, 7);                                                                                    \
        }                                                                                                              \
    } while (0)

/* 32 rows from first on; fewer than 17 leave the lower tiles alone. */
static void multiply_block(const struct sape_bf16_args *args, size_t first, size_t rows, size_t block, TILES) {
    const bool lower = rows > TILE_ROWS;
    size_t a = first * SAPE_BF16_STEP, b = block * args->b_block;
    float sums[BLOCK_ROWS * SAPE_BF16_WIDTH] __attribute__((aligned(64)));
    bf16_prefetch_block(args, first, rows, block);
    TILES_USE();
    TILE_ZERO(0);
    TILE_ZERO(1);
    TILE_ZERO(2);
    TILE_ZERO(3);
    for (size_t step = 0; step < args->steps; step++) {
        if (args->a.low != NULL) {
            LOAD_A(args->a.low + a);
            LOAD_B(args->b.high + b);
            MULTIPLY();
            LOAD_A(args->a.high + a);
            MULTIPLY();
            LOAD_B(args->b.low + b);
            MULTIPLY();
        } else {
            LOAD_A(args->a.high + a);
            LOAD_B(args->b.high + b);
            MULTIPLY();
        }
        a += args->a_step;
        b += (size_t)SAPE_BF16_STEP * SAPE_BF16_WIDTH;
    }
    TILE_STORE(0, sums, COLUMN_BYTES);
    TILE_STORE(1, sums + TILE_ROWS, COLUMN_BYTES);
    if (lower) {
        TILE_STORE(2, sums + TILE_ROWS * SAPE_BF16_WIDTH, COLUMN_BYTES);
        TILE_STORE(3, sums + TILE_ROWS * SAPE_BF16_WIDTH + TILE_ROWS, COLUMN_BYTES);
    }
    bf16_store_block(args, first, rows, block, sums);
}

void VARIANT(bf16_tile)(const struct sape_bf16_args *args) {
    const size_t blocks = (args->columns + SAPE_BF16_WIDTH - 1) / SAPE_BF16_WIDTH;
    TILES_BEGIN();
    /* Rows outside: a block of a stays in the first cache while all of b passes. */
    for (size_t first = 0; first < args->rows; first += BLOCK_ROWS) {
        const size_t rest = args->rows - first, rows = rest < BLOCK_ROWS ? rest : BLOCK_ROWS;
        for (size_t block = 0; block < blocks; block++) multiply_block(args, first, rows, block, TILES_PASS);
    }
    TILES_END();
}
