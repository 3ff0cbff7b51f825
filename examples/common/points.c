/* SPDX-License-Identifier: MIT */
#include "points.h"

#include "message.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *skip(const char *text, const char *what) {
    return text + strspn(text, what);
}

/* Whether a line holds two finite numbers and nothing else. */
static bool parse_row(const char *line, double *x, double *y) {
    char *end;
    *x = strtod(line, &end);
    if (end == line) return false;
    const char *separator = end;
    const char *second = skip(separator, ",; \t");
    if (second == separator) return false;
    *y = strtod(second, &end);
    return end != second && *skip(end, " \t\r\n") == '\0' && isfinite(*x) && isfinite(*y);
}

static bool append(struct points *points, size_t *capacity, double x, double y) {
    if (points->n == *capacity) {
        const size_t larger = *capacity ? 2 * *capacity : 256;
        double *xs = realloc(points->x, larger * sizeof *xs);
        if (xs) points->x = xs;
        double *ys = xs ? realloc(points->y, larger * sizeof *ys) : NULL;
        if (!ys) return message_out_of_memory();
        points->y = ys;
        *capacity = larger;
    }
    points->x[points->n] = x;
    points->y[points->n++] = y;
    return true;
}

/* A heading has no digit where its first column begins. */
static bool is_heading(const char *line) {
    char *end;
    (void)strtod(line, &end);
    return end == line;
}

static bool read_rows(FILE *stream, const char *path, struct points *points) {
    char *line = NULL;
    size_t line_capacity = 0, capacity = 0;
    bool good = true;
    for (size_t number = 1; good && getline(&line, &line_capacity, stream) >= 0; number++) {
        const char *start = skip(line, " \t\r\n");
        double x, y;
        if (*start == '\0' || *start == '#' || (number == 1 && is_heading(start))) continue;
        if (parse_row(start, &x, &y)) {
            good = append(points, &capacity, x, y);
        } else {
            line[strcspn(line, "\r\n")] = '\0';
            good = message_error("%s:%zu: two finite numbers x,y are expected, not '%.60s'", path, number, line);
        }
    }
    free(line);
    if (good && ferror(stream)) return message_error("cannot read '%s': %s", path, strerror(errno));
    return good;
}

bool points_read(const char *path, struct points *points) {
    *points = (struct points){0};
    FILE *stream = fopen(path, "r");
    if (!stream) return message_error("cannot read '%s': %s", path, strerror(errno));
    const bool read = read_rows(stream, path, points);
    fclose(stream);
    if (read) return true;
    points_free(points);
    return false;
}

void points_free(struct points *points) {
    free(points->x);
    free(points->y);
    *points = (struct points){0};
}
