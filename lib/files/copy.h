/* SPDX-License-Identifier: MIT */
/* Files' contents handed on to a writer. */
#ifndef SAPE_LIB_COPY_H
#define SAPE_LIB_COPY_H

#include <stdbool.h>

#include "files/safetensors.h"
#include "files/safetensors_writer.h"

bool sape_is_among(const char *key, size_t count, const char *const *keys);

/* Adds the tensors and metadata whose names begin with the prefix, without it; but for entries of the skipped keys. */
sape_status sape_contents_copy(const sape_safetensors *file, const char *prefix, size_t num_skipped,
                               const char *const *skipped, sape_safetensors_writer *writer);

#endif
