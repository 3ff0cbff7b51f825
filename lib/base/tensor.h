/* SPDX-License-Identifier: MIT */
/* What the named-tensor calls of every handle share. */
#ifndef SAPE_LIB_TENSOR_H
#define SAPE_LIB_TENSOR_H

#include <sape/status.h>
#include <sape/tensor.h>

/* Fills the caller's description, as much of it as the caller's struct has; count follows from the shape. */
sape_status sape_tensor_describe(sape_tensor_info *info, const char *name, sape_dtype dtype, size_t rank,
                                 const size_t *shape);

/* Checks an index against the number of tensors, and that there is somewhere to write to. */
sape_status sape_tensor_check_index(size_t index, size_t count, const sape_tensor_info *info);

typedef sape_status (*sape_tensor_info_fn)(const void *handle, size_t index, sape_tensor_info *info);

/*
 * Finds a tensor by name among count that info_fn describes, and checks that the caller's array has its size. Sets
 * *index.
 */
sape_status sape_tensor_find(const void *handle, size_t tensor_count, sape_tensor_info_fn info_fn, const char *name,
                             const float *values, size_t count, size_t *index);

#endif
