/* SPDX-License-Identifier: MIT */
/* Checkpoints to memory and to files. */
#ifndef SAPE_LIB_WRITE_H
#define SAPE_LIB_WRITE_H

#include "state/file.h"

sape_status sape_checkpoint_make(sape_file_add_fn add, const void *handle, sape_safetensors **out);

/* Straight to the file, which replaces an old one only when all of it is there. */
sape_status sape_checkpoint_save(sape_file_add_fn add, const void *handle, const char *path);

#endif
