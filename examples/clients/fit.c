/* SPDX-License-Identifier: MIT */
/* The least a program needs to use an installed libsape: a fit of 21 samples of a parabola. */
#include <sape/sape.h>
#include <stdio.h>

int main(void) {
    float x[21], y[21], at = 0.55f, value = 0.0f;
    for (int i = 0; i < 21; i++) {
        x[i] = (float)(i - 10) / 10.0f;
        y[i] = x[i] * x[i];
    }
    sape_encoder_params encoder;
    sape_encoder_params_init(&encoder, sizeof encoder);
    encoder.domain_dim = 1;
    encoder.std = 1.0;
    sape_network_params network;
    sape_network_params_init(&network, sizeof network);
    network.output_dim = 1;
    sape_field *field = NULL;
    sape_trainer *trainer = NULL;
    sape_status status = sape_field_create(&encoder, NULL, &network, &field);
    if (status == SAPE_OK) status = sape_trainer_create(NULL, NULL, field, &trainer);
    if (status == SAPE_OK) status = sape_trainer_set_data(trainer, 21, x, y);
    if (status == SAPE_OK) status = sape_trainer_run(trainer, 1000, NULL, NULL, NULL);
    if (status == SAPE_OK) status = sape_field_predict(field, 1, &at, &value);
    if (status == SAPE_OK)
        printf("libsape %s: %.2f squared is about %.2f\n", sape_version_string(), (double)at, (double)value);
    else
        fprintf(stderr, "%s: %s\n", sape_status_string(status), sape_last_error());
    sape_trainer_free(trainer);
    sape_field_free(field);
    return status != SAPE_OK || fflush(stdout) != 0;
}
