/* SPDX-License-Identifier: MIT */
/*
 * What the target state has in place of functions that it calls very often; the linker puts them there. The library's
 * memory is without the room around it that its alignment takes, so that the sanitizer sees its ends. The JSON parser
 * and comparisons of names, which the target safetensors is for, are to cost little.
 */
#include "exact_memory.h"

#include <cjson/cJSON.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* lib/base/memory.c */
#define ALIGNMENT 64

void *__wrap_sape_alloc(size_t count, size_t size);
void __wrap_sape_release(void *memory);
char *__wrap_sape_copy_string(const char *string);
int __wrap_strcmp(const char *a, const char *b);

void *__wrap_sape_alloc(size_t count, size_t size) {
    void *memory;
    if (size != 0 && count > SIZE_MAX / 2 / size) return NULL;
    if (posix_memalign(&memory, ALIGNMENT, count * size) != 0) return NULL;
    return memset(memory, 0, count * size);
}

void __wrap_sape_release(void *memory) {
    free(memory);
}

char *__wrap_sape_copy_string(const char *string) {
    return strdup(string);
}

/* Without the sanitizer's and libFuzzer's look at every pair of names. */
__attribute__((no_sanitize("address", "coverage"))) int __wrap_strcmp(const char *a, const char *b) {
    while (*a != 0 && *a == *b) {
        a++;
        b++;
    }
    return (unsigned char)*a - (unsigned char)*b;
}

/* A stack, which is empty again when everything has been freed. */
static _Alignas(16) unsigned char memory[(size_t)1 << 20];
static size_t used, blocks;

static void *take(size_t size) {
    if (size > sizeof memory - used) return NULL;
    void *block = memory + used;
    used += (size + 15) / 16 * 16;
    blocks++;
    return block;
}

static void give_back(void *block) {
    if (block != NULL && --blocks == 0) used = 0;
}

void use_exact_memory(void) {
    cJSON_Hooks hooks = {take, give_back};
    cJSON_InitHooks(&hooks);
}
