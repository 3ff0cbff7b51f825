/* SPDX-License-Identifier: MIT */
/* eikonal.c: fits a signed distance from points on a circle and its normals, by a loss on the field's derivatives. */
#include <math.h>
#include <sape/sape.h>
#include <stdio.h>

enum { ON = 200, N = 600 };

/* On the circle the field is 0 and its gradient the normal; elsewhere the gradient has length 1. */
static int eikonal(void *user, size_t n, size_t domain_dim, const float *x, size_t output_dim, const float *outputs,
                   const float *jacobian, const float *targets, float *d_outputs, float *d_jacobian, float *sample_loss,
                   double *loss) {
    const sape_trainer *trainer = *(sape_trainer **)user;
    size_t index[N];
    (void)output_dim, (void)targets;
    if (sape_trainer_get_indices(trainer, n, index) != SAPE_OK) return 1;
    *loss = 0.0;
    for (size_t i = 0; i < n; i++) {
        const float *gradient = jacobian + i * domain_dim, *at = x + i * domain_dim;
        float length = hypotf(gradient[0], gradient[1]);
        int on = index[i] < ON;
        float f = on ? outputs[i] : 0.0f, off = 0.0f;
        for (size_t a = 0; a < domain_dim; a++) {
            float wanted = on ? at[a] / 0.5f : gradient[a] / (length + 1e-6f);
            float error = gradient[a] - wanted;
            off += error * error;
            d_jacobian[i * domain_dim + a] = 2.0f * error / (float)n;
        }
        d_outputs[i] = 2.0f * f / (float)n;
        sample_loss[i] = f * f + off;
        *loss += (double)sample_loss[i] / (double)n;
    }
    return 0;
}

int main(void) {
    static float x[N][2];
    for (int i = 0; i < N; i++) {
        float turn = 6.2831853f * (float)i / ON, radius = i < ON ? 0.5f : fmodf(0.618034f * (float)i, 1.0f);
        x[i][0] = radius * cosf(turn * (i < ON ? 1.0f : 2.3f));
        x[i][1] = radius * sinf(turn * (i < ON ? 1.0f : 2.3f));
    }
    sape_encoder_params encoder;
    sape_encoder_params_init(&encoder, sizeof encoder);
    encoder.num_frequencies = 32;
    encoder.std = 0.3;
    sape_mask_params mask;
    sape_mask_params_init(&mask, sizeof mask);
    mask.policy = SAPE_POLICY_NONE;
    sape_network_params network;
    sape_network_params_init(&network, sizeof network);
    network.output_dim = 1;
    network.hidden_dim = 64;
    network.activation = SAPE_ACTIVATION_SOFTPLUS;
    network.activation_parameter = 10.0;
    sape_trainer_params params;
    sape_trainer_params_init(&params, sizeof params);
    params.loss = SAPE_LOSS_CUSTOM_JACOBIAN;

    sape_field *field = NULL;
    sape_trainer *trainer = NULL;
    float at[3][2] = {{0.0f, 0.25f}, {0.5f, 0.0f}, {0.6f, 0.6f}}, f[3];
    if (sape_field_create(&encoder, &mask, &network, &field) != SAPE_OK ||
        sape_trainer_create(&params, NULL, field, &trainer) != SAPE_OK ||
        sape_trainer_set_jacobian_loss(trainer, eikonal, &trainer) != SAPE_OK ||
        sape_trainer_set_data(trainer, N, x[0], NULL) != SAPE_OK ||
        sape_trainer_run(trainer, 400, NULL, NULL, NULL) != SAPE_OK ||
        sape_field_predict(field, 3, at[0], f) != SAPE_OK) {
        fprintf(stderr, "%s\n", sape_last_error());
        return 1;
    }
    for (int i = 0; i < 3; i++)
        printf("distance at (%.1f, %.2f): %.2f, should be %.2f\n", (double)at[i][0], (double)at[i][1], (double)f[i],
               hypot((double)at[i][0], (double)at[i][1]) - 0.5);
    sape_trainer_free(trainer);
    sape_field_free(field);
    return 0;
}
