/* SPDX-License-Identifier: MIT */
#include "forged.h"

#include <stdio.h>
#include <stdlib.h>

#define LENGTH_SIZE sizeof(uint64_t)

/* The checkpoint's bytes with `cut` of them, from `at` in the header on, replaced by a text. */
static sape_safetensors *spliced(const char *bytes, size_t size, size_t at, size_t cut, const char *text) {
    const size_t length = strlen(text);
    char *copy = malloc(size + length);
    sape_safetensors *forged;
    uint64_t header;
    ck_assert_ptr_nonnull(copy);
    memcpy(&header, bytes, sizeof header);
    header = header - cut + length;
    memcpy(copy, &header, sizeof header);
    memcpy(copy + LENGTH_SIZE, bytes + LENGTH_SIZE, at - LENGTH_SIZE);
    memcpy(copy + at, text, length);
    memcpy(copy + at + length, bytes + at + cut, size - at - cut);
    CHECK_OK(sape_safetensors_parse(copy, size - cut + length, &forged));
    free(copy);
    return forged;
}

static const char *find(const char *bytes, size_t size, const char *format, const char *name) {
    char text[160];
    snprintf(text, sizeof text, format, name);
    const char *found = memmem(bytes, size, text, strlen(text));
    ck_assert_msg(found != NULL, "no %s", text);
    return found + strlen(text);
}

sape_safetensors *forged_entry(const sape_safetensors *checkpoint, const char *key, const char *value) {
    size_t size;
    const char *bytes = sape_safetensors_bytes(checkpoint, &size), *old = find(bytes, size, "\"%s\":\"", key);
    return spliced(bytes, size, (size_t)(old - bytes), (size_t)(strchr(old, '"') - old), value);
}

sape_safetensors *forged_value(const sape_safetensors *checkpoint, const char *tensor, size_t index, float value) {
    size_t size;
    const char *bytes = sape_safetensors_bytes(checkpoint, &size), *entry = find(bytes, size, "\"%s\":{", tensor);
    uint64_t header;
    sape_safetensors *forged;
    memcpy(&header, bytes, sizeof header);
    const char *offsets = strstr(entry, "\"data_offsets\":[");
    ck_assert_ptr_nonnull(offsets);
    const size_t begin = strtoul(offsets + strlen("\"data_offsets\":["), NULL, 10);
    char *copy = malloc(size);
    ck_assert_ptr_nonnull(copy);
    memcpy(copy, bytes, size);
    memcpy(copy + LENGTH_SIZE + header + begin + index * sizeof value, &value, sizeof value);
    CHECK_OK(sape_safetensors_parse(copy, size, &forged));
    free(copy);
    return forged;
}

sape_safetensors *forged_nested(const sape_safetensors *checkpoint, const char *from, const char *to) {
    size_t size;
    const char *bytes = sape_safetensors_bytes(checkpoint, &size);
    const char *first = find(bytes, size, "%s", from), *end = bytes + size;
    char *copy = malloc(size);
    sape_safetensors *forged;
    ck_assert_ptr_nonnull(copy);
    memcpy(copy, bytes, size);
    const char *second = find(first, (size_t)(end - first), "%s", from);
    memcpy(copy + (second - strlen(from) - bytes), to, strlen(to));
    CHECK_OK(sape_safetensors_parse(copy, size, &forged));
    free(copy);
    return forged;
}

bool entry_at(const sape_safetensors *checkpoint, size_t index, char *key, char *value, size_t size) {
    size_t bytes_size;
    const char *bytes = sape_safetensors_bytes(checkpoint, &bytes_size);
    const char *at = find(bytes, bytes_size, "%s", "\"__metadata__\":{");
    char format[64];
    snprintf(format, sizeof format, "\"%%%zu[^\"]\":\"%%%zu[^\"]\"", size - 1, size - 1);
    for (size_t i = 0; i < index; i++) {
        at += strcspn(at, ",}");
        if (*at++ == '}') return false;
    }
    ck_assert_int_eq(sscanf(at, format, key, value), 2);
    return true;
}
