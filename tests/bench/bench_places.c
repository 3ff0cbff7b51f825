/* SPDX-License-Identifier: MIT */
/*
 * Milliseconds of the processor for an iteration in which finding samples in the grid counts: a small network, a
 * spatial mask, an adaptive rate on the same grid, batches. One thread.
 *
 *   bench_places
 */
#include <sape/sape.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { SAMPLES = 20000, BATCH = 5000, WARM_UP = 50, ITERATIONS = 400, ROUNDS = 5 };

static float x[SAMPLES * 2], targets[SAMPLES];

static void must(sape_status status) {
    if (status == SAPE_OK) return;
    fprintf(stderr, "%s\n", sape_last_error());
    exit(1);
}

static float next_random(uint32_t *state) {
    *state = *state * 1664525u + 1013904223u;
    return (float)(*state >> 8) / 8388608.0f - 1.0f;
}

static void draw_samples(void) {
    uint32_t state = 1;
    for (int i = 0; i < 2 * SAMPLES; i++) x[i] = next_random(&state);
    for (int i = 0; i < SAMPLES; i++) targets[i] = x[2 * i] * x[2 * i + 1];
}

static sape_trainer *make_trainer(sape_field **field) {
    sape_encoder_params encoder;
    sape_mask_params mask;
    sape_network_params network;
    sape_trainer_params params;
    sape_adaptive_rate_params rate;
    sape_trainer *trainer;
    sape_encoder_params_init(&encoder, sizeof encoder);
    sape_mask_params_init(&mask, sizeof mask);
    sape_network_params_init(&network, sizeof network);
    sape_trainer_params_init(&params, sizeof params);
    sape_adaptive_rate_params_init(&rate, sizeof rate);
    encoder.num_frequencies = 16;
    mask.num_blocks = 4;
    mask.num_iterations = ITERATIONS;
    network.hidden_dim = 16;
    network.num_layers = 1;
    network.output_dim = 1;
    params.num_threads = 1;
    params.batch_size = BATCH;
    must(sape_field_create(&encoder, &mask, &network, field));
    must(sape_trainer_create(&params, NULL, *field, &trainer));
    must(sape_trainer_set_adaptive_rate(trainer, &rate));
    must(sape_trainer_set_data(trainer, SAMPLES, x, targets));
    return trainer;
}

static double processor_ms(void) {
    struct timespec time;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return 1e3 * (double)time.tv_sec + 1e-6 * (double)time.tv_nsec;
}

int main(void) {
    double least = 1e9;
    draw_samples();
    for (int round = 0; round < ROUNDS; round++) {
        sape_field *field;
        sape_trainer *trainer = make_trainer(&field);
        must(sape_trainer_run(trainer, WARM_UP, NULL, NULL, NULL));
        const double begin = processor_ms();
        must(sape_trainer_run(trainer, ITERATIONS, NULL, NULL, NULL));
        const double ms = (processor_ms() - begin) / ITERATIONS;
        if (ms < least) least = ms;
        sape_trainer_free(trainer);
        sape_field_free(field);
    }
    printf("%.3f ms of the processor an iteration, the least of %d rounds\n", least, ROUNDS);
    return 0;
}
