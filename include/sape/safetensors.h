/* SPDX-License-Identifier: MIT */
/**
 * @file safetensors.h
 * Files in the safetensors format: named arrays, and metadata as text.
 *
 * A file's contents come from a path, from memory or from a callback, and go to all three. Everything in a file is
 * checked before anything of it is used; the memory needed is that of the file.
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

/**
 * As sape_safetensors_open(), from memory, which is copied.
 *
 * @param bytes (size) the file. @param size how many there are. @param out as in sape_safetensors_open().
 * @return #SAPE_OK, #SAPE_ERROR_ARGUMENT, #SAPE_ERROR_FORMAT, #SAPE_ERROR_MEMORY.
 */
SAPE_API sape_status sape_safetensors_parse(const void *bytes, size_t size, sape_safetensors **out);

/**
 * Gives the next bytes of a file.
 *
 * @param user  the pointer given with the function.
 * @param bytes room for the bytes. @param size how many there is room for. @param got must receive how many were put
 * there, at most size; 0 at the end.
 * @return 0, or anything else to end the reading with #SAPE_ERROR_CALLBACK.
 */
typedef int (*sape_read_fn)(void *user, void *bytes, size_t size, size_t *got);

/**
 * As sape_safetensors_open(), from a callback, which is called until it gives no more bytes.
 *
 * @param read_fn the callback. @param user handed to it. @param out as in sape_safetensors_open().
 * @return #SAPE_OK, #SAPE_ERROR_ARGUMENT, #SAPE_ERROR_CALLBACK, #SAPE_ERROR_FORMAT, #SAPE_ERROR_MEMORY.
 */
SAPE_API sape_status sape_safetensors_open_with(sape_read_fn read_fn, void *user, sape_safetensors **out);

/**
 * Writes the contents to a file, which is replaced whole or not at all: the bytes go to a new file in the same
 * directory, which takes the name when they are on the disk. A process that is killed leaves the old file as it was,
 * and perhaps a file whose name begins with ".sape-".
 *
 * The file keeps the permissions of the one it replaces, not its owner, group, access control list or extended
 * attributes; other hard links go on naming the old contents. Of a symbolic link the target is replaced, which must
 * be there. What is not a regular file is refused.
 *
 * @param path the file's name.
 * @return #SAPE_OK, #SAPE_ERROR_ARGUMENT, #SAPE_ERROR_FILE.
 */
SAPE_API sape_status sape_safetensors_save(const sape_safetensors *file, const char *path);

/**
 * Takes the next bytes of a file.
 *
 * @param user the pointer given with the function. @param bytes (size) the bytes. @param size how many.
 * @return 0, or anything else to end the writing with #SAPE_ERROR_CALLBACK.
 */
typedef int (*sape_write_fn)(void *user, const void *bytes, size_t size);

/**
 * Hands the contents to a callback, in pieces.
 *
 * @param write_fn the callback. @param user handed to it.
 * @return #SAPE_OK, #SAPE_ERROR_ARGUMENT, #SAPE_ERROR_CALLBACK.
 */
SAPE_API sape_status sape_safetensors_save_with(const sape_safetensors *file, sape_write_fn write_fn, void *user);

/**
 * The contents as the bytes of a file.
 *
 * @param size receives how many there are; may be NULL.
 * @return the bytes, valid until the contents are freed; NULL for NULL.
 */
SAPE_API const void *sape_safetensors_bytes(const sape_safetensors *file, size_t *size);

/** Frees the contents; NULL is fine. */
SAPE_API void sape_safetensors_free(sape_safetensors *file);

/** @return the number of tensors; 0 for NULL. */
SAPE_API size_t sape_safetensors_count(const sape_safetensors *file);

/**
 * Describes the index-th tensor, in the file's order.
 *
 * @param index from 0. @param info receives the description; its struct_size must be set.
 * @return #SAPE_OK or #SAPE_ERROR_ARGUMENT.
 */
SAPE_API sape_status sape_safetensors_info(const sape_safetensors *file, size_t index, sape_tensor_info *info);

/**
 * Describes the tensor of that name.
 *
 * @param name the name. @param info receives the description; its struct_size must be set.
 * @return #SAPE_OK, #SAPE_ERROR_ARGUMENT or #SAPE_ERROR_NOT_FOUND.
 */
SAPE_API sape_status sape_safetensors_find(const sape_safetensors *file, const char *name, sape_tensor_info *info);

/**
 * Reads a tensor as float, converting where the file has another type.
 *
 * @param name  the tensor's name. @param values (count) receives its elements.
 * @param count number of floats in values; must be the tensor's.
 * @return #SAPE_OK, #SAPE_ERROR_ARGUMENT, #SAPE_ERROR_NOT_FOUND, #SAPE_ERROR_SHAPE.
 */
SAPE_API sape_status sape_safetensors_read(const sape_safetensors *file, const char *name, float *values, size_t count);

/**
 * As sape_safetensors_read(), as double.
 *
 * @param name, values, count as there.
 * @return as there.
 */
SAPE_API sape_status sape_safetensors_read_double(const sape_safetensors *file, const char *name, double *values,
                                                  size_t count);

/**
 * Looks a metadata entry up.
 *
 * @param key its name.
 * @return its text, valid until the contents are freed; NULL when there is none.
 */
SAPE_API const char *sape_safetensors_metadata(const sape_safetensors *file, const char *key);

/**
 * Makes a copy of the contents with metadata of the caller's own, such as the shape of the picture that a field was
 * fitted to. Handles made from a checkpoint do not keep such entries: read them from the contents, and annotate anew
 * what is saved again.
 *
 * @param count  how many entries.
 * @param keys   (count) their names, no two the same; an entry of that name in the file is replaced. Names that begin
 *               with "sape." are reserved.
 * @param values (count) their texts. Names and texts are UTF-8, and the file's header with them 16 MiB at most.
 * @param out    receives the copy, to be freed with sape_safetensors_free(); NULL is stored when the call fails.
 * @return #SAPE_OK, #SAPE_ERROR_ARGUMENT, #SAPE_ERROR_MEMORY.
 */
SAPE_API sape_status sape_safetensors_annotate(const sape_safetensors *file, size_t count, const char *const *keys,
                                               const char *const *values, sape_safetensors **out);

#ifdef __cplusplus
}
#endif

#endif
