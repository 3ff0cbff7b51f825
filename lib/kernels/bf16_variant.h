/* SPDX-License-Identifier: MIT */
/* What one variant of the bfloat16 kernels consists of; SAPE_ISA is the name of its instruction set. */
#ifndef SAPE_KERNELS_BF16_VARIANT_H
#define SAPE_KERNELS_BF16_VARIANT_H

#include "bf16.h"
#include "vector.h"

void VARIANT(bf16_dot)(const struct sape_bf16_args *args);
void VARIANT(bf16_tile)(const struct sape_bf16_args *args);
void VARIANT(bf16_join_rows)(size_t rows, const float *panel, const struct sape_bf16_parts *pairs);
void VARIANT(bf16_turn)(size_t rows, const uint32_t *pairs, uint32_t *turned);
void VARIANT(bf16_pack_rows)(size_t rows, size_t columns, const float *from, size_t stride, size_t a_step,
                             const struct sape_bf16_parts *a);
void VARIANT(bf16_pack_columns)(size_t rows, size_t columns, const float *from, size_t stride, size_t a_step,
                                const struct sape_bf16_parts *a);
void VARIANT(bf16_column_sums)(size_t columns, size_t depth, const struct sape_bf16_parts *b, bool add, float *sums);

#endif
