/* SPDX-License-Identifier: MIT */
#include "failing_malloc.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

/* glibc's own allocator under its second names. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *block, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
void __libc_free(void *block);

/* Far above what a call has at a time. */
#define MAX_BLOCKS 4096

static _Thread_local bool counting;
static _Thread_local long requests_left, requests_made;
static _Thread_local const void *blocks[MAX_BLOCKS];
static _Thread_local size_t num_blocks;

static bool refuse(void) {
    if (!counting) return false;
    requests_made++;
    if (requests_left < 0 || requests_left-- > 0) return false;
    errno = ENOMEM;
    return true;
}

static void *note(void *block) {
    if (!counting || block == NULL) return block;
    if (num_blocks == MAX_BLOCKS) abort();
    blocks[num_blocks++] = block;
    return block;
}

static void forget(const void *block) {
    for (size_t i = num_blocks; block != NULL && i-- > 0;) {
        if (blocks[i] != block) continue;
        blocks[i] = blocks[--num_blocks];
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
