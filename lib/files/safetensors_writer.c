/* SPDX-License-Identifier: MIT */
#include "files/safetensors_writer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/sort.h"
#include "files/dtype.h"

/* Bytes of the header's length before the header, and what header and prefix are padded to a multiple of. */
#define PREFIX 8

/* Bytes handed to the sink at once. */
#define CHUNK 16384

struct tensor {
    char *name;
    const void *data;
    size_t count;
    size_t rank;
    size_t shape[SAPE_MAX_RANK];
    sape_dtype dtype;
};

struct metadata {
    char *key;
    char *value;
};

struct sape_safetensors_writer {
    /* Of struct tensor. */
    struct sape_buffer tensors;
    /* Of struct metadata. */
    struct sape_buffer metadata;
    /* Of void *, to be released. */
    struct sape_buffer kept;
    char prefix[SAPE_MAX_PREFIX];
};

static struct tensor *tensors_of(const sape_safetensors_writer *writer, size_t *count) {
    *count = writer->tensors.size / sizeof(struct tensor);
    return (struct tensor *)(void *)writer->tensors.bytes;
}

static struct metadata *metadata_of(const sape_safetensors_writer *writer, size_t *count) {
    *count = writer->metadata.size / sizeof(struct metadata);
    return (struct metadata *)(void *)writer->metadata.bytes;
}

sape_status sape_safetensors_writer_create(sape_safetensors_writer **out) {
    sape_safetensors_writer *writer = *out = SAPE_NEW(sape_safetensors_writer);
    if (writer == NULL) return sape_fail(SAPE_ERROR_MEMORY, "no memory for a writer");
    return SAPE_OK;
}

void sape_safetensors_writer_free(sape_safetensors_writer *writer) {
    if (writer == NULL) return;
    size_t count;
    struct tensor *tensors = tensors_of(writer, &count);
    for (size_t i = 0; i < count; i++) sape_release(tensors[i].name);
    struct metadata *metadata = metadata_of(writer, &count);
    for (size_t i = 0; i < count; i++) {
        sape_release(metadata[i].key);
        sape_release(metadata[i].value);
    }
    void **kept = (void **)(void *)writer->kept.bytes;
    for (size_t i = 0; i < writer->kept.size / sizeof *kept; i++) sape_release(kept[i]);
    sape_buffer_clear(&writer->tensors);
    sape_buffer_clear(&writer->metadata);
    sape_buffer_clear(&writer->kept);
    sape_release(writer);
}

void sape_safetensors_writer_set_prefix(sape_safetensors_writer *writer, const char *prefix) {
    snprintf(writer->prefix, sizeof writer->prefix, "%s", prefix);
}

/* The name behind the prefix; NULL when memory is short. */
static char *full_name(const sape_safetensors_writer *writer, const char *name) {
    const size_t before = strlen(writer->prefix), length = strlen(name);
    char *full = sape_alloc(before + length + 1, 1);
    if (full == NULL) return NULL;
    memcpy(full, writer->prefix, before);
    memcpy(full + before, name, length);
    return full;
}

sape_status sape_safetensors_writer_add(sape_safetensors_writer *writer, const char *name, sape_dtype dtype,
                                        size_t rank, const size_t *shape, const void *data) {
    struct tensor tensor = {.name = full_name(writer, name), .data = data, .count = 1, .rank = rank, .dtype = dtype};
    if (tensor.name == NULL) return sape_fail(SAPE_ERROR_MEMORY, "no memory for tensor %s", name);
    for (size_t i = 0; i < rank; i++) {
        tensor.shape[i] = shape[i];
        tensor.count *= shape[i];
    }
    const sape_status status = sape_buffer_append(&writer->tensors, &tensor, sizeof tensor);
    if (status != SAPE_OK) sape_release(tensor.name);
    return status;
}

sape_status sape_safetensors_writer_keep(sape_safetensors_writer *writer, void *memory) {
    const sape_status status = sape_buffer_append(&writer->kept, &memory, sizeof memory);
    if (status != SAPE_OK) sape_release(memory);
    return status;
}

sape_status sape_safetensors_writer_add_metadata(sape_safetensors_writer *writer, const char *key, const char *value) {
    struct metadata entry = {full_name(writer, key), sape_copy_string(value)};
    sape_status status = SAPE_OK;
    if (entry.key == NULL || entry.value == NULL)
        status = sape_fail(SAPE_ERROR_MEMORY, "no memory for metadata %s", key);
    if (status == SAPE_OK) status = sape_buffer_append(&writer->metadata, &entry, sizeof entry);
    if (status != SAPE_OK) {
        sape_release(entry.key);
        sape_release(entry.value);
    }
    return status;
}

/* Where the reference implementation puts the type: later ones come first. */
static int place_of(sape_dtype dtype) {
    switch (dtype) {
    case SAPE_DTYPE_I64:
        return 3;
    case SAPE_DTYPE_F64:
        return 2;
    case SAPE_DTYPE_F32:
        return 1;
    default:
        return 0;
    }
}

static int compare_tensors(const void *a, const void *b) {
    const struct tensor *left = a, *right = b;
    const int places = place_of(right->dtype) - place_of(left->dtype);
    return places != 0 ? places : strcmp(left->name, right->name);
}

static int compare_metadata(const void *a, const void *b) {
    return strcmp(((const struct metadata *)a)->key, ((const struct metadata *)b)->key);
}

static sape_status put_text(struct sape_buffer *header, const char *text) {
    return sape_buffer_append(header, text, strlen(text));
}

/* Characters up to the first that must be escaped. */
static size_t plain_length(const char *text) {
    size_t length = 0;
    while ((unsigned char)text[length] >= ' ' && text[length] != '"' && text[length] != '\\') length++;
    return length;
}

static sape_status put_string(struct sape_buffer *header, const char *string) {
    SAPE_TRY(put_text(header, "\""));
    for (const char *at = string; *at != 0;) {
        const size_t plain = plain_length(at);
        SAPE_TRY(sape_buffer_append(header, at, plain));
        at += plain;
        if (*at == 0) break;
        char escaped[8];
        snprintf(escaped, sizeof escaped, (unsigned char)*at < ' ' ? "\\u%04x" : "\\%c", (unsigned)*at);
        SAPE_TRY(put_text(header, escaped));
        at++;
    }
    return put_text(header, "\"");
}

static sape_status put_size(struct sape_buffer *header, const char *before, size_t size) {
    char text[32];
    snprintf(text, sizeof text, "%s%zu", before, size);
    return put_text(header, text);
}

static sape_status put_metadata(struct sape_buffer *header, const sape_safetensors_writer *writer) {
    size_t count;
    struct metadata *entries = metadata_of(writer, &count);
    if (count == 0) return SAPE_OK;
    sape_sort(entries, count, sizeof *entries, compare_metadata);
    SAPE_TRY(put_text(header, "\"__metadata__\":{"));
    for (size_t i = 0; i < count; i++) {
        if (i > 0) SAPE_TRY(put_text(header, ","));
        SAPE_TRY(put_string(header, entries[i].key));
        SAPE_TRY(put_text(header, ":"));
        SAPE_TRY(put_string(header, entries[i].value));
    }
    return put_text(header, "}");
}

/* *offset is where the tensor's data begins, and becomes where it ends. */
static sape_status put_tensor(struct sape_buffer *header, const struct tensor *tensor, size_t *offset) {
    SAPE_TRY(put_string(header, tensor->name));
    SAPE_TRY(put_text(header, ":{\"dtype\":"));
    SAPE_TRY(put_string(header, sape_dtype_name(tensor->dtype)));
    SAPE_TRY(put_text(header, ",\"shape\":["));
    for (size_t i = 0; i < tensor->rank; i++) SAPE_TRY(put_size(header, i == 0 ? "" : ",", tensor->shape[i]));
    SAPE_TRY(put_size(header, "],\"data_offsets\":[", *offset));
    *offset += tensor->count * sape_dtype_size(tensor->dtype);
    SAPE_TRY(put_size(header, ",", *offset));
    return put_text(header, "]}");
}

static sape_status build_header(const sape_safetensors_writer *writer, struct sape_buffer *header) {
    size_t count, offset = 0;
    struct tensor *tensors = tensors_of(writer, &count);
    if (count > 0) sape_sort(tensors, count, sizeof *tensors, compare_tensors);
    unsigned char prefix[PREFIX] = {0};
    SAPE_TRY(sape_buffer_append(header, prefix, sizeof prefix));
    SAPE_TRY(put_text(header, "{"));
    SAPE_TRY(put_metadata(header, writer));
    for (size_t i = 0; i < count; i++) {
        if (i > 0 || writer->metadata.size > 0) SAPE_TRY(put_text(header, ","));
        SAPE_TRY(put_tensor(header, &tensors[i], &offset));
    }
    SAPE_TRY(put_text(header, "}"));
    while (header->size % PREFIX != 0) SAPE_TRY(put_text(header, " "));
    const uint64_t length = header->size - PREFIX;
    sape_to_little_endian(header->bytes, &length, PREFIX);
    return SAPE_OK;
}

/* The elements in little-endian order, whatever the processor's. */
static sape_status write_data(const struct tensor *tensor, sape_byte_sink_fn sink, void *user) {
    const size_t size = sape_dtype_size(tensor->dtype);
    unsigned char chunk[CHUNK];
    size_t filled = 0;
    for (size_t i = 0; i < tensor->count; i++) {
        sape_to_little_endian(chunk + filled, (const unsigned char *)tensor->data + i * size, size);
        filled += size;
        if (filled < sizeof chunk && i + 1 < tensor->count) continue;
        SAPE_TRY(sink(user, chunk, filled));
        filled = 0;
    }
    return SAPE_OK;
}

sape_status sape_safetensors_writer_write(sape_safetensors_writer *writer, sape_byte_sink_fn sink, void *user) {
    struct sape_buffer header = {0};
    sape_status status = build_header(writer, &header);
    if (status == SAPE_OK) status = sink(user, header.bytes, header.size);
    sape_buffer_clear(&header);
    size_t count;
    const struct tensor *tensors = tensors_of(writer, &count);
    for (size_t i = 0; i < count && status == SAPE_OK; i++) status = write_data(&tensors[i], sink, user);
    return status;
}
