/* SPDX-License-Identifier: MIT */
/**
 * @file safetensors.h
 * Reads and writes safetensors files: named arrays and text metadata.
 *
 * A file's contents can be read from, and written to, a path, memory or a callback. Everything in a file is checked
 * before any of it is used. The memory needed is that of the file. Contents never change, so any number of threads may
 * read them at once.
 */
#ifndef SAPE_SAFETENSORS_H
#define SAPE_SAFETENSORS_H

#include "status.h"
#include "tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

/** The contents of a file, immutable. */
typedef struct sape_safetensors sape_safetensors;

/**
 * Reads a file.
 *
 * @param[in]  path the file's path; it must be a regular file.
 * @param[out] out  receives the contents; NULL on failure.
 * @return #SAPE_OK; #SAPE_ERROR_ARGUMENT if a pointer is NULL; #SAPE_ERROR_FILE if the file cannot be read;
 *         #SAPE_ERROR_FORMAT if it is not a valid safetensors file; #SAPE_ERROR_MEMORY if memory is exhausted.
 * @since 0.1.0
 */
SAPE_API sape_status sape_safetensors_open(const char *path, sape_safetensors **out);

/**
 * Reads a file from memory, which is copied.
 *
 * @param[in]  bytes (size) the bytes of the file.
 * @param[in]  size  number of bytes.
 * @param[out] out   receives the contents; NULL on failure.
 * @return #SAPE_OK; #SAPE_ERROR_ARGUMENT if a pointer is NULL; #SAPE_ERROR_FORMAT if the bytes are not a valid
 *         safetensors file; #SAPE_ERROR_MEMORY if memory is exhausted.
 * @since 0.1.0
 */
SAPE_API sape_status sape_safetensors_parse(const void *bytes, size_t size, sape_safetensors **out);

/**
 * Supplies the next bytes of a file.
 *
 * @param[in]  user  the pointer that was passed with the function.
 * @param[out] bytes (size) must receive the bytes.
 * @param[in]  size  the largest number of bytes that fits.
 * @param[out] got   must receive the number of bytes stored, at most size; 0 at the end of the file.
 * @return 0 to go on; any other value ends reading with #SAPE_ERROR_CALLBACK.
 * @since 0.1.0
 */
typedef int (*sape_read_fn)(void *user, void *bytes, size_t size, size_t *got);

/**
 * Reads a file from a callback.
 *
 * The callback is called until it supplies no more bytes.
 *
 * @param[in]  read_fn the callback.
 * @param[in]  user    passed on to the callback.
 * @param[out] out     receives the contents; NULL on failure.
 * @return #SAPE_OK; #SAPE_ERROR_ARGUMENT if read_fn or out is NULL; #SAPE_ERROR_CALLBACK if the callback fails or
 *         stores too many bytes; #SAPE_ERROR_FORMAT if the bytes are not a valid safetensors file; #SAPE_ERROR_MEMORY
 *         if memory is exhausted.
 * @since 0.1.0
 */
SAPE_API sape_status sape_safetensors_open_with(sape_read_fn read_fn, void *user, sape_safetensors **out);

/**
 * Writes the contents to a file, atomically.
 *
 * The bytes go to a new file in the same directory, which takes the name once they are on disk. The file is therefore
 * replaced as a whole or not at all. A process that is killed leaves the old file intact, and possibly a file whose
 * name begins with ".sape-".
 *
 * The new file keeps the permissions of the old one, but not its owner, group, access control list or extended
 * attributes. Other hard links keep the old contents. If path is a symbolic link, its target is replaced and must
 * exist. Anything but a regular file is refused.
 *
 * @param[in] file the contents.
 * @param[in] path the file's path.
 * @return #SAPE_OK; #SAPE_ERROR_ARGUMENT if a pointer is NULL; #SAPE_ERROR_FILE if the file cannot be written.
 * @since 0.1.0
 */
SAPE_API sape_status sape_safetensors_save(const sape_safetensors *file, const char *path);

/**
 * Consumes the next bytes of a file.
 *
 * @param[in] user  the pointer that was passed with the function.
 * @param[in] bytes (size) the bytes.
 * @param[in] size  number of bytes.
 * @return 0 to go on; any other value ends writing with #SAPE_ERROR_CALLBACK.
 * @since 0.1.0
 */
typedef int (*sape_write_fn)(void *user, const void *bytes, size_t size);

/**
 * Writes the contents to a callback, in pieces.
 *
 * @param[in] file     the contents.
 * @param[in] write_fn the callback.
 * @param[in] user     passed on to the callback.
 * @return #SAPE_OK; #SAPE_ERROR_ARGUMENT if file or write_fn is NULL; #SAPE_ERROR_CALLBACK if the callback fails.
 * @since 0.1.0
 */
SAPE_API sape_status sape_safetensors_save_with(const sape_safetensors *file, sape_write_fn write_fn, void *user);

/**
 * Returns the contents as the bytes of a file.
 *
 * @param[in]  file the contents; may be NULL.
 * @param[out] size receives the number of bytes, 0 for NULL; may be NULL.
 * @return the bytes, valid until the contents are freed; NULL for NULL.
 * @since 0.1.0
 */
SAPE_API const void *sape_safetensors_bytes(const sape_safetensors *file, size_t *size);

/**
 * Frees the contents of a file.
 *
 * @param[in] file the contents; NULL is ignored.
 * @since 0.1.0
 */
SAPE_API void sape_safetensors_free(sape_safetensors *file);

/**
 * Returns the number of tensors.
 *
 * @param[in] file the contents; may be NULL.
 * @return the number of tensors; 0 for NULL.
 * @since 0.1.0
 */
SAPE_API size_t sape_safetensors_count(const sape_safetensors *file);

/**
 * Describes a tensor by its index, in the file's order.
 *
 * @param[in]     file  the contents.
 * @param[in]     index the index, from 0.
 * @param[in,out] info  receives the description; its struct_size must be set.
 * @return #SAPE_OK; #SAPE_ERROR_ARGUMENT if a pointer is NULL, or index or struct_size is out of range.
 * @since 0.1.0
 */
SAPE_API sape_status sape_safetensors_info(const sape_safetensors *file, size_t index, sape_tensor_info *info);

/**
 * Describes a tensor by its name.
 *
 * @param[in]     file the contents.
 * @param[in]     name the tensor's name.
 * @param[in,out] info receives the description; its struct_size must be set.
 * @return #SAPE_OK; #SAPE_ERROR_ARGUMENT if a pointer is NULL or struct_size is out of range; #SAPE_ERROR_NOT_FOUND if
 *         no tensor has that name.
 * @since 0.1.0
 */
SAPE_API sape_status sape_safetensors_find(const sape_safetensors *file, const char *name, sape_tensor_info *info);

/**
 * Reads a tensor as float.
 *
 * Values of other types are converted.
 *
 * @param[in]  file   the contents.
 * @param[in]  name   the tensor's name.
 * @param[out] values (count) receives the elements.
 * @param[in]  count  number of floats in values; must be the tensor's.
 * @return #SAPE_OK; #SAPE_ERROR_ARGUMENT if a pointer is NULL; #SAPE_ERROR_NOT_FOUND if no tensor has that name;
 *         #SAPE_ERROR_SHAPE if count is not the tensor's.
 * @since 0.1.0
 */
SAPE_API sape_status sape_safetensors_read(const sape_safetensors *file, const char *name, float *values, size_t count);

/**
 * Reads a tensor as double.
 *
 * Values of other types are converted.
 *
 * @param[in]  file   the contents.
 * @param[in]  name   the tensor's name.
 * @param[out] values (count) receives the elements.
 * @param[in]  count  number of doubles in values; must be the tensor's.
 * @return #SAPE_OK; #SAPE_ERROR_ARGUMENT if a pointer is NULL; #SAPE_ERROR_NOT_FOUND if no tensor has that name;
 *         #SAPE_ERROR_SHAPE if count is not the tensor's.
 * @since 0.1.0
 */
SAPE_API sape_status sape_safetensors_read_double(const sape_safetensors *file, const char *name, double *values,
                                                  size_t count);

/**
 * Looks up a metadata entry.
 *
 * @param[in] file the contents; may be NULL.
 * @param[in] key  the entry's name; may be NULL.
 * @return its text, valid until the contents are freed; NULL if there is no such entry.
 * @since 0.1.0
 */
SAPE_API const char *sape_safetensors_metadata(const sape_safetensors *file, const char *key);

/**
 * Copies the contents and adds your own metadata.
 *
 * An entry of the same name is replaced. Use this, for example, for the size of the picture that a field was fitted to.
 * Handles that are made from a checkpoint do not keep your entries: read them from the contents, and annotate again
 * what you save again.
 *
 * @param[in]  file   the contents.
 * @param[in]  count  number of entries.
 * @param[in]  keys   (count) names, all different. Names that begin with "sape." are reserved.
 * @param[in]  values (count) texts. Names and texts are UTF-8; with them, the file's header has at most 16 MiB.
 * @param[out] out    receives the copy, to be freed with sape_safetensors_free(); NULL on failure.
 * @return #SAPE_OK; #SAPE_ERROR_ARGUMENT if a pointer is NULL, a name is reserved or repeated, a text is not UTF-8, or
 *         the header becomes too long; #SAPE_ERROR_MEMORY if memory is exhausted.
 * @since 0.2.0
 */
SAPE_API sape_status sape_safetensors_annotate(const sape_safetensors *file, size_t count, const char *const *keys,
                                               const char *const *values, sape_safetensors **out);

#ifdef __cplusplus
}
#endif

#endif
