/* SPDX-License-Identifier: MIT */
/* The product backend that a network uses, and the description of what is in use. */
#ifndef SAPE_LIB_BACKEND_H
#define SAPE_LIB_BACKEND_H

#include <sape/backend.h>

#include "network/product.h"

/* The products the caller asks for, else the environment, else packed. */
sape_status sape_product_choose(sape_product_backend backend, const struct sape_product **product);

/* Fills in a description of struct sape_description's known size. */
sape_status sape_backend_describe(const struct sape_kernels *kernels, const struct sape_product *product,
                                  size_t num_threads, sape_description *description);

#endif
