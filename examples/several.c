/* SPDX-License-Identifier: MIT */
/* several.c: trains fields from several seeds, saves them as one file, and predicts their mean. */
#include <sape/sape.h>
#include <stdio.h>

#define MEMBERS 4
#define SAMPLES 32

static sape_status train(unsigned seed, const float *x, const float *y, sape_field **field) {
    sape_encoder_params encoder;
    sape_network_params network;
    sape_trainer_params training;
    sape_trainer *trainer = NULL;
    sape_encoder_params_init(&encoder, sizeof encoder);
    sape_network_params_init(&network, sizeof network);
    sape_trainer_params_init(&training, sizeof training);
    encoder.domain_dim = 1;
    encoder.std = 3.0;
    encoder.seed = network.seed = training.seed = seed;
    network.output_dim = 1;
    network.hidden_dim = 64;
    sape_status status = sape_field_create(&encoder, NULL, &network, field);
    if (status == SAPE_OK) status = sape_trainer_create(&training, NULL, *field, &trainer);
    if (status == SAPE_OK) status = sape_trainer_set_data(trainer, SAMPLES, x, y);
    if (status == SAPE_OK) status = sape_trainer_run(trainer, 500, NULL, NULL, NULL);
    sape_trainer_free(trainer);
    return status;
}

int main(void) {
    sape_field *fields[SAPE_MAX_FIELDS] = {NULL};
    size_t count;
    float x[SAMPLES], y[SAMPLES], mean;
    const float at = 0.55f;
    sape_status status = SAPE_OK;
    for (int i = 0; i < SAMPLES; i++) {
        x[i] = -1.0f + 2.0f * (float)i / (SAMPLES - 1);
        y[i] = x[i] * x[i];
    }
    for (unsigned k = 0; k < MEMBERS && status == SAPE_OK; k++) status = train(k, x, y, &fields[k]);
    if (status == SAPE_OK) status = sape_ensemble_save(MEMBERS, fields, "several.safetensors");
    for (unsigned k = 0; k < MEMBERS; k++) sape_field_free(fields[k]);

    if (status == SAPE_OK) status = sape_ensemble_load("several.safetensors", SAPE_MAX_FIELDS, fields, &count);
    if (status == SAPE_OK) status = sape_ensemble_predict(count, fields, 1, &at, &mean);
    if (status == SAPE_OK)
        printf("%zu fields: 0.55 squared is about %.2f\n", count, (double)mean);
    else
        fprintf(stderr, "%s: %s\n", sape_status_string(status), sape_last_error());
    for (size_t k = 0; status == SAPE_OK && k < count; k++) sape_field_free(fields[k]);
    return status != SAPE_OK;
}
