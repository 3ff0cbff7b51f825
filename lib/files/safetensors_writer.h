/* SPDX-License-Identifier: MIT */
/* Writing safetensors: tensors and metadata are collected, then go to a sink in one pass. */
#ifndef SAPE_LIB_SAFETENSORS_WRITER_H
#define SAPE_LIB_SAFETENSORS_WRITER_H

#include <sape/tensor.h>

#include "files/byte_sink.h"

typedef struct sape_safetensors_writer sape_safetensors_writer;

/* A writer with nothing in it. */
sape_status sape_safetensors_writer_create(sape_safetensors_writer **out);

void sape_safetensors_writer_free(sape_safetensors_writer *writer);

/* Puts a text, copied, before the names and keys of all that is added from here on. */
#define SAPE_MAX_PREFIX 32
void sape_safetensors_writer_set_prefix(sape_safetensors_writer *writer, const char *prefix);

/*
 * Adds a tensor of type F32, F64, I64 or U8. The name, UTF-8 and no other tensor's, is copied; the data, in
 * the processor's own byte order, must stay until the last write.
 */
sape_status sape_safetensors_writer_add(sape_safetensors_writer *writer, const char *name, sape_dtype dtype,
                                        size_t rank, const size_t *shape, const void *data);

/* Frees memory from sape_alloc(), such as a tensor's data, together with the writer; at once when the call fails. */
sape_status sape_safetensors_writer_keep(sape_safetensors_writer *writer, void *memory);

/* Adds a metadata entry; key, no other entry's, and value, both UTF-8, are copied. */
sape_status sape_safetensors_writer_add_metadata(sape_safetensors_writer *writer, const char *key, const char *value);

/*
 * Writes everything. The bytes depend on what was added only, not on its order. The tensors lie as the format's
 * reference implementation lays them: by type, the widest first, then by name.
 */
sape_status sape_safetensors_writer_write(sape_safetensors_writer *writer, sape_byte_sink_fn sink, void *user);

#endif
