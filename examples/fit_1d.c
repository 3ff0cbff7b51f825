/* SPDX-License-Identifier: MIT */
/* fit_1d.c: fits a signal that is smooth on the left and busy on the right, with and without the mask. */
#include <math.h>
#include <sape/sape.h>
#include <stdio.h>

enum { SAMPLES = 48, POINTS = 512, ITERATIONS = 1000 };

static float target(float x) {
    float burst = expf(-30.0f * (x - 0.5f) * (x - 0.5f));
    return 0.5f * sinf(2.0f * x) + 0.4f * burst * sinf(45.0f * x);
}

/* The coordinate of the i-th of n points from -1 to 1. */
static float place(int i, int n) {
    return -1.0f + 2.0f * (float)i / (float)(n - 1);
}

/* Fits the samples under a policy. Predicts the whole line, and the share of the encoding revealed along it. */
static sape_status fit(sape_policy policy, const float *x, const float *y, float *line, float *revealed) {
    sape_encoder_params encoder;
    sape_encoder_params_init(&encoder, sizeof encoder); /* sets every default; then change what differs */
    encoder.domain_dim = 1;
    encoder.std = 12.0; /* the bandwidth, in cycles per unit of x */
    encoder.num_frequencies = 128;
    sape_mask_params mask;
    sape_mask_params_init(&mask, sizeof mask);
    mask.policy = policy;
    mask.resolution = 16; /* cells on the line; each should hold a few samples */
    mask.num_blocks = 16; /* steps from the lowest frequencies to the highest */
    mask.num_iterations = ITERATIONS;
    mask.epsilon = 1e-3; /* a cell whose loss is below this reveals nothing more */
    sape_network_params network;
    sape_network_params_init(&network, sizeof network);
    network.output_dim = 1;
    network.hidden_dim = 128;

    sape_field *field = NULL;
    sape_trainer *trainer = NULL;
    const size_t size = POINTS;
    const float low = -1.0f, high = 1.0f;
    float at[POINTS];
    for (int i = 0; i < POINTS; i++) at[i] = place(i, POINTS);
    sape_status status = sape_field_create(&encoder, &mask, &network, &field);
    if (status == SAPE_OK) status = sape_trainer_create(NULL, NULL, field, &trainer);
    if (status == SAPE_OK) status = sape_trainer_set_data(trainer, SAMPLES, x, y);
    if (status == SAPE_OK) status = sape_trainer_run(trainer, ITERATIONS, NULL, NULL, NULL);
    if (status == SAPE_OK) status = sape_field_predict_grid(field, &size, &low, &high, line);
    if (status == SAPE_OK) status = sape_mask_revealed(sape_field_mask(field), POINTS, at, revealed);
    sape_trainer_free(trainer);
    sape_field_free(field);
    return status;
}

/* The root mean square error of a fit, between the samples as well as on them. */
static double rms_error(const float *line) {
    double sum = 0.0;
    for (int i = 0; i < POINTS; i++) {
        double error = (double)(line[i] - target(place(i, POINTS)));
        sum += error * error;
    }
    return sqrt(sum / POINTS);
}

int main(int argc, char **argv) {
    const char *path = argc > 1 ? argv[1] : "fit_1d.csv";
    float x[SAMPLES], y[SAMPLES], plain[POINTS], masked[POINTS], revealed[POINTS];
    for (int i = 0; i < SAMPLES; i++) {
        x[i] = place(i, SAMPLES);
        y[i] = target(x[i]);
    }
    if (fit(SAPE_POLICY_NONE, x, y, plain, revealed) != SAPE_OK ||
        fit(SAPE_POLICY_SPATIAL, x, y, masked, revealed) != SAPE_OK) {
        fprintf(stderr, "%s\n", sape_last_error());
        return 1;
    }
    printf("RMS error: %.3f without a mask, %.3f with it\n", rms_error(plain), rms_error(masked));
    printf("revealed: %.0f %% at x = -0.5, %.0f %% at x = 0.5\n", 100.0 * (double)revealed[POINTS / 4],
           100.0 * (double)revealed[3 * POINTS / 4]);

    FILE *file = fopen(path, "w");
    if (file == NULL) return perror(path), 1;
    fprintf(file, "x,target,plain,masked,revealed\n");
    for (int i = 0; i < POINTS; i++) {
        float at = place(i, POINTS);
        fprintf(file, "%.4f,%.4f,%.4f,%.4f,%.2f\n", (double)at, (double)target(at), (double)plain[i], (double)masked[i],
                (double)revealed[i]);
    }
    if (fclose(file) != 0) return perror(path), 1;
    return 0;
}
