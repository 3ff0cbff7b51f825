/* SPDX-License-Identifier: MIT */
/* The message behind sape_last_error(), and the checks that every public call begins with. */
#ifndef SAPE_LIB_ERROR_H
#define SAPE_LIB_ERROR_H

#include <sape/status.h>
#include <stdio.h>

/* Has the compiler check a format as the printf() of this build reads it. */
#ifdef __MINGW_PRINTF_FORMAT
#define SAPE_PRINTF(format_index, first) __attribute__((format(__MINGW_PRINTF_FORMAT, format_index, first)))
#else
#define SAPE_PRINTF(format_index, first) __attribute__((format(printf, format_index, first)))
#endif

/* Stores "CALL: MESSAGE" for this thread, CALL being the public call that it is in, and returns status. */
sape_status sape_fail(sape_status status, const char *format, ...) SAPE_PRINTF(2, 3);

/* Leaves the calling function with SAPE_ERROR_ARGUMENT unless the condition holds. */
#define SAPE_REQUIRE(condition, ...)                                                                                   \
    do {                                                                                                               \
        if (!(condition)) return sape_fail(SAPE_ERROR_ARGUMENT, __VA_ARGS__);                                          \
    } while (0)

#define SAPE_REQUIRE_POINTER(pointer) SAPE_REQUIRE((pointer) != NULL, #pointer " is NULL")

/* Leaves the calling function with the status of a call that failed and has already said why. */
#define SAPE_TRY(call)                                                                                                 \
    do {                                                                                                               \
        sape_status try_status = (call);                                                                               \
        if (try_status != SAPE_OK) return try_status;                                                                  \
    } while (0)

/* Checks that count floats are finite; the message names the array and the first bad entry. */
sape_status sape_check_finite(const char *name, const float *values, size_t count);

/* Checks that n times `each` floats can be in memory; the message names n. */
sape_status sape_check_size(const char *name, size_t n, size_t each);

/* Checks that (n, dim) coordinates are there, finite and within SAPE_MAX_COORDINATE. */
sape_status sape_check_coordinates(const char *name, const float *x, size_t n, size_t dim);

#endif
