/* SPDX-License-Identifier: MIT */
/**
 * @file backend.h
 * Selects the instruction set and the matrix products that libsape uses.
 *
 * By default, a field uses the processor's widest supported instruction set and the library's own products. To choose
 * otherwise, set the fields of sape_encoder_params and sape_network_params. Within a field it is enough to set the
 * instruction set in one of them; if both set it, they must agree.
 *
 * The environment variable SAPE_BACKEND chooses for every handle that leaves it at AUTO. It is a comma-separated list
 * of words: an instruction set, a product backend, a precision, and threads=N for the number of threads wherever a
 * program passes 0. Example: SAPE_BACKEND=avx2,cblas,threads=1. It is read whenever a handle is made.
 *
 * For products in bfloat16, a further word chooses the code that computes them. amx and avx512_bf16 need a processor
 * with these instructions, and the instruction set avx512. emulated and emulated_amx give the same bits as the two,
 * slowly, on every processor. Without such a word, the fastest of the first three is used. The first use of AMX asks
 * Linux for permission; the process then cannot have alternate signal stacks that are smaller than AT_MINSIGSTKSZ.
 *
 * Results with different backends differ only by rounding. On one machine, with one build of the library and one
 * backend, results are bit-identical for any number of threads (with CBLAS: as far as the BLAS library guarantees it).
 * Another machine may differ by rounding, because the C library's cos(), exp() and pow() depend on its version and on
 * the processor.
 */
#ifndef SAPE_BACKEND_H
#define SAPE_BACKEND_H

#include "export.h"
#include "status.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * The instruction set to compute with.
 * @since 0.2.0
 */
typedef enum sape_instruction_set {
    /** The choice of SAPE_BACKEND, or the widest set that is supported. */
    SAPE_INSTRUCTIONS_AUTO = 0,
    /** The architecture's minimum: SSE2 on x86-64, NEON on AArch64. "baseline" in SAPE_BACKEND. */
    SAPE_INSTRUCTIONS_BASELINE = 1,
    /** AVX2 and FMA; "avx2" in SAPE_BACKEND. */
    SAPE_INSTRUCTIONS_AVX2 = 2,
    /** AVX-512 F, BW, DQ and VL; "avx512" in SAPE_BACKEND. */
    SAPE_INSTRUCTIONS_AVX512 = 3,
    /** NEON on AArch64; "neon" in SAPE_BACKEND. */
    SAPE_INSTRUCTIONS_NEON = 4
} sape_instruction_set;

/**
 * The code that computes the layers' matrix products.
 * @since 0.2.0
 */
typedef enum sape_product_backend {
    /** The choice of SAPE_BACKEND, or #SAPE_PRODUCT_PACKED. */
    SAPE_PRODUCT_AUTO = 0,
    /** The library's own kernels on packed operands; "packed" in SAPE_BACKEND. */
    SAPE_PRODUCT_PACKED = 1,
    /**
     * The CBLAS library that libsape is linked with; "cblas" in SAPE_BACKEND. Its thread count, which is global to the
     * process, is 1 while a call uses it. #SAPE_ERROR_UNSUPPORTED if libsape was built with -Dblas=none.
     */
    SAPE_PRODUCT_CBLAS = 2
} sape_product_backend;

/**
 * The precision of the layers' matrix products.
 *
 * Parameters, moments, losses, masks, encodings and everything that is summed over samples are single precision in each
 * of them, and so are checkpoints. Operands in bfloat16 have the range of single precision, but 8 bits in place of 24.
 * A processor without instructions for bfloat16 computes the same numbers by emulation, slowly;
 * sape_description.precision_code says so.
 * @since 0.3.0
 */
typedef enum sape_precision {
    /**
     * The choice of SAPE_BACKEND, or #SAPE_PRECISION_FP32.
     * That is the fastest precision so far whose results stay within the tolerances of single precision.
     */
    SAPE_PRECISION_AUTO = 0,
    /** Single precision; "fp32" in SAPE_BACKEND. */
    SAPE_PRECISION_FP32 = 1,
    /**
     * Three products in bfloat16 for one, nearly single precision.
     * A product of two numbers is off by about 2^-16 of itself. "bf16x3" in SAPE_BACKEND. #SAPE_ERROR_UNSUPPORTED with
     * #SAPE_PRODUCT_CBLAS.
     */
    SAPE_PRECISION_BF16X3 = 2,
    /**
     * Operands rounded to bfloat16, sums in single precision.
     * A product is off by up to 2^-8 of itself. "bf16" in SAPE_BACKEND. #SAPE_ERROR_UNSUPPORTED with
     * #SAPE_PRODUCT_CBLAS.
     */
    SAPE_PRECISION_BF16 = 3
} sape_precision;

/**
 * Describes the backend in use. Its strings stay valid while the library is loaded.
 * @since 0.2.0
 */
typedef struct sape_description {
    /** sizeof(sape_description), set by the caller before the call. */
    size_t struct_size;
    /** The version, as sape_version_string() returns it. */
    const char *version;
    /** The instruction set: "baseline", "avx2", "avx512" or "neon". */
    const char *instructions;
    /** The product backend: "packed" or "cblas". */
    const char *product;
    /** The loaded BLAS library's name and version; "none" without a library. */
    const char *blas;
    /** The kernel that the BLAS library chose; "none" without a library. */
    const char *blas_kernel;
    /** The number of threads of a handle that was given 0. */
    size_t num_threads;
    /** The precision of the products: "fp32", "bf16x3" or "bf16". @since 0.3.0 */
    const char *precision;
    /**
     * The code that computes the products.
     * "native fp32" with fp32; "amx", "avx512_bf16" or "emulated" with the others; "emulated_amx" where SAPE_BACKEND
     * asks for it. @since 0.3.0
     */
    const char *precision_code;
} sape_description;

/**
 * Describes the backend of a handle that is made with defaults.
 *
 * Any thread may call it.
 *
 * @param[in,out] description receives the description; its struct_size must be set.
 * @return #SAPE_OK; #SAPE_ERROR_ARGUMENT if description is NULL, its struct_size is wrong, or SAPE_BACKEND contains an
 *         unknown word; #SAPE_ERROR_UNSUPPORTED if this machine or build lacks what SAPE_BACKEND asks for.
 * @since 0.2.0
 */
SAPE_API sape_status sape_describe(sape_description *description);

/**
 * Returns the name of a precision.
 *
 * @param[in] precision the precision.
 * @return a static string like "bf16x3"; NULL if precision is not a #sape_precision.
 * @since 0.3.0
 */
SAPE_API const char *sape_precision_name(sape_precision precision);

/**
 * Returns the name of an instruction set.
 *
 * @param[in] instructions the value.
 * @return a static string like "avx2"; NULL if instructions is not a #sape_instruction_set.
 * @since 0.3.0
 */
SAPE_API const char *sape_instruction_set_name(sape_instruction_set instructions);

/**
 * Returns the name of a product backend.
 *
 * @param[in] product the value.
 * @return a static string like "packed"; NULL if product is not a #sape_product_backend.
 * @since 0.3.0
 */
SAPE_API const char *sape_product_backend_name(sape_product_backend product);

#ifdef __cplusplus
}
#endif

#endif
