/* SPDX-License-Identifier: MIT */
#include "base/tensor.h"

#include <string.h>

#include "base/error.h"
#include "base/params.h"

sape_status sape_tensor_describe(sape_tensor_info *info, const char *name, sape_dtype dtype, size_t rank,
                                 const size_t *shape) {
    sape_tensor_info known = {.struct_size = sizeof known, .name = name, .count = 1, .rank = rank, .dtype = dtype};
    for (size_t i = 0; i < rank; i++) {
        known.shape[i] = shape[i];
        known.count *= shape[i];
    }
    return sape_params_write(info, &known, sizeof known);
}

sape_status sape_tensor_check_index(size_t index, size_t count, const sape_tensor_info *info) {
    if (info == NULL) return sape_fail(SAPE_ERROR_ARGUMENT, "info is NULL");
    if (index >= count) return sape_fail(SAPE_ERROR_ARGUMENT, "index is %zu, there are %zu tensors", index, count);
    return SAPE_OK;
}

sape_status sape_tensor_find(const void *handle, size_t tensor_count, sape_tensor_info_fn info_fn, const char *name,
                             const float *values, size_t count, size_t *index) {
    if (handle == NULL) return sape_fail(SAPE_ERROR_ARGUMENT, "the handle is NULL");
    if (name == NULL) return sape_fail(SAPE_ERROR_ARGUMENT, "name is NULL");
    if (values == NULL) return sape_fail(SAPE_ERROR_ARGUMENT, "values is NULL");
    for (size_t i = 0; i < tensor_count; i++) {
        sape_tensor_info info = {.struct_size = sizeof info};
        SAPE_TRY(info_fn(handle, i, &info));
        if (strcmp(info.name, name) != 0) continue;
        if (info.count != count)
            return sape_fail(SAPE_ERROR_SHAPE, "count is %zu, %s has %zu elements", count, name, info.count);
        *index = i;
        return SAPE_OK;
    }
    return sape_fail(SAPE_ERROR_NOT_FOUND, "there is no tensor called \"%s\"", name);
}
