/* SPDX-License-Identifier: MIT */
/* The code that a network computes with, and the description of what is in use. */
#ifndef SAPE_LIB_BACKEND_H
#define SAPE_LIB_BACKEND_H

#include <sape/backend.h>

#include "network/product.h"

struct sape_backend {
    const struct sape_kernels *kernels;
    const struct sape_product *product;
    /* Not AUTO. */
    sape_precision precision;
    /* For products in bfloat16; NULL with FP32. */
    const struct sape_bf16_kernels *bf16;
};

/* What the caller asks for, else the environment, else the fastest that is nearly single precision. */
sape_status sape_backend_choose(sape_instruction_set instructions, sape_product_backend product,
                                sape_precision precision, struct sape_backend *backend);

/* Fills in a description of struct sape_description's known size. */
sape_status sape_backend_describe(const struct sape_backend *backend, size_t num_threads,
                                  sape_description *description);

#endif
