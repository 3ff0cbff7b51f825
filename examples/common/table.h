/* SPDX-License-Identifier: MIT */
/* Rows of numbers from a text file. */
#ifndef EXAMPLES_TABLE_H
#define EXAMPLES_TABLE_H

#include <stdbool.h>
#include <stddef.h>

struct table {
    size_t num_rows, num_columns;
    double *values; /* (num_rows, num_columns) */
};

/*
 * Reads rows of num_columns finite numbers with commas between them; a semicolon, tab or blank may stand for the comma.
 * Blank lines, lines that begin with # and a heading in the first line are passed over. Every mistake is reported with
 * its line.
 */
bool table_read(const char *path, size_t num_columns, struct table *table);
void table_free(struct table *table);

#endif
