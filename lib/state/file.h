/* SPDX-License-Identifier: MIT */
/* Checkpoints as files: their version, and writing one to wherever its bytes go. */
#ifndef SAPE_LIB_FILE_H
#define SAPE_LIB_FILE_H

#include <sape/safetensors.h>
#include <stdbool.h>

#include "files/safetensors_writer.h"

/* In a checkpoint of several fields, their number. */
#define SAPE_FIELDS_KEY "sape.fields"

/* In every checkpoint of libsape. */
#define SAPE_VERSION_KEY "sape.version"

/* Whether the file has libsape's metadata; those of a newer version, and wrong ones, are errors. */
sape_status sape_file_check_version(const sape_safetensors *file, bool *has);

/* The same for a file of one field; that of several is an error, too. */
sape_status sape_file_has_metadata(const sape_safetensors *file, bool *has);

/* Adds the version of the format to what is written. */
sape_status sape_file_add_version(sape_safetensors_writer *writer);

/* Adds a handle's state to what is written. */
typedef sape_status (*sape_file_add_fn)(const void *handle, sape_safetensors_writer *writer);

/* A whole checkpoint of the handle, to a sink. */
sape_status sape_file_write(sape_file_add_fn add, const void *handle, sape_byte_sink_fn sink, void *user);

#endif
