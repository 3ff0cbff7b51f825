/* SPDX-License-Identifier: MIT */
/*
 * Takes checkpoints from one system to another:
 *   exchange write TRAINING PREDICTIONS   trains a little, saves the training run, and what the field predicts
 *   exchange read TRAINING PREDICTIONS    what the loaded field predicts is the same, but for the last bits
 *   exchange copy TRAINING COPY           loads and saves: the same bytes
 */
#include <math.h>
#include <sape/sape.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define N 400
#define LARGEST 1e-4f

static float x[2 * N], y[N], predicted[N];

static void check(sape_status status) {
    if (status == SAPE_OK) return;
    fprintf(stderr, "%s\n", sape_last_error());
    exit(1);
}

static void make_samples(void) {
    for (int i = 0; i < N; i++) {
        x[2 * i] = -1.0f + 0.1f * (float)(i % 20);
        x[2 * i + 1] = -1.0f + 0.1f * (float)(i / 20);
        y[i] = sinf(4.0f * x[2 * i]) * x[2 * i + 1];
    }
}

static sape_field *make_field(void) {
    sape_encoder_params encoder;
    sape_mask_params mask;
    sape_network_params network;
    sape_field *field;
    sape_encoder_params_init(&encoder, sizeof encoder);
    sape_mask_params_init(&mask, sizeof mask);
    sape_network_params_init(&network, sizeof network);
    encoder.num_frequencies = 16;
    encoder.std = 2.0;
    mask.num_iterations = 50;
    mask.resolution = 8;
    network.output_dim = 1;
    network.hidden_dim = 32;
    check(sape_field_create(&encoder, &mask, &network, &field));
    return field;
}

static sape_trainer *make_trainer(sape_field *field) {
    sape_trainer_params params;
    sape_optimizer_params optimizer;
    sape_trainer *trainer;
    sape_trainer_params_init(&params, sizeof params);
    sape_optimizer_params_init(&optimizer, sizeof optimizer);
    check(sape_trainer_create(&params, &optimizer, field, &trainer));
    check(sape_trainer_set_data(trainer, N, x, y));
    return trainer;
}

static FILE *open_file(const char *path, const char *mode) {
    FILE *file = fopen(path, mode);
    if (file == NULL) {
        perror(path);
        exit(1);
    }
    return file;
}

static int write_files(const char *training, const char *predictions) {
    sape_field *field = make_field();
    sape_trainer *trainer = make_trainer(field);
    check(sape_trainer_run(trainer, 20, NULL, NULL, NULL));
    check(sape_trainer_save(trainer, training));
    check(sape_field_predict(field, N, x, predicted));
    FILE *file = open_file(predictions, "w");
    for (int i = 0; i < N; i++) fprintf(file, "%.9g\n", (double)predicted[i]);
    sape_trainer_free(trainer);
    sape_field_free(field);
    return fclose(file) == 0 ? 0 : 1;
}

static int read_files(const char *training, const char *predictions) {
    sape_field *field;
    float largest = 0.0f;
    check(sape_field_load(training, &field));
    check(sape_field_predict(field, N, x, predicted));
    FILE *file = open_file(predictions, "r");
    for (int i = 0; i < N; i++) {
        float expected;
        if (fscanf(file, "%f", &expected) != 1) return 1;
        largest = fmaxf(largest, fabsf(predicted[i] - expected));
    }
    fclose(file);
    sape_field_free(field);
    printf("predictions differ by %g at most\n", (double)largest);
    return largest <= LARGEST ? 0 : 1;
}

static int copy(const char *training, const char *path) {
    sape_field *field = make_field();
    sape_trainer *trainer = make_trainer(field);
    check(sape_trainer_resume(trainer, training));
    check(sape_trainer_save(trainer, path));
    sape_trainer_free(trainer);
    sape_field_free(field);
    return 0;
}

int main(int argc, char **argv) {
    make_samples();
    if (argc == 4 && strcmp(argv[1], "write") == 0) return write_files(argv[2], argv[3]);
    if (argc == 4 && strcmp(argv[1], "read") == 0) return read_files(argv[2], argv[3]);
    if (argc == 4 && strcmp(argv[1], "copy") == 0) return copy(argv[2], argv[3]);
    fprintf(stderr, "usage: exchange write|read|copy TRAINING FILE\n");
    return 2;
}
