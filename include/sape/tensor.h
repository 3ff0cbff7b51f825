/* SPDX-License-Identifier: MIT */
/**
 * @file tensor.h
 * Describes the named arrays inside a handle or a file.
 *
 * Encoders, masks, networks and fields expose their state as named, row-major float32 tensors. A field's names and
 * shapes are those of the public SAPE code's state dict, so that checkpoints map one to one.
 */
#ifndef SAPE_TENSOR_H
#define SAPE_TENSOR_H

#include "export.h"

#ifdef __cplusplus
extern "C" {
#endif

/** The largest number of axes a tensor can have. */
#define SAPE_MAX_RANK 8

/** The type of a tensor's elements in a file. */
typedef enum sape_dtype {
    /** 32-bit IEEE floats. */
    SAPE_DTYPE_F32 = 0,
    /** 64-bit IEEE floats. */
    SAPE_DTYPE_F64 = 1,
    /** 16-bit IEEE floats. */
    SAPE_DTYPE_F16 = 2,
    /** The upper 16 bits of 32-bit floats. */
    SAPE_DTYPE_BF16 = 3,
    /** Unsigned bytes. */
    SAPE_DTYPE_U8 = 4,
    /** Signed 32-bit integers. */
    SAPE_DTYPE_I32 = 5,
    /** Signed 64-bit integers. */
    SAPE_DTYPE_I64 = 6,
    /** Bytes that are 0 or 1. */
    SAPE_DTYPE_BOOL = 7
} sape_dtype;

/** Describes one tensor. The caller sets struct_size; the call fills in the rest. */
typedef struct sape_tensor_info {
    /** sizeof(sape_tensor_info), set by the caller before the call. */
    size_t struct_size;
    /** The name, null-terminated. Valid until the owning handle is freed. */
    const char *name;
    /** The number of elements, which is the product of the shape. */
    size_t count;
    /** The number of axes, 0 to #SAPE_MAX_RANK. */
    size_t rank;
    /** The length of every axis, slowest axis first. */
    size_t shape[SAPE_MAX_RANK];
    /** The element type in a file. Values are always read and written as float or double. */
    sape_dtype dtype;
    /** Unused, 0. */
    int32_t reserved;
} sape_tensor_info;

/**
 * Returns the name of a type of elements.
 *
 * @param[in] dtype the value.
 * @return a static string like "F32"; NULL if dtype is not a #sape_dtype.
 * @since 0.3.0
 */
SAPE_API const char *sape_dtype_name(sape_dtype dtype);

#ifdef __cplusplus
}
#endif

#endif
