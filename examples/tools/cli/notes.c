/* SPDX-License-Identifier: MIT */
#include "cli/notes.h"

#include "cli/message.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct note *find(struct notes *notes, const char *key) {
    for (size_t i = 0; i < notes->count; i++)
        if (strcmp(notes->items[i].key, key) == 0) return &notes->items[i];
    if (notes->count == NOTES_MAX) abort();
    struct note *note = &notes->items[notes->count++];
    snprintf(note->key, sizeof note->key, "%s", key);
    return note;
}

void notes_set(struct notes *notes, const char *key, const char *format, ...) {
    struct note *note = find(notes, key);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(note->text, sizeof note->text, format, arguments);
    va_end(arguments);
}

void notes_set_real(struct notes *notes, const char *key, double value) {
    char text[32];
    int digits = 6;
    do snprintf(text, sizeof text, "%.*g", digits, value);
    while (digits++ < 17 && strtod(text, NULL) != value);
    notes_set(notes, key, "%s", text);
}

void notes_join(struct notes *notes, const struct notes *others) {
    for (size_t i = 0; i < others->count; i++) notes_set(notes, others->items[i].key, "%s", others->items[i].text);
}

bool notes_annotate(const struct notes *notes, const sape_safetensors *checkpoint, sape_safetensors **annotated) {
    const char *keys[NOTES_MAX], *texts[NOTES_MAX];
    for (size_t i = 0; i < notes->count; i++) {
        keys[i] = notes->items[i].key;
        texts[i] = notes->items[i].text;
    }
    return sape_safetensors_annotate(checkpoint, notes->count, keys, texts, annotated) == SAPE_OK ||
           message_sape_error();
}

bool notes_open(const char *path, sape_safetensors **checkpoint) {
    const sape_status status = sape_safetensors_open(path, checkpoint);
    if (status == SAPE_ERROR_FORMAT)
        return message_error("'%s' is not a checkpoint, or is damaged: %s", path, sape_last_error());
    return status == SAPE_OK || message_sape_error();
}

bool notes_read(const sape_safetensors *checkpoint, const char *key, size_t count, double *values, bool *wrong) {
    const char *text = sape_safetensors_metadata(checkpoint, key), *at = text;
    if (!text) return false;
    for (size_t i = 0; i < count; i++) {
        char *end;
        values[i] = strtod(at, &end);
        const bool last = i + 1 == count;
        if (end == at || !isfinite(values[i]) || *end != (last ? '\0' : ' ')) {
            *wrong = true;
            return message_error("the checkpoint's %s is '%.80s'", key, text);
        }
        at = end + !last;
    }
    return true;
}
