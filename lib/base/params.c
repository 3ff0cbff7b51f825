/* SPDX-License-Identifier: MIT */
#include "base/params.h"

#include <string.h>

#include "base/error.h"

static size_t smaller(size_t a, size_t b) {
    return a < b ? a : b;
}

static size_t size_of(const void *params) {
    size_t size;
    memcpy(&size, params, sizeof size);
    return size;
}

void sape_params_init(void *caller, size_t caller_size, const void *defaults, size_t known_size) {
    if (caller == NULL || caller_size < sizeof caller_size) return;
    memset(caller, 0, caller_size);
    memcpy(caller, defaults, smaller(caller_size, known_size));
    memcpy(caller, &caller_size, sizeof caller_size);
}

sape_status sape_params_read(void *known, size_t known_size, const void *caller) {
    size_t size = size_of(caller);
    SAPE_REQUIRE(size >= sizeof size && size <= 65536, "struct_size is %zu; call the struct's initialiser first", size);
    for (size_t i = known_size; i < size; i++)
        if (((const unsigned char *)caller)[i] != 0)
            return sape_fail(SAPE_ERROR_VERSION, "byte %zu is set, but this version's struct ends at byte %zu", i,
                             known_size);
    memcpy(known, caller, smaller(size, known_size));
    return SAPE_OK;
}

sape_status sape_params_check_output(const void *caller) {
    const size_t size = size_of(caller);
    if (size >= sizeof size && size <= 65536) return SAPE_OK;
    return sape_fail(SAPE_ERROR_ARGUMENT, "struct_size is %zu; set it to the size of the struct", size);
}

/* Not inlined: a compiler that knew the caller's struct would warn of writing behind it, which its size rules out. */
__attribute__((noinline)) sape_status sape_params_write(void *caller, const void *known, size_t known_size) {
    const size_t size = size_of(caller);
    SAPE_TRY(sape_params_check_output(caller));
    if (size > known_size) memset((char *)caller + known_size, 0, size - known_size);
    memcpy((char *)caller + sizeof size, (const char *)known + sizeof size, smaller(size, known_size) - sizeof size);
    return SAPE_OK;
}
