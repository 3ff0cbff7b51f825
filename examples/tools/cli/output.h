/* SPDX-License-Identifier: MIT */
/* Files of results: written whole or not at all. */
#ifndef EXAMPLES_OUTPUT_H
#define EXAMPLES_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>

/* Makes a directory and those above it where they are missing, and checks that files can be written there, whose names
   are given with commas between them: a program calls this before it does what takes long. */
bool output_prepare(const char *directory, const char *files);

/* Checks that a checkpoint of this many bytes can be saved. */
bool output_check_checkpoint(const char *path, size_t size);

/* Writes directory/name under a temporary name first, so that no reader ever sees half a file. */
bool output_write(const char *directory, const char *name, const void *data, size_t size);

/* Says on stdout which files are in a directory, whose absolute name it gives. */
void output_print_location(const char *directory, const char *files);

#endif
