/* SPDX-License-Identifier: MIT */
/* own_data.c: fits lines "u v value" from standard input, then predicts the value in the middle. */
#include <sape/sape.h>
#include <stdio.h>

enum { MAX_SAMPLES = 10000 };
static float x[MAX_SAMPLES][2], value[MAX_SAMPLES];

static int report(void *user, const sape_progress *progress) {
    (void)user;
    printf("iteration %u: loss %.0e, %.0f %% revealed\n", (unsigned)progress->iteration, progress->loss,
           100.0 * progress->revealed);
    return progress->loss < 1e-5; /* true stops the run: the fit is good enough */
}

int main(void) {
    size_t n = 0;
    while (n < MAX_SAMPLES && scanf("%f %f %f", &x[n][0], &x[n][1], &value[n]) == 3) n++;

    /* Scale coordinates to [-1, 1]: here u runs from 0 to 100 and v from 0 to 10. */
    for (size_t i = 0; i < n; i++) {
        x[i][0] = x[i][0] / 50.0f - 1.0f;
        x[i][1] = x[i][1] / 5.0f - 1.0f;
    }
    sape_encoder_params encoder;
    sape_encoder_params_init(&encoder, sizeof encoder);
    encoder.domain_dim = 2;
    encoder.std = 2.0; /* cycles per unit of x; raise it until detail appears, but not noise */
    encoder.num_frequencies = 64;
    sape_mask_params mask;
    sape_mask_params_init(&mask, sizeof mask);
    mask.resolution = 16;      /* cells per axis; each should hold several samples */
    mask.num_blocks = 8;       /* steps from coarse to fine */
    mask.num_iterations = 400; /* the length of the training run */
    mask.epsilon = 1e-5;       /* nothing finer is revealed where the loss is below this */
    sape_network_params network;
    sape_network_params_init(&network, sizeof network);
    network.output_dim = 1;
    network.hidden_dim = 64;
    sape_trainer_params params;
    sape_trainer_params_init(&params, sizeof params);
    params.batch_size = 256;
    params.progress_every = 100;

    sape_field *field = NULL;
    sape_trainer *trainer = NULL;
    float middle[2] = {0.0f, 0.0f}, answer = 0.0f;
    if (sape_field_create(&encoder, &mask, &network, &field) != SAPE_OK ||
        sape_trainer_create(&params, NULL, field, &trainer) != SAPE_OK ||
        sape_trainer_set_data(trainer, n, x[0], value) != SAPE_OK ||
        sape_trainer_run(trainer, mask.num_iterations, report, NULL, NULL) != SAPE_OK ||
        sape_field_predict(field, 1, middle, &answer) != SAPE_OK) {
        fprintf(stderr, "%s\n", sape_last_error());
        return 1;
    }
    printf("in the middle: %.2f\n", (double)answer);
    sape_trainer_free(trainer);
    sape_field_free(field);
    return 0;
}
