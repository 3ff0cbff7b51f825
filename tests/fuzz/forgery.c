/* SPDX-License-Identifier: MIT */
#include "forgery.h"

#include <stdlib.h>

#include "files/dtype.h"

/* Bytes of the header's length. */
#define PREFIX 8

void *forgery_take(struct forgery *forgery, size_t size) {
    if (size > FORGERY_MEMORY - forgery->used) return NULL;
    void *memory = forgery->memory + forgery->used;
    forgery->used = (forgery->used + size + 7) / 8 * 8;
    return memory;
}

char *forgery_text(struct forgery *forgery, const char *text) {
    const size_t size = strlen(text) + 1;
    char *copy = forgery_take(forgery, size);
    if (copy != NULL) memcpy(copy, text, size);
    return copy;
}

static int parse(const unsigned char *file, size_t size, size_t length, struct sape_safetensors_header *header) {
    char *text = malloc(length + 1);
    if (text == NULL) return 0;
    memcpy(text, file + PREFIX, length);
    text[length] = 0;
    const sape_status status = sape_safetensors_header_parse("file", text, length, size - PREFIX - length, header);
    free(text);
    return status == SAPE_OK && header->metadata_count <= FORGERY_ENTRIES && header->tensor_count <= FORGERY_TENSORS;
}

int forgery_read(struct forgery *forgery, const unsigned char *file, size_t size,
                 struct sape_safetensors_header *header) {
    *header = (struct sape_safetensors_header){.strings = NULL};
    if (size < PREFIX) return 0;
    const uint64_t length = sape_little_endian(file, PREFIX);
    if (length > size - PREFIX || !parse(file, size, (size_t)length, header)) return 0;
    forgery->used = 0;
    forgery->num_entries = header->metadata_count;
    forgery->num_tensors = header->tensor_count;
    for (size_t i = 0; i < header->metadata_count; i++)
        forgery->entries[i] = (struct forged_entry){header->metadata[i].key, header->metadata[i].value};
    for (size_t i = 0; i < header->tensor_count; i++) {
        const struct sape_stored_tensor *stored = &header->tensors[i];
        struct forged_tensor *tensor = &forgery->tensors[i];
        *tensor = (struct forged_tensor){.name = stored->name, .dtype = stored->dtype, .rank = stored->rank};
        memcpy(tensor->shape, stored->shape, sizeof tensor->shape);
        tensor->count = stored->count;
        tensor->data = file + PREFIX + length + stored->begin;
    }
    return 1;
}

/* What has been written of a file; full once something did not fit. */
struct output {
    unsigned char *bytes;
    size_t used, room;
    int full;
};

static void put(struct output *output, const void *bytes, size_t size) {
    output->full = output->full || size > output->room - output->used;
    if (output->full) return;
    memcpy(output->bytes + output->used, bytes, size);
    output->used += size;
}

static void put_text(struct output *output, const char *text) {
    put(output, text, strlen(text));
}

static void put_size(struct output *output, size_t value) {
    char digits[24], *end = digits + sizeof digits - 1, *at = end;
    *end = 0;
    do *--at = (char)('0' + value % 10);
    while ((value /= 10) > 0);
    put_text(output, at);
}

static void put_entries(struct output *output, const struct forgery *forgery) {
    put_text(output, "{\"__metadata__\":{");
    for (size_t i = 0; i < forgery->num_entries; i++) {
        put_text(output, i == 0 ? "\"" : ",\"");
        put_text(output, forgery->entries[i].key);
        put_text(output, "\":\"");
        put_text(output, forgery->entries[i].value);
        put_text(output, "\"");
    }
    put_text(output, "}");
}

static void put_tensor(struct output *output, const struct forged_tensor *tensor, size_t begin, size_t end) {
    put_text(output, ",\"");
    put_text(output, tensor->name);
    put_text(output, "\":{\"dtype\":\"");
    put_text(output, sape_dtype_name(tensor->dtype));
    put_text(output, "\",\"shape\":[");
    for (size_t i = 0; i < tensor->rank; i++) {
        if (i > 0) put_text(output, ",");
        put_size(output, tensor->shape[i]);
    }
    put_text(output, "],\"data_offsets\":[");
    put_size(output, begin);
    put_text(output, ",");
    put_size(output, end);
    put_text(output, "]}");
}

size_t forgery_write(const struct forgery *forgery, unsigned char *file, size_t room) {
    struct output output = {.bytes = file, .used = PREFIX, .room = room};
    size_t begin = 0;
    put_entries(&output, forgery);
    for (size_t i = 0; i < forgery->num_tensors; i++) {
        const struct forged_tensor *tensor = &forgery->tensors[i];
        const size_t end = begin + tensor->count * sape_dtype_size(tensor->dtype);
        put_tensor(&output, tensor, begin, end);
        begin = end;
    }
    put_text(&output, "}");
    while (output.used % PREFIX != 0 && !output.full) put_text(&output, " ");
    const uint64_t length = output.used - PREFIX;
    sape_to_little_endian(file, &length, PREFIX);
    for (size_t i = 0; i < forgery->num_tensors; i++) {
        const struct forged_tensor *tensor = &forgery->tensors[i];
        put(&output, tensor->data, tensor->count * sape_dtype_size(tensor->dtype));
    }
    return output.full ? 0 : output.used;
}
