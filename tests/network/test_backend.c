/* SPDX-License-Identifier: MIT */
/* Instruction sets and products: every one that is there gives the same but for rounding, and says that it is used. */
#include <math.h>
#include <stdlib.h>

#include "support.h"

#define N 300
#define STEPS 5

static const char *const names[] = {"auto", "baseline", "avx2", "avx512", "neon"};

/* A field trained for a few steps, and what it predicts; UNSUPPORTED where the processor lacks the instructions. */
static sape_status train(sape_instruction_set instructions, sape_product_backend product, float *outputs,
                         sape_description *description) {
    sape_encoder_params encoder;
    sape_network_params network;
    sape_trainer_params params;
    sape_field *field;
    sape_trainer *trainer;
    float *x = new_random_array(1, 2 * N, -1.0f, 1.0f), *targets = new_random_array(2, 3 * N, 0.0f, 1.0f);
    sape_encoder_params_init(&encoder, sizeof encoder);
    sape_network_params_init(&network, sizeof network);
    sape_trainer_params_init(&params, sizeof params);
    encoder.num_frequencies = 50;
    encoder.instructions = instructions;
    network.hidden_dim = 37;
    network.product = product;
    const sape_status status = sape_field_create(&encoder, NULL, &network, &field);
    if (status == SAPE_OK) {
        CHECK_OK(sape_trainer_create(&params, NULL, field, &trainer));
        CHECK_OK(sape_trainer_set_data(trainer, N, x, targets));
        CHECK_OK(sape_trainer_run(trainer, STEPS, NULL, NULL, NULL));
        CHECK_OK(sape_field_predict(field, N, x, outputs));
        CHECK_OK(sape_field_describe(field, description));
        sape_trainer_free(trainer);
        sape_field_free(field);
    }
    free(x);
    free(targets);
    return status;
}

START_TEST(test_same_but_for_rounding) {
    float *expected = new_array(3 * N), *outputs = new_array(3 * N);
    sape_description description = {.struct_size = sizeof description};
    unsetenv("SAPE_BACKEND");
    CHECK_OK(train(SAPE_INSTRUCTIONS_BASELINE, SAPE_PRODUCT_PACKED, expected, &description));
    for (int i = SAPE_INSTRUCTIONS_BASELINE; i <= SAPE_INSTRUCTIONS_NEON; i++) {
        for (int p = SAPE_PRODUCT_PACKED; p <= SAPE_PRODUCT_CBLAS; p++) {
            const sape_status status = train((sape_instruction_set)i, (sape_product_backend)p, outputs, &description);
            if (status != SAPE_OK) {
                ck_assert_int_eq(status, SAPE_ERROR_UNSUPPORTED);
                ck_assert(strstr(sape_last_error(), names[i]) != NULL ||
                          (p == SAPE_PRODUCT_CBLAS && !has_cblas() && strstr(sape_last_error(), "without CBLAS")));
                continue;
            }
            /* On AArch64 the baseline is NEON. */
            if (i != SAPE_INSTRUCTIONS_BASELINE) ck_assert_str_eq(description.instructions, names[i]);
            ck_assert_str_eq(description.product, p == SAPE_PRODUCT_CBLAS ? "cblas" : "packed");
            ck_assert_double_le(largest_difference(3 * N, outputs, expected), 2e-5);
        }
    }
    free(expected);
    free(outputs);
}
END_TEST

static sape_status describe_with(const char *wish, sape_description *description) {
    setenv("SAPE_BACKEND", wish, 1);
    *description = (sape_description){.struct_size = sizeof *description};
    return sape_describe(description);
}

START_TEST(test_environment) {
    sape_description description;
    unsetenv("SAPE_BACKEND");
    const bool cblas = has_cblas();
    CHECK_OK(describe_with("", &description));
    ck_assert_str_eq(description.product, "packed");
    ck_assert_str_eq(description.version, sape_version_string());
    ck_assert_uint_ge(strlen(description.blas), 3);
    ck_assert_uint_ge(strlen(description.blas_kernel), 1);
    ck_assert_uint_ge(description.num_threads, 1);
    CHECK_OK(describe_with("threads=3,packed,baseline", &description));
    ck_assert_str_eq(description.product, "packed");
    ck_assert_uint_eq(description.num_threads, 3);
    ck_assert(strcmp(description.instructions, "baseline") == 0 || strcmp(description.instructions, "neon") == 0);
    CHECK_OK(describe_with("auto", &description));

    static const char *const bad[] = {"avx3",          "threads=", "threads=257", "threads=x", "cblas;avx2",
                                      "packed, cblas", ","};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        EXPECT_ERROR(describe_with(bad[i], &description), SAPE_ERROR_ARGUMENT, "SAPE_BACKEND", "\"");

    /* What the program says goes before the environment, but that must make sense. */
    float outputs[3 * N];
    setenv("SAPE_BACKEND", "cblas", 1);
    if (cblas) {
        CHECK_OK(train(SAPE_INSTRUCTIONS_AUTO, SAPE_PRODUCT_AUTO, outputs, &description));
        ck_assert_str_eq(description.product, "cblas");
    } else {
        EXPECT_ERROR(train(SAPE_INSTRUCTIONS_AUTO, SAPE_PRODUCT_AUTO, outputs, &description), SAPE_ERROR_UNSUPPORTED,
                     "product", "without CBLAS");
    }
    CHECK_OK(train(SAPE_INSTRUCTIONS_AUTO, SAPE_PRODUCT_PACKED, outputs, &description));
    ck_assert_str_eq(description.product, "packed");
    setenv("SAPE_BACKEND", "fast", 1);
    EXPECT_ERROR(train(SAPE_INSTRUCTIONS_AUTO, SAPE_PRODUCT_PACKED, outputs, &description), SAPE_ERROR_ARGUMENT,
                 "SAPE_BACKEND", "fast");
    /* A field reads it when it is made, not when it is used. */
    sape_field *field;
    const float x[2] = {0.1f, 0.2f};
    unsetenv("SAPE_BACKEND");
    CHECK_OK(sape_field_create(NULL, NULL, NULL, &field));
    setenv("SAPE_BACKEND", "fast", 1);
    CHECK_OK(sape_field_predict(field, 1, x, outputs));
    CHECK_OK(sape_field_describe(field, &description));
    sape_safetensors *checkpoint;
    CHECK_OK(sape_field_checkpoint(field, &checkpoint));
    sape_safetensors_free(checkpoint);
    sape_field_free(field);
    sape_network_params network;
    sape_network *alone;
    sape_network_params_init(&network, sizeof network);
    network.input_dim = 4;
    network.instructions = SAPE_INSTRUCTIONS_BASELINE;
    network.product = SAPE_PRODUCT_PACKED;
    network.precision = SAPE_PRECISION_FP32;
    CHECK_OK(sape_network_create(&network, &alone));
    sape_network_free(alone);
#if defined(__x86_64__)
    EXPECT_ERROR(describe_with("neon", &description), SAPE_ERROR_UNSUPPORTED, "processor", "neon");
#else
    EXPECT_ERROR(describe_with("avx2", &description), SAPE_ERROR_UNSUPPORTED, "processor", "avx2");
#endif
}
END_TEST

START_TEST(test_bad_input) {
    sape_encoder_params encoder;
    sape_network_params network;
    sape_encoder *e;
    sape_network *n;
    sape_field *field;
    unsetenv("SAPE_BACKEND");
    sape_encoder_params_init(&encoder, sizeof encoder);
    sape_network_params_init(&network, sizeof network);
    network.input_dim = 4;
    encoder.instructions = (sape_instruction_set)9;
    EXPECT_ERROR(sape_encoder_create(&encoder, &e), SAPE_ERROR_ARGUMENT, "instructions", "9");
    network.instructions = (sape_instruction_set)-1;
    EXPECT_ERROR(sape_network_create(&network, &n), SAPE_ERROR_ARGUMENT, "instructions", "-1");
    network.instructions = SAPE_INSTRUCTIONS_AUTO;
    network.product = (sape_product_backend)7;
    EXPECT_ERROR(sape_network_create(&network, &n), SAPE_ERROR_ARGUMENT, "product", "7");
    network.product = SAPE_PRODUCT_AUTO;
    encoder.instructions = SAPE_INSTRUCTIONS_AVX2;
    network.instructions = SAPE_INSTRUCTIONS_BASELINE;
    EXPECT_ERROR(sape_field_create(&encoder, NULL, &network, &field), SAPE_ERROR_ARGUMENT, "instructions", "network");
    ck_assert_ptr_null(field);
    EXPECT_ERROR(sape_describe(NULL), SAPE_ERROR_ARGUMENT, "description", "NULL");
    EXPECT_ERROR(sape_field_describe(NULL, NULL), SAPE_ERROR_ARGUMENT, "field", "NULL");
    sape_description none = {0};
    EXPECT_ERROR(sape_describe(&none), SAPE_ERROR_ARGUMENT, "struct_size", "0");
}
END_TEST

int main(void) {
    Suite *suite = suite_create("backend");
    TCase *tcase = tcase_create("backend");
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, test_same_but_for_rounding);
    tcase_add_test(tcase, test_environment);
    tcase_add_test(tcase, test_bad_input);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
