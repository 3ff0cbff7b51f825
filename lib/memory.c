/* SPDX-License-Identifier: MIT */
#include "memory.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* A cache line, and the widest vector. */
#define ALIGNMENT 64

void *sape_alloc(size_t count, size_t size) {
    if (size != 0 && count > (SIZE_MAX - ALIGNMENT) / size) return NULL;
    size_t bytes = (count * size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    void *memory = aligned_alloc(ALIGNMENT, bytes == 0 ? ALIGNMENT : bytes);
    if (memory != NULL) memset(memory, 0, bytes);
    return memory;
}

void sape_release(void *memory) {
    free(memory);
}

char *sape_copy_string(const char *string) {
    size_t length = strlen(string) + 1;
    char *copy = sape_alloc(length, 1);
    if (copy != NULL) memcpy(copy, string, length);
    return copy;
}
