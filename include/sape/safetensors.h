/* SPDX-License-Identifier: MIT */
/**
 * @file safetensors.h
 * Reading files in the safetensors format: named arrays, and metadata as text.
 *
 * Everything in the file is checked before anything of it is used; the memory needed is that of the file.
 */
#ifndef SAPE_SAFETENSORS_H
#define SAPE_SAFETENSORS_H

#include "status.h"
#include "tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

/** A file's contents, immutable. */
typedef struct sape_safetensors sape_safetensors;

/**
 * Reads a file.
 *
 * @param path the file's name. @param out receives its contents; NULL is stored when the call fails.
 * @return #SAPE_OK, #SAPE_ERROR_ARGUMENT, #SAPE_ERROR_FILE, #SAPE_ERROR_FORMAT, #SAPE_ERROR_MEMORY.
 */
SAPE_API sape_status sape_safetensors_open(const char *path, sape_safetensors **out);

/** As sape_safetensors_open(), from memory, which is copied. @param bytes (size). */
SAPE_API sape_status sape_safetensors_parse(const void *bytes, size_t size, sape_safetensors **out);

/** Frees the contents; NULL is fine. */
SAPE_API void sape_safetensors_free(sape_safetensors *file);

/** @return the number of tensors; 0 for NULL. */
SAPE_API size_t sape_safetensors_count(const sape_safetensors *file);

/** Describes the index-th tensor, in the file's order. @return #SAPE_OK or #SAPE_ERROR_ARGUMENT. */
SAPE_API sape_status sape_safetensors_info(const sape_safetensors *file, size_t index, sape_tensor_info *info);

/** Describes the tensor of that name. @return #SAPE_OK, #SAPE_ERROR_ARGUMENT or #SAPE_ERROR_NOT_FOUND. */
SAPE_API sape_status sape_safetensors_find(const sape_safetensors *file, const char *name, sape_tensor_info *info);

/**
 * Reads a tensor as float, converting where the file has another type.
 *
 * @param count number of floats in values; must be the tensor's.
 * @return #SAPE_OK, #SAPE_ERROR_ARGUMENT, #SAPE_ERROR_NOT_FOUND, #SAPE_ERROR_SHAPE.
 */
SAPE_API sape_status sape_safetensors_read(const sape_safetensors *file, const char *name, float *values, size_t count);

/** As sape_safetensors_read(), as double. */
SAPE_API sape_status sape_safetensors_read_double(const sape_safetensors *file, const char *name, double *values,
                                                  size_t count);

/** @return the metadata entry of that name, valid until the contents are freed; NULL when there is none. */
SAPE_API const char *sape_safetensors_metadata(const sape_safetensors *file, const char *key);

#ifdef __cplusplus
}
#endif

#endif
