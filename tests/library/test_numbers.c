/* SPDX-License-Identifier: MIT */
/* Trainings on numbers that are unusual but allowed: what is documented comes of them, and nothing that is not finite.
 */
#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "support.h"

#define MAX_SAMPLES 300

static const sape_policy policies[] = {SAPE_POLICY_NONE, SAPE_POLICY_GLOBAL, SAPE_POLICY_SPATIAL, SAPE_POLICY_VARIANCE};
#define NUM_POLICIES 4

struct task {
    sape_field *field;
    sape_trainer *trainer;
    float x[MAX_SAMPLES * 2], y[MAX_SAMPLES];
    size_t n;
};

static struct task *new_task(sape_policy policy, size_t n, double rate) {
    struct task *task = calloc(1, sizeof *task);
    ck_assert_ptr_nonnull(task);
    sape_encoder_params encoder;
    sape_mask_params mask;
    sape_network_params network;
    sape_optimizer_params optimizer;
    sape_encoder_params_init(&encoder, sizeof encoder);
    sape_mask_params_init(&mask, sizeof mask);
    sape_network_params_init(&network, sizeof network);
    sape_optimizer_params_init(&optimizer, sizeof optimizer);
    encoder.num_frequencies = 16;
    mask.policy = policy;
    mask.resolution = 5;
    mask.num_blocks = 4;
    mask.block_iterations = 3;
    network.hidden_dim = 24;
    network.output_dim = 1;
    optimizer.learning_rate = rate;
    task->n = n;
    random_array(1, n * 2, -1.0f, 1.0f, task->x);
    random_array(2, n, 0.0f, 1.0f, task->y);
    CHECK_OK(sape_field_create(&encoder, &mask, &network, &task->field));
    CHECK_OK(sape_trainer_create(NULL, &optimizer, task->field, &task->trainer));
    return task;
}

static void free_task(struct task *task) {
    sape_trainer_free(task->trainer);
    sape_field_free(task->field);
    free(task);
}

/* Trains, and leaves the predictions at the samples in outputs. */
static sape_status train(struct task *task, uint64_t iterations, sape_result *result, float *outputs) {
    *result = (sape_result){.struct_size = sizeof *result};
    CHECK_OK(sape_trainer_set_data(task->trainer, task->n, task->x, task->y));
    const sape_status status = sape_trainer_run(task->trainer, iterations, NULL, NULL, result);
    CHECK_OK(sape_field_predict(task->field, task->n, task->x, outputs));
    for (size_t i = 0; i < task->n; i++) ck_assert(isfinite(outputs[i]));
    return status;
}

START_TEST(one_sample) {
    float output;
    sape_result result;
    struct task *task = new_task(policies[_i], 1, 1e-2);
    task->y[0] = 0.7f;
    CHECK_OK(train(task, 400, &result, &output));
    ck_assert_double_lt(fabs((double)output - 0.7), 1e-3);
    free_task(task);
}
END_TEST

START_TEST(duplicates_of_one_sample) {
    float outputs[MAX_SAMPLES];
    sape_result result;
    struct task *task = new_task(policies[_i], MAX_SAMPLES, 1e-2);
    for (size_t i = 0; i < MAX_SAMPLES; i++) {
        task->x[2 * i] = 0.25f;
        task->x[2 * i + 1] = -0.5f;
        task->y[i] = 0.7f;
    }
    CHECK_OK(train(task, 400, &result, outputs));
    for (size_t i = 0; i < MAX_SAMPLES; i++) ck_assert_double_lt(fabs((double)outputs[i] - 0.7), 1e-3);
    free_task(task);
}
END_TEST

START_TEST(constant_targets) {
    float outputs[MAX_SAMPLES];
    sape_result result;
    struct task *task = new_task(policies[_i], MAX_SAMPLES, 1e-2);
    for (size_t i = 0; i < MAX_SAMPLES; i++) task->y[i] = -3.0f;
    CHECK_OK(train(task, 500, &result, outputs));
    ck_assert_double_lt(result.loss, 1e-2);
    free_task(task);
}
END_TEST

/* Targets that are denormal numbers are as good as zero, and no reason to fail. */
START_TEST(denormal_numbers) {
    float outputs[MAX_SAMPLES];
    sape_result result;
    struct task *task = new_task(policies[_i], MAX_SAMPLES, 1e-2);
    for (size_t i = 0; i < MAX_SAMPLES; i++) {
        task->x[2 * i] = FLT_MIN * 0.25f * (float)i;
        task->y[i] = FLT_MIN * 0.5f;
    }
    CHECK_OK(train(task, 500, &result, outputs));
    ck_assert_double_lt(result.loss, 1e-3);
    free_task(task);
}
END_TEST

/* The square of 1e30 is no float: the training stops before its first step, and the field is as it was. */
START_TEST(enormous_targets) {
    float outputs[MAX_SAMPLES], before[MAX_SAMPLES];
    sape_result result;
    struct task *task = new_task(policies[_i], MAX_SAMPLES, 1e-2);
    for (size_t i = 0; i < MAX_SAMPLES; i++) task->y[i] = 1e30f;
    CHECK_OK(sape_field_predict(task->field, task->n, task->x, before));
    ck_assert_int_eq(train(task, 10, &result, outputs), SAPE_ERROR_DIVERGED);
    ck_assert_uint_eq(result.iterations, 0);
    ck_assert_int_eq(memcmp(before, outputs, sizeof before), 0);
    free_task(task);
}
END_TEST

/* A rate of 0 changes nothing, for any number of iterations. */
START_TEST(rate_zero) {
    float outputs[MAX_SAMPLES], before[MAX_SAMPLES];
    sape_result result;
    struct task *task = new_task(SAPE_POLICY_NONE, MAX_SAMPLES, 0.0);
    CHECK_OK(sape_field_predict(task->field, task->n, task->x, before));
    CHECK_OK(train(task, 20, &result, outputs));
    ck_assert_uint_eq(result.iterations, 20);
    ck_assert_int_eq(memcmp(before, outputs, sizeof before), 0);
    free_task(task);
}
END_TEST

/* A rate far too high ends in divergence or in finite numbers, and the field can be used either way. */
START_TEST(rate_enormous) {
    float outputs[MAX_SAMPLES];
    sape_result result;
    struct task *task = new_task(policies[_i], MAX_SAMPLES, 1e9);
    const sape_status status = train(task, 50, &result, outputs);
    ck_assert(status == SAPE_OK || status == SAPE_ERROR_DIVERGED);
    free_task(task);
}
END_TEST

/* What is refused: numbers that are not finite, wherever they stand. */
START_TEST(not_finite) {
    static const float values[] = {NAN, INFINITY, -INFINITY};
    struct task *task = new_task(SAPE_POLICY_SPATIAL, MAX_SAMPLES, 1e-2);
    const size_t last = MAX_SAMPLES - 1;
    for (size_t i = 0; i < 3; i++) {
        const float x = task->x[2 * last + 1], y = task->y[last];
        task->x[2 * last + 1] = values[i];
        EXPECT_ERROR(sape_trainer_set_data(task->trainer, task->n, task->x, task->y), SAPE_ERROR_NOT_FINITE, "x[599]",
                     "");
        EXPECT_ERROR(sape_field_predict(task->field, task->n, task->x, task->y), SAPE_ERROR_NOT_FINITE, "x[599]", "");
        task->x[2 * last + 1] = x;
        task->y[last] = values[i];
        EXPECT_ERROR(sape_trainer_set_data(task->trainer, task->n, task->x, task->y), SAPE_ERROR_NOT_FINITE,
                     "targets[299]", "");
        task->y[last] = y;
    }
    free_task(task);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("numbers");
    TCase *tests = tcase_create("numbers");
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, one_sample, 0, NUM_POLICIES);
    tcase_add_loop_test(tests, duplicates_of_one_sample, 0, NUM_POLICIES);
    tcase_add_loop_test(tests, constant_targets, 0, NUM_POLICIES);
    tcase_add_loop_test(tests, denormal_numbers, 0, NUM_POLICIES);
    tcase_add_loop_test(tests, enormous_targets, 0, NUM_POLICIES);
    tcase_add_test(tests, rate_zero);
    tcase_add_loop_test(tests, rate_enormous, 0, NUM_POLICIES);
    tcase_add_test(tests, not_finite);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
