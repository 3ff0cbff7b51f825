/* SPDX-License-Identifier: MIT */
/*
 * AMX's tiles. They are configured when a product begins and released when it ends, so that a caller's thread, a signal
 * handler or a forked child never finds any.
 */
#ifndef SAPE_KERNELS_BF16_TILE_NATIVE_H
#define SAPE_KERNELS_BF16_TILE_NATIVE_H

#include <immintrin.h>

/* As LDTILECFG reads it. */
struct tile_configuration {
    uint8_t palette, start_row, reserved[14];
    uint16_t row_bytes[16];
    uint8_t rows[16];
};

static const struct tile_configuration tile_configuration __attribute__((aligned(64))) = {
    .palette = 1, .row_bytes = {64, 64, 64, 64, 64, 64, 64, 64}, .rows = {16, 16, 16, 16, 16, 16, 16, 16}};

/* The tiles are the processor's: nothing is passed on. Compilers do not know that they read memory. */
#define TILES int tiles
#define TILES_PASS 0
#define TILES_BEGIN()                                                                                                  \
    do {                                                                                                               \
        __asm__ volatile("" ::: "memory");                                                                             \
        _tile_loadconfig(&tile_configuration);                                                                         \
    } while (0)
#define TILES_END() _tile_release()
#define TILES_USE() (void)tiles
#define TILE_ZERO(tile) _tile_zero(tile)
#define TILE_LOAD(tile, from, stride) _tile_loadd(tile, from, stride)
#define TILE_STORE(tile, to, stride) _tile_stored(tile, to, stride)
#define TILE_MULTIPLY(sums, a, b) _tile_dpbf16ps(sums, a, b)

#endif
