/* SPDX-License-Identifier: MIT */
#include "cli/message.h"

#include <errno.h>
#include <sape/sape.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* A line in one write: lines of several ranks on one terminal do not mix. */
static void print(const char *kind, const char *format, va_list arguments) {
    char *text = NULL;
    if (vasprintf(&text, format, arguments) < 0) text = NULL;
    fprintf(stderr, "%s: %s%s\n", program_invocation_short_name, kind, text ? text : format);
    free(text);
}

bool message_error(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    print("", format, arguments);
    va_end(arguments);
    return false;
}

void message_warning(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    print("warning: ", format, arguments);
    va_end(arguments);
}

bool message_sape_error(void) {
    return message_error("%s", sape_last_error());
}

bool message_out_of_memory(void) {
    return message_error("out of memory");
}
