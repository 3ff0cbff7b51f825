/* SPDX-License-Identifier: MIT */
/* What the environment asks for, where the caller leaves it open: SAPE_BACKEND, and the processors there are. */
#ifndef SAPE_LIB_ENVIRONMENT_H
#define SAPE_LIB_ENVIRONMENT_H

#include <sape/backend.h>

#define SAPE_MAX_THREADS 256

/* The words of SAPE_BACKEND; 0 for what it does not say. code is an enum sape_bf16_code (kernels/bf16.h). */
struct sape_wishes {
    size_t instructions, product, precision, code, num_threads;
};

sape_status sape_environment_read(struct sape_wishes *wishes);

/* What SAPE_BACKEND calls a precision, NULL beyond the last, and the code of products in bfloat16. */
const char *sape_precision_word(unsigned precision);
const char *sape_bf16_code_name(size_t code);

/* Checks a number of threads, and puts in place of 0 what the environment says, or the processors that the process may
   use. */
sape_status sape_threads_resolve(size_t *num_threads);

#endif
