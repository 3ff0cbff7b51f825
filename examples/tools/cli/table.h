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
 * Reads rows of num_columns finite numbers, which may be quoted, with decimal points whatever the locale. Commas,
 * semicolons or else tabs and blanks separate them, the same throughout a row. Lines end with LF, CRLF or CR, and have
 * 65536 bytes at most, the file 256 MiB. Blank lines, lines that begin with # and a first row without a number, the
 * heading, are passed over. Every mistake is reported with its line.
 */
bool table_read(const char *path, size_t num_columns, struct table *table);
void table_free(struct table *table);

#endif
