/* SPDX-License-Identifier: MIT */
/* own_loss.c: compares a loss that hardly sees outliers with the squared error, which follows them. */
#include <math.h>
#include <sape/sape.h>
#include <stdio.h>

enum { N = 101 };

/* With one output per sample: log(1 + (error / 0.1)^2) grows slowly for large errors. The batch's loss is the mean of
   the samples' losses; d_outputs is its gradient. */
static int robust(void *user, size_t n, const float *x, size_t output_dim, const float *outputs, const float *targets,
                  float *d_outputs, float *sample_loss, double *loss) {
    (void)user, (void)x, (void)output_dim;
    *loss = 0.0;
    for (size_t i = 0; i < n; i++) {
        float error = outputs[i] - targets[i];
        sample_loss[i] = log1pf(100.0f * error * error);
        d_outputs[i] = 2.0f * error / (0.01f + error * error) / (float)n;
        *loss += (double)sample_loss[i] / (double)n;
    }
    return 0;
}

/* Fits y and returns the fit's mean distance from the parabola; a negative value if a call fails. */
static double distance(const float *x, const float *y, const sape_trainer_params *params) {
    sape_encoder_params encoder;
    sape_encoder_params_init(&encoder, sizeof encoder);
    encoder.domain_dim = 1;
    encoder.std = 1.0;
    encoder.num_frequencies = 16;
    sape_network_params network;
    sape_network_params_init(&network, sizeof network);
    network.output_dim = 1;
    network.hidden_dim = 32;
    sape_field *field = NULL;
    sape_trainer *trainer = NULL;
    float fit[N];
    double sum = 0.0;
    if (sape_field_create(&encoder, NULL, &network, &field) != SAPE_OK ||
        sape_trainer_create(params, NULL, field, &trainer) != SAPE_OK ||
        sape_trainer_set_data(trainer, N, x, y) != SAPE_OK ||
        sape_trainer_run(trainer, 1000, NULL, NULL, NULL) != SAPE_OK || sape_field_predict(field, N, x, fit) != SAPE_OK)
        sum = -N;
    else
        for (int i = 0; i < N; i++) sum += fabs((double)(fit[i] - x[i] * x[i]));
    sape_trainer_free(trainer);
    sape_field_free(field);
    return sum / N;
}

int main(void) {
    float x[N], y[N];
    for (int i = 0; i < N; i++) {
        x[i] = (float)(i - N / 2) / (float)(N / 2);
        y[i] = i % 10 == 5 ? 2.0f : x[i] * x[i]; /* one sample in ten is wrong */
    }
    sape_trainer_params params;
    sape_trainer_params_init(&params, sizeof params);
    double squared = distance(x, y, &params);
    params.loss = SAPE_LOSS_CUSTOM;
    params.loss_fn = robust;
    double own = distance(x, y, &params);
    if (squared < 0.0 || own < 0.0) return fprintf(stderr, "%s\n", sape_last_error()), 1;
    printf("mean distance from the parabola: %.2f with squared errors, %.2f with our own\n", squared, own);
    return 0;
}
