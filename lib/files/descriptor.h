/* SPDX-License-Identifier: MIT */
/* Files by their descriptors, on POSIX systems and on Windows. */
#ifndef SAPE_LIB_DESCRIPTOR_H
#define SAPE_LIB_DESCRIPTOR_H

#include <stddef.h>
#include <sys/types.h>

/* Opens a file for reading; below 0, with errno set, where that fails. A pipe does not hold the caller up. */
int sape_open_file(const char *path);

/* As read() and write(); they may take less, also where there is more. */
ssize_t sape_read_some(int descriptor, void *bytes, size_t size);
ssize_t sape_write_some(int descriptor, const void *bytes, size_t size);

#ifdef _WIN32
/* A path of Windows from one in UTF-8, to be released; NULL, with errno set, where that fails. */
wchar_t *sape_wide_path(const char *path);
#endif

#endif
