/* SPDX-License-Identifier: MIT */
#include "small_fit.h"

#include <math.h>
#include <stdlib.h>

sape_trainer_params small_fit_params(void) {
    sape_trainer_params params;
    sape_trainer_params_init(&params, sizeof params);
    params.num_threads = 2;
    params.seed = 3;
    return params;
}

static void make_samples(struct small_fit *fit) {
    float noise[SMALL_FIT_SAMPLES * SMALL_FIT_OUTPUTS];
    random_array(1, SMALL_FIT_SAMPLES * 2, -1.0f, 1.0f, fit->x);
    random_array(2, SMALL_FIT_SAMPLES * SMALL_FIT_OUTPUTS, -0.2f, 0.2f, noise);
    for (size_t i = 0; i < SMALL_FIT_SAMPLES * SMALL_FIT_OUTPUTS; i++)
        fit->y[i] = 0.5f + 0.3f * sinf(5.0f * fit->x[i]) + noise[i];
}

struct small_fit *small_fit_create(sape_policy policy, const sape_trainer_params *params) {
    struct small_fit *fit = malloc(sizeof *fit);
    ck_assert_ptr_nonnull(fit);
    make_samples(fit);
    sape_encoder_params encoder;
    sape_mask_params mask;
    sape_network_params network;
    sape_optimizer_params optimizer;
    sape_encoder_params_init(&encoder, sizeof encoder);
    sape_mask_params_init(&mask, sizeof mask);
    sape_network_params_init(&network, sizeof network);
    sape_optimizer_params_init(&optimizer, sizeof optimizer);
    encoder.num_frequencies = 16;
    encoder.std = 4.0;
    mask.policy = policy;
    mask.resolution = 8;
    mask.num_blocks = 5;
    mask.block_iterations = 7;
    network.hidden_dim = 24;
    network.num_layers = 2;
    network.output_dim = SMALL_FIT_OUTPUTS;
    optimizer.learning_rate = 0.01;
    CHECK_OK(sape_field_create(&encoder, &mask, &network, &fit->field));
    CHECK_OK(sape_trainer_create(params, &optimizer, fit->field, &fit->trainer));
    CHECK_OK(sape_trainer_set_data(fit->trainer, SMALL_FIT_SAMPLES, fit->x, fit->y));
    return fit;
}

void small_fit_free(struct small_fit *fit) {
    sape_trainer_free(fit->trainer);
    sape_field_free(fit->field);
    free(fit);
}

float *small_fit_state(const struct small_fit *fit, size_t *count) {
    sape_tensor_info info = {.struct_size = sizeof info};
    *count = 0;
    for (size_t i = 0; i < sape_field_tensor_count(fit->field); i++) {
        CHECK_OK(sape_field_tensor_info(fit->field, i, &info));
        *count += info.count;
    }
    float *state = new_array(*count), *place = state;
    for (size_t i = 0; i < sape_field_tensor_count(fit->field); i++) {
        CHECK_OK(sape_field_tensor_info(fit->field, i, &info));
        CHECK_OK(sape_field_get_tensor(fit->field, info.name, place, info.count));
        place += info.count;
    }
    return state;
}

void check_same_state(const struct small_fit *a, const struct small_fit *b) {
    size_t count, other_count;
    float *state = small_fit_state(a, &count), *other = small_fit_state(b, &other_count);
    ck_assert_uint_eq(count, other_count);
    ck_assert_mem_eq(state, other, count * sizeof *state);
    free(state);
    free(other);
}
