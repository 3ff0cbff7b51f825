/* SPDX-License-Identifier: MIT */
#include "failing_malloc.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

/* glibc's own allocator under its second names. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *block, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
void __libc_free(void *block);

/* A power of two, far above what a test asks for. */
#define SLOTS ((size_t)1 << 16)
#define REMOVED ((void *)1)

static _Thread_local bool counting;
static _Thread_local long requests_left, requests_made;
static _Thread_local void *blocks[SLOTS];
static _Thread_local size_t num_blocks;

static size_t slot_of(const void *block) {
    return (size_t)(((uintptr_t)block >> 4) * 0x9E3779B97F4A7C15u >> 48) & (SLOTS - 1);
}

static bool refuse(void) {
    if (!counting) return false;
    requests_made++;
    if (requests_left < 0 || requests_left-- > 0) return false;
    errno = ENOMEM;
    return true;
}

static void *note(void *block) {
    if (!counting || block == NULL) return block;
    size_t slot = slot_of(block);
    while (blocks[slot] != NULL && blocks[slot] != REMOVED) slot = (slot + 1) & (SLOTS - 1);
    blocks[slot] = block;
    num_blocks++;
    return block;
}

static void forget(const void *block) {
    if (block == NULL || num_blocks == 0) return;
    for (size_t slot = slot_of(block); blocks[slot] != NULL; slot = (slot + 1) & (SLOTS - 1)) {
        if (blocks[slot] != block) continue;
        blocks[slot] = REMOVED;
        num_blocks--;
        return;
    }
}

void *malloc(size_t size) {
    return refuse() ? NULL : note(__libc_malloc(size));
}

void *calloc(size_t count, size_t size) {
    return refuse() ? NULL : note(__libc_calloc(count, size));
}

void *realloc(void *block, size_t size) {
    if (refuse()) return NULL;
    forget(block);
    return note(__libc_realloc(block, size));
}

void *aligned_alloc(size_t alignment, size_t size) {
    return refuse() ? NULL : note(__libc_memalign(alignment, size));
}

int posix_memalign(void **block, size_t alignment, size_t size) {
    *block = aligned_alloc(alignment, size);
    return *block == NULL ? ENOMEM : 0;
}

void free(void *block) {
    forget(block);
    __libc_free(block);
}

void failing_malloc_begin(long requests) {
    for (size_t i = 0; i < SLOTS; i++) blocks[i] = NULL;
    num_blocks = 0;
    requests_made = 0;
    requests_left = requests;
    counting = true;
}

long failing_malloc_end(void) {
    counting = false;
    return requests_made;
}

size_t failing_malloc_live(void) {
    return num_blocks;
}
