/* SPDX-License-Identifier: MIT */
#include "network/backend.h"

#include <sape/version.h>

#include "base/call.h"
#include "base/environment.h"
#include "base/error.h"
#include "base/params.h"
#include "kernels/bf16.h"

/* What a network is to compute with: the program's wishes, and behind them the environment's. */
struct request {
    sape_product_backend product;
    sape_precision precision;
    struct sape_wishes environment;
};

static bool wants_cblas(const struct request *request) {
    if (request->product != SAPE_PRODUCT_AUTO) return request->product == SAPE_PRODUCT_CBLAS;
    return request->environment.product == SAPE_PRODUCT_CBLAS;
}

static sape_status find_bf16(const struct request *request, struct sape_backend *backend) {
    backend->bf16 = sape_bf16_find(backend->kernels, (enum sape_bf16_code)request->environment.code);
    if (backend->bf16 != NULL) return SAPE_OK;
    return sape_fail(SAPE_ERROR_UNSUPPORTED, "precision: this processor does not have %s, or not beside %s",
                     sape_bf16_code_name(request->environment.code), backend->kernels->name);
}

/* AUTO is the fastest precision that keeps the tolerances of the parity test: single precision. Three products in
   bfloat16 are faster on matrix units, but miss them (docs/performance.md). */
static sape_status choose_precision(const struct request *request, struct sape_backend *backend) {
    backend->precision = request->precision;
    if (backend->precision == SAPE_PRECISION_AUTO && request->product != SAPE_PRODUCT_CBLAS)
        backend->precision = (sape_precision)request->environment.precision;
    if (backend->precision == SAPE_PRECISION_AUTO) backend->precision = SAPE_PRECISION_FP32;
    backend->bf16 = NULL;
    return backend->precision == SAPE_PRECISION_FP32 ? SAPE_OK : find_bf16(request, backend);
}

/* Where one of product and precision is the program's wish and the other one the environment's, the program's
   decides. */
static sape_status choose_product(const struct request *request, struct sape_backend *backend) {
    const bool cblas = wants_cblas(request);
    backend->product = cblas ? sape_product_cblas : &sape_product_packed;
    if (backend->precision != SAPE_PRECISION_FP32) {
        backend->product = &sape_product_bf16;
        if (!cblas || (request->product == SAPE_PRODUCT_AUTO && request->precision != SAPE_PRECISION_AUTO))
            return SAPE_OK;
        return sape_fail(SAPE_ERROR_UNSUPPORTED, "precision: CBLAS products are fp32, not %s",
                         sape_precision_word(backend->precision));
    }
    if (backend->product != NULL) return SAPE_OK;
    return sape_fail(SAPE_ERROR_UNSUPPORTED, "product: this libsape was built without CBLAS");
}

sape_status sape_backend_choose(sape_instruction_set instructions, sape_product_backend product,
                                sape_precision precision, struct sape_backend *backend) {
    struct request request = {.product = product, .precision = precision};
    SAPE_TRY(sape_kernels_choose(instructions, &backend->kernels));
    SAPE_REQUIRE((unsigned)product <= SAPE_PRODUCT_CBLAS, "product is %d, not a sape_product_backend", (int)product);
    SAPE_REQUIRE((unsigned)precision <= SAPE_PRECISION_BF16, "precision is %d, not a sape_precision", (int)precision);
    if (product == SAPE_PRODUCT_AUTO || precision != SAPE_PRECISION_FP32)
        SAPE_TRY(sape_environment_read(&request.environment));
    SAPE_TRY(choose_precision(&request, backend));
    return choose_product(&request, backend);
}

sape_status sape_backend_describe(const struct sape_backend *backend, size_t num_threads,
                                  sape_description *description) {
    sape_description known = {.struct_size = sizeof known,
                              .version = sape_version_string(),
                              .instructions = backend->kernels->name,
                              .product = backend->product->name,
                              .num_threads = num_threads,
                              .precision = sape_precision_word(backend->precision),
                              .precision_code = backend->bf16 == NULL ? "native fp32" : backend->bf16->code};
    SAPE_TRY(sape_threads_resolve(&known.num_threads));
    sape_cblas_describe(&known.blas, &known.blas_kernel);
    return sape_params_write(description, &known, sizeof known);
}

const char *sape_precision_name(sape_precision precision) {
    return sape_precision_word((unsigned)precision);
}

sape_status sape_describe(sape_description *description) {
    SAPE_BEGIN_CALL();
    struct sape_backend backend;
    SAPE_REQUIRE_POINTER(description);
    SAPE_TRY(sape_backend_choose(SAPE_INSTRUCTIONS_AUTO, SAPE_PRODUCT_AUTO, SAPE_PRECISION_AUTO, &backend));
    return sape_backend_describe(&backend, 0, description);
}
