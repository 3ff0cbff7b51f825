/* SPDX-License-Identifier: MIT */
#include "base/memory.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A cache line, and the widest vector. */
#define ALIGNMENT 64

/* Large blocks of calloc() come from the system as zeros, and cost nothing until they are touched. The block's own
   address stands in front of the aligned one. */
void *sape_alloc(size_t count, size_t size) {
    if (size != 0 && count > ((size_t)PTRDIFF_MAX - 2 * ALIGNMENT) / size) return NULL;
    char *block = calloc(1, count * size + 2 * ALIGNMENT);
    if (block == NULL) return NULL;
    char *memory = block + ALIGNMENT - (uintptr_t)block % ALIGNMENT;
    memcpy(memory - sizeof block, &block, sizeof block);
    return memory;
}

bool sape_memory_exists(double bytes) {
    if (bytes > (double)(PTRDIFF_MAX / 2)) return false;
#ifdef _SC_PHYS_PAGES
    const double pages = (double)sysconf(_SC_PHYS_PAGES), page = (double)sysconf(_SC_PAGESIZE);
    if (pages > 0.0 && page > 0.0) return bytes <= pages * page;
#endif
    return true;
}

void sape_release(void *memory) {
    char *block;
    if (memory == NULL) return;
    memcpy(&block, (char *)memory - sizeof block, sizeof block);
    free(block);
}

char *sape_copy_string(const char *string) {
    size_t length = strlen(string) + 1;
    char *copy = sape_alloc(length, 1);
    if (copy != NULL) memcpy(copy, string, length);
    return copy;
}
