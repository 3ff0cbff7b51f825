/* SPDX-License-Identifier: MIT */
#include "field/field.h"

#include <string.h>

#include "base/call.h"
#include "base/environment.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/params.h"
#include "base/pool.h"
#include "base/tensor.h"
#include "network/backend.h"

/* The tensors of a field are those of its parts, one part after the other. */
struct part {
    void *handle;
    const char *prefix;
    size_t count;
    sape_status (*info)(const void *handle, size_t index, sape_tensor_info *info);
    sape_status (*get)(const void *handle, const char *name, float *values, size_t count);
    sape_status (*set)(void *handle, const char *name, const float *values, size_t count);
};

#define DEFINE_PART(type)                                                                                              \
    static sape_status type##_info(const void *handle, size_t index, sape_tensor_info *info) {                         \
        return sape_##type##_tensor_info(handle, index, info);                                                         \
    }                                                                                                                  \
    static sape_status type##_get(const void *handle, const char *name, float *values, size_t count) {                 \
        return sape_##type##_get_tensor(handle, name, values, count);                                                  \
    }                                                                                                                  \
    static sape_status type##_set(void *handle, const char *name, const float *values, size_t count) {                 \
        return sape_##type##_set_tensor(handle, name, values, count);                                                  \
    }

DEFINE_PART(encoder)
DEFINE_PART(mask)
DEFINE_PART(network)

#define NUM_PARTS 3

static void parts_of(const sape_field *field, struct part parts[NUM_PARTS]) {
    parts[0] = (struct part){field->mask, "", sape_mask_tensor_count(field->mask), mask_info, mask_get, mask_set};
    parts[1] = (struct part){field->encoder, SAPE_ENCODER_PREFIX, sape_encoder_tensor_count(field->encoder),
                             encoder_info,   encoder_get,         encoder_set};
    parts[2] = (struct part){field->network, SAPE_NETWORK_PREFIX, sape_network_tensor_count(field->network),
                             network_info,   network_get,         network_set};
}

/* The part that a tensor belongs to; index becomes the one within the part. */
static const struct part *part_of(const struct part parts[NUM_PARTS], size_t *index) {
    const struct part *part = parts;
    while (*index >= part->count) *index -= part++->count;
    return part;
}

static sape_status name_tensors(sape_field *field) {
    struct part parts[NUM_PARTS];
    parts_of(field, parts);
    for (size_t p = 0; p < NUM_PARTS; p++) field->num_tensors += parts[p].count;
    field->names = SAPE_NEW_ARRAY(char *, field->num_tensors);
    if (field->names == NULL) return sape_fail(SAPE_ERROR_MEMORY, "no memory for names");
    for (size_t i = 0; i < field->num_tensors; i++) {
        size_t index = i;
        const struct part *part = part_of(parts, &index);
        sape_tensor_info info = {.struct_size = sizeof info};
        SAPE_TRY(part->info(part->handle, index, &info));
        const size_t prefix = strlen(part->prefix), length = strlen(info.name);
        field->names[i] = sape_alloc(prefix + length + 1, 1);
        if (field->names[i] == NULL) return sape_fail(SAPE_ERROR_MEMORY, "no memory for names");
        memcpy(field->names[i], part->prefix, prefix);
        memcpy(field->names[i] + prefix, info.name, length);
    }
    return SAPE_OK;
}

/* One instruction set for both: panels are as wide as it wants them. */
static sape_status agree(sape_instruction_set *encoder, sape_instruction_set *network) {
    if (*encoder == SAPE_INSTRUCTIONS_AUTO) *encoder = *network;
    if (*network == SAPE_INSTRUCTIONS_AUTO) *network = *encoder;
    if (*encoder == *network) return SAPE_OK;
    return sape_fail(SAPE_ERROR_ARGUMENT, "instructions is %d for the encoder, %d for the network", (int)*encoder,
                     (int)*network);
}

/* A grid's levels are the mask's blocks, behind the coordinates themselves. */
static struct sape_mask_blocks blocks_of(const sape_encoder *encoder) {
    struct sape_mask_blocks blocks = {0};
    if (sape_encoder_num_levels(encoder) == 0) return blocks;
    blocks.first = sape_encoder_identity(encoder);
    blocks.size = sape_encoder_level_features(encoder);
    return blocks;
}

/* The variance policy knows the features by their frequencies. */
static sape_status create_mask(sape_mask_params *params, sape_field *field) {
    double *frequencies = NULL;
    if (params->policy == SAPE_POLICY_VARIANCE) {
        frequencies = SAPE_NEW_ARRAY(double, params->encoding_dim);
        if (frequencies == NULL) return sape_fail(SAPE_ERROR_MEMORY, "no memory for frequencies");
        sape_encoder_list_frequencies(field->encoder, frequencies);
    }
    params->frequencies = frequencies;
    const sape_status status = sape_mask_make(params, blocks_of(field->encoder), &field->mask);
    sape_release(frequencies);
    return status;
}

/* The parts, each made for the dimensions of the one before. */
static sape_status create_parts(sape_field *field, const sape_encoder_params *encoder, const sape_mask_params *mask,
                                const sape_network_params *network) {
    sape_encoder_params encoder_params;
    sape_mask_params mask_params;
    sape_network_params network_params;
    sape_encoder_params_init(&encoder_params, sizeof encoder_params);
    sape_mask_params_init(&mask_params, sizeof mask_params);
    sape_network_params_init(&network_params, sizeof network_params);
    if (encoder != NULL) SAPE_TRY(sape_params_read(&encoder_params, sizeof encoder_params, encoder));
    if (mask != NULL) SAPE_TRY(sape_params_read(&mask_params, sizeof mask_params, mask));
    if (network != NULL) SAPE_TRY(sape_params_read(&network_params, sizeof network_params, network));
    encoder_params.struct_size = sizeof encoder_params;
    mask_params.struct_size = sizeof mask_params;
    network_params.struct_size = sizeof network_params;
    if (mask_params.policy != SAPE_POLICY_NONE) encoder_params.include_identity = 1;
    SAPE_TRY(agree(&encoder_params.instructions, &network_params.instructions));
    SAPE_TRY(sape_encoder_create(&encoder_params, &field->encoder));
    mask_params.domain_dim = sape_encoder_domain_dim(field->encoder);
    mask_params.encoding_dim = sape_encoder_encoding_dim(field->encoder);
    SAPE_TRY(create_mask(&mask_params, field));
    network_params.input_dim = mask_params.encoding_dim;
    SAPE_TRY(sape_network_create(&network_params, &field->network));
    SAPE_TRY(sape_normalization_open(mask_params.domain_dim, field->network->output_dim, &field->normalization));
    return name_tensors(field);
}

sape_status sape_field_create(const sape_encoder_params *encoder, const sape_mask_params *mask,
                              const sape_network_params *network, sape_field **out) {
    SAPE_BEGIN_CALL();
    SAPE_REQUIRE_POINTER(out);
    *out = NULL;
    sape_field *field = SAPE_NEW(sape_field);
    if (field == NULL) return sape_fail(SAPE_ERROR_MEMORY, "no memory for a field");
    sape_status status = create_parts(field, encoder, mask, network);
    if (status == SAPE_OK) status = sape_threads_resolve(&field->num_threads);
    if (status != SAPE_OK) {
        sape_field_free(field);
        return status;
    }
    *out = field;
    return SAPE_OK;
}

static void destroy(sape_field *field) {
    for (size_t i = 0; field->names != NULL && i < field->num_tensors; i++) sape_release(field->names[i]);
    sape_release(field->names);
    sape_encoder_free(field->encoder);
    sape_mask_free(field->mask);
    sape_network_free(field->network);
    sape_normalization_close(&field->normalization);
    sape_release(field);
}

void sape_field_free(sape_field *field) {
    if (field == NULL) return;
    if (atomic_load(&field->trainer) != NULL)
        field->freed = true;
    else
        destroy(field);
}

sape_status sape_field_take(sape_field *field, const void *trainer) {
    const void *none = NULL;
    if (atomic_compare_exchange_strong(&field->trainer, &none, trainer)) return SAPE_OK;
    return sape_fail(SAPE_ERROR_STATE, "the field has a trainer, which must be freed first");
}

void sape_field_give_back(sape_field *field, const void *trainer) {
    if (atomic_compare_exchange_strong(&field->trainer, &trainer, NULL) && field->freed) destroy(field);
}

sape_encoder *sape_field_encoder(const sape_field *field) {
    return field == NULL ? NULL : field->encoder;
}

sape_mask *sape_field_mask(const sape_field *field) {
    return field == NULL ? NULL : field->mask;
}

sape_network *sape_field_network(const sape_field *field) {
    return field == NULL ? NULL : field->network;
}

sape_status sape_field_set_num_threads(sape_field *field, size_t num_threads) {
    SAPE_BEGIN_CALL();
    SAPE_REQUIRE_POINTER(field);
    SAPE_TRY(sape_threads_resolve(&num_threads));
    field->num_threads = num_threads;
    return SAPE_OK;
}

sape_status sape_field_describe(const sape_field *field, sape_description *description) {
    SAPE_BEGIN_CALL();
    SAPE_REQUIRE_POINTER(field);
    SAPE_REQUIRE_POINTER(description);
    return sape_backend_describe(&field->network->backend, field->num_threads, description);
}

size_t sape_field_num_parameters(const sape_field *field) {
    return field == NULL ? 0 : field->network->num_parameters + sape_encoder_num_parameters(field->encoder);
}

size_t sape_field_tensor_count(const sape_field *field) {
    return field == NULL ? 0 : field->num_tensors;
}

sape_status sape_field_tensor_info(const sape_field *field, size_t index, sape_tensor_info *info) {
    SAPE_BEGIN_CALL();
    SAPE_REQUIRE_POINTER(field);
    SAPE_TRY(sape_tensor_check_index(index, field->num_tensors, info));
    struct part parts[NUM_PARTS];
    parts_of(field, parts);
    size_t within = index;
    const struct part *part = part_of(parts, &within);
    sape_tensor_info known = {.struct_size = sizeof known};
    SAPE_TRY(part->info(part->handle, within, &known));
    return sape_tensor_describe(info, field->names[index], known.dtype, known.rank, known.shape);
}

static sape_status info_of(const void *handle, size_t index, sape_tensor_info *info) {
    return sape_field_tensor_info(handle, index, info);
}

/* Finds the tensor, its part and its name there. */
static sape_status find(const sape_field *field, const char *name, const float *values, size_t count, struct part *part,
                        const char **part_name) {
    struct part parts[NUM_PARTS];
    size_t index;
    SAPE_TRY(sape_tensor_find(field, sape_field_tensor_count(field), info_of, name, values, count, &index));
    parts_of(field, parts);
    *part = *part_of(parts, &index);
    *part_name = name + strlen(part->prefix);
    return SAPE_OK;
}

sape_status sape_field_get_tensor(const sape_field *field, const char *name, float *values, size_t count) {
    SAPE_BEGIN_CALL();
    struct part part;
    const char *part_name;
    SAPE_TRY(find(field, name, values, count, &part, &part_name));
    return part.get(part.handle, part_name, values, count);
}

sape_status sape_field_set_tensor(sape_field *field, const char *name, const float *values, size_t count) {
    SAPE_BEGIN_CALL();
    struct part part;
    const char *part_name;
    SAPE_TRY(find(field, name, values, count, &part, &part_name));
    SAPE_TRY(part.set(part.handle, part_name, values, count));
    if (part.handle == field->encoder) sape_field_update_frequencies(field);
    return SAPE_OK;
}

void sape_field_update_frequencies(sape_field *field) {
    struct sape_cutoff *cutoff = field->mask->cutoff;
    if (cutoff == NULL) return;
    sape_encoder_list_frequencies(field->encoder, sape_cutoff_scratch(cutoff));
    sape_cutoff_set_frequencies(cutoff, sape_cutoff_scratch(cutoff));
    field->mask->version++;
}
