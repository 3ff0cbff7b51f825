/* SPDX-License-Identifier: MIT */
/*
 * One description of a module's state: which variables and arrays it consists of, what a file calls them, and which of
 * them must match. A module lists its own once. That list is written, read, matched, copied and digested here; what
 * must hold between the variables the module checks itself, see claims.h.
 *
 * To take over a file's state, a module lists a copy of its struct, gives the copy arrays of its own, reads the file
 * into it and checks it; then the copy's list is copied to that of the struct itself, which cannot fail.
 */
#ifndef SAPE_LIB_STATE_H
#define SAPE_LIB_STATE_H

#include <sape/safetensors.h>
#include <stdbool.h>
#include <stdint.h>

#include "files/safetensors_writer.h"

enum sape_role {
    /* Chosen by the caller: it must match to be restored, and be the same on all ranks. */
    SAPE_SETTING,
    /* Chosen by the caller, by every rank for itself. */
    SAPE_OWN_SETTING,
    /* Changes in training: it is restored, and is the same on all ranks. */
    SAPE_STATE,
    /* Changes in training, on every rank by itself. */
    SAPE_OWN_STATE
};

/* What a variable is: size_t, uint64_t, double, float, uint16_t, bool, int32_t that is 0 or 1, an enumeration. */
enum sape_entry_type {
    SAPE_ENTRY_SIZE,
    SAPE_ENTRY_INTEGER,
    SAPE_ENTRY_REAL,
    SAPE_ENTRY_SINGLE,
    SAPE_ENTRY_FEATURE,
    SAPE_ENTRY_BOOL,
    SAPE_ENTRY_FLAG,
    SAPE_ENTRY_CHOICE
};

/* A variable, which is an entry of a file's metadata. */
struct sape_entry {
    const char *key;
    enum sape_entry_type type;
    enum sape_role role;
    void *value;
    /* Of a choice: the name of a value, NULL beyond the last. */
    const char *(*name)(unsigned value);
};

/* Defines such a function from the names in the order of the values. */
#define SAPE_DEFINE_NAMES(name_of, ...)                                                                                \
    static const char *name_of(unsigned value) {                                                                       \
        static const char *const names[] = {__VA_ARGS__};                                                              \
        return value < sizeof names / sizeof *names ? names[value] : NULL;                                             \
    }

struct sape_rows;

/* How an array lies in files. */
struct sape_rows_ops {
    /* Bytes of an element in memory. */
    size_t element;
    sape_status (*write)(const struct sape_rows *rows, sape_safetensors_writer *writer);
    /* Checks name, shape, and each value by itself. */
    sape_status (*read)(const struct sape_rows *rows, const sape_safetensors *file);
};

/* An array, which is one tensor, or several. */
struct sape_rows {
    /* NULL where it is not in files: then it is only copied. */
    const char *name;
    const struct sape_rows_ops *ops;
    enum sape_role role;
    /* Where the module keeps the array's address, and its elements. */
    void **values;
    size_t count;
    /* The tensor's shape; rank 0 for one axis of count elements. */
    size_t rank, shape[2];
    /* For ops. */
    const void *context;
};

#define SAPE_ROWS(tensor, operations, kind, array, elements)                                                           \
    { .name = (tensor), .ops = (operations), .role = (kind), .values = (void **)(array), .count = (elements) }

/* floats; doubles, of which the module checks the values; bytes that are 0 or 1; uint16_t stored as floats; size_t,
 * every number below count once, as I64. */
extern const struct sape_rows_ops sape_float_rows, sape_real_rows, sape_byte_rows, sape_feature_rows, sape_order_rows;

#define SAPE_MAX_ENTRIES 96
#define SAPE_MAX_ROWS 32

struct sape_state {
    struct sape_entry entries[SAPE_MAX_ENTRIES];
    /* The values that files need not have, NULL for entries that they must have. */
    const void *usual[SAPE_MAX_ENTRIES];
    size_t num_entries;
    struct sape_rows rows[SAPE_MAX_ROWS];
    size_t num_rows;
};

void sape_state_add(struct sape_state *state, size_t count, const struct sape_entry *entries);
/* Entries, each with its usual value beside it, which lasts as long as the program: a file has the entry only where its
   value is another. So files of what does not use a new setting are as they were before there was one. */
struct sape_usual_entry {
    struct sape_entry entry;
    const void *usual;
};
void sape_state_add_usual(struct sape_state *state, size_t count, const struct sape_usual_entry *entries);
void sape_state_add_rows(struct sape_state *state, size_t count, const struct sape_rows *rows);

sape_status sape_state_write(const struct sape_state *state, sape_safetensors_writer *writer);

/* Checks that the file has the settings' values; SAPE_ERROR_ARGUMENT names the first that differs. */
sape_status sape_state_match(const struct sape_state *state, const sape_safetensors *file);

/* Sets the variables, or fills the arrays; SAPE_ERROR_FORMAT when an entry is missing or makes no sense. */
sape_status sape_state_read_entries(const struct sape_state *state, const sape_safetensors *file);
sape_status sape_state_read_rows(const struct sape_state *state, const sape_safetensors *file);

/* Gives the listed arrays memory of their own, which is zero. To be released also when it fails. */
sape_status sape_state_open(const struct sape_state *state);
void sape_state_close(const struct sape_state *state);

/* From one list to another, made by the same function for another struct of the same sizes. */
void sape_state_copy(const struct sape_state *from, const struct sape_state *to);

/* Goes on with a digest of what is listed: the settings, or the state, that all ranks share. */
uint64_t sape_state_digest(uint64_t hash, const struct sape_state *state, enum sape_role role);
uint64_t sape_digest(uint64_t hash, const void *data, size_t size);

/* Checks that the file has a tensor of that name and of the wanted shape. */
sape_status sape_state_expect(const sape_safetensors *file, const char *name, size_t rank, const size_t *shape);

/* A float tensor that is checked by name and shape, finite, and within bounds. */
sape_status sape_state_read_floats(const sape_safetensors *file, const struct sape_rows *rows, float *values);

/* Memory of count elements that lasts as long as the writer; NULL when there is none. */
void *sape_state_keep(sape_safetensors_writer *writer, size_t count, size_t size);

#endif
