/* SPDX-License-Identifier: MIT */
#include "base/error.h"

#include <math.h>
#include <sape/encoder.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/call.h"
#include "base/memory.h"

/* How much of a message's beginning is kept when it is too long. */
#define HEAD 200

static const char ellipsis[] = "...";
static _Thread_local char last_error[512];

const char *sape_last_error(void) {
    return last_error;
}

const char *sape_status_string(sape_status status) {
    switch (status) {
#define NAME(s)                                                                                                        \
    case s:                                                                                                            \
        return #s
        NAME(SAPE_OK);
        NAME(SAPE_ERROR_ARGUMENT);
        NAME(SAPE_ERROR_MEMORY);
        NAME(SAPE_ERROR_SHAPE);
        NAME(SAPE_ERROR_NOT_FINITE);
        NAME(SAPE_ERROR_DIVERGED);
        NAME(SAPE_ERROR_NOT_FOUND);
        NAME(SAPE_ERROR_FILE);
        NAME(SAPE_ERROR_FORMAT);
        NAME(SAPE_ERROR_VERSION);
        NAME(SAPE_ERROR_STATE);
        NAME(SAPE_ERROR_UNSUPPORTED);
        NAME(SAPE_ERROR_THREAD);
        NAME(SAPE_ERROR_CALLBACK);
#undef NAME
    }
    return "unknown sape_status";
}

static bool continues_character(char byte) {
    return ((unsigned char)byte & 0xC0) == 0x80;
}

/* The last place up to length where the text can be cut without splitting a UTF-8 character of at most 4 bytes. */
static size_t cut_before(const char *text, size_t length) {
    size_t cut = length;
    while (cut > 0 && length - cut < 3 && continues_character(text[cut])) cut--;
    return cut;
}

/*
 * Keeps both ends of a message that is too long, one of length bytes. Paths, names and values can be long; the function
 * stands before them and the reason behind them.
 */
static void keep_ends(const char *message, size_t length) {
    const size_t head = cut_before(message, HEAD), room = sizeof last_error - sizeof ellipsis - HEAD;
    const char *tail = message + length - room;
    for (size_t i = 0; i < 3 && continues_character(*tail); i++) tail++;
    snprintf(last_error, sizeof last_error, "%.*s%s%s", (int)head, message, ellipsis, tail);
}

/* Without memory for the whole message its beginning is all there is. */
static void keep_beginning(void) {
    const size_t room = sizeof last_error - sizeof ellipsis;
    const size_t cut = cut_before(last_error, room);
    snprintf(last_error + cut, sizeof last_error - cut, "%s", ellipsis);
}

static void shorten(size_t length, const char *format, va_list arguments) {
    char *message = sape_alloc(length + 1, 1);
    if (message == NULL) {
        keep_beginning();
        return;
    }
    const int begin = snprintf(message, length + 1, "%s: ", sape_call_name());
    vsnprintf(message + begin, length + 1 - (size_t)begin, format, arguments);
    keep_ends(message, length);
    sape_release(message);
}

sape_status sape_fail(sape_status status, const char *format, ...) {
    const int begin = snprintf(last_error, sizeof last_error, "%s: ", sape_call_name());
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    const int rest = vsnprintf(last_error + begin, sizeof last_error - (size_t)begin, format, arguments);
    const size_t length = (size_t)begin + (size_t)rest;
    if (rest > 0 && length >= sizeof last_error) shorten(length, format, again);
    va_end(again);
    va_end(arguments);
    return status;
}

sape_status sape_check_finite(const char *name, const float *values, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (!isfinite(values[i])) return sape_fail(SAPE_ERROR_NOT_FINITE, "%s[%zu] is %g", name, i, (double)values[i]);
    return SAPE_OK;
}

sape_status sape_check_size(const char *name, size_t n, size_t each) {
    if (n <= SIZE_MAX / sizeof(float) / each) return SAPE_OK;
    return sape_fail(SAPE_ERROR_MEMORY, "%s is %zu, too many for memory", name, n);
}

sape_status sape_check_coordinates(const char *name, const float *x, size_t n, size_t dim) {
    if (n == 0) return SAPE_OK;
    if (x == NULL) return sape_fail(SAPE_ERROR_ARGUMENT, "%s is NULL", name);
    SAPE_TRY(sape_check_size("n", n, dim));
    SAPE_TRY(sape_check_finite(name, x, n * dim));
    for (size_t i = 0; i < n * dim; i++)
        SAPE_REQUIRE(fabsf(x[i]) <= SAPE_MAX_COORDINATE, "%s[%zu] is %g, must be within +-%g", name, i, (double)x[i],
                     (double)SAPE_MAX_COORDINATE);
    return SAPE_OK;
}
