/* SPDX-License-Identifier: MIT */
/* Which kernels and products a handle uses. */
#ifndef SAPE_LIB_BACKEND_H
#define SAPE_LIB_BACKEND_H

#include <sape/backend.h>

#include "product.h"

struct sape_backend {
    const struct sape_kernels *kernels;
    const struct sape_product *product;
};

/* What the caller asks for, filled up with what the environment asks for. */
sape_status sape_backend_choose(const char *function, sape_instruction_set instructions, sape_product_backend product,
                                struct sape_backend *backend);

/* Kernels alone. */
sape_status sape_backend_kernels(const char *function, sape_instruction_set instructions,
                                 const struct sape_kernels **kernels);

/* What the environment says of threads; 0 for nothing. */
sape_status sape_backend_threads(const char *function, size_t *num_threads);

/* The names of what is in use, so that another handle can be made alike. */
sape_instruction_set sape_backend_instructions(const struct sape_kernels *kernels);
sape_product_backend sape_backend_product(const struct sape_product *product);

/* Fills in a description of struct sape_description's known size. */
sape_status sape_backend_describe(const char *function, const struct sape_kernels *kernels,
                                  const struct sape_product *product, size_t num_threads,
                                  sape_description *description);

#endif
