/* SPDX-License-Identifier: MIT */
/* The JSON header of a safetensors file, checked and taken apart. */
#ifndef SAPE_LIB_SAFETENSORS_HEADER_H
#define SAPE_LIB_SAFETENSORS_HEADER_H

#include <sape/status.h>
#include <sape/tensor.h>

/* A tensor and where its bytes lie: [begin, end) of the data that follows the header. */
struct sape_stored_tensor {
    const char *name;
    sape_dtype dtype;
    size_t rank;
    size_t shape[SAPE_MAX_RANK];
    size_t count;
    size_t begin;
    size_t end;
};

struct sape_metadata_entry {
    const char *key;
    const char *value;
};

struct sape_safetensors_header {
    /* What the names, keys and values below point into. */
    char *strings;
    /* In the order of the file. */
    struct sape_stored_tensor *tensors;
    size_t tensor_count;
    /* The tensors sorted by name. */
    const struct sape_stored_tensor **by_name;
    /* Sorted by key. */
    struct sape_metadata_entry *metadata;
    size_t metadata_count;
};

/*
 * Takes apart the header text of length bytes, which a zero byte follows, of a file with data_size bytes of data.
 * file_name is for messages. On failure the header may be half filled: clear it all the same.
 */
sape_status sape_safetensors_header_parse(const char *file_name, const char *text, size_t length, size_t data_size,
                                          struct sape_safetensors_header *header);

/* Frees what the header points to. */
void sape_safetensors_header_clear(struct sape_safetensors_header *header);

/* The tensor of that name; NULL when there is none. */
const struct sape_stored_tensor *sape_safetensors_header_find(const struct sape_safetensors_header *header,
                                                              const char *name);

/* The metadata value of that key; NULL when there is none. */
const char *sape_safetensors_header_metadata(const struct sape_safetensors_header *header, const char *key);

#endif
