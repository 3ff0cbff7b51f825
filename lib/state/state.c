/* SPDX-License-Identifier: MIT */
#include "state/state.h"

#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "state/entry_text.h"

void sape_state_add(struct sape_state *state, size_t count, const struct sape_entry *entries) {
    memcpy(state->entries + state->num_entries, entries, count * sizeof *entries);
    state->num_entries += count;
}

void sape_state_add_usual(struct sape_state *state, size_t count, const struct sape_usual_entry *entries) {
    for (size_t i = 0; i < count; i++) {
        state->usual[state->num_entries] = entries[i].usual;
        sape_state_add(state, 1, &entries[i].entry);
    }
}

void sape_state_add_rows(struct sape_state *state, size_t count, const struct sape_rows *rows) {
    memcpy(state->rows + state->num_rows, rows, count * sizeof *rows);
    state->num_rows += count;
}

static bool is_usual(const struct sape_state *state, size_t i) {
    const struct sape_entry *entry = &state->entries[i];
    return state->usual[i] != NULL && memcmp(entry->value, state->usual[i], sape_entry_size(entry)) == 0;
}

sape_status sape_state_write(const struct sape_state *state, sape_safetensors_writer *writer) {
    char text[SAPE_NUMBER_TEXT];
    for (size_t i = 0; i < state->num_entries; i++) {
        const struct sape_entry *entry = &state->entries[i];
        if (is_usual(state, i)) continue;
        SAPE_TRY(sape_safetensors_writer_add_metadata(writer, entry->key, sape_entry_to_text(entry, text)));
    }
    for (size_t i = 0; i < state->num_rows; i++)
        if (state->rows[i].name != NULL) SAPE_TRY(state->rows[i].ops->write(&state->rows[i], writer));
    return SAPE_OK;
}

/* The text of entry i in the file, or of its usual value, which may be in the caller's array. */
static sape_status find(const struct sape_state *state, size_t i, const sape_safetensors *file,
                        char number[SAPE_NUMBER_TEXT], const char **text) {
    struct sape_entry entry = state->entries[i];
    *text = sape_safetensors_metadata(file, entry.key);
    if (*text != NULL) return SAPE_OK;
    if (state->usual[i] == NULL) return sape_fail(SAPE_ERROR_FORMAT, "the metadata have no %s", entry.key);
    entry.value = (void *)state->usual[i];
    *text = sape_entry_to_text(&entry, number);
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

sape_status sape_state_match(const struct sape_state *state, const sape_safetensors *file) {
    char own[SAPE_NUMBER_TEXT], number[SAPE_NUMBER_TEXT], decimals[2][SAPE_NUMBER_TEXT];
    for (size_t i = 0; i < state->num_entries; i++) {
        const struct sape_entry *entry = &state->entries[i];
        const char *text;
        if (entry->role != SAPE_SETTING && entry->role != SAPE_OWN_SETTING) continue;
        SAPE_TRY(find(state, i, file, number, &text));
        const char *expected = sape_entry_to_text(entry, own);
        SAPE_REQUIRE(strcmp(text, expected) == 0, "%s is %s in the checkpoint, but %s here", entry->key,
                     readable(entry, text, decimals[0]), readable(entry, expected, decimals[1]));
    }
    return SAPE_OK;
}

sape_status sape_state_read_entries(const struct sape_state *state, const sape_safetensors *file) {
    char number[SAPE_NUMBER_TEXT];
    for (size_t i = 0; i < state->num_entries; i++) {
        const struct sape_entry *entry = &state->entries[i];
        const char *text;
        SAPE_TRY(find(state, i, file, number, &text));
        if (!sape_entry_from_text(entry, text))
            return sape_fail(SAPE_ERROR_FORMAT, "the metadata's %s is \"%s\"", entry->key, text);
    }
    return SAPE_OK;
}

sape_status sape_state_read_rows(const struct sape_state *state, const sape_safetensors *file) {
    for (size_t i = 0; i < state->num_rows; i++)
        if (state->rows[i].name != NULL) SAPE_TRY(state->rows[i].ops->read(&state->rows[i], file));
    return SAPE_OK;
}

sape_status sape_state_open(const struct sape_state *state) {
    bool complete = true;
    for (size_t i = 0; i < state->num_rows; i++) *state->rows[i].values = NULL;
    for (size_t i = 0; i < state->num_rows; i++) {
        const struct sape_rows *rows = &state->rows[i];
        if (*rows->values == NULL) *rows->values = sape_alloc(rows->count, rows->ops->element);
        if (*rows->values == NULL && rows->count > 0) complete = false;
    }
    return complete ? SAPE_OK : sape_fail(SAPE_ERROR_MEMORY, "no memory for the checkpoint's state");
}

void sape_state_close(const struct sape_state *state) {
    for (size_t i = 0; i < state->num_rows; i++) {
        sape_release(*state->rows[i].values);
        *state->rows[i].values = NULL;
    }
}

void sape_state_copy(const struct sape_state *from, const struct sape_state *to) {
    for (size_t i = 0; i < from->num_entries; i++)
        memcpy(to->entries[i].value, from->entries[i].value, sape_entry_size(&from->entries[i]));
    for (size_t i = 0; i < from->num_rows; i++)
        if (from->rows[i].count > 0)
            memcpy(*to->rows[i].values, *from->rows[i].values, from->rows[i].count * from->rows[i].ops->element);
}

uint64_t sape_digest(uint64_t hash, const void *data, size_t size) {
    const unsigned char *bytes = data;
    for (; size >= sizeof(uint64_t); size -= sizeof(uint64_t), bytes += sizeof(uint64_t)) {
        uint64_t word;
        memcpy(&word, bytes, sizeof word);
        hash = (hash ^ word) * UINT64_C(0x9E3779B97F4A7C15);
        hash ^= hash >> 32;
    }
    for (; size > 0; size--) hash = (hash ^ *bytes++) * UINT64_C(0x100000001B3);
    return hash;
}

uint64_t sape_state_digest(uint64_t hash, const struct sape_state *state, enum sape_role role) {
    for (size_t i = 0; i < state->num_entries; i++)
        if (state->entries[i].role == role)
            hash = sape_digest(hash, state->entries[i].value, sape_entry_size(&state->entries[i]));
    for (size_t i = 0; i < state->num_rows; i++)
        if (state->rows[i].role == role)
            hash = sape_digest(hash, *state->rows[i].values, state->rows[i].count * state->rows[i].ops->element);
    return hash;
}
