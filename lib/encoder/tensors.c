/* SPDX-License-Identifier: MIT */
/* An encoder's tensors: frequencies, centres or offsets, and sigma; or a grid's levels. */
#include <stdio.h>
#include <string.h>

#include "base/call.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/tensor.h"
#include "encoder/encoding.h"

size_t sape_encoder_tensor_count(const sape_encoder *encoder) {
    if (encoder == NULL) return 0;
    if (encoder->grids != NULL) return encoder->layout.count;
    if (encoder->layout.points_name == NULL) return 0;
    return encoder->layout.sigma > 0 ? 2 : 1;
}

static sape_status describe_level(const sape_encoder *encoder, size_t level, sape_tensor_info *info) {
    const size_t shape[] = {encoder->grids->levels[level].rows, encoder->basis.features};
    return sape_tensor_describe(info, encoder->grids->names[level], SAPE_DTYPE_F32, 2, shape);
}

sape_status sape_encoder_tensor_info(const sape_encoder *encoder, size_t index, sape_tensor_info *info) {
    SAPE_BEGIN_CALL();
    SAPE_REQUIRE_POINTER(encoder);
    SAPE_TRY(sape_tensor_check_index(index, sape_encoder_tensor_count(encoder), info));
    const struct sape_encoding_layout *layout = &encoder->layout;
    if (encoder->grids != NULL) return describe_level(encoder, index, info);
    if (index == 1) return sape_tensor_describe(info, "sigma", SAPE_DTYPE_F32, 1, &layout->sigma);
    return sape_tensor_describe(info, layout->points_name, SAPE_DTYPE_F32, layout->points_rank, layout->points_shape);
}

static sape_status info_of(const void *handle, size_t index, sape_tensor_info *info) {
    return sape_encoder_tensor_info(handle, index, info);
}

static sape_status find(const sape_encoder *encoder, const char *name, const float *values, size_t count,
                        size_t *index) {
    return sape_tensor_find(encoder, sape_encoder_tensor_count(encoder), info_of, name, values, count, index);
}

static float *tensor_at(const sape_encoder *encoder, size_t index) {
    if (encoder->grids != NULL) return encoder->tensors.tables + encoder->grids->offsets[index];
    return index == 0 ? encoder->tensors.points : encoder->tensors.sigma;
}

sape_status sape_encoder_get_tensor(const sape_encoder *encoder, const char *name, float *values, size_t count) {
    SAPE_BEGIN_CALL();
    size_t index;
    SAPE_TRY(find(encoder, name, values, count, &index));
    memcpy(values, tensor_at(encoder, index), count * sizeof *values);
    return SAPE_OK;
}

static sape_status check_sigma(const float *values, size_t count) {
    for (size_t i = 0; i < count; i++)
        SAPE_REQUIRE(values[i] > 0.0f && values[i] <= 1e9f, "sigma[%zu] is %g, must be > 0 and at most 1e9", i,
                     (double)values[i]);
    return SAPE_OK;
}

static sape_status check_points(const sape_encoder *encoder, const float *values, size_t count) {
    if (encoder->ops->check_points != NULL) return encoder->ops->check_points(values, count);
    for (size_t i = 0; i < count; i++)
        SAPE_REQUIRE(fabsf(values[i]) <= 1e9f, "%s[%zu] is %g, must be within +-1e9", encoder->layout.points_name, i,
                     (double)values[i]);
    return SAPE_OK;
}

/* A grid's values are trained: all that are finite are good. */
static sape_status check_tensor(const sape_encoder *encoder, size_t index, const char *name, const float *values,
                                size_t count) {
    SAPE_TRY(sape_check_finite(name, values, count));
    if (encoder->grids != NULL) return SAPE_OK;
    return index == 1 ? check_sigma(values, count) : check_points(encoder, values, count);
}

sape_status sape_encoder_set_tensor(sape_encoder *encoder, const char *name, const float *values, size_t count) {
    SAPE_BEGIN_CALL();
    size_t index;
    SAPE_TRY(find(encoder, name, values, count, &index));
    SAPE_TRY(check_tensor(encoder, index, name, values, count));
    memcpy(tensor_at(encoder, index), values, count * sizeof *values);
    sape_encoder_changed(encoder);
    return SAPE_OK;
}

sape_status sape_encoder_check_tensors(const sape_encoder *encoder, const struct sape_encoder_tensors *tensors) {
    SAPE_TRY(check_points(encoder, tensors->points, sape_points_count(&encoder->layout)));
    return check_sigma(tensors->sigma, encoder->layout.sigma);
}

struct sape_encoder_tensors *sape_encoder_tensors(sape_encoder *encoder) {
    return &encoder->tensors;
}

size_t sape_encoder_num_parameters(const sape_encoder *encoder) {
    return encoder == NULL || encoder->grids == NULL ? 0 : encoder->grids->count;
}

/* The name of a level's tensor behind a prefix. */
static sape_status describe(const struct sape_rows *rows, size_t level, char *name, size_t size,
                            sape_tensor_info *info) {
    *info = (sape_tensor_info){.struct_size = sizeof *info};
    SAPE_TRY(describe_level(rows->context, level, info));
    snprintf(name, size, "%s%s", rows->name, info->name);
    return SAPE_OK;
}

static sape_status write_levels(const struct sape_rows *rows, sape_safetensors_writer *writer) {
    const sape_encoder *encoder = rows->context;
    char name[80];
    sape_tensor_info info;
    for (size_t l = 0; l < encoder->layout.count; l++) {
        const float *values = (const float *)*rows->values + encoder->grids->offsets[l];
        SAPE_TRY(describe(rows, l, name, sizeof name, &info));
        SAPE_TRY(sape_check_finite(name, values, info.count));
        SAPE_TRY(sape_safetensors_writer_add(writer, name, SAPE_DTYPE_F32, info.rank, info.shape, values));
    }
    return SAPE_OK;
}

static sape_status read_levels(const struct sape_rows *rows, const sape_safetensors *file) {
    const sape_encoder *encoder = rows->context;
    char name[80];
    sape_tensor_info info;
    for (size_t l = 0; l < encoder->layout.count; l++) {
        float *values = (float *)*rows->values + encoder->grids->offsets[l];
        SAPE_TRY(describe(rows, l, name, sizeof name, &info));
        SAPE_TRY(sape_state_expect(file, name, info.rank, info.shape));
        SAPE_TRY(sape_safetensors_read(file, name, values, info.count));
        SAPE_TRY(sape_check_finite(name, values, info.count));
    }
    return SAPE_OK;
}

static const struct sape_rows_ops level_rows = {sizeof(float), write_levels, read_levels};

void sape_encoder_list_levels(const sape_encoder *encoder, const char *prefix, enum sape_role role, float **tables,
                              struct sape_state *state) {
    const struct sape_rows rows = {.name = prefix,
                                   .ops = &level_rows,
                                   .role = role,
                                   .values = (void **)tables,
                                   .count = sape_encoder_num_parameters(encoder),
                                   .context = encoder};
    if (rows.count > 0) sape_state_add_rows(state, 1, &rows);
}

void sape_encoder_list(const sape_encoder *encoder, struct sape_encoder_tensors *tensors, const char *prefix,
                       const char *const *names, struct sape_state *state) {
    const struct sape_encoding_layout *layout = &encoder->layout;
    const size_t count = encoder->grids != NULL ? 0 : sape_encoder_tensor_count(encoder);
    struct sape_rows rows[] = {
        {.name = count > 0 ? names[0] : NULL,
         .ops = &sape_float_rows,
         .role = SAPE_STATE,
         .values = (void **)&tensors->points,
         .count = sape_points_count(layout),
         .rank = layout->points_rank},
        SAPE_ROWS(count > 1 ? names[1] : NULL, &sape_float_rows, SAPE_STATE, &tensors->sigma, layout->sigma)};
    memcpy(rows[0].shape, layout->points_shape, sizeof rows[0].shape);
    sape_state_add_rows(state, count, rows);
    sape_encoder_list_levels(encoder, prefix, SAPE_STATE, &tensors->tables, state);
}
