/* SPDX-License-Identifier: MIT */
/**
 * @file backend.h
 * What the library computes with: the processor's instruction set, and who multiplies matrices.
 *
 * Left alone, a field uses the widest instruction set that the processor has, and the library's own products. Choose
 * otherwise in sape_encoder_params and sape_network_params (a field's parts agree: it is enough to say it in one), or,
 * for all handles of a program that do not say it themselves, in the environment variable SAPE_BACKEND. It holds words
 * between commas: the name of an instruction set, the name of a product backend, and threads=N for the number of
 * threads where a program gives 0. Example: SAPE_BACKEND=avx2,cblas,threads=1. It is read when a handle is made.
 *
 * Results under different backends differ by rounding only. On one machine, with one build of the library and one
 * backend, they are the same bits with any number of threads (with CBLAS: as far as the BLAS library keeps to that).
 * Another machine may differ by rounding: the C library's cos(), exp() and pow() depend on its version and processor.
 */
#ifndef SAPE_BACKEND_H
#define SAPE_BACKEND_H

#include "export.h"
#include "status.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Instruction sets. */
typedef enum sape_instruction_set {
    /** What SAPE_BACKEND says, else the widest one the processor has. */
    SAPE_INSTRUCTIONS_AUTO = 0,
    /** What every processor of the architecture has: SSE2 on x86-64, NEON on AArch64. In SAPE_BACKEND "baseline". */
    SAPE_INSTRUCTIONS_BASELINE = 1,
    /** AVX2 and FMA; "avx2". */
    SAPE_INSTRUCTIONS_AVX2 = 2,
    /** AVX-512 F, BW, DQ and VL; "avx512". */
    SAPE_INSTRUCTIONS_AVX512 = 3,
    /** NEON on AArch64; "neon". */
    SAPE_INSTRUCTIONS_NEON = 4
} sape_instruction_set;

/** Who computes the layers' products. */
typedef enum sape_product_backend {
    /** What SAPE_BACKEND says, else packed. */
    SAPE_PRODUCT_AUTO = 0,
    /** The library's own kernels, on operands that stay packed; "packed". */
    SAPE_PRODUCT_PACKED = 1,
    /** The CBLAS library that libsape is linked with; "cblas". Its threads are put to one while a call is inside.
        #SAPE_ERROR_UNSUPPORTED where libsape is built with -Dblas=none. */
    SAPE_PRODUCT_CBLAS = 2
} sape_product_backend;

/** What is in use. Its strings belong to the library and stay valid while it is loaded. */
typedef struct sape_description {
    /** sizeof(sape_description), set by the caller before the call. */
    size_t struct_size;
    /** sape_version_string(). */
    const char *version;
    /** "baseline", "avx2", "avx512" or "neon". */
    const char *instructions;
    /** "packed" or "cblas". */
    const char *product;
    /** Name and version of the BLAS library that is loaded; "none" where libsape is built without one. */
    const char *blas;
    /** The kernel that library has picked for this processor; "none" without one. */
    const char *blas_kernel;
    /** Threads of a call whose handle was given 0. */
    size_t num_threads;
} sape_description;

/**
 * Says what a handle made with defaults would use.
 *
 * @param description receives it; its struct_size must be set.
 * @return #SAPE_OK, #SAPE_ERROR_ARGUMENT (also for a SAPE_BACKEND that makes no sense), #SAPE_ERROR_UNSUPPORTED: this
 *         machine does not have what SAPE_BACKEND asks for. Any thread.
 */
SAPE_API sape_status sape_describe(sape_description *description);

#ifdef __cplusplus
}
#endif

#endif
