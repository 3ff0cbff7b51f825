/* SPDX-License-Identifier: MIT */
/* Files' contents as the checkpoints use them: the public calls inside of others. */
#ifndef SAPE_LIB_SAFETENSORS_H
#define SAPE_LIB_SAFETENSORS_H

#include <sape/safetensors.h>

#include "files/safetensors_header.h"

sape_status sape_contents_open(const char *path, sape_safetensors **out);
sape_status sape_contents_parse(const void *bytes, size_t size, sape_safetensors **out);
sape_status sape_contents_save(const sape_safetensors *file, const char *path);

/* The contents' header; *data are the tensors' bytes, which it points into by their places. */
const struct sape_safetensors_header *sape_contents_header(const sape_safetensors *file, const unsigned char **data);

/* The bytes of a tensor of type U8 and one axis, as they lie in the file; NULL when there is none of that name. */
const void *sape_contents_tensor(const sape_safetensors *file, const char *name, size_t *size);

#endif
