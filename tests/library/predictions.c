/* SPDX-License-Identifier: MIT */
/*
 * Prints, to the last bit, what fields of every encoding predict after a short training under every policy, and whether
 * the library has left the process its smallest numbers. Builds with other flags must print the same.
 */
#include <float.h>
#include <sape/sape.h>
#include <stdio.h>
#include <stdlib.h>

enum { SAMPLES = 300, ITERATIONS = 40 };

static void require(sape_status status) {
    if (status == SAPE_OK) return;
    fprintf(stderr, "%s\n", sape_last_error());
    exit(1);
}

static sape_field *new_field(sape_encoding kind, sape_policy policy) {
    sape_encoder_params encoder;
    sape_mask_params mask;
    sape_network_params network;
    sape_field *field;
    sape_encoder_params_init(&encoder, sizeof encoder);
    sape_mask_params_init(&mask, sizeof mask);
    sape_network_params_init(&network, sizeof network);
    encoder.kind = kind;
    encoder.std = 3.0;
    encoder.num_frequencies = 12;
    mask.policy = policy;
    mask.resolution = 8;
    mask.num_iterations = ITERATIONS;
    network.output_dim = 1;
    network.hidden_dim = 24;
    require(sape_field_create(&encoder, &mask, &network, &field));
    return field;
}

static void print_fit(sape_encoding kind, sape_policy policy, const float *x, const float *targets) {
    sape_field *field = new_field(kind, policy);
    sape_trainer *trainer;
    float outputs[SAMPLES];
    require(sape_trainer_create(NULL, NULL, field, &trainer));
    require(sape_trainer_set_data(trainer, SAMPLES, x, targets));
    require(sape_trainer_run(trainer, ITERATIONS, NULL, NULL, NULL));
    require(sape_field_predict(field, SAMPLES, x, outputs));
    printf("encoding %d, policy %d\n", (int)kind, (int)policy);
    for (size_t i = 0; i < SAMPLES; i++) printf("%a\n", (double)outputs[i]);
    sape_trainer_free(trainer);
    sape_field_free(field);
}

int main(void) {
    static const sape_encoding kinds[] = {SAPE_ENCODING_FOURIER, SAPE_ENCODING_POSITIONAL, SAPE_ENCODING_RBF,
                                          SAPE_ENCODING_PERIODIC_RBF};
    static const sape_policy policies[] = {SAPE_POLICY_NONE, SAPE_POLICY_GLOBAL, SAPE_POLICY_SPATIAL,
                                           SAPE_POLICY_VARIANCE};
    float x[2 * SAMPLES], targets[SAMPLES];
    volatile float small = FLT_MIN;
    printf("half the smallest normal number: %a\n", (double)(small / 2.0f));
    for (size_t i = 0; i < SAMPLES; i++) {
        x[2 * i] = (float)(i * 37 % 101) / 50.5f - 1.0f;
        x[2 * i + 1] = (float)(i * 53 % 89) / 44.5f - 1.0f;
        targets[i] = x[2 * i] * x[2 * i + 1] + x[2 * i] * x[2 * i];
    }
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
        for (size_t p = 0; p < sizeof policies / sizeof *policies; p++) print_fit(kinds[k], policies[p], x, targets);
    return 0;
}
