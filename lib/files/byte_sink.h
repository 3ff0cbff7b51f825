/* SPDX-License-Identifier: MIT */
/* Where bytes that are written go, and a sink that keeps them in memory. */
#ifndef SAPE_LIB_BYTE_SINK_H
#define SAPE_LIB_BYTE_SINK_H

#include <sape/status.h>

/* Takes the next size bytes. What fails here ends the writing, and its status is handed on. */
typedef sape_status (*sape_byte_sink_fn)(void *user, const void *bytes, size_t size);

/* Bytes in memory that grow. Begin with one that is all zero. */
struct sape_buffer {
    /* From sape_alloc(); NULL as long as there are none. */
    unsigned char *bytes;
    size_t size;
    size_t capacity;
};

/* A sink: user is a sape_buffer, which is as it was when memory is short. */
sape_status sape_buffer_append(void *user, const void *bytes, size_t size);

void sape_buffer_clear(struct sape_buffer *buffer);

#endif
