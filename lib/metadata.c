/* SPDX-License-Identifier: MIT */
#include "metadata.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "error.h"
#include "number_text.h"

/* The value as text: in the caller's array, or the name of a choice. */
static const char *to_text(const struct sape_entry *entry, char text[SAPE_NUMBER_TEXT]) {
    switch (entry->type) {
    case SAPE_ENTRY_SIZE:
    case SAPE_ENTRY_FLAG:
        sape_integer_to_text(*(const size_t *)entry->value, text);
        break;
    case SAPE_ENTRY_INTEGER:
        sape_integer_to_text(*(const uint64_t *)entry->value, text);
        break;
    case SAPE_ENTRY_REAL:
        sape_real_to_text(*(const double *)entry->value, text);
        break;
    case SAPE_ENTRY_SINGLE:
        sape_real_to_text((double)*(const float *)entry->value, text);
        break;
    case SAPE_ENTRY_CHOICE:
        return entry->names[*(const size_t *)entry->value];
    }
    return text;
}

static bool read_size(const char *text, size_t most, size_t *value) {
    uint64_t integer;
    if (!sape_integer_from_text(text, &integer) || integer > most) return false;
    *value = (size_t)integer;
    return true;
}

static bool read_single(const char *text, float *value) {
    double real;
    if (!sape_real_from_text(text, &real) || (double)(float)real != real) return false;
    *value = (float)real;
    return true;
}

static bool read_choice(const char *text, const char *const *names, size_t *value) {
    size_t index = 0;
    while (names[index] != NULL && strcmp(names[index], text) != 0) index++;
    if (names[index] == NULL) return false;
    *value = index;
    return true;
}

static bool from_text(const struct sape_entry *entry, const char *text) {
    switch (entry->type) {
    case SAPE_ENTRY_SIZE:
        return read_size(text, SIZE_MAX, entry->value);
    case SAPE_ENTRY_INTEGER:
        return sape_integer_from_text(text, entry->value);
    case SAPE_ENTRY_REAL:
        return sape_real_from_text(text, entry->value);
    case SAPE_ENTRY_SINGLE:
        return read_single(text, entry->value);
    case SAPE_ENTRY_FLAG:
        return read_size(text, 1, entry->value);
    case SAPE_ENTRY_CHOICE:
        return read_choice(text, entry->names, entry->value);
    }
    return false;
}

static sape_status find(const char *function, const sape_safetensors *file, const char *key, const char **text) {
    *text = sape_safetensors_metadata(file, key);
    return *text != NULL ? SAPE_OK : sape_fail(SAPE_ERROR_FORMAT, function, "the metadata have no %s", key);
}

sape_status sape_entries_write(sape_safetensors_writer *writer, const struct sape_entry *entries, size_t count) {
    char text[SAPE_NUMBER_TEXT];
    for (size_t i = 0; i < count; i++)
        SAPE_TRY(sape_safetensors_writer_add_metadata(writer, entries[i].key, to_text(&entries[i], text)));
    return SAPE_OK;
}

sape_status sape_entries_read(const char *function, const sape_safetensors *file, const struct sape_entry *entries,
                              size_t count) {
    for (size_t i = 0; i < count; i++) {
        const char *text;
        SAPE_TRY(find(function, file, entries[i].key, &text));
        if (!from_text(&entries[i], text))
            return sape_fail(SAPE_ERROR_FORMAT, function, "the metadata's %s is \"%s\"", entries[i].key, text);
    }
    return SAPE_OK;
}

/* A stored real as people read it; other text as it is. */
static const char *readable(const struct sape_entry *entry, const char *text, char decimal[SAPE_NUMBER_TEXT]) {
    double real;
    if (entry->type != SAPE_ENTRY_REAL && entry->type != SAPE_ENTRY_SINGLE) return text;
    if (!sape_real_from_text(text, &real)) return text;
    sape_real_to_decimal(real, decimal);
    return decimal;
}

sape_status sape_entries_match(const char *function, const sape_safetensors *file, const struct sape_entry *entries,
                               size_t count) {
    char own[SAPE_NUMBER_TEXT], decimals[2][SAPE_NUMBER_TEXT];
    for (size_t i = 0; i < count; i++) {
        const char *text;
        SAPE_TRY(find(function, file, entries[i].key, &text));
        const char *expected = to_text(&entries[i], own);
        if (strcmp(text, expected) != 0)
            return sape_fail(SAPE_ERROR_ARGUMENT, function, "%s is %s in the checkpoint, but %s here", entries[i].key,
                             readable(&entries[i], text, decimals[0]), readable(&entries[i], expected, decimals[1]));
    }
    return SAPE_OK;
}
