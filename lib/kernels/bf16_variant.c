/* SPDX-License-Identifier: MIT */
#include "bf16_variant.h"

#define DEFINE_TABLE(NAME, CODE, PRODUCT)                                                                              \
    extern const struct sape_bf16_kernels NAME;                                                                        \
    const struct sape_bf16_kernels NAME = {.code = CODE,                                                               \
                                           .product = PRODUCT,                                                         \
                                           .join_rows = VARIANT(bf16_join_rows),                                       \
                                           .turn = VARIANT(bf16_turn),                                                 \
                                           .pack_rows = VARIANT(bf16_pack_rows),                                       \
                                           .pack_columns = VARIANT(bf16_pack_columns),                                 \
                                           .column_sums = VARIANT(bf16_column_sums)};

#if defined(__AMX_BF16__)
DEFINE_TABLE(VARIANT(bf16), "amx", VARIANT(bf16_tile))
#elif defined(__AVX512BF16__)
DEFINE_TABLE(VARIANT(bf16), "avx512_bf16", VARIANT(bf16_dot))
#else
DEFINE_TABLE(VARIANT(bf16), "emulated", VARIANT(bf16_dot))
DEFINE_TABLE(VARIANT(bf16_tiles), "emulated_amx", VARIANT(bf16_tile))
#endif
