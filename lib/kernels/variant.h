/* SPDX-License-Identifier: MIT */
/* What one variant of the kernels consists of; SAPE_ISA is the name of its instruction set. */
#ifndef SAPE_KERNELS_VARIANT_H
#define SAPE_KERNELS_VARIANT_H

#include "kernels.h"
#include "vector.h"

#define ENCODE(name)                                                                                                   \
    void VARIANT(name)(const struct sape_basis *basis, size_t groups, size_t width, const float *x, float *features)
#define ENCODE_BACKWARD(name)                                                                                          \
    void VARIANT(name)(const struct sape_basis *basis, size_t groups, size_t width, const float *x,                    \
                       const float *d_features, float *d_x)

ENCODE(fourier);
ENCODE(positional);
ENCODE(rbf);
ENCODE(periodic_rbf);
ENCODE(grid);
ENCODE_BACKWARD(fourier_backward);
ENCODE_BACKWARD(positional_backward);
ENCODE_BACKWARD(rbf_backward);
ENCODE_BACKWARD(periodic_rbf_backward);
ENCODE_BACKWARD(grid_backward);

void VARIANT(grid_tangent)(const struct sape_basis *basis, size_t level, size_t width, const float *x, size_t axis,
                           float *tangents);
void VARIANT(grid_scatter)(const struct sape_scatter_args *args);
void VARIANT(grid_squares)(const struct sape_basis *basis, size_t level, size_t width, const float *x,
                           const float *d_features, float *squares);

void VARIANT(scale_rows)(size_t count, size_t width, const float *weights, float *values);
void VARIANT(product)(const struct sape_product_args *args);
void VARIANT(apply)(const struct sape_curve *curve, size_t offset, size_t count, float *values);
void VARIANT(gradient)(const struct sape_gradient_args *args);
void VARIANT(column_sums)(size_t columns, size_t depth, const float *packed, bool add, float *sums);
void VARIANT(pack_columns)(size_t rows, size_t columns, const float *from, size_t from_stride, size_t depth, float *to);
void VARIANT(pack_rows)(size_t rows, size_t columns, const float *from, size_t from_stride, size_t block, size_t depth,
                        float *to);
void VARIANT(row_sums)(size_t rows, size_t width, const float *values, bool add, float *sums);
bool VARIANT(adam)(const struct sape_adam *adam, size_t count, size_t num_gradients, const float *const *gradients,
                   const struct sape_stepped *to);
bool VARIANT(sgd)(float rate, float momentum, float decay, size_t count, size_t num_gradients,
                  const float *const *gradients, const struct sape_stepped *to);
bool VARIANT(adam_rows)(const struct sape_adam *adam, const struct sape_rows_step *step);
bool VARIANT(sgd_rows)(float rate, float momentum, float decay, const struct sape_rows_step *step);

#endif
