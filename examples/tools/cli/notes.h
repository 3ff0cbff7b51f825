/* SPDX-License-Identifier: MIT */
/* What a program notes in its checkpoints, as metadata: see docs/checkpoints.md. */
#ifndef EXAMPLES_NOTES_H
#define EXAMPLES_NOTES_H

#include <sape/sape.h>
#include <stdbool.h>
#include <stddef.h>

enum { NOTES_MAX = 40, NOTE_KEY = 40, NOTE_TEXT = 80 };

struct note {
    char key[NOTE_KEY];
    char text[NOTE_TEXT];
};

struct notes {
    size_t count;
    struct note items[NOTES_MAX];
};

/* Sets a note, in place of one of that key. */
void notes_set(struct notes *notes, const char *key, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* As notes_set(), with a number in as few decimal digits as give it back. */
void notes_set_real(struct notes *notes, const char *key, double value);

/* Adds those of another list. */
void notes_join(struct notes *notes, const struct notes *others);

/* Copies a checkpoint and adds the notes. When it fails a message has been printed. */
bool notes_annotate(const struct notes *notes, const sape_safetensors *checkpoint, sape_safetensors **annotated);

/* Opens the file of a checkpoint. When it fails a message has been printed. */
bool notes_open(const char *path, sape_safetensors **checkpoint);

/* Takes count finite numbers, with a space between, from a checkpoint's note. False when there is none; one that is
   something else is an error, with a message, and makes *wrong true. */
bool notes_read(const sape_safetensors *checkpoint, const char *key, size_t count, double *values, bool *wrong);

#endif
