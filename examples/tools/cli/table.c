/* SPDX-License-Identifier: MIT */
#include "cli/table.h"

#include "cli/message.h"
#include "cli/text.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Wide enough for every table, and narrow enough for what is none to be found out. */
static const size_t MAX_FILE_SIZE = (size_t)256 << 20, MAX_LINE_LENGTH = 65536;

/* What a row is read as. */
struct row {
    size_t num_fields, num_numbers;
    bool finite;
    bool heading; /* no field is a number, or written like one with a decimal comma, a unit sign, as a date */
    bool comma;   /* one stands within a field */
};

/* The end of a quoted string, after the second quotation mark, or of what begins at `at` otherwise. */
static const char *skip_quoted(const char *at) {
    if (*at != '"') return at;
    at += 1 + strcspn(at + 1, "\"\n");
    return *at == '"' ? at + 1 : at;
}

/* What separates a row's fields: a semicolon, or else a comma, tab or blank. */
static char find_separator(const char *at) {
    static const char separators[] = " \t,;";
    const char *best = separators;
    for (; *at != '\n' && *at != '\0'; at++) {
        at = skip_quoted(at);
        const char *found = *at ? strchr(separators, *at) : NULL;
        if (found > best) best = found;
        if (*at == '\n' || *at == '\0') break;
    }
    return *best;
}

/* A blank stands for tabs, too. */
static bool separates(char byte, char separator) {
    return byte == separator || (byte == '\t' && separator == ' ');
}

static const char *end_of_field(const char *at, char separator) {
    for (at = skip_quoted(at); *at != '\n' && *at != '\0' && !separates(*at, separator);) at++;
    return at;
}

/* Whether the text between is a number with or without quotation marks; infinite and undefined ones count. */
static bool parse_number(const char *begin, const char *end, double *value) {
    char *stop;
    while (end > begin && (end[-1] == ' ' || end[-1] == '\t')) end--;
    if (end - begin >= 2 && *begin == '"' && end[-1] == '"') {
        begin++;
        end--;
    }
    if (begin == end || isspace((unsigned char)*begin)) return false;
    *value = strtod(begin, &stop);
    return stop == end;
}

/* What numbers, dates and times are written with; the minus sign and the narrow blanks of Unicode among it. */
static bool looks_like_number(const char *begin, const char *end) {
    const size_t length = strspn(begin, "0123456789+-.,eEdD':/%\" \t\xe2\x88\x92\xc2\xa0\x80\xaf");
    return begin + length >= end && begin + strcspn(begin, "0123456789") < end;
}

/* As in "0,5 1,2", whose commas then separate "0", "5 1" and "2". */
static bool has_inner_blank(const char *begin, const char *end) {
    const char *blank = begin + strcspn(begin, " \t");
    return blank < end && looks_like_number(begin, blank) && looks_like_number(blank, end);
}

/* Takes a field; the row's first `count` numbers go to values. */
static void add_field(struct row *row, const char *begin, const char *end, size_t count, double *values) {
    double value;
    const bool number = parse_number(begin, end, &value);
    if (number && row->num_numbers < count) values[row->num_numbers] = value;
    row->num_fields++;
    row->num_numbers += number;
    row->finite &= !number || isfinite(value);
    row->heading &= !number && !looks_like_number(begin, end);
    row->comma |= memchr(begin, ',', (size_t)(end - begin)) || (!number && has_inner_blank(begin, end));
}

static struct row split(const char *at, char separator, size_t count, double *values) {
    struct row row = {.finite = true, .heading = true};
    const bool blank = separator == ' ' || separator == '\t';
    for (bool more = true; more;) {
        const char *end = end_of_field(at, separator);
        add_field(&row, at, end, count, values);
        more = separates(*end, separator);
        at = end + more;
        at += strspn(at, " \t");
        /* Several blanks separate two fields as one does, and may end a line. */
        if (blank) more = *at != '\n' && *at != '\0';
    }
    return row;
}

/* Reads a line. Fields between tabs may have blanks within when they are no numbers. */
static struct row parse_row(const char *at, size_t count, double *values) {
    const char separator = find_separator(at);
    const struct row row = split(at, separator == '\t' ? ' ' : separator, count, values);
    return separator == '\t' && row.num_numbers < row.num_fields ? split(at, separator, count, values) : row;
}

/* Makes room for one more row. */
static bool grow(struct table *table, size_t *capacity) {
    if (table->num_rows < *capacity) return true;
    const size_t larger = *capacity ? 2 * *capacity : 256;
    double *values = realloc(table->values, larger * table->num_columns * sizeof *values);
    if (!values) return message_out_of_memory();
    table->values = values;
    *capacity = larger;
    return true;
}

static bool check_row(const struct text *text, const struct row *row, size_t count) {
    const int length = (int)strcspn(text->at, "\n");
    if (row->num_fields == count && row->num_numbers == count && row->finite) return true;
    return text_error(text, "expected %zu finite numbers, not '%.*s'%s", count, length < 60 ? length : 60, text->at,
                      row->comma ? "; use decimal points instead of commas" : "");
}

static bool read_rows(struct text *text, struct table *table) {
    size_t capacity = 0;
    for (bool first = true; text_next(text); text->at += strcspn(text->at, "\n")) {
        if (strcspn(text->at, "\n") > MAX_LINE_LENGTH)
            return text_error(text, "the line is longer than %zu bytes", MAX_LINE_LENGTH);
        if (*text->at == '#') continue;
        if (!grow(table, &capacity)) return false;
        const struct row row =
            parse_row(text->at, table->num_columns, table->values + table->num_rows * table->num_columns);
        if (!first || !row.heading) {
            if (!check_row(text, &row, table->num_columns)) return false;
            table->num_rows++;
        }
        first = false;
    }
    return true;
}

bool table_read(const char *path, size_t num_columns, struct table *table) {
    struct text text;
    *table = (struct table){.num_columns = num_columns};
    if (!text_load(&text, path, MAX_FILE_SIZE, TEXT_LINES)) return false;
    const bool read = read_rows(&text, table);
    text_free(&text);
    if (!read) table_free(table);
    return read;
}

void table_free(struct table *table) {
    free(table->values);
    *table = (struct table){0};
}
