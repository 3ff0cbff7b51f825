/* SPDX-License-Identifier: MIT */
#include "cli/text.h"

#include "cli/message.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_CAPACITY 65536
#define MESSAGE_SIZE 512

static bool is_utf16(const struct text *text) {
    return text->size >= 2 && (memcmp(text->bytes, "\xff\xfe", 2) == 0 || memcmp(text->bytes, "\xfe\xff", 2) == 0);
}

/* Looks at what follows `from`. */
static bool check_text(const struct text *text, size_t from) {
    if (is_utf16(text)) return message_error("'%s' is UTF-16 text; save it as UTF-8", text->path);
    return !memchr(text->bytes + from, '\0', text->size - from) ||
           message_error("'%s' is not text: it contains a zero byte", text->path);
}

/* Makes room for the zero byte and more. */
static bool grow(struct text *text, size_t *capacity) {
    if (text->size + 1 < *capacity) return true;
    const size_t larger = *capacity ? 2 * *capacity : FIRST_CAPACITY;
    char *bytes = realloc(text->bytes, larger);
    if (!bytes) return message_out_of_memory();
    text->bytes = bytes;
    *capacity = larger;
    return true;
}

static bool read_stream(struct text *text, FILE *stream, size_t max_size, enum text_kind kind) {
    size_t capacity = 0, length;
    do {
        if (!grow(text, &capacity)) return false;
        length = fread(text->bytes + text->size, 1, capacity - 1 - text->size, stream);
        text->size += length;
        if (kind == TEXT_LINES && !check_text(text, text->size - length)) return false;
        if (text->size > max_size) return message_error("'%s' is larger than %zu MiB", text->path, max_size >> 20);
    } while (length > 0);
    text->bytes[text->size] = '\0';
    text->at = text->bytes;
    return !ferror(stream) || message_error("cannot read '%s': %s", text->path, strerror(errno));
}

bool text_load(struct text *text, const char *path, size_t max_size, enum text_kind kind) {
    *text = (struct text){.path = path};
    FILE *stream = fopen(path, "rb");
    if (!stream) return message_error("cannot open '%s': %s", path, strerror(errno));
    const bool done = read_stream(text, stream, max_size, kind) && (kind == TEXT_BYTES || text_begin(text));
    fclose(stream);
    if (!done) text_free(text);
    return done;
}

/* Every line then ends with a newline, and has the number that it had. */
static void unify_line_ends(char *at) {
    while ((at = strchr(at, '\r')) != NULL) {
        *at = at[1] == '\n' ? ' ' : '\n';
        at++;
    }
}

bool text_begin(struct text *text) {
    if (!check_text(text, (size_t)(text->at - text->bytes))) return false;
    if (text->at == text->bytes && strncmp(text->at, "\xef\xbb\xbf", 3) == 0) text->at += 3;
    unify_line_ends(text->at);
    return true;
}

/* Passes over the end of a line that goes on. */
static bool skip_continuation(struct text *text) {
    if (!text->continued || *text->at != '\\') return false;
    const char *end = text->at + 1 + strspn(text->at + 1, " \t");
    if (*end != '\n') return false;
    text->at += end + 1 - text->at;
    return true;
}

/* Whether a word follows on this line. */
static bool skip_blanks(struct text *text) {
    do text->at += strspn(text->at, " \t\v\f");
    while (skip_continuation(text));
    if (text->comments && *text->at == '#') text->at += strcspn(text->at, "\n");
    return *text->at != '\n' && *text->at != '\0';
}

bool text_next(struct text *text) {
    while (!skip_blanks(text)) {
        if (*text->at == '\0') return false;
        text->at++;
    }
    return true;
}

const char *text_word(struct text *text, size_t *length) {
    if (!skip_blanks(text)) return NULL;
    const char *word = text->at;
    do text->at++;
    while (!strchr(" \t\v\f\n", *text->at) && !(text->comments && *text->at == '#') &&
           !(text->continued && *text->at == '\\'));
    *length = (size_t)(text->at - word);
    return word;
}

bool text_number(struct text *text, double *value) {
    size_t length;
    char *end;
    const char *word = text_word(text, &length);
    if (!word) return text_error(text, "a number is missing");
    *value = strtod(word, &end);
    return end == word + length || text_error(text, "'%.*s' is not a number", (int)(length < 60 ? length : 60), word);
}

void text_end_line(struct text *text) {
    size_t length;
    while (text_word(text, &length)) continue;
}

bool text_error(const struct text *text, const char *format, ...) {
    char message[MESSAGE_SIZE];
    size_t line = 1;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    for (const char *at = text->bytes; at < text->at; at++) line += *at == '\n';
    return message_error("%s:%zu: %s", text->path, line, message);
}

void text_free(struct text *text) {
    free(text->bytes);
    *text = (struct text){0};
}
