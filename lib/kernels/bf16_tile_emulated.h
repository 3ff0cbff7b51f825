/* SPDX-License-Identifier: MIT */
/* AMX's tiles in memory, and the arithmetic of TDPBF16PS. */
#ifndef SAPE_KERNELS_BF16_TILE_EMULATED_H
#define SAPE_KERNELS_BF16_TILE_EMULATED_H

#include "bf16_vector.h"

struct tile {
    uint32_t words[16][16];
};

#define TILES struct tile *tiles
#define TILES_PASS all_tiles
#define TILES_BEGIN() struct tile all_tiles[8]
#define TILES_END() (void)all_tiles
#define TILES_USE() (void)tiles
#define TILE_ZERO(tile) memset(&tiles[tile], 0, sizeof *tiles)
#define TILE_LOAD(tile, from, stride) tile_load(&tiles[tile], (const unsigned char *)(from), stride)
#define TILE_STORE(tile, to, stride) tile_store(&tiles[tile], (unsigned char *)(to), stride)
#define TILE_MULTIPLY(sums, a, b) tile_multiply(&tiles[sums], &tiles[a], &tiles[b])

static void tile_load(struct tile *tile, const unsigned char *from, size_t stride) {
    for (size_t row = 0; row < 16; row++) memcpy(tile->words[row], from + row * stride, sizeof tile->words[row]);
}

static void tile_store(const struct tile *tile, unsigned char *to, size_t stride) {
    for (size_t row = 0; row < 16; row++) memcpy(to + row * stride, tile->words[row], sizeof tile->words[row]);
}

/* A vector of a row of sums: first and second numbers of the pairs are summed apart, and both are added. */
static vf tile_sum(const struct tile *a, const struct tile *b, size_t row, size_t column, vf before) {
    vf first = vf_set(0.0f), second = vf_set(0.0f);
    for (size_t word = 0; word < 16; word++) {
        const vi left = (vi){0} + (int32_t)a->words[row][word], right = vi_load(&b->words[word][column]);
        first = bf16_multiply_add(bf16_flush(bf16_first(left)), bf16_flush(bf16_first(right)), first);
        second = bf16_multiply_add(bf16_flush(bf16_second(left)), bf16_flush(bf16_second(right)), second);
    }
    const vf one = vf_set(1.0f);
    return bf16_multiply_add(one, bf16_multiply_add(one, first, second), bf16_flush(before));
}

static void tile_multiply(struct tile *sums, const struct tile *a, const struct tile *b) {
    for (size_t row = 0; row < 16; row++)
        for (size_t column = 0; column < 16; column += LANES) {
            uint32_t *to = &sums->words[row][column];
            vi_store(to, (vi)tile_sum(a, b, row, column, (vf)vi_load(to)));
        }
}

#endif
