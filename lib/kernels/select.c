/* SPDX-License-Identifier: MIT */
#include "kernels.h"

#if defined(__x86_64__)
extern const struct sape_kernels sape_kernels_baseline, sape_kernels_avx2, sape_kernels_avx512;
#define BASELINE sape_kernels_baseline

static bool has_avx512(void) {
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw");
}

static bool has_avx2(void) {
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}
#elif defined(__aarch64__)
extern const struct sape_kernels sape_kernels_neon;
#define BASELINE sape_kernels_neon
#else
extern const struct sape_kernels sape_kernels_baseline;
#define BASELINE sape_kernels_baseline
#endif

const struct sape_kernels *sape_kernels_find(sape_instruction_set instructions) {
    switch (instructions) {
    case SAPE_INSTRUCTIONS_AUTO:
#if defined(__x86_64__)
        if (has_avx512()) return &sape_kernels_avx512;
        if (has_avx2()) return &sape_kernels_avx2;
#endif
        return &BASELINE;
    case SAPE_INSTRUCTIONS_BASELINE:
        return &BASELINE;
#if defined(__x86_64__)
    case SAPE_INSTRUCTIONS_AVX2:
        return has_avx2() ? &sape_kernels_avx2 : NULL;
    case SAPE_INSTRUCTIONS_AVX512:
        return has_avx512() ? &sape_kernels_avx512 : NULL;
#endif
#if defined(__aarch64__)
    case SAPE_INSTRUCTIONS_NEON:
        return &sape_kernels_neon;
#endif
    default:
        return NULL;
    }
}
