/* SPDX-License-Identifier: MIT */
/* own_network.c: uses the encoder and the mask with another network, here a linear one with gradient descent. */
#include <math.h>
#include <sape/sape.h>
#include <stdio.h>
#include <stdlib.h>

enum { N = 200, ITERATIONS = 1000 };

static void must(sape_status status) {
    if (status == SAPE_OK) return;
    fprintf(stderr, "%s\n", sape_last_error());
    exit(1);
}

int main(void) {
    float x[N], y[N], loss[N];
    for (int i = 0; i < N; i++) {
        x[i] = -1.0f + 2.0f * (float)i / (float)(N - 1);
        y[i] = x[i] < 0.0f ? x[i] : x[i] + 0.2f * sinf(40.0f * x[i]); /* detail on the right only */
    }

    sape_encoder_params encoder_params;
    sape_encoder_params_init(&encoder_params, sizeof encoder_params);
    encoder_params.domain_dim = 1;
    encoder_params.num_frequencies = 32;
    encoder_params.std = 5.0;
    encoder_params.include_identity = 1;
    sape_encoder *encoder = NULL;
    must(sape_encoder_create(&encoder_params, &encoder));
    size_t e = sape_encoder_encoding_dim(encoder);

    sape_mask_params mask_params;
    sape_mask_params_init(&mask_params, sizeof mask_params);
    mask_params.domain_dim = 1;
    mask_params.encoding_dim = e;
    mask_params.resolution = 16;
    mask_params.num_blocks = 8;
    mask_params.num_iterations = ITERATIONS;
    sape_mask *mask = NULL;
    must(sape_mask_create(&mask_params, &mask));

    float *features = malloc(N * e * sizeof *features), *weights = malloc(N * e * sizeof *weights);
    float *linear = calloc(e, sizeof *linear);
    if (features == NULL || weights == NULL || linear == NULL) return 1;
    must(sape_encoder_encode(encoder, N, x, features)); /* once: the samples do not move */

    double mean = 0.0;
    for (int iteration = 0; iteration < ITERATIONS; iteration++) {
        must(sape_mask_weights(mask, N, x, weights)); /* how much each feature counts at each sample */
        mean = 0.0;
        for (int i = 0; i < N; i++) {
            float *input = features + (size_t)i * e, *weight = weights + (size_t)i * e, output = 0.0f;
            for (size_t j = 0; j < e; j++) output += linear[j] * weight[j] * input[j];
            float error = output - y[i];
            for (size_t j = 0; j < e; j++) linear[j] -= 0.01f * error * weight[j] * input[j];
            loss[i] = error * error;
            mean += (double)loss[i] / N;
        }
        must(sape_mask_record(mask, N, x, loss)); /* tells the mask where the fit is still poor */
        must(sape_mask_step(mask));               /* counts the iteration; reveals features when due */
    }

    float places[2] = {-0.7f, 0.7f}, share[2];
    must(sape_mask_revealed(mask, 2, places, share));
    printf("loss %.0e; revealed: %.0f %% on the left, %.0f %% on the right\n", mean, 100.0 * (double)share[0],
           100.0 * (double)share[1]);
    free(features), free(weights), free(linear);
    sape_mask_free(mask);
    sape_encoder_free(encoder);
    return 0;
}
