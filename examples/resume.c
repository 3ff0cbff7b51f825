/* SPDX-License-Identifier: MIT */
/* resume.c: trains for 200 more iterations each time it runs, and keeps the training state in a file. */
#include <sape/sape.h>
#include <stdio.h>

int main(void) {
    const char *path = "training.safetensors";
    float x[21], y[21], at = 0.55f, value = 0.0f;
    for (int i = 0; i < 21; i++) {
        x[i] = (float)(i - 10) / 10.0f;
        y[i] = x[i] * x[i];
    }
    sape_encoder_params encoder;
    sape_encoder_params_init(&encoder, sizeof encoder);
    encoder.domain_dim = 1;
    encoder.std = 0.5;
    sape_network_params network;
    sape_network_params_init(&network, sizeof network);
    network.output_dim = 1;

    /* Create everything as in the first run; then restore the state from the file, if there is one. */
    sape_field *field = NULL;
    sape_trainer *trainer = NULL;
    sape_status status = sape_field_create(&encoder, NULL, &network, &field);
    if (status == SAPE_OK) status = sape_trainer_create(NULL, NULL, field, &trainer);
    if (status == SAPE_OK) status = sape_trainer_set_data(trainer, 21, x, y);
    FILE *file = fopen(path, "rb");
    if (file != NULL) fclose(file);
    if (status == SAPE_OK && file != NULL) status = sape_trainer_resume(trainer, path);

    sape_mask_state state = {.struct_size = sizeof state};
    if (status == SAPE_OK) status = sape_trainer_run(trainer, 200, NULL, NULL, NULL);
    if (status == SAPE_OK) status = sape_trainer_save(trainer, path);
    if (status == SAPE_OK) status = sape_mask_get_state(sape_field_mask(field), &state);
    if (status == SAPE_OK) status = sape_field_predict(field, 1, &at, &value);
    if (status == SAPE_OK)
        printf("after %u iterations: 0.55 squared is about %.2f\n", (unsigned)state.iteration, (double)value);
    else
        fprintf(stderr, "%s: %s\n", sape_status_string(status), sape_last_error());
    sape_trainer_free(trainer);
    sape_field_free(field);
    return status != SAPE_OK;
}
