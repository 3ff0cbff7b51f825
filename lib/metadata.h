/* SPDX-License-Identifier: MIT */
/* Variables as metadata entries of a file: a table says what they are called, and serves for writing and reading. */
#ifndef SAPE_LIB_METADATA_H
#define SAPE_LIB_METADATA_H

#include <sape/safetensors.h>

#include "safetensors_writer.h"

enum sape_entry_type {
    /* size_t, uint64_t, double, float. */
    SAPE_ENTRY_SIZE,
    SAPE_ENTRY_INTEGER,
    SAPE_ENTRY_REAL,
    SAPE_ENTRY_SINGLE,
    /* size_t, 0 or 1. */
    SAPE_ENTRY_FLAG,
    /* size_t, the index of one of the names. */
    SAPE_ENTRY_CHOICE
};

struct sape_entry {
    const char *key;
    enum sape_entry_type type;
    void *value;
    /* Ends with NULL. */
    const char *const *names;
};

/* Adds the variables' values to what is written. */
sape_status sape_entries_write(sape_safetensors_writer *writer, const struct sape_entry *entries, size_t count);

/* Sets the variables; SAPE_ERROR_FORMAT when an entry is missing or makes no sense. */
sape_status sape_entries_read(const char *function, const sape_safetensors *file, const struct sape_entry *entries,
                              size_t count);

/* Checks that the file has the variables' values; SAPE_ERROR_ARGUMENT names the first that differs. */
sape_status sape_entries_match(const char *function, const sape_safetensors *file, const struct sape_entry *entries,
                               size_t count);

#endif
