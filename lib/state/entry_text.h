/* SPDX-License-Identifier: MIT */
/* Variables as the text of a file's metadata. */
#ifndef SAPE_LIB_ENTRY_TEXT_H
#define SAPE_LIB_ENTRY_TEXT_H

#include "files/number_text.h"
#include "state/state.h"

/* Bytes of the variable. */
size_t sape_entry_size(const struct sape_entry *entry);

/* The value as text: in the caller's array, or the name of a choice. */
const char *sape_entry_to_text(const struct sape_entry *entry, char text[SAPE_NUMBER_TEXT]);

/* Sets the variable; false when the text is none of its values. */
bool sape_entry_from_text(const struct sape_entry *entry, const char *text);

#endif
