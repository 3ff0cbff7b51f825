/* SPDX-License-Identifier: MIT */
#include "message.h"

#include <errno.h>
#include <sape/sape.h>
#include <stdarg.h>
#include <stdio.h>

bool message_error(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "%s: ", program_invocation_short_name);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    return false;
}

bool message_sape_error(void) {
    return message_error("%s", sape_last_error());
}

bool message_out_of_memory(void) {
    return message_error("out of memory");
}
