/* SPDX-License-Identifier: MIT */
/*
 * Structs of programs that were built with other headers. Parameters: fields that an older program lacks have their
 * defaults, those that only a newer one has must be zero. Results: each gets the fields it knows, and zeros behind.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "support.h"

#define UNKNOWN 24

static sape_field *make_field(const sape_encoder_params *encoder, const sape_mask_params *mask,
                              const sape_network_params *network) {
    sape_field *field = NULL;
    CHECK_OK(sape_field_create(encoder, mask, network, &field));
    return field;
}

static sape_status use_parts(const sape_encoder_params *encoder, const sape_mask_params *mask,
                             const sape_network_params *network) {
    sape_field *field = NULL;
    const sape_status status = sape_field_create(encoder, mask, network, &field);
    ck_assert((field != NULL) == (status == SAPE_OK));
    sape_field_free(field);
    return status;
}

static sape_status use_encoder(const void *params) {
    return use_parts(params, NULL, NULL);
}

static sape_status use_mask(const void *params) {
    return use_parts(NULL, params, NULL);
}

static sape_status use_network(const void *params) {
    return use_parts(NULL, NULL, params);
}

static sape_status use_optimizer(const void *params) {
    sape_optimizer *optimizer = NULL;
    const sape_status status = sape_optimizer_create(params, 3, &optimizer);
    sape_optimizer_free(optimizer);
    return status;
}

static sape_status use_trainer(const void *params) {
    sape_field *field = make_field(NULL, NULL, NULL);
    sape_trainer *trainer = NULL;
    const sape_status status = sape_trainer_create(params, NULL, field, &trainer);
    sape_trainer_free(trainer);
    sape_field_free(field);
    return status;
}

static sape_status use_predict_options(const void *options) {
    const float x[2] = {0.1f, 0.2f};
    float y[3];
    sape_field *field = make_field(NULL, NULL, NULL);
    const sape_status status = sape_field_predict_with(field, options, 1, x, y);
    sape_field_free(field);
    return status;
}

#define DEFINE_INIT(name)                                                                                              \
    static void init_##name(void *params, size_t size) {                                                               \
        sape_##name##_init(params, size);                                                                              \
    }

DEFINE_INIT(encoder_params)
DEFINE_INIT(mask_params)
DEFINE_INIT(network_params)
DEFINE_INIT(optimizer_params)
DEFINE_INIT(trainer_params)
DEFINE_INIT(predict_options)

static const struct {
    size_t size;
    void (*init)(void *params, size_t size);
    sape_status (*use)(const void *params);
} parameters[] = {
    {sizeof(sape_encoder_params), init_encoder_params, use_encoder},
    {sizeof(sape_mask_params), init_mask_params, use_mask},
    {sizeof(sape_network_params), init_network_params, use_network},
    {sizeof(sape_optimizer_params), init_optimizer_params, use_optimizer},
    {sizeof(sape_trainer_params), init_trainer_params, use_trainer},
    {sizeof(sape_predict_options), init_predict_options, use_predict_options},
};

static unsigned char *new_bytes(size_t size) {
    unsigned char *bytes = malloc(size);
    ck_assert_ptr_nonnull(bytes);
    memset(bytes, 0xAA, size);
    return bytes;
}

static bool all_are(const unsigned char *bytes, size_t begin, size_t end, unsigned char value) {
    for (size_t i = begin; i < end; i++)
        if (bytes[i] != value) return false;
    return true;
}

static size_t size_in(const void *bytes) {
    size_t size;
    memcpy(&size, bytes, sizeof size);
    return size;
}

START_TEST(test_newer_program) {
    const size_t known = parameters[_i].size, size = known + UNKNOWN;
    unsigned char *params = new_bytes(size);
    parameters[_i].init(params, size);
    ck_assert_uint_eq(size_in(params), size);
    ck_assert(all_are(params, known, size, 0));
    CHECK_OK(parameters[_i].use(params));
    for (size_t i = known; i < size; i += UNKNOWN - 1) {
        char byte[32];
        snprintf(byte, sizeof byte, "byte %zu", i);
        params[i] = 1;
        EXPECT_ERROR(parameters[_i].use(params), SAPE_ERROR_VERSION, byte, "set");
        params[i] = 0;
    }
    free(params);
}
END_TEST

/* Down to a struct that has its size alone; what lies behind is not touched. */
START_TEST(test_older_program) {
    const size_t known = parameters[_i].size;
    for (size_t size = sizeof(size_t); size <= known; size += sizeof(size_t)) {
        unsigned char *params = new_bytes(known);
        parameters[_i].init(params, size);
        ck_assert_uint_eq(size_in(params), size);
        ck_assert(all_are(params, size, known, 0xAA));
        CHECK_OK(parameters[_i].use(params));
        free(params);
    }
}
END_TEST

START_TEST(test_bad_sizes) {
    const size_t known = parameters[_i].size, sizes[] = {0, sizeof(size_t) - 1, (size_t)1 << 20, SIZE_MAX};
    unsigned char *params = new_bytes(known);
    parameters[_i].init(NULL, known);
    parameters[_i].init(params, sizeof(size_t) - 1);
    ck_assert(all_are(params, 0, known, 0xAA));
    parameters[_i].init(params, known);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        char text[32];
        snprintf(text, sizeof text, "%zu", sizes[i]);
        memcpy(params, &sizes[i], sizeof sizes[i]);
        EXPECT_ERROR(parameters[_i].use(params), SAPE_ERROR_ARGUMENT, "struct_size", text);
    }
    free(params);
}
END_TEST

static sape_status fill_state(const sape_field *field, void *state) {
    return sape_mask_get_state(sape_field_mask(field), state);
}

static sape_status fill_info(const sape_field *field, void *info) {
    return sape_field_tensor_info(field, 0, info);
}

static sape_status fill_result(const sape_field *field, void *result) {
    const float x[2] = {0}, targets[3] = {0};
    sape_trainer *trainer;
    /* The field is const for the other calls' sake. */
    CHECK_OK(sape_trainer_create(NULL, NULL, (sape_field *)(uintptr_t)field, &trainer));
    CHECK_OK(sape_trainer_set_data(trainer, 1, x, targets));
    const sape_status status = sape_trainer_run(trainer, 1, NULL, NULL, result);
    sape_trainer_free(trainer);
    return status;
}

static const struct {
    size_t size;
    sape_status (*fill)(const sape_field *field, void *result);
} results[] = {
    {sizeof(sape_mask_state), fill_state},
    {sizeof(sape_tensor_info), fill_info},
    {sizeof(sape_result), fill_result},
};

START_TEST(test_results) {
    const size_t known = results[_i].size, most = known + UNKNOWN;
    sape_field *field = make_field(NULL, NULL, NULL);
    for (size_t size = 2 * sizeof(size_t); size <= most; size += sizeof(size_t)) {
        unsigned char *result = new_bytes(most);
        memcpy(result, &size, sizeof size);
        CHECK_OK(results[_i].fill(field, result));
        ck_assert_uint_eq(size_in(result), size);
        ck_assert(!all_are(result, sizeof size, 2 * sizeof size, 0xAA));
        if (size > known) ck_assert(all_are(result, known, size, 0));
        ck_assert(all_are(result, size, most, 0xAA));
        free(result);
    }
    const size_t none = 0;
    unsigned char *result = new_bytes(known);
    memcpy(result, &none, sizeof none);
    EXPECT_ERROR(results[_i].fill(field, result), SAPE_ERROR_ARGUMENT, "struct_size", "0");
    free(result);
    sape_field_free(field);
}
END_TEST

int main(void) {
    const int kinds = (int)(sizeof parameters / sizeof *parameters), outcomes = (int)(sizeof results / sizeof *results);
    Suite *suite = suite_create("params");
    TCase *tcase = tcase_create("params");
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, test_newer_program, 0, kinds);
    tcase_add_loop_test(tcase, test_older_program, 0, kinds);
    tcase_add_loop_test(tcase, test_bad_sizes, 0, kinds);
    tcase_add_loop_test(tcase, test_results, 0, outcomes);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
