/* SPDX-License-Identifier: MIT */
/* Checkpoints with something changed in them, as somebody who means harm would. All end the test when it is not there.
 */
#ifndef SAPE_TESTS_FORGED_H
#define SAPE_TESTS_FORGED_H

#include <stdbool.h>

#include "support.h"

/* Another value of a metadata entry. */
sape_safetensors *forged_entry(const sape_safetensors *checkpoint, const char *key, const char *value);

/* Another value of a tensor. */
sape_safetensors *forged_value(const sape_safetensors *checkpoint, const char *tensor, size_t index, float value);

/* In the metadata of the checkpoint in the checkpoint, which come second, other characters in place of as many. */
sape_safetensors *forged_nested(const sape_safetensors *checkpoint, const char *from, const char *to);

/* The index-th metadata entry, copied into the arrays of `size` characters each; false behind the last one. */
bool entry_at(const sape_safetensors *checkpoint, size_t index, char *key, char *value, size_t size);

#endif
