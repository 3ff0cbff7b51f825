/* SPDX-License-Identifier: MIT */
#include "files/safetensors_header.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/sort.h"
#include "files/dtype.h"
#include "files/json_text.h"

#define METADATA "__metadata__"

/* The parser's numbers are doubles: beyond this not every integer is one. */
#define MAX_INTEGER 9007199254740991.0

struct parser {
    const char *file_name;
    size_t data_size;
    struct sape_safetensors_header *header;
    /* Where the next string goes. */
    char *strings;
};

static sape_status fail_memory(const struct parser *parser) {
    return sape_fail(SAPE_ERROR_MEMORY, "%s: no memory for the header", parser->file_name);
}

static sape_status fail_header(const struct parser *parser, const char *fault) {
    return sape_fail(SAPE_ERROR_FORMAT, "%s: %s", parser->file_name, fault);
}

SAPE_PRINTF(3, 4)
static sape_status fail_tensor(const struct parser *parser, const char *name, const char *format, ...) {
    char fault[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(fault, sizeof fault, format, arguments);
    va_end(arguments);
    return sape_fail(SAPE_ERROR_FORMAT, "%s: tensor \"%s\": %s", parser->file_name, name, fault);
}

/* Keeps a copy. All strings fit: in the text each has two quotes, and escapes are longer than what they stand for. */
static const char *keep_string(struct parser *parser, const char *string) {
    const size_t size = strlen(string) + 1;
    char *copy = memcpy(parser->strings, string, size);
    parser->strings += size;
    return copy;
}

static bool read_size(const cJSON *item, size_t *value) {
    if (!cJSON_IsNumber(item)) return false;
    const double number = item->valuedouble;
    if (!(number >= 0 && number <= MAX_INTEGER && number <= (double)SIZE_MAX)) return false;
    *value = (size_t)number;
    return (double)*value == number;
}

static sape_status read_shape(const struct parser *parser, const cJSON *shape, struct sape_stored_tensor *tensor) {
    if (!cJSON_IsArray(shape)) return fail_tensor(parser, tensor->name, "shape is not an array");
    tensor->count = 1;
    const cJSON *item;
    cJSON_ArrayForEach(item, shape) {
        if (tensor->rank == SAPE_MAX_RANK)
            return fail_tensor(parser, tensor->name, "the shape has more than %d axes", SAPE_MAX_RANK);
        size_t *axis = &tensor->shape[tensor->rank];
        if (!read_size(item, axis))
            return fail_tensor(parser, tensor->name, "shape[%zu] is not an integer from 0 to 2^53", tensor->rank);
        if (__builtin_mul_overflow(tensor->count, *axis, &tensor->count))
            return fail_tensor(parser, tensor->name, "the shape overflows at axis %zu", tensor->rank);
        tensor->rank++;
    }
    return SAPE_OK;
}

static sape_status read_offsets(const struct parser *parser, const cJSON *offsets, struct sape_stored_tensor *tensor) {
    if (!cJSON_IsArray(offsets) || cJSON_GetArraySize(offsets) != 2 || !read_size(offsets->child, &tensor->begin) ||
        !read_size(offsets->child->next, &tensor->end))
        return fail_tensor(parser, tensor->name, "data_offsets are not two integers from 0 to 2^53");
    if (tensor->begin > tensor->end || tensor->end > parser->data_size)
        return fail_tensor(parser, tensor->name, "data_offsets are [%zu, %zu], the file has %zu bytes of data",
                           tensor->begin, tensor->end, parser->data_size);
    size_t size;
    if (__builtin_mul_overflow(tensor->count, sape_dtype_size(tensor->dtype), &size) ||
        size != tensor->end - tensor->begin)
        return fail_tensor(parser, tensor->name, "%zu elements of type %s do not fill the %zu bytes of data_offsets",
                           tensor->count, sape_dtype_name(tensor->dtype), tensor->end - tensor->begin);
    return SAPE_OK;
}

static sape_status read_tensor(struct parser *parser, const cJSON *item) {
    const char *name = item->string;
    const cJSON *dtype = cJSON_GetObjectItemCaseSensitive(item, "dtype");
    const cJSON *shape = cJSON_GetObjectItemCaseSensitive(item, "shape");
    const cJSON *offsets = cJSON_GetObjectItemCaseSensitive(item, "data_offsets");
    /* Three members of which each is there: none twice, and no other. */
    if (!cJSON_IsObject(item) || dtype == NULL || shape == NULL || offsets == NULL || cJSON_GetArraySize(item) != 3)
        return fail_tensor(parser, name, "must have dtype, shape and data_offsets, once each, and nothing else");
    struct sape_stored_tensor *tensor = &parser->header->tensors[parser->header->tensor_count];
    if (!cJSON_IsString(dtype)) return fail_tensor(parser, name, "dtype is not a string");
    if (!sape_dtype_from_name(dtype->valuestring, &tensor->dtype))
        return sape_fail(SAPE_ERROR_FORMAT, "%s: tensor \"%s\": dtype \"%s\" is unknown", parser->file_name, name,
                         dtype->valuestring);
    tensor->name = keep_string(parser, name);
    SAPE_TRY(read_shape(parser, shape, tensor));
    SAPE_TRY(read_offsets(parser, offsets, tensor));
    parser->header->tensor_count++;
    return SAPE_OK;
}

static int compare_metadata(const void *a, const void *b) {
    return strcmp(((const struct sape_metadata_entry *)a)->key, ((const struct sape_metadata_entry *)b)->key);
}

static sape_status read_metadata(struct parser *parser, const cJSON *metadata) {
    struct sape_safetensors_header *header = parser->header;
    if (header->metadata != NULL) return fail_header(parser, METADATA " is there twice");
    /* The reference reader takes null for no metadata. */
    if (!cJSON_IsObject(metadata) && !cJSON_IsNull(metadata)) return fail_header(parser, METADATA " is not an object");
    header->metadata = SAPE_NEW_ARRAY(struct sape_metadata_entry, (size_t)cJSON_GetArraySize(metadata));
    if (header->metadata == NULL) return fail_memory(parser);
    const cJSON *item;
    cJSON_ArrayForEach(item, metadata) {
        if (!cJSON_IsString(item))
            return sape_fail(SAPE_ERROR_FORMAT, "%s: metadata \"%s\" is not a string", parser->file_name, item->string);
        struct sape_metadata_entry *entry = &header->metadata[header->metadata_count++];
        entry->key = keep_string(parser, item->string);
        entry->value = keep_string(parser, item->valuestring);
    }
    sape_sort(header->metadata, header->metadata_count, sizeof *header->metadata, compare_metadata);
    for (size_t i = 1; i < header->metadata_count; i++)
        if (compare_metadata(&header->metadata[i - 1], &header->metadata[i]) == 0)
            return sape_fail(SAPE_ERROR_FORMAT, "%s: metadata \"%s\" is there twice", parser->file_name,
                             header->metadata[i].key);
    return SAPE_OK;
}

static int compare_names(const void *a, const void *b) {
    return strcmp((*(const struct sape_stored_tensor *const *)a)->name,
                  (*(const struct sape_stored_tensor *const *)b)->name);
}

static int compare_offsets(const void *a, const void *b) {
    const struct sape_stored_tensor *left = *(const struct sape_stored_tensor *const *)a;
    const struct sape_stored_tensor *right = *(const struct sape_stored_tensor *const *)b;
    if (left->begin != right->begin) return left->begin < right->begin ? -1 : 1;
    return (left->end > right->end) - (left->end < right->end);
}

/* The tensors must cover the data from its first byte to its last, none twice. */
static sape_status check_layout(const struct parser *parser) {
    const struct sape_safetensors_header *header = parser->header;
    sape_sort(header->by_name, header->tensor_count, sizeof *header->by_name, compare_offsets);
    size_t covered = 0;
    for (size_t i = 0; i < header->tensor_count; i++) {
        const struct sape_stored_tensor *tensor = header->by_name[i];
        if (tensor->begin != covered)
            return fail_tensor(parser, tensor->name, "%s: its data begins at %zu, the data before it ends at %zu",
                               tensor->begin < covered ? "overlap" : "gap", tensor->begin, covered);
        covered = tensor->end;
    }
    if (covered == parser->data_size) return SAPE_OK;
    return sape_fail(SAPE_ERROR_FORMAT, "%s: %zu bytes after the last tensor", parser->file_name,
                     parser->data_size - covered);
}

static sape_status check_names(const struct parser *parser) {
    const struct sape_safetensors_header *header = parser->header;
    sape_sort(header->by_name, header->tensor_count, sizeof *header->by_name, compare_names);
    for (size_t i = 1; i < header->tensor_count; i++)
        if (compare_names(&header->by_name[i - 1], &header->by_name[i]) == 0)
            return fail_tensor(parser, header->by_name[i]->name, "is there twice");
    return SAPE_OK;
}

static sape_status read_items(struct parser *parser, const cJSON *root, size_t length) {
    struct sape_safetensors_header *header = parser->header;
    const size_t items = (size_t)cJSON_GetArraySize(root);
    header->strings = parser->strings = sape_alloc(length, 1);
    header->tensors = SAPE_NEW_ARRAY(struct sape_stored_tensor, items);
    header->by_name = SAPE_NEW_ARRAY(const struct sape_stored_tensor *, items);
    if (header->strings == NULL || header->tensors == NULL || header->by_name == NULL) return fail_memory(parser);
    const cJSON *item;
    cJSON_ArrayForEach(item, root) {
        if (strcmp(item->string, METADATA) == 0)
            SAPE_TRY(read_metadata(parser, item));
        else
            SAPE_TRY(read_tensor(parser, item));
    }
    for (size_t i = 0; i < header->tensor_count; i++) header->by_name[i] = &header->tensors[i];
    SAPE_TRY(check_layout(parser));
    return check_names(parser);
}

sape_status sape_safetensors_header_parse(const char *file_name, const char *text, size_t length, size_t data_size,
                                          struct sape_safetensors_header *header) {
    struct parser parser = {file_name, data_size, header, NULL};
    if (text[0] != '{') return fail_header(&parser, "the header does not begin with {");
    size_t at;
    const char *fault = sape_json_text_fault(text, length, &at);
    if (fault != NULL) return sape_fail(SAPE_ERROR_FORMAT, "%s: byte %zu of the header: %s", file_name, at, fault);
    const char *end = text;
    /* cJSON does not say why it gives up; the allocator does. */
    errno = 0;
    cJSON *root = cJSON_ParseWithOpts(text, &end, true);
    if (root == NULL && errno == ENOMEM)
        return sape_fail(SAPE_ERROR_MEMORY, "no memory for a header of %zu bytes", length);
    if (root == NULL)
        return sape_fail(SAPE_ERROR_FORMAT, "%s: byte %zu of the header: wrong JSON", file_name, (size_t)(end - text));
    sape_status status = read_items(&parser, root, length);
    cJSON_Delete(root);
    return status;
}

void sape_safetensors_header_clear(struct sape_safetensors_header *header) {
    sape_release(header->strings);
    sape_release(header->tensors);
    sape_release(header->by_name);
    sape_release(header->metadata);
}

const struct sape_stored_tensor *sape_safetensors_header_find(const struct sape_safetensors_header *header,
                                                              const char *name) {
    const struct sape_stored_tensor wanted = {.name = name}, *key = &wanted;
    const struct sape_stored_tensor **found =
        bsearch(&key, header->by_name, header->tensor_count, sizeof *header->by_name, compare_names);
    return found == NULL ? NULL : *found;
}

const char *sape_safetensors_header_metadata(const struct sape_safetensors_header *header, const char *key) {
    /* Without metadata there is no array, which bsearch() may not be given. */
    if (header->metadata_count == 0) return NULL;
    const struct sape_metadata_entry wanted = {.key = key};
    const struct sape_metadata_entry *found =
        bsearch(&wanted, header->metadata, header->metadata_count, sizeof *header->metadata, compare_metadata);
    return found == NULL ? NULL : found->value;
}
