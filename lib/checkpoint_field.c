/* SPDX-License-Identifier: MIT */
/* Fields in checkpoints: the tensors under their public names, the architecture as metadata. */
#include <string.h>

#include "backend.h"
#include "checkpoint.h"
#include "error.h"
#include "field.h"
#include "memory.h"
#include "metadata.h"

static const char *const encodings[] = {"identity", "fourier", "positional", "rbf", "periodic_rbf", NULL};
static const char *const policies[] = {"none", "global", "spatial", "spatial_fixed", "variance", NULL};

/* What a field is made of, and what decides which checkpoints fit it. */
struct architecture {
    size_t encoding, identity, domain_dim, num_frequencies;
    size_t policy, mask_dim, resolution;
    size_t hidden_dim, num_layers, output_dim;
};

#define NUM_ENTRIES 10

static void list_entries(struct architecture *a, struct sape_entry entries[NUM_ENTRIES]) {
    const struct sape_entry all[NUM_ENTRIES] = {
        {"sape.encoder.kind", SAPE_ENTRY_CHOICE, &a->encoding, encodings},
        {"sape.encoder.include_identity", SAPE_ENTRY_FLAG, &a->identity, NULL},
        {"sape.encoder.domain_dim", SAPE_ENTRY_SIZE, &a->domain_dim, NULL},
        {"sape.encoder.num_frequencies", SAPE_ENTRY_SIZE, &a->num_frequencies, NULL},
        {"sape.mask.policy", SAPE_ENTRY_CHOICE, &a->policy, policies},
        {"sape.mask.mask_dim", SAPE_ENTRY_SIZE, &a->mask_dim, NULL},
        {"sape.mask.resolution", SAPE_ENTRY_SIZE, &a->resolution, NULL},
        {"sape.network.hidden_dim", SAPE_ENTRY_SIZE, &a->hidden_dim, NULL},
        {"sape.network.num_layers", SAPE_ENTRY_SIZE, &a->num_layers, NULL},
        {"sape.network.output_dim", SAPE_ENTRY_SIZE, &a->output_dim, NULL}};
    memcpy(entries, all, sizeof all);
}

static bool has_resolution(size_t policy) {
    return policy == SAPE_POLICY_SPATIAL || policy == SAPE_POLICY_VARIANCE;
}

static struct architecture architecture_of(const sape_field *field) {
    sape_encoder_params encoder;
    sape_encoder_describe(field->encoder, &encoder);
    const struct sape_mask *mask = field->mask;
    return (struct architecture){.encoding = encoder.kind,
                                 .identity = encoder.include_identity != 0,
                                 .domain_dim = encoder.domain_dim,
                                 .num_frequencies = encoder.num_frequencies,
                                 .policy = mask->policy,
                                 .mask_dim = mask->grid.dim,
                                 .resolution = has_resolution(mask->policy) ? mask->grid.size[0] : 0,
                                 .hidden_dim = field->network->hidden_dim,
                                 .num_layers = field->network->num_layers - 1,
                                 .output_dim = field->network->output_dim};
}

/* Spatial_fixed: the samples, every combination of the axes' positions. *out is NULL for other policies. */
static sape_status make_samples(const char *function, const struct architecture *a, const struct sape_grid *grid,
                                float **out) {
    *out = NULL;
    if (a->policy != SAPE_POLICY_SPATIAL_FIXED) return SAPE_OK;
    *out = SAPE_NEW_ARRAY(float, grid->cells * grid->dim);
    if (*out == NULL) return sape_fail(SAPE_ERROR_MEMORY, function, "no memory for %zu samples", grid->cells);
    for (size_t i = 0; i < grid->cells; i++)
        for (size_t axis = 0, rest = i; axis < grid->dim; rest /= grid->size[axis++])
            (*out)[i * grid->dim + axis] = grid->positions[axis][rest % grid->size[axis]];
    return SAPE_OK;
}

/* A field of that architecture, computing with what `alike` computes with; NULL for the defaults. The rest of its
   parameters is left to be restored. */
static sape_status create(const char *function, const struct architecture *a, const struct sape_grid *grid,
                          const sape_field *alike, sape_field **out) {
    float *samples;
    sape_encoder_params encoder;
    sape_mask_params mask;
    sape_network_params network;
    sape_encoder_params_init(&encoder, sizeof encoder);
    sape_mask_params_init(&mask, sizeof mask);
    sape_network_params_init(&network, sizeof network);
    SAPE_TRY(make_samples(function, a, grid, &samples));
    encoder.kind = (sape_encoding)a->encoding;
    encoder.include_identity = a->identity != 0;
    encoder.domain_dim = a->domain_dim;
    encoder.num_frequencies = a->num_frequencies;
    mask.policy = (sape_policy)a->policy;
    mask.mask_dim = a->mask_dim;
    mask.resolution = a->resolution;
    mask.samples = samples;
    mask.num_samples = grid->cells;
    network.hidden_dim = a->hidden_dim;
    network.num_layers = a->num_layers;
    network.output_dim = a->output_dim;
    if (alike != NULL) {
        network.instructions = sape_backend_instructions(alike->network->kernels);
        network.product = sape_backend_product(alike->network->product);
    }
    const sape_status status = sape_field_create(&encoder, &mask, &network, out);
    sape_release(samples);
    return status;
}

/* Adds a tensor of the field, in the type that the public code gives it. */
static sape_status add_tensor(const char *function, const sape_field *field, size_t index,
                              sape_safetensors_writer *writer) {
    sape_tensor_info info = {.struct_size = sizeof info};
    SAPE_TRY(sape_field_tensor_info(field, index, &info));
    float *values = SAPE_NEW_ARRAY(float, info.count);
    if (values == NULL) return sape_fail(SAPE_ERROR_MEMORY, function, "no memory for %s", info.name);
    SAPE_TRY(sape_safetensors_writer_keep(writer, values));
    SAPE_TRY(sape_field_get_tensor(field, info.name, values, info.count));
    SAPE_TRY(sape_check_finite(function, info.name, values, info.count));
    /* Bytes never overtake the floats that they come from. */
    for (size_t i = 0; info.dtype == SAPE_DTYPE_U8 && i < info.count; i++)
        ((unsigned char *)values)[i] = (unsigned char)values[i];
    return sape_safetensors_writer_add(writer, info.name, info.dtype, info.rank, info.shape, values);
}

sape_status sape_checkpoint_add_field(const char *function, const sape_field *field, sape_safetensors_writer *writer) {
    struct architecture architecture = architecture_of(field);
    struct sape_entry entries[NUM_ENTRIES];
    list_entries(&architecture, entries);
    SAPE_TRY(sape_entries_write(writer, entries, NUM_ENTRIES));
    for (size_t i = 0; i < field->num_tensors; i++) SAPE_TRY(add_tensor(function, field, i, writer));
    return sape_checkpoint_add_mask(function, field->mask, writer);
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

/* Whether the file has the field's tensors, all of them and no others; *largest becomes their largest count. */
static sape_status check_tensors(const char *function, const sape_safetensors *file, const sape_field *field,
                                 size_t *largest) {
    sape_tensor_info info = {.struct_size = sizeof info};
    *largest = 1;
    for (size_t i = 0; i < field->num_tensors; i++) {
        SAPE_TRY(sape_field_tensor_info(field, i, &info));
        SAPE_TRY(sape_checkpoint_expect(function, file, info.name, info.rank, info.shape));
        if (info.count > *largest) *largest = info.count;
    }
    for (size_t i = 0; i < sape_safetensors_count(file); i++) {
        SAPE_TRY(sape_safetensors_info(file, i, &info));
        if (!is_extra(info.name) && !has_tensor(field, info.name))
            return sape_fail(SAPE_ERROR_NOT_FOUND, function,
                             "the checkpoint has a tensor called \"%s\", which such a field does not", info.name);
    }
    return SAPE_OK;
}

static sape_status set_tensors(const char *function, const sape_safetensors *file, sape_field *field, float *values) {
    for (size_t i = 0; i < field->num_tensors; i++) {
        sape_tensor_info info = {.struct_size = sizeof info};
        SAPE_TRY(sape_field_tensor_info(field, i, &info));
        SAPE_TRY(sape_safetensors_read(file, info.name, values, info.count));
        SAPE_TRY(sape_check_finite(function, info.name, values, info.count));
        SAPE_TRY(sape_field_set_tensor(field, info.name, values, info.count));
    }
    return SAPE_OK;
}

/* Gives the field all that the file has. Whether anything has changed when it fails depends on why: see restore. */
static sape_status apply(const char *function, const sape_safetensors *file, bool metadata, sape_field *field) {
    size_t largest;
    SAPE_TRY(check_tensors(function, file, field, &largest));
    float *values = SAPE_NEW_ARRAY(float, largest);
    if (values == NULL) return sape_fail(SAPE_ERROR_MEMORY, function, "no memory for %zu values", largest);
    sape_status status = set_tensors(function, file, field, values);
    sape_release(values);
    if (status == SAPE_OK && metadata) status = sape_checkpoint_apply_mask(function, file, field->mask);
    return status;
}

/* Whether the file is large enough to hold such a field: a few bytes of metadata must not cost gigabytes. The sizes are
   any numbers yet, hence doubles. */
static sape_status check_size(const char *function, const sape_safetensors *file, const struct architecture *a) {
    const double hidden = (double)a->hidden_dim, inner = a->num_layers > 1 ? (double)(a->num_layers - 1) : 0.0;
    double needed = (double)a->num_frequencies * (a->encoding == SAPE_ENCODING_IDENTITY ? 0.0 : hidden + 1.0) +
                    inner * hidden * hidden + hidden * (double)a->output_dim;
    double cells = 1.0, stored = 0.0;
    for (size_t axis = 0; axis < a->mask_dim && axis < SAPE_MAX_DIM; axis++) cells *= (double)a->resolution;
    if (has_resolution(a->policy)) needed += cells;
    for (size_t i = 0; i < sape_safetensors_count(file); i++) {
        sape_tensor_info info = {.struct_size = sizeof info};
        SAPE_TRY(sape_safetensors_info(file, i, &info));
        stored += (double)info.count;
    }
    if (needed <= stored) return SAPE_OK;
    return sape_fail(SAPE_ERROR_FORMAT, function,
                     "the metadata are of a field of %g values at least, the checkpoint has %g", needed, stored);
}

/* Spatial_fixed: the positions in the file become a grid's, to be released whatever the outcome. */
static sape_status read_positions(const char *function, const sape_safetensors *file, const struct architecture *a,
                                  struct sape_grid *grid) {
    *grid = (struct sape_grid){.cells = 1};
    if (a->policy != SAPE_POLICY_SPATIAL_FIXED) return SAPE_OK;
    if (a->mask_dim != a->domain_dim || a->mask_dim < 1 || a->mask_dim > 2)
        return sape_fail(SAPE_ERROR_FORMAT, function, "sape.mask.mask_dim is %zu, which spatial_fixed cannot be",
                         a->mask_dim);
    sape_tensor_info info = {.struct_size = sizeof info};
    if (sape_safetensors_find(file, "mask_stashed", &info) != SAPE_OK)
        return sape_fail(SAPE_ERROR_NOT_FOUND, function, "the checkpoint has no tensor called \"mask_stashed\"");
    const size_t cells = info.count;
    for (grid->dim = 0; grid->dim < a->mask_dim; grid->dim++) {
        const char *name = sape_checkpoint_positions_name(grid->dim);
        if (sape_safetensors_find(file, name, &info) != SAPE_OK)
            return sape_fail(SAPE_ERROR_NOT_FOUND, function, "the checkpoint has no tensor called \"%s\"", name);
        float *positions = grid->positions[grid->dim] = SAPE_NEW_ARRAY(float, info.count);
        if (positions == NULL) return sape_fail(SAPE_ERROR_MEMORY, function, "no memory for %s", name);
        SAPE_TRY(sape_checkpoint_read_row(function, file, name, positions, info.count));
        grid->size[grid->dim] = info.count;
        if (info.count == 0 || grid->cells > cells / info.count)
            return sape_fail(SAPE_ERROR_SHAPE, function, "%s has %zu values, mask_stashed %zu", name, info.count,
                             cells);
        grid->cells *= info.count;
    }
    return SAPE_OK;
}

static sape_status create_from(const char *function, const sape_safetensors *file, sape_field **out) {
    struct architecture architecture;
    struct sape_entry entries[NUM_ENTRIES];
    struct sape_grid grid;
    list_entries(&architecture, entries);
    SAPE_TRY(sape_entries_read(function, file, entries, NUM_ENTRIES));
    SAPE_TRY(check_size(function, file, &architecture));
    sape_status status = read_positions(function, file, &architecture, &grid);
    if (status == SAPE_OK) status = create(function, &architecture, &grid, NULL, out);
    for (size_t axis = 0; axis < SAPE_MAX_DIM; axis++) sape_release(grid.positions[axis]);
    return status;
}

sape_status sape_checkpoint_make_field(const char *function, const sape_safetensors *file, sape_field **out) {
    bool metadata;
    SAPE_TRY(sape_checkpoint_has_metadata(function, file, &metadata));
    if (!metadata)
        return sape_fail(SAPE_ERROR_NOT_FOUND, function,
                         "the checkpoint has no metadata of libsape; make a field and use sape_field_restore()");
    SAPE_TRY(create_from(function, file, out));
    const sape_status status = apply(function, file, true, *out);
    if (status == SAPE_OK) return SAPE_OK;
    sape_field_free(*out);
    *out = NULL;
    return status;
}

sape_status sape_checkpoint_match_policy(const char *function, const sape_safetensors *file,
                                         const struct sape_mask *mask) {
    size_t policy = mask->policy;
    const struct sape_entry entry = {"sape.mask.policy", SAPE_ENTRY_CHOICE, &policy, policies};
    return sape_entries_match(function, file, &entry, 1);
}

/* Whether the file is of such a field, as far as can be seen without reading the values. */
static sape_status check_fit(const char *function, const sape_safetensors *file, bool metadata,
                             const sape_field *field) {
    struct architecture architecture = architecture_of(field);
    struct sape_entry entries[NUM_ENTRIES];
    size_t largest;
    list_entries(&architecture, entries);
    SAPE_TRY(check_tensors(function, file, field, &largest));
    return metadata ? sape_entries_match(function, file, entries, NUM_ENTRIES) : SAPE_OK;
}

sape_status sape_checkpoint_check_field(const char *function, const sape_safetensors *file, const sape_field *field) {
    bool metadata;
    sape_field *twin;
    const struct architecture architecture = architecture_of(field);
    SAPE_TRY(sape_checkpoint_has_metadata(function, file, &metadata));
    SAPE_TRY(check_fit(function, file, metadata, field));
    SAPE_TRY(create(function, &architecture, &field->mask->grid, field, &twin));
    const sape_status status = apply(function, file, metadata, twin);
    sape_field_free(twin);
    return status;
}

/* What succeeds with a twin can fail here for want of memory only, and then before anything has changed. */
sape_status sape_checkpoint_restore_field(const char *function, const sape_safetensors *file, sape_field *field) {
    bool metadata;
    SAPE_TRY(sape_checkpoint_check_field(function, file, field));
    SAPE_TRY(sape_checkpoint_has_metadata(function, file, &metadata));
    return apply(function, file, metadata, field);
}
