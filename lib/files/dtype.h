/* SPDX-License-Identifier: MIT */
/* The element types of safetensors files: names, sizes, byte order, and how an element becomes a number. */
#ifndef SAPE_LIB_DTYPE_H
#define SAPE_LIB_DTYPE_H

#include <sape/tensor.h>
#include <stdbool.h>

/* Finds the type of that name; false when there is none. */
bool sape_dtype_from_name(const char *name, sape_dtype *dtype);

/* Bytes of an element. */
size_t sape_dtype_size(sape_dtype dtype);

/* The first size (1 to 8) bytes as a little-endian integer. */
uint64_t sape_little_endian(const unsigned char *bytes, size_t size);

/* Copies an element of size bytes from the processor's byte order to little-endian. */
void sape_to_little_endian(unsigned char *to, const void *from, size_t size);

/* The value of the element at bytes. Exact but for integers beyond 2^53, which round. */
double sape_dtype_decode(sape_dtype dtype, const unsigned char *bytes);

#endif
