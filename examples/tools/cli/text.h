/* SPDX-License-Identifier: MIT */
/* Text files, by lines and words. Lines end with LF, CRLF or CR. */
#ifndef EXAMPLES_TEXT_H
#define EXAMPLES_TEXT_H

#include <stdbool.h>
#include <stddef.h>

struct text {
    const char *path;
    char *bytes, *at; /* (size), a zero byte after them; where reading goes on */
    size_t size;
    bool comments;  /* # begins a comment, up to the end of the line */
    bool continued; /* a backslash at the end of a line joins it and the next one */
};

enum text_kind { TEXT_LINES, TEXT_BYTES };

/*
 * Reads a file of at most that many bytes, devices and pipes included. TEXT_BYTES takes any bytes; TEXT_LINES is
 * followed by text_begin(), and refuses what is no text as early as possible. When it fails a message has been printed
 * and there is nothing to free.
 */
bool text_load(struct text *text, const char *path, size_t max_size, enum text_kind kind);

/* Prepares what follows for the functions below: refuses zero bytes and UTF-16, skips the byte order mark of UTF-8. */
bool text_begin(struct text *text);

/* Goes on to the next word, on this line or another one; false at the end of the text. */
bool text_next(struct text *text);

/* The next word of this line; NULL at the end of the line. */
const char *text_word(struct text *text, size_t *length);

/* The next word of this line as a number, which may be infinite or no number; false, with a message, without one. */
bool text_number(struct text *text, double *value);

/* Leaves out the rest of the line. */
void text_end_line(struct text *text);

/* As message_error(), with the file's name and the number of the line before the text. */
bool text_error(const struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

void text_free(struct text *text);

#endif
