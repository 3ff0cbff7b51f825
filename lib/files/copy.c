/* SPDX-License-Identifier: MIT */
#include "files/copy.h"

#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "files/dtype.h"

bool sape_is_among(const char *key, size_t count, const char *const *keys) {
    for (size_t i = 0; i < count; i++)
        if (strcmp(keys[i], key) == 0) return true;
    return false;
}

/* The writer takes elements in the processor's byte order; the file has them in little-endian order. */
static sape_status copy_tensor(const struct sape_stored_tensor *tensor, const char *name, const unsigned char *data,
                               sape_safetensors_writer *writer) {
    const size_t size = sape_dtype_size(tensor->dtype);
    unsigned char *elements = sape_alloc(tensor->count, size);
    if (elements == NULL) return sape_fail(SAPE_ERROR_MEMORY, "no memory for %s", tensor->name);
    for (size_t at = 0; at < tensor->count * size; at += size)
        sape_to_little_endian(elements + at, data + tensor->begin + at, size);
    SAPE_TRY(sape_safetensors_writer_keep(writer, elements));
    return sape_safetensors_writer_add(writer, name, tensor->dtype, tensor->rank, tensor->shape, elements);
}

sape_status sape_contents_copy(const sape_safetensors *file, const char *prefix, size_t num_skipped,
                               const char *const *skipped, sape_safetensors_writer *writer) {
    const unsigned char *data;
    const struct sape_safetensors_header *header = sape_contents_header(file, &data);
    const size_t length = strlen(prefix);
    for (size_t i = 0; i < header->metadata_count; i++) {
        const struct sape_metadata_entry *entry = &header->metadata[i];
        if (strncmp(entry->key, prefix, length) == 0 && !sape_is_among(entry->key, num_skipped, skipped))
            SAPE_TRY(sape_safetensors_writer_add_metadata(writer, entry->key + length, entry->value));
    }
    for (size_t i = 0; i < header->tensor_count; i++) {
        const struct sape_stored_tensor *tensor = &header->tensors[i];
        if (strncmp(tensor->name, prefix, length) == 0)
            SAPE_TRY(copy_tensor(tensor, tensor->name + length, data, writer));
    }
    return SAPE_OK;
}
