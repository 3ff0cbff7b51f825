/* SPDX-License-Identifier: MIT */
/* first.c: fits 26 samples of a wave whose frequency grows. */
#include <math.h>
#include <sape/sape.h>
#include <stdio.h>

static float wave(float x) {
    return 0.5f * sinf(0.01f * powf(2.0f * x + 4.0f, 4.5f));
}

int main(void) {
    float x[26], y[26], between[5] = {-0.5f, -0.3f, -0.1f, 0.1f, 0.3f}, fit[5] = {0};
    for (int i = 0; i < 26; i++) {
        x[i] = -1.0f + 2.0f * (float)i / 25.0f;
        y[i] = wave(x[i]);
    }
    sape_encoder_params encoder;
    sape_encoder_params_init(&encoder, sizeof encoder); /* sets every default; then change what differs */
    encoder.domain_dim = 1;
    encoder.std = 5.0;
    sape_network_params network;
    sape_network_params_init(&network, sizeof network);
    network.output_dim = 1;

    sape_field *field = NULL;
    sape_trainer *trainer = NULL;
    if (sape_field_create(&encoder, NULL, &network, &field) != SAPE_OK ||
        sape_trainer_create(NULL, NULL, field, &trainer) != SAPE_OK ||
        sape_trainer_set_data(trainer, 26, x, y) != SAPE_OK ||
        sape_trainer_run(trainer, 1000, NULL, NULL, NULL) != SAPE_OK ||
        sape_field_predict(field, 5, between, fit) != SAPE_OK) {
        fprintf(stderr, "%s\n", sape_last_error());
        return 1;
    }
    for (int i = 0; i < 5; i++)
        printf("%4.1f: %5.2f, should be %5.2f\n", (double)between[i], (double)fit[i], (double)wave(between[i]));
    sape_trainer_free(trainer);
    sape_field_free(field);
    return 0;
}
