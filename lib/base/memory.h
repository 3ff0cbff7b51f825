/* SPDX-License-Identifier: MIT */
/* All memory of the library comes from here: sizes are checked for overflow, and a test can make a request fail. */
#ifndef SAPE_LIB_MEMORY_H
#define SAPE_LIB_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

/* count * size zeroed bytes, aligned for vectors; NULL when there are none or the product overflows. */
void *sape_alloc(size_t count, size_t size);

/* Whether the machine has that many bytes at all, or does not tell. */
bool sape_memory_exists(double bytes);

/* Frees what sape_alloc() gave; NULL is fine. */
void sape_release(void *memory);

/* The string copied; NULL when memory is short. */
char *sape_copy_string(const char *string);

#define SAPE_NEW(type) ((type *)sape_alloc(1, sizeof(type)))
#define SAPE_NEW_ARRAY(type, count) ((type *)sape_alloc((count), sizeof(type)))

#endif
