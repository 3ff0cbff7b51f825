/* SPDX-License-Identifier: MIT */
#include "kernels.h"

extern const struct sape_kernels sape_kernels_baseline;

#if defined(__x86_64__)
extern const struct sape_kernels sape_kernels_avx2, sape_kernels_avx512;
#endif

const struct sape_kernels *sape_kernels_select(void) {
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
        return &sape_kernels_avx512;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return &sape_kernels_avx2;
#endif
    return &sape_kernels_baseline;
}
