/* SPDX-License-Identifier: MIT */
#include "network/backend.h"

#include <sape/version.h>

#include "base/call.h"
#include "base/environment.h"
#include "base/error.h"
#include "base/params.h"

sape_status sape_product_choose(sape_product_backend backend, const struct sape_product **product) {
    SAPE_REQUIRE((unsigned)backend <= SAPE_PRODUCT_CBLAS, "product is %d, not a sape_product_backend", (int)backend);
    if (backend == SAPE_PRODUCT_AUTO) {
        struct sape_wishes wishes;
        SAPE_TRY(sape_environment_read(&wishes));
        backend = (sape_product_backend)wishes.product;
    }
    *product = backend == SAPE_PRODUCT_CBLAS ? sape_product_cblas : &sape_product_packed;
    if (*product != NULL) return SAPE_OK;
    return sape_fail(SAPE_ERROR_UNSUPPORTED, "product: this libsape was built without CBLAS");
}

sape_status sape_backend_describe(const struct sape_kernels *kernels, const struct sape_product *product,
                                  size_t num_threads, sape_description *description) {
    sape_description known = {.struct_size = sizeof known,
                              .version = sape_version_string(),
                              .instructions = kernels->name,
                              .product = product->name,
                              .num_threads = num_threads};
    SAPE_TRY(sape_threads_resolve(&known.num_threads));
    sape_cblas_describe(&known.blas, &known.blas_kernel);
    return sape_params_write(description, &known, sizeof known);
}

sape_status sape_describe(sape_description *description) {
    SAPE_BEGIN_CALL();
    const struct sape_kernels *kernels;
    const struct sape_product *product;
    SAPE_REQUIRE_POINTER(description);
    SAPE_TRY(sape_kernels_choose(SAPE_INSTRUCTIONS_AUTO, &kernels));
    SAPE_TRY(sape_product_choose(SAPE_PRODUCT_AUTO, &product));
    return sape_backend_describe(kernels, product, 0, description);
}
