/* SPDX-License-Identifier: MIT */
/* A file in memory that holds a fuzzer's input, for readers that take a path. */
#ifndef SAPE_TESTS_FUZZ_BYTES_FILE_H
#define SAPE_TESTS_FUZZ_BYTES_FILE_H

#include <stddef.h>

/* The path of a file with these bytes, whose name has the ending. The file is the same at every call. */
const char *bytes_file(const unsigned char *bytes, size_t size, const char *ending);

#endif
