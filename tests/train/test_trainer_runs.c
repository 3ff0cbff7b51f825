/* SPDX-License-Identifier: MIT */
/* Runs of a trainer: what they report, and how they end when the loss fails or is no longer finite. */
#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "training_task.h"

struct record {
    uint64_t calls, stop_at, last;
    double loss;
};

static int watch(void *user, const sape_progress *progress) {
    struct record *record = user;
    record->calls++;
    record->last = progress->iteration;
    record->loss = progress->loss;
    ck_assert_uint_eq(progress->struct_size, sizeof *progress);
    ck_assert(progress->seconds >= 0.0 && progress->revealed > 0.0 && progress->revealed <= 1.0);
    ck_assert_double_eq(progress->learning_rate, 1e-3);
    return progress->iteration == record->stop_at;
}

static int count_calls(void *user, const sape_progress *progress) {
    ((struct record *)user)->calls++;
    return !isfinite(progress->loss);
}

START_TEST(test_progress) {
    struct task task = make_task((struct task_options){.policy = SAPE_POLICY_SPATIAL, .n = 50});
    struct record record = {.stop_at = 4};
    sape_result result = {.struct_size = sizeof result};
    CHECK_OK(sape_trainer_run(task.trainer, 10, watch, &record, &result));
    ck_assert_uint_eq(record.calls, 4);
    ck_assert_uint_eq(result.iterations, 4);
    ck_assert_int_eq(result.stop, SAPE_STOP_CALLBACK);
    ck_assert_double_eq(result.loss, record.loss);
    CHECK_OK(sape_trainer_run(task.trainer, 6, NULL, NULL, &result));
    ck_assert_int_eq(result.stop, SAPE_STOP_ITERATIONS);
    ck_assert_uint_eq(result.iterations, 6);
    /* Four and six are ten. */
    float *a = task_parameters(&task), *b = trained((struct task_options){.policy = SAPE_POLICY_SPATIAL, .n = 50}, 10);
    ck_assert(memcmp(a, b, task.count * sizeof *a) == 0);
    free(a);
    free(b);
    CHECK_OK(sape_trainer_run(task.trainer, 0, watch, &record, &result));
    ck_assert_uint_eq(record.calls, 4);
    free_task(&task);
}
END_TEST

START_TEST(test_progress_every) {
    struct task task = make_task((struct task_options){.n = 20});
    sape_trainer_params params;
    struct record record = {0};
    sape_trainer_params_init(&params, sizeof params);
    params.progress_every = 4;
    sape_trainer_free(task.trainer);
    CHECK_OK(sape_trainer_create(&params, NULL, task.field, &task.trainer));
    CHECK_OK(sape_trainer_set_data(task.trainer, task.n, task.x, task.targets));
    CHECK_OK(sape_trainer_run(task.trainer, 10, watch, &record, NULL));
    ck_assert_uint_eq(record.calls, 3); /* 4, 8 and the last */
    ck_assert_uint_eq(record.last, 10);
    free_task(&task);
}
END_TEST

static bool all_finite(size_t n, const float *values) {
    for (size_t i = 0; i < n; i++)
        if (!isfinite(values[i])) return false;
    return true;
}

/* A rate that throws the parameters out of range: the last ones with a finite loss stay. */
START_TEST(test_divergence) {
    struct task task = make_task((struct task_options){.n = 300, .optimizer = SAPE_OPTIMIZER_SGD, .rate = 1e12});
    sape_status status = SAPE_OK;
    float *before = task_parameters(&task), *kept = NULL;
    double loss, last = 0.0;
    int steps = 0;
    for (; status == SAPE_OK && steps < 200; steps++) {
        free(kept);
        kept = before;
        before = task_parameters(&task);
        status = sape_trainer_step(task.trainer, &loss);
        if (status == SAPE_OK) last = loss;
    }
    ck_assert_int_eq(status, SAPE_ERROR_DIVERGED);
    ck_assert_ptr_nonnull(strstr(sape_last_error(), "loss"));
    float *after = task_parameters(&task);
    ck_assert(all_finite(task.count, after));
    ck_assert(memcmp(after, kept, task.count * sizeof *after) == 0);
    /* They are those with which the loss was last finite. */
    CHECK_OK(sape_trainer_step(task.trainer, &loss));
    ck_assert_double_eq(loss, last);
    free(before);
    free(kept);
    free(after);
    free_task(&task);
}
END_TEST

/* A run that diverges says how far it came, and the mask has counted no more than that. */
START_TEST(test_divergent_run) {
    struct task task = make_task(
        (struct task_options){.policy = SAPE_POLICY_SPATIAL, .n = 300, .optimizer = SAPE_OPTIMIZER_SGD, .rate = 1e12});
    sape_result result = {.struct_size = sizeof result, .iterations = 77, .seconds = -1.0};
    sape_mask_state state = {.struct_size = sizeof state};
    struct record record = {0};
    EXPECT_ERROR(sape_trainer_run(task.trainer, 200, count_calls, &record, &result), SAPE_ERROR_DIVERGED, "loss", "");
    ck_assert_uint_gt(result.iterations, 0);
    ck_assert_uint_lt(result.iterations, 200);
    ck_assert_uint_eq(record.calls, result.iterations);
    ck_assert_double_ge(result.seconds, 0.0);
    CHECK_OK(sape_mask_get_state(sape_field_mask(task.field), &state));
    ck_assert_uint_eq(state.iteration, result.iterations);
    float *parameters = task_parameters(&task), *y = new_array(task.n * TASK_OUTPUTS);
    ck_assert(all_finite(task.count, parameters));
    CHECK_OK(sape_field_predict(task.field, task.n, task.x, y));
    ck_assert(all_finite(task.n * TASK_OUTPUTS, y));
    free(parameters);
    free(y);
    free_task(&task);
}
END_TEST

/* Nor does it need a further step to be seen. */
START_TEST(test_last_step_diverges) {
    struct task task = make_task((struct task_options){.n = 30, .optimizer = SAPE_OPTIMIZER_SGD, .rate = 1e60});
    sape_result result = {.struct_size = sizeof result};
    float *before = task_parameters(&task);
    EXPECT_ERROR(sape_trainer_run(task.trainer, 1, NULL, NULL, &result), SAPE_ERROR_DIVERGED, "not finite",
                 "taken back");
    ck_assert_uint_eq(result.iterations, 0);
    float *after = task_parameters(&task);
    ck_assert(memcmp(before, after, task.count * sizeof *after) == 0);
    free(before);
    free(after);
    free_task(&task);
}
END_TEST

/* The squared error; where *user says so, gradients that overflow on their way while every loss is finite. */
static int overflows(void *user, size_t n, const float *x, size_t o, const float *outputs, const float *targets,
                     float *d_outputs, float *sample_loss, double *loss) {
    (void)x;
    *loss = 0.0;
    for (size_t i = 0; i < n; i++) {
        sample_loss[i] = 0.0f;
        for (size_t k = 0; k < o; k++) {
            const float difference = outputs[i * o + k] - targets[i * o + k];
            sample_loss[i] += difference * difference / (float)o;
            d_outputs[i * o + k] = *(bool *)user ? FLT_MAX : 2.0f * difference / (float)(n * o);
        }
        *loss += (double)sample_loss[i] / (double)n;
    }
    return 0;
}

static sape_safetensors *checkpoint_of(const struct task *task) {
    sape_safetensors *checkpoint;
    CHECK_OK(sape_trainer_checkpoint(task->trainer, &checkpoint));
    return checkpoint;
}

static void check_same_bytes(const sape_safetensors *a, const sape_safetensors *b) {
    size_t size_a, size_b;
    const void *bytes_a = sape_safetensors_bytes(a, &size_a), *bytes_b = sape_safetensors_bytes(b, &size_b);
    ck_assert_uint_eq(size_a, size_b);
    ck_assert_mem_eq(bytes_a, bytes_b, size_a);
}

static const struct task_options overflowing[] = {
    {.policy = SAPE_POLICY_SPATIAL, .optimizer = SAPE_OPTIMIZER_ADAM, .threads = 1},
    {.policy = SAPE_POLICY_SPATIAL, .optimizer = SAPE_OPTIMIZER_SGD, .threads = 3},
    {.policy = SAPE_POLICY_GLOBAL, .optimizer = SAPE_OPTIMIZER_ADAM, .weight_decay = 0.1, .threads = 3},
    {.policy = SAPE_POLICY_VARIANCE, .optimizer = SAPE_OPTIMIZER_SGD, .weight_decay = 0.1, .threads = 1},
    {.policy = SAPE_POLICY_NONE, .optimizer = SAPE_OPTIMIZER_ADAM, .threads = 1},
};

/* Parameters, moments, counts and mask are what they were, at the first step as at a later one; what comes after it is
   as if there had been none, to the last bit, and the file that was there is replaced by nothing worse. */
START_TEST(test_step_taken_back) {
    bool huge = false;
    struct task_options options = overflowing[_i];
    options.n = 300;
    options.loss = overflows;
    options.user = &huge;
    options.rate = 1e-3;
    struct task task = make_task(options), twin = make_task(options);
    for (int round = 0; round < 30; round++) {
        sape_safetensors *before = checkpoint_of(&task), *after;
        huge = true;
        EXPECT_ERROR(sape_trainer_step(task.trainer, NULL), SAPE_ERROR_DIVERGED, "not finite", "taken back");
        huge = false;
        after = checkpoint_of(&task);
        check_same_bytes(before, after);
        if (round % 2 == 1) CHECK_OK(sape_trainer_restore(task.trainer, after));
        CHECK_OK(sape_trainer_step(task.trainer, NULL));
        CHECK_OK(sape_trainer_step(twin.trainer, NULL));
        sape_safetensors_free(before);
        sape_safetensors_free(after);
    }
    sape_safetensors *last = checkpoint_of(&task), *expected = checkpoint_of(&twin);
    check_same_bytes(last, expected);
    sape_safetensors_free(last);
    sape_safetensors_free(expected);
    free_task(&task);
    free_task(&twin);
}
END_TEST

static int fails(void *user, size_t n, const float *x, size_t o, const float *outputs, const float *targets,
                 float *d_outputs, float *sample_loss, double *loss) {
    (void)user, (void)x, (void)outputs, (void)targets, (void)loss;
    memset(d_outputs, 0, n * o * sizeof *d_outputs);
    memset(sample_loss, 0, n * sizeof *sample_loss);
    if (*(int *)user == 0) sample_loss[n / 2] = NAN;
    return *(int *)user;
}

START_TEST(test_failing_loss) {
    int result = 17;
    struct task task = make_task((struct task_options){.n = 30, .loss = fails, .user = &result});
    float *before = task_parameters(&task);
    EXPECT_ERROR(sape_trainer_step(task.trainer, NULL), SAPE_ERROR_CALLBACK, "loss_fn", "17");
    result = 0;
    EXPECT_ERROR(sape_trainer_step(task.trainer, NULL), SAPE_ERROR_DIVERGED, "loss", "");
    float *after = task_parameters(&task);
    ck_assert(memcmp(before, after, task.count * sizeof *after) == 0);
    free(before);
    free(after);
    free_task(&task);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("trainer_runs");
    TCase *tcase = tcase_create("trainer_runs");
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, test_progress);
    tcase_add_test(tcase, test_progress_every);
    tcase_add_test(tcase, test_divergence);
    tcase_add_test(tcase, test_divergent_run);
    tcase_add_loop_test(tcase, test_step_taken_back, 0, sizeof overflowing / sizeof *overflowing);
    tcase_add_test(tcase, test_last_step_diverges);
    tcase_add_test(tcase, test_failing_loss);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
