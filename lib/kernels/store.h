/* SPDX-License-Identifier: MIT */
/* What a vector of a product's sums becomes when it is stored. */
#ifndef SAPE_KERNELS_STORE_H
#define SAPE_KERNELS_STORE_H

#include "kernels.h"
#include "vector.h"

/* Asks for a block of c before its sums are computed: its rows lie too far apart for the processor to foresee them. */
static inline void prefetch_block(const float *c, size_t rows, size_t c_stride, size_t columns) {
    const size_t line = 64 / sizeof *c;
    for (size_t row = 0; row < rows; row++)
        for (size_t column = 0; column < columns; column += line) __builtin_prefetch(c + row * c_stride + column, 1);
}

/* One vector of a row, at its offset in c and gate. */
static inline vf finish(enum sape_store store, const float *c, const float *bias, const float *gate, size_t row,
                        size_t offset, vf sum) {
    switch (store) {
    case SAPE_STORE:
        return sum;
    case SAPE_STORE_ADD:
        return vf_load(c + offset) + sum;
    case SAPE_STORE_BIAS:
    case SAPE_STORE_CURVE:
        return sum + bias[row];
    case SAPE_STORE_RELU:
        return vf_relu(sum + bias[row]);
    case SAPE_STORE_GATE:
        return vf_select(vf_load(gate + offset) > vf_set(0.0f), sum, vf_set(0.0f));
    case SAPE_STORE_SCALE:
        return sum * vf_load(gate + offset);
    }
    return sum;
}

#endif
