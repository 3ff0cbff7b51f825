/* SPDX-License-Identifier: MIT */
/* Metadata of the caller's own in a file's contents. */
#include <stdbool.h>
#include <string.h>

#include "base/call.h"
#include "base/error.h"
#include "base/memory.h"
#include "files/dtype.h"
#include "files/safetensors.h"
#include "files/safetensors_writer.h"

/* Entries with this prefix say what libsape restores: they are its own. */
#define OWN_PREFIX "sape."

static bool is_among(const char *key, size_t count, const char *const *keys) {
    for (size_t i = 0; i < count; i++)
        if (strcmp(keys[i], key) == 0) return true;
    return false;
}

static sape_status check_entries(size_t count, const char *const *keys, const char *const *values) {
    for (size_t i = 0; i < count; i++) {
        SAPE_REQUIRE(keys[i] != NULL && values[i] != NULL, "%s[%zu] is NULL", keys[i] == NULL ? "keys" : "values", i);
        SAPE_REQUIRE(strncmp(keys[i], OWN_PREFIX, strlen(OWN_PREFIX)) != 0,
                     "keys[%zu] is \"%.80s\": \"" OWN_PREFIX "\" is reserved", i, keys[i]);
        SAPE_REQUIRE(!is_among(keys[i], i, keys), "keys[%zu] is \"%.80s\", which is a duplicate", i, keys[i]);
    }
    return SAPE_OK;
}

/* The writer takes elements in the processor's byte order; the file has them in little-endian order. */
static sape_status copy_tensor(const struct sape_stored_tensor *tensor, const unsigned char *data,
                               sape_safetensors_writer *writer) {
    const size_t size = sape_dtype_size(tensor->dtype);
    unsigned char *elements = sape_alloc(tensor->count, size);
    if (elements == NULL) return sape_fail(SAPE_ERROR_MEMORY, "no memory for %s", tensor->name);
    for (size_t at = 0; at < tensor->count * size; at += size)
        sape_to_little_endian(elements + at, data + tensor->begin + at, size);
    SAPE_TRY(sape_safetensors_writer_keep(writer, elements));
    return sape_safetensors_writer_add(writer, tensor->name, tensor->dtype, tensor->rank, tensor->shape, elements);
}

static sape_status copy_contents(const sape_safetensors *file, size_t count, const char *const *keys,
                                 sape_safetensors_writer *writer) {
    const unsigned char *data;
    const struct sape_safetensors_header *header = sape_contents_header(file, &data);
    for (size_t i = 0; i < header->metadata_count; i++) {
        const struct sape_metadata_entry *entry = &header->metadata[i];
        if (!is_among(entry->key, count, keys))
            SAPE_TRY(sape_safetensors_writer_add_metadata(writer, entry->key, entry->value));
    }
    for (size_t i = 0; i < header->tensor_count; i++) SAPE_TRY(copy_tensor(&header->tensors[i], data, writer));
    return SAPE_OK;
}

static sape_status write_bytes(const sape_safetensors *file, size_t count, const char *const *keys,
                               const char *const *values, struct sape_buffer *buffer) {
    sape_safetensors_writer *writer;
    SAPE_TRY(sape_safetensors_writer_create(&writer));
    sape_status status = copy_contents(file, count, keys, writer);
    for (size_t i = 0; i < count && status == SAPE_OK; i++)
        status = sape_safetensors_writer_add_metadata(writer, keys[i], values[i]);
    if (status == SAPE_OK) status = sape_safetensors_writer_write(writer, sape_buffer_append, buffer);
    sape_safetensors_writer_free(writer);
    return status;
}

sape_status sape_safetensors_annotate(const sape_safetensors *file, size_t count, const char *const *keys,
                                      const char *const *values, sape_safetensors **out) {
    SAPE_BEGIN_CALL();
    SAPE_REQUIRE_POINTER(out);
    *out = NULL;
    SAPE_REQUIRE_POINTER(file);
    SAPE_REQUIRE_POINTER(keys);
    SAPE_REQUIRE_POINTER(values);
    SAPE_TRY(check_entries(count, keys, values));
    struct sape_buffer buffer = {0};
    sape_status status = write_bytes(file, count, keys, values, &buffer);
    if (status == SAPE_OK) status = sape_contents_parse(buffer.bytes, buffer.size, out);
    sape_buffer_clear(&buffer);
    /* The file was in order before: what is not is an entry of the caller's. */
    SAPE_REQUIRE(status != SAPE_ERROR_FORMAT, "keys and values are not UTF-8, or longer than a header may be");
    return status;
}
