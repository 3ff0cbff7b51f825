/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "bf16.h"

#if defined(SAPE_HAS_AVX512BF16)

#include <cpuid.h>

extern const struct sape_bf16_kernels sape_bf16_avx512bf16;

/* Whether the processor says so, beside AVX-512 itself, which a handle's kernels have shown to be there. */
static bool has_avx512_bf16(void) {
    unsigned a, b, c, d;
    return __get_cpuid_count(7, 1, &a, &b, &c, &d) && (a & 1u << 5) != 0;
}

static const struct sape_bf16_kernels *find_avx512_bf16(void) {
    return has_avx512_bf16() ? &sape_bf16_avx512bf16 : NULL;
}

#else

static const struct sape_bf16_kernels *find_avx512_bf16(void) {
    return NULL;
}

#endif

#if defined(SAPE_HAS_AMX)

#include <stdatomic.h>
#include <sys/syscall.h>
#include <unistd.h>

#define REQUEST_PERMISSION 0x1023
#define TILE_DATA 18

extern const struct sape_bf16_kernels sape_bf16_amx;

static bool has_amx(void) {
    unsigned a, b, c, d;
    const unsigned wanted = 1u << 22 | 1u << 24; /* AMX-BF16, AMX-TILE */
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (d & wanted) == wanted && has_avx512_bf16();
}

/* Linux gives tiles to a process that asks, once. It refuses while a thread has an alternate signal stack that they
   would not fit on; older kernels do not know the question. */
static bool is_permitted(void) {
    return syscall(SYS_arch_prctl, REQUEST_PERMISSION, TILE_DATA) == 0;
}

static const struct sape_bf16_kernels *find_amx(void) {
    enum { UNKNOWN, PERMITTED, REFUSED };
    static atomic_int answer;
    if (!has_amx()) return NULL;
    if (atomic_load(&answer) == UNKNOWN) atomic_store(&answer, is_permitted() ? PERMITTED : REFUSED);
    return atomic_load(&answer) == PERMITTED ? &sape_bf16_amx : NULL;
}

#else

static const struct sape_bf16_kernels *find_amx(void) {
    return NULL;
}

#endif

const struct sape_bf16_kernels *sape_bf16_find(const struct sape_kernels *kernels, enum sape_bf16_code code) {
    const struct sape_bf16_kernels *found = NULL;
    const bool wide = strcmp(kernels->name, "avx512") == 0;
    if (code == SAPE_BF16_EMULATED) return kernels->bf16;
    if (code == SAPE_BF16_EMULATED_AMX) return kernels->bf16_tiles;
    if (wide && (code == SAPE_BF16_AUTO || code == SAPE_BF16_AMX)) found = find_amx();
    if (wide && found == NULL && (code == SAPE_BF16_AUTO || code == SAPE_BF16_AVX512_BF16)) found = find_avx512_bf16();
    return found == NULL && code == SAPE_BF16_AUTO ? kernels->bf16 : found;
}
