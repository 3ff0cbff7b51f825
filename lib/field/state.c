/* SPDX-License-Identifier: MIT */
#include "field/state.h"

#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "field/architecture.h"
#include "state/file.h"

/* Lists the tensors of encoder and network, the field's or a copy's. The mask's are listed by the mask. */
static void list_parts(const sape_field *field, struct sape_encoder_tensors *encoder, float **parameters,
                       struct sape_state *state) {
    const char *const *names = (const char *const *)field->names + sape_mask_tensor_count(field->mask);
    sape_encoder_list(field->encoder, encoder, SAPE_ENCODER_PREFIX, names, state);
    sape_network_list(field->network, SAPE_NETWORK_PREFIX, SAPE_STATE, parameters, state);
}

static struct sape_state parts_of_field(const sape_field *field) {
    struct sape_state state = {.num_entries = 0};
    list_parts(field, sape_encoder_tensors(field->encoder), &field->network->parameters, &state);
    return state;
}

static struct sape_state parts_of_copy(const sape_field *field, const struct sape_field_copy *copy) {
    struct sape_field_copy *listed = (struct sape_field_copy *)copy;
    struct sape_state state = {.num_entries = 0};
    list_parts(field, &listed->encoder, &listed->parameters, &state);
    return state;
}

static sape_status open_copy(const sape_field *field, struct sape_field_copy *copy) {
    const struct sape_state own = parts_of_copy(field, copy);
    SAPE_TRY(sape_state_open(&own));
    SAPE_TRY(sape_mask_copy_open(field->mask, &copy->mask));
    sape_field_copy_keep(copy, field);
    return SAPE_OK;
}

sape_status sape_field_copy_create(const sape_field *field, struct sape_field_copy **out) {
    struct sape_field_copy *copy = *out = SAPE_NEW(struct sape_field_copy);
    if (copy == NULL) return sape_fail(SAPE_ERROR_MEMORY, "no memory for the state of a field");
    const sape_status status = open_copy(field, copy);
    if (status == SAPE_OK) return SAPE_OK;
    sape_field_copy_free(field, copy);
    *out = NULL;
    return status;
}

void sape_field_copy_free(const sape_field *field, struct sape_field_copy *copy) {
    if (copy == NULL) return;
    const struct sape_state own = parts_of_copy(field, copy);
    sape_state_close(&own);
    sape_mask_copy_close(&copy->mask);
    sape_release(copy);
}

void sape_field_copy_keep(struct sape_field_copy *copy, const sape_field *field) {
    const struct sape_state from = parts_of_field(field), to = parts_of_copy(field, copy);
    sape_state_copy(&from, &to);
    sape_mask_copy_keep(&copy->mask, field->mask);
}

void sape_field_copy_take(const struct sape_field_copy *copy, sape_field *field) {
    const struct sape_state from = parts_of_copy(field, copy), to = parts_of_field(field);
    sape_state_copy(&from, &to);
    sape_encoder_changed(field->encoder);
    sape_network_pack(field->network);
    sape_mask_copy_take(&copy->mask, field->mask);
    sape_field_update_frequencies(field);
}

static bool has_tensor(const sape_field *field, const char *name) {
    for (size_t i = 0; i < field->num_tensors; i++)
        if (strcmp(field->names[i], name) == 0) return true;
    return false;
}

/* Names that checkpoints have on top of the public ones. */
static bool is_extra(const char *name) {
    return strncmp(name, "sape.", strlen("sape.")) == 0 || strncmp(name, "optimizer.", strlen("optimizer.")) == 0;
}

/* Whether the file has the field's tensors, all of them and no others. */
static sape_status check_tensors(const sape_safetensors *file, const sape_field *field) {
    sape_tensor_info info = {.struct_size = sizeof info};
    for (size_t i = 0; i < field->num_tensors; i++) {
        SAPE_TRY(sape_field_tensor_info(field, i, &info));
        SAPE_TRY(sape_state_expect(file, info.name, info.rank, info.shape));
    }
    for (size_t i = 0; i < sape_safetensors_count(file); i++) {
        SAPE_TRY(sape_safetensors_info(file, i, &info));
        if (!is_extra(info.name) && !has_tensor(field, info.name))
            return sape_fail(SAPE_ERROR_NOT_FOUND,
                             "the checkpoint has a tensor called \"%s\", which this field does not have", info.name);
    }
    return SAPE_OK;
}

static sape_status match_architecture(const sape_safetensors *file, const sape_field *field) {
    struct sape_architecture architecture = sape_architecture_of(field);
    struct sape_state state = {.num_entries = 0};
    sape_architecture_list(&architecture, &state);
    return sape_state_match(&state, file);
}

/* A trainer's samples are in the field's units. */
static sape_status match_normalization(const sape_safetensors *file, const sape_field *field) {
    const struct sape_normalization *own = &field->normalization;
    struct sape_normalization stored;
    sape_status status = sape_normalization_open(own->d, own->o, &stored);
    if (status == SAPE_OK) status = sape_normalization_read(file, &stored);
    if (status == SAPE_OK && !sape_normalization_same(own, &stored))
        status = sape_fail(SAPE_ERROR_ARGUMENT, "the field's normalization is not that of the checkpoint");
    sape_normalization_close(&stored);
    return status;
}

sape_status sape_field_match(const sape_safetensors *file, const sape_field *field) {
    struct sape_state state = {.num_entries = 0};
    SAPE_TRY(match_architecture(file, field));
    SAPE_TRY(match_normalization(file, field));
    sape_mask_list_state(field->mask, true, &state);
    return sape_state_match(&state, file);
}

sape_status sape_field_copy_read(const sape_safetensors *file, const sape_field *field, struct sape_field_copy *copy) {
    const struct sape_state parts = parts_of_copy(field, copy);
    bool metadata;
    SAPE_TRY(sape_file_has_metadata(file, &metadata));
    SAPE_TRY(check_tensors(file, field));
    if (metadata) SAPE_TRY(match_architecture(file, field));
    SAPE_TRY(sape_state_read_rows(&parts, file));
    SAPE_TRY(sape_encoder_check_tensors(field->encoder, &copy->encoder));
    return sape_mask_copy_read(file, metadata, &copy->mask, field->mask);
}

sape_status sape_field_write(const sape_field *field, const struct sape_field_copy *copy,
                             sape_safetensors_writer *writer) {
    struct sape_architecture architecture = sape_architecture_of(field);
    const struct sape_mask *mask = copy == NULL ? field->mask : &copy->mask.mask;
    struct sape_state state = copy == NULL ? parts_of_field(field) : parts_of_copy(field, copy);
    SAPE_TRY(sape_mask_check_state(mask));
    sape_architecture_list(&architecture, &state);
    sape_mask_list_state((struct sape_mask *)mask, true, &state);
    sape_normalization_list_state((struct sape_normalization *)&field->normalization, &state);
    SAPE_TRY(sape_file_add_version(writer));
    return sape_state_write(&state, writer);
}

/* What sape_field_write() writes. */
struct view {
    const sape_field *field;
    const struct sape_field_copy *copy;
};

static sape_status add_view(const void *handle, sape_safetensors_writer *writer) {
    const struct view *view = handle;
    return sape_field_write(view->field, view->copy, writer);
}

sape_status sape_field_copy_file(const sape_field *field, const struct sape_field_copy *copy,
                                 struct sape_buffer *buffer) {
    const struct view view = {field, copy};
    *buffer = (struct sape_buffer){0};
    const sape_status status = sape_file_write(add_view, &view, sape_buffer_append, buffer);
    if (status != SAPE_OK) sape_buffer_clear(buffer);
    return status;
}

uint64_t sape_field_digest(uint64_t hash, const sape_field *field, enum sape_role role) {
    struct sape_architecture architecture = sape_architecture_of(field);
    struct sape_state state = parts_of_field(field);
    sape_architecture_list(&architecture, &state);
    sape_mask_list_state(field->mask, true, &state);
    sape_normalization_list_state((struct sape_normalization *)&field->normalization, &state);
    hash = sape_state_digest(hash, &state, role);
    const struct sape_mask *mask = field->mask;
    return role == SAPE_STATE && mask->cutoff != NULL ? sape_cutoff_digest(hash, mask->cutoff, mask->grid.cells) : hash;
}

/* What the file says of the caller's units; a file of the public code says nothing, and the field's stay. */
static sape_status read_normalization(const sape_safetensors *file, const sape_field *field,
                                      struct sape_normalization *normalization) {
    bool metadata;
    SAPE_TRY(sape_normalization_open(field->normalization.d, field->normalization.o, normalization));
    SAPE_TRY(sape_file_has_metadata(file, &metadata));
    if (atomic_load(&field->trainer) != NULL && metadata) SAPE_TRY(match_normalization(file, field));
    if (metadata) return sape_normalization_read(file, normalization);
    sape_normalization_copy(&field->normalization, normalization);
    return SAPE_OK;
}

/* Checks everything before anything changes. */
sape_status sape_field_read(const sape_safetensors *file, sape_field *field) {
    struct sape_field_copy *copy;
    struct sape_normalization normalization;
    SAPE_TRY(sape_field_copy_create(field, &copy));
    sape_status status = read_normalization(file, field, &normalization);
    if (status == SAPE_OK) status = sape_field_copy_read(file, field, copy);
    if (status == SAPE_OK) {
        sape_field_copy_take(copy, field);
        sape_normalization_copy(&normalization, &field->normalization);
    }
    sape_normalization_close(&normalization);
    sape_field_copy_free(field, copy);
    return status;
}

sape_status sape_field_from_file(const sape_safetensors *file, sape_field **out) {
    sape_field *field = NULL;
    bool metadata;
    SAPE_TRY(sape_file_has_metadata(file, &metadata));
    if (!metadata)
        return sape_fail(SAPE_ERROR_NOT_FOUND,
                         "the checkpoint has no libsape metadata; create a field and use sape_field_restore()");
    SAPE_TRY(sape_architecture_build(file, &field));
    const sape_status status = sape_field_read(file, field);
    if (status == SAPE_OK)
        *out = field;
    else
        sape_field_free(field);
    return status;
}
