/* SPDX-License-Identifier: MIT */
/* Arrays as tensors of a file. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "state/state.h"

void *sape_state_keep(sape_safetensors_writer *writer, size_t count, size_t size) {
    void *memory = sape_alloc(count, size);
    if (memory != NULL && sape_safetensors_writer_keep(writer, memory) == SAPE_OK) return memory;
    sape_fail(SAPE_ERROR_MEMORY, "no memory for %zu values of a checkpoint", count);
    return NULL;
}

/* A shape as Python writes it. */
static const char *shape_text(size_t rank, const size_t *shape, char *text, size_t size) {
    size_t length = 1;
    snprintf(text, size, "(");
    for (size_t i = 0; i < rank && length < size; i++)
        length += (size_t)snprintf(text + length, size - length, i == 0 ? "%zu" : ", %zu", shape[i]);
    if (length < size) snprintf(text + length, size - length, ")");
    return text;
}

sape_status sape_state_expect(const sape_safetensors *file, const char *name, size_t rank, const size_t *shape) {
    char stored[80], wanted[80];
    sape_tensor_info info = {.struct_size = sizeof info};
    if (sape_safetensors_find(file, name, &info) != SAPE_OK)
        return sape_fail(SAPE_ERROR_NOT_FOUND, "the checkpoint has no tensor called \"%s\"", name);
    if (info.rank == rank && memcmp(info.shape, shape, rank * sizeof *shape) == 0) return SAPE_OK;
    return sape_fail(SAPE_ERROR_SHAPE, "%s has shape %s in the checkpoint, but %s here", name,
                     shape_text(info.rank, info.shape, stored, sizeof stored),
                     shape_text(rank, shape, wanted, sizeof wanted));
}

static size_t rank_of(const struct sape_rows *rows) {
    return rows->rank == 0 ? 1 : rows->rank;
}

static const size_t *shape_of(const struct sape_rows *rows) {
    return rows->rank == 0 ? &rows->count : rows->shape;
}

sape_status sape_state_read_floats(const sape_safetensors *file, const struct sape_rows *rows, float *values) {
    SAPE_TRY(sape_state_expect(file, rows->name, rank_of(rows), shape_of(rows)));
    SAPE_TRY(sape_safetensors_read(file, rows->name, values, rows->count));
    return sape_check_finite(rows->name, values, rows->count);
}

static sape_status write_floats(const struct sape_rows *rows, sape_safetensors_writer *writer) {
    SAPE_TRY(sape_check_finite(rows->name, *rows->values, rows->count));
    return sape_safetensors_writer_add(writer, rows->name, SAPE_DTYPE_F32, rank_of(rows), shape_of(rows),
                                       *rows->values);
}

static sape_status read_floats(const struct sape_rows *rows, const sape_safetensors *file) {
    return sape_state_read_floats(file, rows, *rows->values);
}

const struct sape_rows_ops sape_float_rows = {sizeof(float), write_floats, read_floats};

static sape_status write_reals(const struct sape_rows *rows, sape_safetensors_writer *writer) {
    return sape_safetensors_writer_add(writer, rows->name, SAPE_DTYPE_F64, rank_of(rows), shape_of(rows),
                                       *rows->values);
}

static sape_status read_reals(const struct sape_rows *rows, const sape_safetensors *file) {
    SAPE_TRY(sape_state_expect(file, rows->name, rank_of(rows), shape_of(rows)));
    return sape_safetensors_read_double(file, rows->name, *rows->values, rows->count);
}

const struct sape_rows_ops sape_real_rows = {sizeof(double), write_reals, read_reals};

/* Reads into floats, then hands them to the array one after the other. */
typedef bool (*store_fn)(const struct sape_rows *rows, size_t i, float value);

static sape_status read_through_floats(const struct sape_rows *rows, const sape_safetensors *file, store_fn store) {
    SAPE_TRY(sape_state_expect(file, rows->name, rank_of(rows), shape_of(rows)));
    float *values = SAPE_NEW_ARRAY(float, rows->count);
    if (values == NULL) return sape_fail(SAPE_ERROR_MEMORY, "no memory for %s", rows->name);
    sape_status status = sape_state_read_floats(file, rows, values);
    for (size_t i = 0; i < rows->count && status == SAPE_OK; i++)
        if (!store(rows, i, values[i]))
            status =
                sape_fail(SAPE_ERROR_FORMAT, "%s[%zu] is %g, which is out of range", rows->name, i, (double)values[i]);
    sape_release(values);
    return status;
}

static sape_status write_bytes(const struct sape_rows *rows, sape_safetensors_writer *writer) {
    return sape_safetensors_writer_add(writer, rows->name, SAPE_DTYPE_U8, rank_of(rows), shape_of(rows), *rows->values);
}

static bool store_byte(const struct sape_rows *rows, size_t i, float value) {
    ((uint8_t *)*rows->values)[i] = value == 1.0f;
    return value == 0.0f || value == 1.0f;
}

static sape_status read_bytes(const struct sape_rows *rows, const sape_safetensors *file) {
    return read_through_floats(rows, file, store_byte);
}

const struct sape_rows_ops sape_byte_rows = {sizeof(uint8_t), write_bytes, read_bytes};

/* Numbers of features are exact as floats. */
static sape_status write_features(const struct sape_rows *rows, sape_safetensors_writer *writer) {
    float *copy = sape_state_keep(writer, rows->count, sizeof *copy);
    if (copy == NULL) return SAPE_ERROR_MEMORY;
    for (size_t i = 0; i < rows->count; i++) copy[i] = (float)((const uint16_t *)*rows->values)[i];
    return sape_safetensors_writer_add(writer, rows->name, SAPE_DTYPE_F32, rank_of(rows), shape_of(rows), copy);
}

static bool store_feature(const struct sape_rows *rows, size_t i, float value) {
    if (!(value >= 0.0f && value <= (float)UINT16_MAX && value == floorf(value))) return false;
    ((uint16_t *)*rows->values)[i] = (uint16_t)value;
    return true;
}

static sape_status read_features(const struct sape_rows *rows, const sape_safetensors *file) {
    return read_through_floats(rows, file, store_feature);
}

const struct sape_rows_ops sape_feature_rows = {sizeof(uint16_t), write_features, read_features};

static sape_status write_order(const struct sape_rows *rows, sape_safetensors_writer *writer) {
    int64_t *copy = sape_state_keep(writer, rows->count, sizeof *copy);
    if (copy == NULL) return SAPE_ERROR_MEMORY;
    for (size_t i = 0; i < rows->count; i++) copy[i] = (int64_t)((const size_t *)*rows->values)[i];
    return sape_safetensors_writer_add(writer, rows->name, SAPE_DTYPE_I64, 1, &rows->count, copy);
}

/* Every number once. On the way, order[s] says where s has been seen, count for nowhere. */
static sape_status check_order(const struct sape_rows *rows, const double *values) {
    size_t *order = *rows->values;
    const size_t count = rows->count;
    for (size_t i = 0; i < count; i++) order[i] = count;
    for (size_t i = 0; i < count; i++) {
        const bool inside = values[i] >= 0.0 && values[i] < (double)count;
        if (!inside || order[(size_t)values[i]] != count)
            return sape_fail(SAPE_ERROR_FORMAT, "%s[%zu] is %.0f: every sample must occur exactly once", rows->name, i,
                             values[i]);
        order[(size_t)values[i]] = i;
    }
    for (size_t i = 0; i < count; i++) order[i] = (size_t)values[i];
    return SAPE_OK;
}

static sape_status read_order(const struct sape_rows *rows, const sape_safetensors *file) {
    SAPE_TRY(sape_state_expect(file, rows->name, 1, &rows->count));
    double *values = SAPE_NEW_ARRAY(double, rows->count);
    if (values == NULL) return sape_fail(SAPE_ERROR_MEMORY, "no memory for %zu samples", rows->count);
    sape_status status = sape_safetensors_read_double(file, rows->name, values, rows->count);
    if (status == SAPE_OK) status = check_order(rows, values);
    sape_release(values);
    return status;
}

const struct sape_rows_ops sape_order_rows = {sizeof(size_t), write_order, read_order};
