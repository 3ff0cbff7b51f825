/* SPDX-License-Identifier: MIT */
/* A number that tells bytes apart: the hash of Fowler, Noll and Vo, 1a, of 64 bits. */
#ifndef EXAMPLES_DIGEST_H
#define EXAMPLES_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#define DIGEST_BEGIN 14695981039346656037u

static inline uint64_t digest_add(uint64_t digest, const void *data, size_t size) {
    const unsigned char *bytes = data;
    for (size_t i = 0; i < size; i++) digest = (digest ^ bytes[i]) * 1099511628211u;
    return digest;
}

#endif
