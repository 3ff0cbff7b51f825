/* SPDX-License-Identifier: MIT */
/* slope.c: fits the signed distance to a circle and computes its gradient: on the circle, the normal. */
#include <math.h>
#include <sape/sape.h>
#include <stdio.h>

enum { SIDE = 32, N = SIDE * SIDE };

int main(void) {
    static float x[N][2], distance[N];
    for (int i = 0; i < N; i++) {
        x[i][0] = -1.0f + 2.0f * (float)(i % SIDE) / (SIDE - 1);
        x[i][1] = -1.0f + 2.0f * (float)(i / SIDE) / (SIDE - 1);
        distance[i] = hypotf(x[i][0], x[i][1]) - 0.5f;
    }
    sape_encoder_params encoder;
    sape_encoder_params_init(&encoder, sizeof encoder);
    encoder.num_frequencies = 32;
    encoder.std = 0.5;
    sape_mask_params mask;
    sape_mask_params_init(&mask, sizeof mask);
    mask.resolution = 8;
    mask.num_blocks = 8;
    mask.epsilon = 1e-6;
    sape_network_params network;
    sape_network_params_init(&network, sizeof network);
    network.output_dim = 1;
    network.hidden_dim = 64;

    sape_field *field = NULL;
    sape_trainer *trainer = NULL;
    float at[2][2] = {{0.5f, 0.0f}, {0.3f, 0.4f}}, ones[2] = {1.0f, 1.0f}, normal[2][2];
    if (sape_field_create(&encoder, &mask, &network, &field) != SAPE_OK ||
        sape_trainer_create(NULL, NULL, field, &trainer) != SAPE_OK ||
        sape_trainer_set_data(trainer, N, x[0], distance) != SAPE_OK ||
        sape_trainer_run(trainer, 1000, NULL, NULL, NULL) != SAPE_OK ||
        sape_field_backward(field, 2, at[0], ones, NULL, normal[0]) != SAPE_OK) {
        fprintf(stderr, "%s\n", sape_last_error());
        return 1;
    }
    for (int i = 0; i < 2; i++)
        printf("normal at (%.1f, %.1f): (%.2f, %.2f)\n", (double)at[i][0], (double)at[i][1], (double)normal[i][0],
               (double)normal[i][1]);
    sape_trainer_free(trainer);
    sape_field_free(field);
    return 0;
}
