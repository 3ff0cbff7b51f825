/* SPDX-License-Identifier: MIT */
/* Checkpoints with something changed in them, as somebody who means harm would. All end the test when it is not there.
 */
#ifndef SAPE_TESTS_FORGED_H
#define SAPE_TESTS_FORGED_H

#include "support.h"

/* Another value of a metadata entry. */
sape_safetensors *forged_entry(const sape_safetensors *checkpoint, const char *key, const char *value);

/* Another value of a tensor. */
sape_safetensors *forged_value(const sape_safetensors *checkpoint, const char *tensor, size_t index, float value);

/* The index-th metadata entry, copied into the arrays of `size` characters each; false behind the last one. */
bool entry_at(const sape_safetensors *checkpoint, size_t index, char *key, char *value, size_t size);

#endif
