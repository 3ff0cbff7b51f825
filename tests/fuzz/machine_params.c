/* SPDX-License-Identifier: MIT */
#include "machine.h"

/* Tables small enough that training runs of them take no time. */
static void take_grid_params(struct bytes *bytes, sape_encoder_params *params) {
    const uint8_t which = take_byte(bytes);
    params->kind = SAPE_ENCODING_GRID;
    params->num_levels = which % 5;
    params->base_resolution = take_byte(bytes) % 16;
    params->finest_resolution = 20;
    params->log2_table_size = take_byte(bytes) % 9;
    if (which & 64) params->features_per_level = take_byte(bytes) % 10;
    if (which & 128) params->growth = take_double(bytes);
    if (which & 32) params->finest_resolution = take_byte(bytes) % 32;
    params->interpolation = (sape_interpolation)(take_byte(bytes) % 4 - 1);
}

sape_encoder_params take_encoder_params(struct machine *machine) {
    struct bytes *bytes = &machine->bytes;
    sape_encoder_params params;
    sape_encoder_params_init(&params, sizeof params);
    const uint8_t which = take_byte(bytes);
    params.num_frequencies = 4;
    if (which & 1) params.kind = (sape_encoding)(take_byte(bytes) % 7 - 1);
    if (which & 2) params.domain_dim = take_size(bytes);
    if (which & 4) params.num_frequencies = take_size(bytes);
    if (which & 8) params.std = take_double(bytes);
    if (which & 16) params.include_identity = take_byte(bytes) & 1;
    if (which & 32) params.seed = take_byte(bytes);
    if (which & 64) params.instructions = (sape_instruction_set)(take_byte(bytes) % 7 - 1);
    if (which & 128) take_grid_params(bytes, &params);
    return params;
}

static sape_cutoff_params take_cutoff_params(struct bytes *bytes) {
    sape_cutoff_params params;
    const uint8_t which = take_byte(bytes);
    if (which & 1)
        sape_cutoff_params_init_published(&params, sizeof params);
    else
        sape_cutoff_params_init(&params, sizeof params);
    if (which & 2) params.c_min = take_double(bytes);
    if (which & 4) params.c_max = take_double(bytes);
    if (which & 8) params.beta = params.gamma = take_double(bytes);
    if (which & 16) params.steepness = params.midpoint = take_double(bytes);
    if (which & 32) params.start_iteration = params.window = take_size(bytes);
    if (which & 64) params.end_share = take_double(bytes);
    if (which & 128) params.width = take_double(bytes);
    params.boundary = (sape_boundary)(which % 7 - 1);
    params.shape = (sape_filter_shape)(which % 3);
    return params;
}

/* Frequencies that a mask of its own must be told: ascending but for one, sometimes. */
static const double *take_frequencies(struct machine *machine, size_t count) {
    struct bytes *bytes = &machine->bytes;
    if (count > SAPE_MAX_ENCODING_DIM) count = 0;
    for (size_t i = 0; i < count; i++) machine->frequencies[i] = 0.25 * (double)i;
    if (count > 0 && take_byte(bytes) >= 224) machine->frequencies[take_byte(bytes) % count] = take_double(bytes);
    return machine->frequencies;
}

sape_mask_params take_mask_params(struct machine *machine) {
    struct bytes *bytes = &machine->bytes;
    sape_mask_params params;
    sape_mask_params_init(&params, sizeof params);
    const uint8_t which = take_byte(bytes);
    params.policy = (sape_policy)(take_byte(bytes) % 7 - 1);
    params.resolution = 4;
    params.encoding_dim = 10;
    if (which & 1) params.domain_dim = take_size(bytes);
    if (which & 2) params.encoding_dim = take_size(bytes);
    if (which & 4) params.mask_dim = take_size(bytes);
    if (which & 8) params.resolution = take_size(bytes);
    if (which & 16) params.num_blocks = take_size(bytes);
    if (which & 32) params.num_iterations = take_size(bytes);
    if (which & 64) params.block_iterations = take_size(bytes);
    if (which & 128) params.epsilon = take_double(bytes);
    if (params.policy == SAPE_POLICY_SPATIAL_FIXED) {
        params.num_samples = take_samples(machine, 3);
        params.samples = machine->d;
        take_floats(bytes, params.num_samples * 3, machine->d);
    }
    if (params.policy == SAPE_POLICY_VARIANCE) {
        machine->cutoff = take_cutoff_params(bytes);
        if (take_byte(bytes) & 1) params.cutoff = &machine->cutoff;
        params.frequencies = take_frequencies(machine, params.encoding_dim);
    }
    return params;
}

sape_network_params take_network_params(struct machine *machine) {
    struct bytes *bytes = &machine->bytes;
    sape_network_params params;
    sape_network_params_init(&params, sizeof params);
    const uint8_t which = take_byte(bytes);
    params.input_dim = 8;
    params.hidden_dim = 5;
    params.num_layers = 1;
    if (which & 1) params.input_dim = take_size(bytes);
    if (which & 2) params.output_dim = take_size(bytes);
    if (which & 4) params.hidden_dim = take_size(bytes);
    if (which & 8) params.num_layers = take_below(bytes, 4);
    if (which & 16) params.seed = take_byte(bytes);
    if (which & 32) params.instructions = (sape_instruction_set)(take_byte(bytes) % 7 - 1);
    if (which & 64) params.product = (sape_product_backend)(take_byte(bytes) % 5 - 1);
    if (which & 128) {
        params.activation = (sape_activation)(take_byte(bytes) % 10 - 1);
        params.output_activation = (sape_output_activation)(take_byte(bytes) % 7 - 1);
        params.activation_parameter = take_byte(bytes) % 4 == 0 ? 2.0 : 0.0;
    }
    return params;
}

sape_optimizer_params take_optimizer_params(struct machine *machine) {
    struct bytes *bytes = &machine->bytes;
    sape_optimizer_params params;
    sape_optimizer_params_init(&params, sizeof params);
    const uint8_t which = take_byte(bytes);
    if (which & 1) params.kind = (sape_optimizer_kind)(take_byte(bytes) % 4 - 1);
    if (which & 2) params.schedule = (sape_schedule)(take_byte(bytes) % 5 - 1);
    if (which & 4) params.learning_rate = take_double(bytes);
    if (which & 8) params.beta1 = params.beta2 = take_double(bytes);
    if (which & 16) params.epsilon = take_double(bytes);
    if (which & 32) params.momentum = params.weight_decay = take_double(bytes);
    if (which & 64) params.decay_rate = params.final_factor = take_double(bytes);
    if (which & 128) params.decay_iterations = params.warmup_iterations = take_size(bytes);
    return params;
}
