/* SPDX-License-Identifier: MIT */
#include "tiny.h"

const float tiny_x[TINY_SAMPLES] = {-1.0f, -0.5f, -0.2f, 0.1f, 0.6f, 1.0f};
const float tiny_targets[TINY_SAMPLES] = {0.0f, 1.0f, 0.5f, 0.2f, 0.9f, 0.4f};

sape_field *tiny_field(sape_policy policy, sape_encoding encoding) {
    sape_encoder_params encoder;
    sape_mask_params mask;
    sape_network_params network;
    sape_field *field;
    sape_encoder_params_init(&encoder, sizeof encoder);
    sape_mask_params_init(&mask, sizeof mask);
    sape_network_params_init(&network, sizeof network);
    encoder.kind = encoding;
    encoder.domain_dim = 1;
    encoder.num_frequencies = 2;
    encoder.num_levels = encoder.base_resolution = 2;
    encoder.growth = 2.0;
    mask.policy = policy;
    mask.resolution = 3;
    mask.block_iterations = 2;
    mask.samples = tiny_x;
    mask.num_samples = TINY_SAMPLES;
    network.hidden_dim = 2;
    network.num_layers = 1;
    network.output_dim = 1;
    return sape_field_create(&encoder, &mask, &network, &field) == SAPE_OK ? field : NULL;
}

sape_trainer *tiny_trainer(sape_field *field, sape_optimizer_kind kind) {
    sape_trainer_params params;
    sape_optimizer_params optimizer;
    sape_trainer *trainer;
    sape_trainer_params_init(&params, sizeof params);
    sape_optimizer_params_init(&optimizer, sizeof optimizer);
    params.batch_size = 4;
    params.num_threads = 1;
    optimizer.kind = kind;
    if (sape_trainer_create(&params, &optimizer, field, &trainer) != SAPE_OK) return NULL;
    if (sape_trainer_set_data(trainer, TINY_SAMPLES, tiny_x, tiny_targets) == SAPE_OK) return trainer;
    sape_trainer_free(trainer);
    return NULL;
}
