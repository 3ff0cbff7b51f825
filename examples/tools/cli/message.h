/* SPDX-License-Identifier: MIT */
/* What a program has to say to the person who started it. */
#ifndef EXAMPLES_MESSAGE_H
#define EXAMPLES_MESSAGE_H

#include <stdbool.h>

/* Prints "program: text" on stderr. Always returns false, so that a failing function can end with it. */
bool message_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Prints "program: warning: text" on stderr. */
void message_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* As message_error(), with the text of libsape's last error. */
bool message_sape_error(void);

/* As message_error(), for memory that could not be had. */
bool message_out_of_memory(void);

#endif
