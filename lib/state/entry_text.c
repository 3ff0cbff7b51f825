/* SPDX-License-Identifier: MIT */
#include "state/entry_text.h"

#include <string.h>

/* An enumeration is as wide as an int with every compiler of the platforms here. */
typedef unsigned choice;

/* Whole numbers: their bytes, and the largest of them. Of the others the bytes alone. */
static const struct kind {
    size_t size;
    uint64_t most;
} kinds[] = {[SAPE_ENTRY_SIZE] = {sizeof(size_t), SIZE_MAX},
             [SAPE_ENTRY_INTEGER] = {sizeof(uint64_t), UINT64_MAX},
             [SAPE_ENTRY_REAL] = {sizeof(double), 0},
             [SAPE_ENTRY_SINGLE] = {sizeof(float), 0},
             [SAPE_ENTRY_FEATURE] = {sizeof(uint16_t), UINT16_MAX},
             [SAPE_ENTRY_BOOL] = {sizeof(bool), 1},
             [SAPE_ENTRY_FLAG] = {sizeof(int32_t), 1},
             [SAPE_ENTRY_CHOICE] = {sizeof(choice), 0}};

size_t sape_entry_size(const struct sape_entry *entry) {
    return kinds[entry->type].size;
}

static uint64_t integer_of(const struct sape_entry *entry) {
    switch (entry->type) {
    case SAPE_ENTRY_SIZE:
        return *(const size_t *)entry->value;
    case SAPE_ENTRY_INTEGER:
        return *(const uint64_t *)entry->value;
    case SAPE_ENTRY_FEATURE:
        return *(const uint16_t *)entry->value;
    case SAPE_ENTRY_BOOL:
        return *(const bool *)entry->value;
    default:
        return *(const int32_t *)entry->value != 0;
    }
}

static void set_integer(const struct sape_entry *entry, uint64_t integer) {
    switch (entry->type) {
    case SAPE_ENTRY_SIZE:
        *(size_t *)entry->value = (size_t)integer;
        break;
    case SAPE_ENTRY_INTEGER:
        *(uint64_t *)entry->value = integer;
        break;
    case SAPE_ENTRY_FEATURE:
        *(uint16_t *)entry->value = (uint16_t)integer;
        break;
    case SAPE_ENTRY_BOOL:
        *(bool *)entry->value = integer != 0;
        break;
    default:
        *(int32_t *)entry->value = integer != 0;
        break;
    }
}

static choice choice_of(const struct sape_entry *entry) {
    choice value;
    memcpy(&value, entry->value, sizeof value);
    return value;
}

const char *sape_entry_to_text(const struct sape_entry *entry, char text[SAPE_NUMBER_TEXT]) {
    switch (entry->type) {
    case SAPE_ENTRY_CHOICE:
        return entry->name(choice_of(entry));
    case SAPE_ENTRY_REAL:
        sape_real_to_text(*(const double *)entry->value, text);
        break;
    case SAPE_ENTRY_SINGLE:
        sape_real_to_text((double)*(const float *)entry->value, text);
        break;
    default:
        sape_integer_to_text(integer_of(entry), text);
        break;
    }
    return text;
}

static bool read_choice(const struct sape_entry *entry, const char *text) {
    choice value = 0;
    while (entry->name(value) != NULL && strcmp(entry->name(value), text) != 0) value++;
    if (entry->name(value) == NULL) return false;
    memcpy(entry->value, &value, sizeof value);
    return true;
}

static bool read_single(const struct sape_entry *entry, const char *text) {
    double real;
    if (!sape_real_from_text(text, &real) || (double)(float)real != real) return false;
    *(float *)entry->value = (float)real;
    return true;
}

static bool read_integer(const struct sape_entry *entry, const char *text) {
    uint64_t integer;
    if (!sape_integer_from_text(text, &integer) || integer > kinds[entry->type].most) return false;
    set_integer(entry, integer);
    return true;
}

bool sape_entry_from_text(const struct sape_entry *entry, const char *text) {
    switch (entry->type) {
    case SAPE_ENTRY_CHOICE:
        return read_choice(entry, text);
    case SAPE_ENTRY_REAL:
        return sape_real_from_text(text, entry->value);
    case SAPE_ENTRY_SINGLE:
        return read_single(entry, text);
    default:
        return read_integer(entry, text);
    }
}
