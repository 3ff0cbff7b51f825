/* SPDX-License-Identifier: MIT */
/* A safetensors file taken apart, to be changed and put together again. Nothing of it is on the heap. */
#ifndef SAPE_TESTS_FUZZ_FORGERY_H
#define SAPE_TESTS_FUZZ_FORGERY_H

#include <sape/tensor.h>

#include "bytes.h"
#include "files/safetensors_header.h"

#define FORGERY_ENTRIES 128
#define FORGERY_TENSORS 96
#define FORGERY_MEMORY ((size_t)1 << 17)

struct forged_entry {
    const char *key, *value;
};

struct forged_tensor {
    const char *name;
    sape_dtype dtype;
    size_t rank;
    size_t shape[SAPE_MAX_RANK];
    /* Elements, which are not the shape's where that has been changed alone. */
    size_t count;
    const unsigned char *data;
};

/* Names, texts and data are borrowed from the file, or lie in memory. */
struct forgery {
    size_t num_entries, num_tensors;
    struct forged_entry entries[FORGERY_ENTRIES];
    struct forged_tensor tensors[FORGERY_TENSORS];
    _Alignas(8) unsigned char memory[FORGERY_MEMORY];
    size_t used;
};

/* Memory of the forgery's own; NULL when there is no more. */
void *forgery_take(struct forgery *forgery, size_t size);
char *forgery_text(struct forgery *forgery, const char *text);

/* Takes a file apart; 0 where it is none. The header is to be cleared when the forgery is no longer used. */
int forgery_read(struct forgery *forgery, const unsigned char *file, size_t size,
                 struct sape_safetensors_header *header);

/* Makes as many changes as the input asks for, in a checkpoint in the checkpoint, too. */
void forgery_change(struct forgery *forgery, struct bytes *bytes);

/* Makes one change of a tensor's values. */
void forgery_change_values(struct forgery *forgery, float *values, size_t count, struct bytes *bytes);

/* Puts the file together; returns its size, 0 when there is no room. */
size_t forgery_write(const struct forgery *forgery, unsigned char *file, size_t room);

#endif
