/* SPDX-License-Identifier: MIT */
#include "checkpoint_fields.h"

#include <stdlib.h>

#define SIDE 6
#define NUM_SAMPLES (SIDE * SIDE)

const struct architecture architectures[NUM_ARCHITECTURES] = {
    {SAPE_ENCODING_IDENTITY, SAPE_POLICY_NONE, 2, 5, 1, 0, false},
    {SAPE_ENCODING_FOURIER, SAPE_POLICY_NONE, 3, 9, 3, 0, false},
    {SAPE_ENCODING_FOURIER, SAPE_POLICY_GLOBAL, 1, 7, 2, 0, false},
    {SAPE_ENCODING_POSITIONAL, SAPE_POLICY_GLOBAL, 2, 6, 1, 0, false},
    {SAPE_ENCODING_RBF, SAPE_POLICY_SPATIAL, 1, 8, 2, 12, false},
    {SAPE_ENCODING_PERIODIC_RBF, SAPE_POLICY_SPATIAL, 2, 8, 1, 5, false},
    {SAPE_ENCODING_FOURIER, SAPE_POLICY_SPATIAL, 3, 8, 2, 4, false},
    {SAPE_ENCODING_POSITIONAL, SAPE_POLICY_SPATIAL_FIXED, 1, 8, 1, 0, false},
    {SAPE_ENCODING_FOURIER, SAPE_POLICY_SPATIAL_FIXED, 2, 8, 2, 0, false},
    {SAPE_ENCODING_FOURIER, SAPE_POLICY_VARIANCE, 2, 8, 2, 5, false},
    {SAPE_ENCODING_RBF, SAPE_POLICY_VARIANCE, 3, 7, 1, 4, false},
    {SAPE_ENCODING_FOURIER, SAPE_POLICY_SPATIAL, 2, 8, 2, 5, true},
};

const struct architecture spatial = {SAPE_ENCODING_FOURIER, SAPE_POLICY_SPATIAL, 2, 4, 1, 4, false};

static void make_samples(size_t d, float *x) {
    for (size_t i = 0; i < NUM_SAMPLES; i++) {
        if (d == 1) x[i] = -1.0f + 2.0f * (float)i / NUM_SAMPLES;
        if (d == 2) x[2 * i] = -0.9f + 0.3f * (float)(i % SIDE);
        if (d == 2) x[2 * i + 1] = 0.9f - 0.35f * (float)(i / SIDE);
    }
}

sape_field *make_field(const struct architecture *a, uint64_t seed) {
    sape_encoder_params encoder;
    sape_mask_params mask;
    sape_network_params network;
    sape_field *field;
    float samples[2 * NUM_SAMPLES];
    make_samples(a->domain_dim, samples);
    sape_encoder_params_init(&encoder, sizeof encoder);
    sape_mask_params_init(&mask, sizeof mask);
    sape_network_params_init(&network, sizeof network);
    encoder.kind = a->encoding;
    encoder.domain_dim = a->domain_dim;
    encoder.num_frequencies = 6;
    encoder.std = 2.0;
    encoder.seed = network.seed = seed;
    mask.policy = a->policy;
    mask.gradual = a->gradual;
    mask.resolution = a->resolution;
    mask.num_blocks = a->encoding == SAPE_ENCODING_IDENTITY ? 1 : 3;
    mask.block_iterations = 6;
    mask.epsilon = 0.1;
    mask.samples = samples;
    mask.num_samples = NUM_SAMPLES;
    network.hidden_dim = a->hidden_dim;
    network.num_layers = a->num_layers;
    CHECK_OK(sape_field_create(&encoder, &mask, &network, &field));
    return field;
}

void advance(sape_field *field, size_t iterations) {
    const size_t d = sape_encoder_domain_dim(sape_field_encoder(field));
    float *x = new_random_array(3, NUM_SAMPLES * d, -1.0f, 1.0f);
    float *loss = new_random_array(4, NUM_SAMPLES, 0.0f, 0.2f);
    for (size_t i = 0; i < iterations; i++) {
        CHECK_OK(sape_mask_record(sape_field_mask(field), NUM_SAMPLES, x, loss));
        CHECK_OK(sape_mask_step(sape_field_mask(field)));
    }
    free(x);
    free(loss);
}

sape_safetensors *checkpoint_of(const sape_field *field) {
    sape_safetensors *checkpoint;
    CHECK_OK(sape_field_checkpoint(field, &checkpoint));
    return checkpoint;
}

void expect_same_bytes(const sape_safetensors *a, const sape_safetensors *b) {
    size_t size, other_size;
    const void *bytes = sape_safetensors_bytes(a, &size), *other_bytes = sape_safetensors_bytes(b, &other_size);
    ck_assert_uint_eq(size, other_size);
    ck_assert_int_eq(memcmp(bytes, other_bytes, size), 0);
}

void expect_state(const sape_field *field, const sape_safetensors *checkpoint) {
    sape_safetensors *state = checkpoint_of(field);
    expect_same_bytes(state, checkpoint);
    sape_safetensors_free(state);
}

void expect_same_outputs(const sape_field *a, const sape_field *b) {
    const size_t d = sape_encoder_domain_dim(sape_field_encoder(a)), n = 100;
    const size_t o = sape_network_output_dim(sape_field_network(a));
    float *x = new_random_array(9, n * d, -1.0f, 1.0f), *outputs = new_array(n * o), *rest = new_array(n * o);
    CHECK_OK(sape_field_predict(a, n, x, outputs));
    CHECK_OK(sape_field_predict(b, n, x, rest));
    ck_assert_int_eq(memcmp(outputs, rest, n * o * sizeof *outputs), 0);
    free(x);
    free(outputs);
    free(rest);
}
