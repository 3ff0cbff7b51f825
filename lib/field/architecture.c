/* SPDX-License-Identifier: MIT */
#include "field/architecture.h"

#include "base/environment.h"
#include "base/error.h"
#include "base/memory.h"
#include "encoder/encoding.h"
#include "mask/policy.h"
#include "network/activation.h"

/* What other encodings have in place of a grid's settings, which their files leave out. */
static const size_t no_size = 0;
static const double no_growth = 0.0;
static const sape_interpolation no_interpolation = SAPE_INTERPOLATION_LINEAR;

static void copy_grid(const sape_encoder_params *encoder, struct sape_architecture *a) {
    a->num_levels = encoder->num_levels;
    a->features_per_level = encoder->features_per_level;
    a->base_resolution = encoder->base_resolution;
    a->finest_resolution = encoder->finest_resolution;
    a->log2_table_size = encoder->log2_table_size;
    a->growth = encoder->growth;
    a->interpolation = encoder->interpolation;
}

struct sape_architecture sape_architecture_of(const sape_field *field) {
    sape_encoder_params encoder;
    sape_encoder_describe(field->encoder, &encoder);
    const struct sape_mask *mask = field->mask;
    struct sape_architecture a = {.encoding = encoder.kind,
                                  .identity = encoder.include_identity != 0,
                                  .domain_dim = encoder.domain_dim,
                                  .num_frequencies = encoder.num_frequencies,
                                  .policy = mask->policy,
                                  .gradual = mask->policy == SAPE_POLICY_SPATIAL && mask->ramp != NULL,
                                  .mask_dim = mask->grid.dim,
                                  .resolution = mask->ops->has_resolution ? mask->grid.size[0] : 0,
                                  .hidden_dim = field->network->hidden_dim,
                                  .num_layers = field->network->num_layers - 1,
                                  .output_dim = field->network->output_dim,
                                  .activation = field->network->activation,
                                  .output_activation = field->network->output_activation,
                                  .activation_parameter = field->network->activation_parameter,
                                  .precision = field->network->backend.precision};
    if (encoder.kind == SAPE_ENCODING_GRID) copy_grid(&encoder, &a);
    return a;
}

static void list_grid(struct sape_architecture *a, struct sape_state *state) {
    const struct sape_usual_entry all[] = {
        {{"sape.encoder.num_levels", SAPE_ENTRY_SIZE, SAPE_SETTING, &a->num_levels, NULL}, &no_size},
        {{"sape.encoder.features_per_level", SAPE_ENTRY_SIZE, SAPE_SETTING, &a->features_per_level, NULL}, &no_size},
        {{"sape.encoder.base_resolution", SAPE_ENTRY_SIZE, SAPE_SETTING, &a->base_resolution, NULL}, &no_size},
        {{"sape.encoder.growth", SAPE_ENTRY_REAL, SAPE_SETTING, &a->growth, NULL}, &no_growth},
        {{"sape.encoder.finest_resolution", SAPE_ENTRY_SIZE, SAPE_SETTING, &a->finest_resolution, NULL}, &no_size},
        {{"sape.encoder.log2_table_size", SAPE_ENTRY_SIZE, SAPE_SETTING, &a->log2_table_size, NULL}, &no_size},
        {{"sape.encoder.interpolation", SAPE_ENTRY_CHOICE, SAPE_SETTING, &a->interpolation, sape_interpolation_entry},
         &no_interpolation}};
    sape_state_add_usual(state, sizeof all / sizeof *all, all);
}

void sape_architecture_list(struct sape_architecture *a, struct sape_state *state) {
    const struct sape_entry all[] = {
        {"sape.encoder.kind", SAPE_ENTRY_CHOICE, SAPE_SETTING, &a->encoding, sape_encoding_entry},
        {"sape.encoder.include_identity", SAPE_ENTRY_BOOL, SAPE_SETTING, &a->identity, NULL},
        {"sape.encoder.domain_dim", SAPE_ENTRY_SIZE, SAPE_SETTING, &a->domain_dim, NULL},
        {"sape.encoder.num_frequencies", SAPE_ENTRY_SIZE, SAPE_SETTING, &a->num_frequencies, NULL},
        {"sape.mask.policy", SAPE_ENTRY_CHOICE, SAPE_SETTING, &a->policy, sape_policy_entry},
        {"sape.mask.mask_dim", SAPE_ENTRY_SIZE, SAPE_SETTING, &a->mask_dim, NULL},
        {"sape.mask.resolution", SAPE_ENTRY_SIZE, SAPE_SETTING, &a->resolution, NULL},
        {"sape.network.hidden_dim", SAPE_ENTRY_SIZE, SAPE_SETTING, &a->hidden_dim, NULL},
        {"sape.network.num_layers", SAPE_ENTRY_SIZE, SAPE_SETTING, &a->num_layers, NULL},
        {"sape.network.output_dim", SAPE_ENTRY_SIZE, SAPE_SETTING, &a->output_dim, NULL}};
    sape_state_add(state, sizeof all / sizeof *all, all);
    static const sape_activation relu = SAPE_ACTIVATION_RELU;
    static const sape_output_activation none = SAPE_OUTPUT_ACTIVATION_NONE;
    static const double no_parameter = 0.0;
    static const sape_precision single = SAPE_PRECISION_FP32;
    static const bool at_once = false;
    const struct sape_usual_entry usual[] = {
        {{"sape.mask.gradual", SAPE_ENTRY_BOOL, SAPE_SETTING, &a->gradual, NULL}, &at_once},
        {{"sape.network.activation", SAPE_ENTRY_CHOICE, SAPE_SETTING, &a->activation, sape_activation_entry}, &relu},
        {{"sape.network.activation_parameter", SAPE_ENTRY_REAL, SAPE_SETTING, &a->activation_parameter, NULL},
         &no_parameter},
        {{"sape.network.output_activation", SAPE_ENTRY_CHOICE, SAPE_SETTING, &a->output_activation,
          sape_output_activation_entry},
         &none},
        {{"sape.network.precision", SAPE_ENTRY_CHOICE, SAPE_OWN_STATE, &a->precision, sape_precision_word}, &single}};
    sape_state_add_usual(state, sizeof usual / sizeof *usual, usual);
    list_grid(a, state);
}

/* The encoder's parameters, those that are for drawing aside. */
static sape_encoder_params encoder_params_of(const struct sape_architecture *a) {
    sape_encoder_params encoder;
    sape_encoder_params_init(&encoder, sizeof encoder);
    encoder.kind = a->encoding;
    encoder.include_identity = a->identity;
    encoder.domain_dim = a->domain_dim;
    encoder.num_frequencies = a->num_frequencies;
    if (a->encoding != SAPE_ENCODING_GRID) return encoder;
    encoder.num_levels = a->num_levels;
    encoder.features_per_level = a->features_per_level;
    encoder.base_resolution = a->base_resolution;
    encoder.growth = a->growth;
    encoder.finest_resolution = a->finest_resolution;
    encoder.log2_table_size = a->log2_table_size;
    encoder.interpolation = a->interpolation;
    return encoder;
}

/* At least as many values as such an encoder and the network's first layer have. */
static sape_status count_encoding(const struct sape_architecture *a, double *values) {
    const sape_encoder_params encoder = encoder_params_of(a);
    const double hidden = (double)a->hidden_dim;
    double tables = 0.0;
    *values = (double)a->num_frequencies * (a->encoding == SAPE_ENCODING_IDENTITY ? 0.0 : hidden + 1.0);
    if (a->encoding != SAPE_ENCODING_GRID) return SAPE_OK;
    SAPE_TRY(sape_encoder_count_tables(&encoder, &tables));
    *values = tables + (double)(a->num_levels * a->features_per_level) * hidden;
    return SAPE_OK;
}

/* Whether the file is large enough to hold such a field: a few bytes of metadata must not cost gigabytes. The sizes are
   any numbers yet, hence doubles. */
static sape_status check_size(const sape_safetensors *file, const struct sape_architecture *a) {
    const double hidden = (double)a->hidden_dim, inner = a->num_layers > 1 ? (double)(a->num_layers - 1) : 0.0;
    double needed, cells = 1.0, stored = 0.0;
    SAPE_TRY(count_encoding(a, &needed));
    needed += inner * hidden * hidden + hidden * (double)a->output_dim;
    for (size_t axis = 0; axis < a->mask_dim && axis < SAPE_MAX_DIM; axis++) cells *= (double)a->resolution;
    if (sape_policy_ops_of(a->policy)->has_resolution) needed += cells;
    for (size_t i = 0; i < sape_safetensors_count(file); i++) {
        sape_tensor_info info = {.struct_size = sizeof info};
        SAPE_TRY(sape_safetensors_info(file, i, &info));
        stored += (double)info.count;
    }
    if (needed <= stored) return SAPE_OK;
    return sape_fail(SAPE_ERROR_FORMAT,
                     "the metadata describe a field of at least %g values, but the checkpoint has %g", needed, stored);
}

/* One axis of spatial_fixed's positions, which with the other must make `cells` places. */
static sape_status read_axis(const sape_safetensors *file, size_t cells, struct sape_grid *grid) {
    const char *name = sape_positions_name(grid->dim);
    sape_tensor_info info = {.struct_size = sizeof info};
    if (sape_safetensors_find(file, name, &info) != SAPE_OK)
        return sape_fail(SAPE_ERROR_NOT_FOUND, "the checkpoint has no tensor called \"%s\"", name);
    float *positions = grid->positions[grid->dim] = SAPE_NEW_ARRAY(float, info.count);
    if (positions == NULL) return sape_fail(SAPE_ERROR_MEMORY, "no memory for %s", name);
    const struct sape_rows rows = {.name = name, .count = info.count};
    SAPE_TRY(sape_state_read_floats(file, &rows, positions));
    grid->size[grid->dim] = info.count;
    if (info.count == 0 || grid->cells > cells / info.count)
        return sape_fail(SAPE_ERROR_SHAPE, "%s has %zu values, mask_stashed %zu", name, info.count, cells);
    grid->cells *= info.count;
    return SAPE_OK;
}

/* The positions in the file become a grid's, to be released whatever the outcome. */
static sape_status read_positions(const sape_safetensors *file, const struct sape_architecture *a,
                                  struct sape_grid *grid) {
    if (a->mask_dim != a->domain_dim || a->mask_dim < 1 || a->mask_dim > 2)
        return sape_fail(SAPE_ERROR_FORMAT, "sape.mask.mask_dim is %zu, which spatial_fixed does not support",
                         a->mask_dim);
    sape_tensor_info info = {.struct_size = sizeof info};
    if (sape_safetensors_find(file, "mask_stashed", &info) != SAPE_OK)
        return sape_fail(SAPE_ERROR_NOT_FOUND, "the checkpoint has no tensor called \"mask_stashed\"");
    for (grid->dim = 0; grid->dim < a->mask_dim; grid->dim++) SAPE_TRY(read_axis(file, info.count, grid));
    return SAPE_OK;
}

/* Every combination of the axes' positions. */
static sape_status make_samples(const struct sape_grid *grid, float **out) {
    *out = SAPE_NEW_ARRAY(float, grid->cells * grid->dim);
    if (*out == NULL) return sape_fail(SAPE_ERROR_MEMORY, "no memory for %zu samples", grid->cells);
    for (size_t i = 0; i < grid->cells; i++)
        for (size_t axis = 0, rest = i; axis < grid->dim; rest /= grid->size[axis++])
            (*out)[i * grid->dim + axis] = grid->positions[axis][rest % grid->size[axis]];
    return SAPE_OK;
}

/* Spatial_fixed: its samples. *out is NULL for other policies. */
static sape_status read_samples(const sape_safetensors *file, const struct sape_architecture *a, size_t *count,
                                float **out) {
    *out = NULL;
    *count = 0;
    if (a->policy != SAPE_POLICY_SPATIAL_FIXED) return SAPE_OK;
    struct sape_grid grid = sape_grid_of_one_cell();
    sape_status status = read_positions(file, a, &grid);
    if (status == SAPE_OK) status = make_samples(&grid, out);
    *count = grid.cells;
    for (size_t axis = 0; axis < SAPE_MAX_DIM; axis++) sape_release(grid.positions[axis]);
    return status;
}

/* The parameters that are left at their defaults are restored from the file. */
static sape_status create(const struct sape_architecture *a, size_t num_samples, const float *samples,
                          sape_field **out) {
    const sape_encoder_params encoder = encoder_params_of(a);
    sape_mask_params mask;
    sape_network_params network;
    sape_mask_params_init(&mask, sizeof mask);
    sape_network_params_init(&network, sizeof network);
    mask.policy = a->policy;
    mask.gradual = a->gradual;
    mask.mask_dim = a->mask_dim;
    mask.resolution = a->resolution;
    mask.samples = samples;
    mask.num_samples = num_samples;
    network.hidden_dim = a->hidden_dim;
    network.num_layers = a->num_layers;
    network.output_dim = a->output_dim;
    network.activation = a->activation;
    network.output_activation = a->output_activation;
    network.activation_parameter = a->activation_parameter;
    return sape_field_create(&encoder, &mask, &network, out);
}

sape_status sape_architecture_build(const sape_safetensors *file, sape_field **out) {
    struct sape_architecture architecture;
    struct sape_state state = {.num_entries = 0};
    float *samples;
    size_t num_samples;
    sape_architecture_list(&architecture, &state);
    SAPE_TRY(sape_state_read_entries(&state, file));
    SAPE_TRY(check_size(file, &architecture));
    sape_status status = read_samples(file, &architecture, &num_samples, &samples);
    if (status == SAPE_OK) status = create(&architecture, num_samples, samples, out);
    sape_release(samples);
    return status;
}
