/* SPDX-License-Identifier: MIT */
#include "files/byte_sink.h"

#include <string.h>

#include "base/error.h"
#include "base/memory.h"

/* Makes room for size more bytes, at least twice as much as there was. */
static sape_status grow(struct sape_buffer *buffer, size_t size) {
    size_t capacity = buffer->size + size;
    if (capacity < size) return sape_fail(SAPE_ERROR_MEMORY, "no memory for another %zu bytes", size);
    if (capacity <= buffer->capacity) return SAPE_OK;
    if (capacity / 2 < buffer->capacity) capacity = 2 * buffer->capacity;
    unsigned char *bytes = sape_alloc(capacity, 1);
    if (bytes == NULL) return sape_fail(SAPE_ERROR_MEMORY, "no memory for %zu bytes", capacity);
    if (buffer->size > 0) memcpy(bytes, buffer->bytes, buffer->size);
    sape_release(buffer->bytes);
    buffer->bytes = bytes;
    buffer->capacity = capacity;
    return SAPE_OK;
}

sape_status sape_buffer_append(void *user, const void *bytes, size_t size) {
    struct sape_buffer *buffer = user;
    if (size == 0) return SAPE_OK;
    SAPE_TRY(grow(buffer, size));
    memcpy(buffer->bytes + buffer->size, bytes, size);
    buffer->size += size;
    return SAPE_OK;
}

void sape_buffer_clear(struct sape_buffer *buffer) {
    sape_release(buffer->bytes);
    *buffer = (struct sape_buffer){.bytes = NULL};
}
