/* SPDX-License-Identifier: MIT */
#include "error.h"

#include <math.h>
#include <sape/encoder.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

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

sape_status sape_fail(sape_status status, const char *function, const char *format, ...) {
    int length = snprintf(last_error, sizeof last_error, "%s: ", function);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(last_error + length, sizeof last_error - (size_t)length, format, arguments);
    va_end(arguments);
    return status;
}

sape_status sape_check_finite(const char *function, const char *name, const float *values, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (!isfinite(values[i]))
            return sape_fail(SAPE_ERROR_NOT_FINITE, function, "%s[%zu] is %g", name, i, (double)values[i]);
    return SAPE_OK;
}

sape_status sape_check_coordinates(const char *function, const char *name, const float *x, size_t n, size_t dim) {
    if (n == 0) return SAPE_OK;
    if (x == NULL) return sape_fail(SAPE_ERROR_ARGUMENT, function, "%s is NULL", name);
    if (n > SIZE_MAX / sizeof(float) / dim)
        return sape_fail(SAPE_ERROR_MEMORY, function, "n is %zu, too many for memory", n);
    SAPE_TRY(sape_check_finite(function, name, x, n * dim));
    for (size_t i = 0; i < n * dim; i++)
        if (fabsf(x[i]) > SAPE_MAX_COORDINATE)
            return sape_fail(SAPE_ERROR_ARGUMENT, function, "%s[%zu] is %g, must be within +-%g", name, i, (double)x[i],
                             (double)SAPE_MAX_COORDINATE);
    return SAPE_OK;
}
