/* SPDX-License-Identifier: MIT */
#include "variant.h"

#define TEXT_(x) #x
#define TEXT(x) TEXT_(x)

extern const struct sape_kernels VARIANT(kernels);
extern const struct sape_bf16_kernels VARIANT(bf16), VARIANT(bf16_tiles);

const struct sape_kernels VARIANT(kernels) = {
    .name = TEXT(SAPE_ISA),
    .lanes = LANES,
    .width = WIDTH,
    .block = BLOCK,
    .encode = {[SAPE_ENCODING_FOURIER] = VARIANT(fourier),
               [SAPE_ENCODING_POSITIONAL] = VARIANT(positional),
               [SAPE_ENCODING_RBF] = VARIANT(rbf),
               [SAPE_ENCODING_PERIODIC_RBF] = VARIANT(periodic_rbf),
               [SAPE_ENCODING_GRID] = VARIANT(grid)},
    .encode_backward = {[SAPE_ENCODING_FOURIER] = VARIANT(fourier_backward),
                        [SAPE_ENCODING_POSITIONAL] = VARIANT(positional_backward),
                        [SAPE_ENCODING_RBF] = VARIANT(rbf_backward),
                        [SAPE_ENCODING_PERIODIC_RBF] = VARIANT(periodic_rbf_backward),
                        [SAPE_ENCODING_GRID] = VARIANT(grid_backward)},
    .grid_tangent = VARIANT(grid_tangent),
    .grid_scatter = VARIANT(grid_scatter),
    .grid_squares = VARIANT(grid_squares),
    .scale_rows = VARIANT(scale_rows),
    .product = VARIANT(product),
    .apply = VARIANT(apply),
    .gradient = VARIANT(gradient),
    .column_sums = VARIANT(column_sums),
    .pack_columns = VARIANT(pack_columns),
    .pack_rows = VARIANT(pack_rows),
    .row_sums = VARIANT(row_sums),
    .adam = VARIANT(adam),
    .sgd = VARIANT(sgd),
    .adam_rows = VARIANT(adam_rows),
    .sgd_rows = VARIANT(sgd_rows),
    .bf16 = &VARIANT(bf16),
    .bf16_tiles = &VARIANT(bf16_tiles),
};
