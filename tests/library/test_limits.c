/* SPDX-License-Identifier: MIT */
/* The ends of what calls accept: no samples, more than memory can hold, grids with too many cells or with holes. */
#include <stdint.h>
#include <stdlib.h>

#include "small_fit.h"
#include "tiny.h"

START_TEST(more_samples_than_memory) {
    sape_field *field = tiny_field(SAPE_POLICY_SPATIAL, SAPE_ENCODING_FOURIER);
    float value = 0.0f, many[64];
    EXPECT_ERROR(sape_field_predict(field, SIZE_MAX, &value, &value), SAPE_ERROR_MEMORY, "n is", "too many");
    EXPECT_ERROR(sape_field_jacobian(field, SIZE_MAX, &value, NULL, &value), SAPE_ERROR_MEMORY, "n is", "too many");
    EXPECT_ERROR(sape_field_backward(field, SIZE_MAX, &value, &value, many, NULL), SAPE_ERROR_MEMORY, "n is",
                 "too many");
    sape_field_free(field);
}
END_TEST

/* No samples have no gradient: zeros, and nothing else happens. */
START_TEST(no_samples) {
    sape_field *field = tiny_field(SAPE_POLICY_SPATIAL, SAPE_ENCODING_FOURIER);
    const size_t count = sape_network_num_parameters(sape_field_network(field));
    float x = 0.0f, *gradient = new_array(count);
    for (size_t i = 0; i < count; i++) gradient[i] = 7.0f;
    CHECK_OK(sape_field_predict(field, 0, &x, &x));
    CHECK_OK(sape_field_jacobian_backward(field, 0, &x, NULL, &x, gradient));
    for (size_t i = 0; i < count; i++) ck_assert(gradient[i] == 0.0f);
    for (size_t i = 0; i < count; i++) gradient[i] = 7.0f;
    CHECK_OK(sape_field_backward(field, 0, &x, &x, gradient, NULL));
    for (size_t i = 0; i < count; i++) ck_assert(gradient[i] == 0.0f);
    free(gradient);
    sape_field_free(field);
}
END_TEST

START_TEST(sizes_of_parts) {
    sape_field *field = tiny_field(SAPE_POLICY_SPATIAL, SAPE_ENCODING_FOURIER);
    ck_assert_uint_eq(sape_mask_domain_dim(sape_field_mask(field)), 1);
    ck_assert_uint_eq(sape_mask_domain_dim(NULL), 0);
    ck_assert_uint_eq(sape_network_input_dim(sape_field_network(field)), 5);
    ck_assert_uint_eq(sape_network_input_dim(NULL), 0);
    sape_field_free(field);
}
END_TEST

/* 1024^3 cells are more than 2^28. */
START_TEST(cells_of_an_adaptive_rate) {
    sape_encoder_params encoder;
    sape_mask_params mask;
    sape_network_params network;
    sape_field *field;
    sape_trainer *trainer;
    sape_adaptive_rate_params rate;
    sape_encoder_params_init(&encoder, sizeof encoder);
    sape_mask_params_init(&mask, sizeof mask);
    sape_network_params_init(&network, sizeof network);
    sape_adaptive_rate_params_init(&rate, sizeof rate);
    encoder.domain_dim = 3;
    encoder.num_frequencies = 2;
    mask.policy = SAPE_POLICY_NONE;
    network.hidden_dim = 2;
    rate.resolution = 1024;
    CHECK_OK(sape_field_create(&encoder, &mask, &network, &field));
    CHECK_OK(sape_trainer_create(NULL, NULL, field, &trainer));
    EXPECT_ERROR(sape_trainer_set_adaptive_rate(trainer, &rate), SAPE_ERROR_ARGUMENT, "1024", "cells");
    sape_trainer_free(trainer);
    sape_field_free(field);
}
END_TEST

/* The finest grid, and one that is finer. */
START_TEST(cells_of_a_mask) {
    sape_mask_params params;
    sape_mask *mask;
    sape_mask_params_init(&params, sizeof params);
    params.domain_dim = 1;
    params.encoding_dim = 4;
    params.resolution = 4096;
    CHECK_OK(sape_mask_create(&params, &mask));
    sape_mask_free(mask);
    params.resolution = 4097;
    EXPECT_ERROR(sape_mask_create(&params, &mask), SAPE_ERROR_ARGUMENT, "resolution", "4097");
}
END_TEST

static sape_mask *new_mask(sape_policy policy) {
    sape_mask_params params;
    sape_mask *mask;
    sape_mask_params_init(&params, sizeof params);
    params.policy = policy;
    params.domain_dim = 1;
    params.encoding_dim = 8;
    params.num_blocks = 4;
    params.epsilon = 0.1;
    CHECK_OK(sape_mask_create(&params, &mask));
    return mask;
}

static double revealed(const sape_mask *mask) {
    sape_mask_state state = {.struct_size = sizeof state};
    CHECK_OK(sape_mask_get_state(mask, &state));
    return state.revealed;
}

/* An advance out of turn reveals the next block. */
START_TEST(global_advances_on_demand) {
    sape_mask *mask = new_mask(SAPE_POLICY_GLOBAL);
    const double before = revealed(mask);
    CHECK_OK(sape_mask_advance(mask));
    ck_assert_double_gt(revealed(mask), before);
    sape_mask_free(mask);
}
END_TEST

/* Ten losses whose mean is below epsilon, but not their sum, stop the ramp. */
START_TEST(global_takes_the_mean) {
    sape_mask *mask = new_mask(SAPE_POLICY_GLOBAL);
    float x[10], loss[10];
    random_array(1, 10, -1.0f, 1.0f, x);
    for (int i = 0; i < 10; i++) loss[i] = 0.05f;
    CHECK_OK(sape_mask_record(mask, 10, x, loss));
    CHECK_OK(sape_mask_step(mask));
    const double before = revealed(mask);
    for (int i = 0; i < 500; i++) CHECK_OK(sape_mask_step(mask));
    ck_assert_double_eq(revealed(mask), before);
    sape_mask_free(mask);
}
END_TEST

/* Points so near to each other that the scale would be no float count as one. */
START_TEST(domain_without_extent) {
    sape_mask *mask = new_mask(SAPE_POLICY_SPATIAL);
    const float points[] = {0.0f, 1e-40f}, x = 0.5f;
    float weights[8];
    CHECK_OK(sape_mask_fit_domain(mask, 2, points));
    CHECK_OK(sape_mask_weights(mask, 1, &x, weights));
    sape_mask_free(mask);
}
END_TEST

/* A grid of 3 x 3 whose last corner is missing, and the first one there twice. */
START_TEST(grid_with_holes) {
    static const float x[] = {-1, -1, -1, 0, -1, 1, 0, -1, 0, 0, 0, 1, 1, -1, 1, 0, -1, -1};
    sape_mask_params params;
    sape_mask *mask;
    sape_mask_params_init(&params, sizeof params);
    params.policy = SAPE_POLICY_SPATIAL_FIXED;
    params.encoding_dim = 4;
    params.samples = x;
    params.num_samples = 9;
    EXPECT_ERROR(sape_mask_create(&params, &mask), SAPE_ERROR_ARGUMENT, "grid", "empty");
}
END_TEST

/* What was held out is part of the state: with and without do not mix. */
START_TEST(checkpoint_with_validation) {
    sape_trainer_params params = small_fit_params();
    params.batch_size = 50;
    struct small_fit *without = small_fit_create(SAPE_POLICY_SPATIAL, &params);
    params.validation_share = 0.25;
    struct small_fit *with = small_fit_create(SAPE_POLICY_SPATIAL, &params);
    sape_safetensors *checkpoint;
    CHECK_OK(sape_trainer_checkpoint(with->trainer, &checkpoint));
    EXPECT_ERROR(sape_trainer_restore(without->trainer, checkpoint), SAPE_ERROR_ARGUMENT, "validation", "");
    sape_safetensors_free(checkpoint);
    CHECK_OK(sape_trainer_checkpoint(without->trainer, &checkpoint));
    EXPECT_ERROR(sape_trainer_restore(with->trainer, checkpoint), SAPE_ERROR_ARGUMENT, "validation", "");
    sape_safetensors_free(checkpoint);
    small_fit_free(with);
    small_fit_free(without);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("limits");
    TCase *tests = tcase_create("limits");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, more_samples_than_memory);
    tcase_add_test(tests, no_samples);
    tcase_add_test(tests, sizes_of_parts);
    tcase_add_test(tests, cells_of_an_adaptive_rate);
    tcase_add_test(tests, cells_of_a_mask);
    tcase_add_test(tests, global_advances_on_demand);
    tcase_add_test(tests, global_takes_the_mean);
    tcase_add_test(tests, domain_without_extent);
    tcase_add_test(tests, grid_with_holes);
    tcase_add_test(tests, checkpoint_with_validation);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
