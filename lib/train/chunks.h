/* SPDX-License-Identifier: MIT */
/* Arrays as long as the parameters, cut into parts that a thread works on at a time. */
#ifndef SAPE_LIB_CHUNKS_H
#define SAPE_LIB_CHUNKS_H

#include <stddef.h>

#define SAPE_CHUNK ((size_t)16384)

struct sape_chunk {
    size_t begin, end;
};

static inline size_t sape_num_chunks(size_t size) {
    return (size + SAPE_CHUNK - 1) / SAPE_CHUNK;
}

static inline struct sape_chunk sape_chunk_at(size_t size, size_t index) {
    const size_t begin = index * SAPE_CHUNK;
    return (struct sape_chunk){begin, begin + SAPE_CHUNK < size ? begin + SAPE_CHUNK : size};
}

#endif
