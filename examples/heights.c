/* SPDX-License-Identifier: MIT */
/* heights.c: fits heights in metres at map coordinates as they are, and trusts some of them less than others. */
#include <math.h>
#include <sape/sape.h>
#include <stdio.h>

enum { SIDE = 40, N = SIDE * SIDE };

static double height(double east, double north) {
    return 1500.0 + 200.0 * sin(east / 90.0) * cos(north / 120.0);
}

/* The mean distance of a field's heights from the true ones. */
static double distance(const sape_field *field, const float *at) {
    static float fit[N];
    double sum = 0.0;
    if (sape_field_predict(field, N, at, fit) != SAPE_OK) return NAN;
    for (int i = 0; i < N; i++) sum += fabs((double)fit[i] - height((double)at[2 * i], (double)at[2 * i + 1]));
    return sum / N;
}

int main(void) {
    static float at[2 * N], measured[N], weights[N];
    for (int i = 0; i < N; i++) {
        at[2 * i] = 512.0f * (float)(i % SIDE) / (SIDE - 1);
        at[2 * i + 1] = 512.0f * (float)(i / SIDE) / (SIDE - 1);
        /* One in four is from an old map, and 100 m too high. */
        measured[i] = (float)height((double)at[2 * i], (double)at[2 * i + 1]) + (i % 4 == 3 ? 100.0f : 0.0f);
        weights[i] = i % 4 == 3 ? 0.01f : 1.0f;
    }
    sape_encoder_params encoder;
    sape_encoder_params_init(&encoder, sizeof encoder);
    encoder.num_frequencies = 32;
    encoder.std = 0.5;
    sape_mask_params mask;
    sape_mask_params_init(&mask, sizeof mask);
    mask.policy = SAPE_POLICY_NONE;
    sape_network_params network;
    sape_network_params_init(&network, sizeof network);
    network.output_dim = 1;
    network.hidden_dim = 64;
    sape_trainer_params params;
    sape_trainer_params_init(&params, sizeof params);
    params.batch_size = 100;
    params.average_decay = 0.98;
    params.history = 4;

    sape_optimizer_params optimizer;
    sape_optimizer_params_init(&optimizer, sizeof optimizer);
    optimizer.learning_rate = 2e-2;

    sape_field *field = NULL, *average = NULL;
    sape_trainer *trainer = NULL;
    double loss[5];
    if (sape_field_create(&encoder, &mask, &network, &field) != SAPE_OK ||
        sape_field_fit_normalization(field, N, at, measured) != SAPE_OK ||
        sape_trainer_create(&params, &optimizer, field, &trainer) != SAPE_OK ||
        sape_trainer_set_data(trainer, N, at, measured) != SAPE_OK ||
        sape_trainer_set_weights(trainer, N, weights) != SAPE_OK ||
        sape_trainer_run(trainer, 400, NULL, NULL, NULL) != SAPE_OK ||
        sape_trainer_average(trainer, &average) != SAPE_OK ||
        sape_trainer_get_history(trainer, sape_trainer_history_count(trainer), NULL, loss, NULL) != SAPE_OK) {
        fprintf(stderr, "%s\n", sape_last_error());
        return 1;
    }
    printf("off by %.1f m, on average over the last steps by %.1f m\n", distance(field, at), distance(average, at));
    printf("the loss was %.3f in the first quarter, then %.3f\n", loss[0], loss[1]);
    sape_field_free(average);
    sape_trainer_free(trainer);
    sape_field_free(field);
    return 0;
}
