/* SPDX-License-Identifier: MIT */
#include "backend.h"

#include <sape/version.h>
#include <stdlib.h>
#include <string.h>

#include "call.h"
#include "error.h"
#include "params.h"
#include "threads.h"

static const char variable[] = "SAPE_BACKEND";
static const char *const instruction_names[] = {"auto", "baseline", "avx2", "avx512", "neon"};
static const char *const product_names[] = {"auto", "packed", "cblas"};

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* Choices of the program or of the environment. */
struct wish {
    size_t instructions, product, num_threads;
};

static bool find_name(const char *const *names, size_t count, const char *word, size_t length, size_t *index) {
    for (size_t i = 0; i < count; i++) {
        if (strlen(names[i]) != length || memcmp(names[i], word, length) != 0) continue;
        *index = i;
        return true;
    }
    return false;
}

static bool read_threads(const char *word, size_t length, size_t *num_threads) {
    static const char prefix[] = "threads=";
    const size_t start = sizeof prefix - 1;
    size_t value = 0;
    if (length <= start || length > start + 3 || memcmp(word, prefix, start) != 0) return false;
    for (size_t i = start; i < length; i++) {
        if (word[i] < '0' || word[i] > '9') return false;
        value = 10 * value + (size_t)(word[i] - '0');
    }
    *num_threads = value;
    return value <= SAPE_MAX_THREADS;
}

static sape_status read_environment(const char *function, struct wish *wish) {
    const char *word = getenv(variable);
    *wish = (struct wish){0};
    while (word != NULL && *word != '\0') {
        const size_t length = strcspn(word, ",");
        if (!find_name(instruction_names, COUNT(instruction_names), word, length, &wish->instructions) &&
            !find_name(product_names, COUNT(product_names), word, length, &wish->product) &&
            !read_threads(word, length, &wish->num_threads))
            return sape_fail(SAPE_ERROR_ARGUMENT, function,
                             "%s: \"%.*s\" is no instruction set, product or threads=0 to threads=%d", variable,
                             (int)length, word, SAPE_MAX_THREADS);
        word += length;
        if (*word == ',') word++;
    }
    return SAPE_OK;
}

sape_status sape_backend_choose(const char *function, sape_instruction_set instructions, sape_product_backend product,
                                struct sape_backend *backend) {
    struct wish wish;
    if ((unsigned)instructions > SAPE_INSTRUCTIONS_NEON)
        return sape_fail(SAPE_ERROR_ARGUMENT, function, "instructions is %d, not a sape_instruction_set",
                         (int)instructions);
    if ((unsigned)product > SAPE_PRODUCT_CBLAS)
        return sape_fail(SAPE_ERROR_ARGUMENT, function, "product is %d, not a sape_product_backend", (int)product);
    /* Whoever says everything is not asked to care for the environment. */
    wish = (struct wish){0};
    if (instructions == SAPE_INSTRUCTIONS_AUTO || product == SAPE_PRODUCT_AUTO)
        SAPE_TRY(read_environment(function, &wish));
    if (instructions != SAPE_INSTRUCTIONS_AUTO) wish.instructions = (size_t)instructions;
    if (product != SAPE_PRODUCT_AUTO) wish.product = (size_t)product;
    backend->kernels = sape_kernels_find((sape_instruction_set)wish.instructions);
    backend->product = wish.product == SAPE_PRODUCT_CBLAS ? sape_product_cblas : &sape_product_packed;
    if (backend->kernels == NULL)
        return sape_fail(SAPE_ERROR_UNSUPPORTED, function, "instructions: this processor does not have %s",
                         instruction_names[wish.instructions]);
    if (backend->product == NULL)
        return sape_fail(SAPE_ERROR_UNSUPPORTED, function, "product: this libsape is built without CBLAS");
    return SAPE_OK;
}

sape_status sape_backend_kernels(const char *function, sape_instruction_set instructions,
                                 const struct sape_kernels **kernels) {
    struct sape_backend backend = {0};
    SAPE_TRY(sape_backend_choose(function, instructions, SAPE_PRODUCT_PACKED, &backend));
    *kernels = backend.kernels;
    return SAPE_OK;
}

sape_status sape_backend_threads(const char *function, size_t *num_threads) {
    struct wish wish;
    SAPE_TRY(read_environment(function, &wish));
    *num_threads = wish.num_threads;
    return SAPE_OK;
}

sape_instruction_set sape_backend_instructions(const struct sape_kernels *kernels) {
    size_t index = SAPE_INSTRUCTIONS_AUTO;
    find_name(instruction_names, COUNT(instruction_names), kernels->name, strlen(kernels->name), &index);
    return (sape_instruction_set)index;
}

sape_product_backend sape_backend_product(const struct sape_product *product) {
    return product == sape_product_cblas ? SAPE_PRODUCT_CBLAS : SAPE_PRODUCT_PACKED;
}

sape_status sape_backend_describe(const char *function, const struct sape_kernels *kernels,
                                  const struct sape_product *product, size_t num_threads,
                                  sape_description *description) {
    sape_description known = {.struct_size = sizeof known,
                              .version = sape_version_string(),
                              .instructions = kernels->name,
                              .product = product->name,
                              .num_threads = num_threads};
    SAPE_TRY(sape_threads_resolve(function, &known.num_threads));
    sape_cblas_describe(&known.blas, &known.blas_kernel);
    return sape_params_write(function, description, &known, sizeof known);
}

sape_status sape_describe(sape_description *description) {
    SAPE_BEGIN_CALL();
    struct sape_backend backend;
    SAPE_REQUIRE_POINTER(description);
    SAPE_TRY(sape_backend_choose(__func__, SAPE_INSTRUCTIONS_AUTO, SAPE_PRODUCT_AUTO, &backend));
    return sape_backend_describe(__func__, backend.kernels, backend.product, 0, description);
}
