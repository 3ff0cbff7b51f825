/* SPDX-License-Identifier: MIT */
#include "table.h"

#include "message.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *skip(const char *text, const char *what) {
    return text + strspn(text, what);
}

/* Whether a line holds as many finite numbers and nothing else. */
static bool parse_row(const char *line, size_t count, double *row) {
    for (size_t i = 0; i < count; i++) {
        const char *start = i == 0 ? line : skip(line, ",; \t");
        char *end;
        if (i > 0 && start == line) return false;
        row[i] = strtod(start, &end);
        if (end == start || !isfinite(row[i])) return false;
        line = end;
    }
    return *skip(line, " \t\r\n") == '\0';
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

/* A heading has no digit where its first column begins. */
static bool is_heading(const char *line) {
    char *end;
    (void)strtod(line, &end);
    return end == line;
}

static bool read_rows(FILE *stream, const char *path, struct table *table) {
    char *line = NULL;
    size_t line_capacity = 0, capacity = 0;
    bool good = true;
    for (size_t number = 1; good && getline(&line, &line_capacity, stream) >= 0; number++) {
        const char *start = skip(line, " \t\r\n");
        if (*start == '\0' || *start == '#' || (number == 1 && is_heading(start))) continue;
        good = grow(table, &capacity);
        if (good && parse_row(start, table->num_columns, table->values + table->num_rows * table->num_columns)) {
            table->num_rows++;
        } else if (good) {
            line[strcspn(line, "\r\n")] = '\0';
            good = message_error("%s:%zu: %zu finite numbers are expected, not '%.60s'", path, number,
                                 table->num_columns, line);
        }
    }
    free(line);
    if (good && ferror(stream)) return message_error("cannot read '%s': %s", path, strerror(errno));
    return good;
}

bool table_read(const char *path, size_t num_columns, struct table *table) {
    *table = (struct table){.num_columns = num_columns};
    FILE *stream = fopen(path, "r");
    if (!stream) return message_error("cannot read '%s': %s", path, strerror(errno));
    const bool read = read_rows(stream, path, table);
    fclose(stream);
    if (!read) table_free(table);
    return read;
}

void table_free(struct table *table) {
    free(table->values);
    *table = (struct table){0};
}
