/* SPDX-License-Identifier: MIT */
#ifndef SAPE_LIB_SORT_H
#define SAPE_LIB_SORT_H

#include <stddef.h>

/* As qsort(), but without memory, which that takes for large arrays. Elements of at most SAPE_SORT_SIZE bytes. */
#define SAPE_SORT_SIZE 128
void sape_sort(void *base, size_t count, size_t size, int (*compare)(const void *a, const void *b));

/* The order of floats, for sape_sort() and qsort(). */
int sape_compare_floats(const void *a, const void *b);

#endif
