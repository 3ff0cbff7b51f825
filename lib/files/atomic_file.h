/* SPDX-License-Identifier: MIT */
/*
 * Files that are replaced whole or not at all, and that outlive a crash once they are.
 *
 * The bytes go to a new file ".sape-..." next to the old one, which takes the old one's place when all of it is on the
 * disk. A process that is killed leaves the old file as it was, and perhaps such a new one.
 */
#ifndef SAPE_LIB_ATOMIC_FILE_H
#define SAPE_LIB_ATOMIC_FILE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "files/byte_sink.h"

struct sape_atomic_file {
    const char *path;
#ifdef _WIN32
    /* The file to replace and the new one, which is there once it is created. */
    wchar_t *target, *temporary;
    bool created;
#else
    /* The folder, and in it the name of the file to replace and of the new one ("" when there is none). */
    int folder;
    char name[NAME_MAX + 1];
    char temporary[24];
#endif
    /* The new file. */
    int descriptor;
};

/*
 * Begins to replace the file of that path, or makes a new one. Links are followed: what a link stands for is replaced,
 * though not on Windows.
 * path is for messages, too, and must stay. Call sape_atomic_file_end() whatever the outcome.
 */
sape_status sape_atomic_file_begin(const char *path, struct sape_atomic_file *file);

/* A sink: user is a sape_atomic_file. */
sape_status sape_atomic_file_write(void *user, const void *bytes, size_t size);

/*
 * Puts the new file in the old one's place. When it fails the old one is as it was, but for one failure that says so:
 * the new file is in place and the disk refused to confirm it.
 */
sape_status sape_atomic_file_commit(struct sape_atomic_file *file);

/* Removes the new file unless it is in place, and closes everything. */
void sape_atomic_file_end(struct sape_atomic_file *file);

#endif
