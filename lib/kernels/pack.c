/* SPDX-License-Identifier: MIT */
/* Bringing operands of products into the order in which the product reads them. */
#include "variant.h"

void VARIANT(pack_columns)(size_t rows, size_t columns, const float *from, size_t from_stride, size_t depth,
                           float *to) {
    for (size_t first = 0; first < columns; first += BLOCK) {
        const size_t count = columns - first < BLOCK ? columns - first : BLOCK;
        float *block = to + first * depth;
        for (size_t row = 0; row < rows; row++) {
            const float *r = from + row * from_stride + first;
            /* The usual case has a constant size, and costs no call. */
            if (count == BLOCK)
                memcpy(block + row * BLOCK, r, BLOCK * sizeof *to);
            else
                for (size_t i = 0; i < BLOCK; i++) block[row * BLOCK + i] = i < count ? r[i] : 0.0f;
        }
    }
}

static inline v4 load4(const float *p) {
    v4 v;
    memcpy(&v, p, sizeof v);
    return v;
}

static inline void store4(float *p, v4 v) {
    memcpy(p, &v, sizeof v);
}

/* Four rows become four columns. */
static inline void transpose4(v4 r0, v4 r1, v4 r2, v4 r3, size_t stride, float *to) {
    const v4 low01 = __builtin_shufflevector(r0, r1, 0, 4, 1, 5), high01 = __builtin_shufflevector(r0, r1, 2, 6, 3, 7);
    const v4 low23 = __builtin_shufflevector(r2, r3, 0, 4, 1, 5), high23 = __builtin_shufflevector(r2, r3, 2, 6, 3, 7);
    store4(to, __builtin_shufflevector(low01, low23, 0, 1, 4, 5));
    store4(to + stride, __builtin_shufflevector(low01, low23, 2, 3, 6, 7));
    store4(to + 2 * stride, __builtin_shufflevector(high01, high23, 0, 1, 4, 5));
    store4(to + 3 * stride, __builtin_shufflevector(high01, high23, 2, 3, 6, 7));
}

void VARIANT(pack_rows)(size_t rows, size_t columns, const float *from, size_t from_stride, size_t block, size_t depth,
                        float *to) {
    const size_t padded = (rows + block - 1) / block * block;
    const v4 zero = {0};
    for (size_t row = 0; row < padded; row += 4) {
        float *column = to + row / block * block * depth + row % block;
        const float *r = from + row * from_stride;
        for (size_t c = 0; c < columns; c += 4) {
            transpose4(row < rows ? load4(r + c) : zero, row + 1 < rows ? load4(r + from_stride + c) : zero,
                       row + 2 < rows ? load4(r + 2 * from_stride + c) : zero,
                       row + 3 < rows ? load4(r + 3 * from_stride + c) : zero, block, column + c * block);
        }
    }
}

void VARIANT(column_sums)(size_t columns, size_t depth, const float *packed, bool add, float *sums) {
    for (size_t first = 0; first < columns; first += WIDTH) {
        const float *block = packed + first * depth;
        for (size_t c = 0; c < WIDTH && first + c < columns; c += LANES) {
            vf sum = vf_set(0.0f);
            for (size_t row = 0; row < depth; row++) sum += vf_load(block + row * WIDTH + c);
            vf_store(sums + first + c, add ? vf_load(sums + first + c) + sum : sum);
        }
    }
}

void VARIANT(row_sums)(size_t rows, size_t width, const float *values, bool add, float *sums) {
    for (size_t row = 0; row < rows; row++) {
        vf sum = vf_set(0.0f);
        for (size_t s = 0; s < width; s += LANES) sum += vf_load(values + row * width + s);
        float total = add ? sums[row] : 0.0f;
        for (size_t lane = 0; lane < LANES; lane++) total += sum[lane];
        sums[row] = total;
    }
}
