/* SPDX-License-Identifier: MIT */
/* Runs that end on a tolerance or on a plateau, and what is refused. */
#include <math.h>

#include "small_fit.h"

/* A loss whose value is what a test wants, whatever the field does; iteration by iteration. */
#define FAILS (-1e30)

struct script {
    double losses[64];
    size_t next;
};

static int scripted_loss(void *user, size_t n, const float *x, size_t output_dim, const float *outputs,
                         const float *targets, float *d_outputs, float *sample_loss, double *loss) {
    struct script *script = user;
    (void)x, (void)outputs, (void)targets;
    *loss = script->losses[script->next++ % 64];
    if (*loss == FAILS) return 1;
    for (size_t i = 0; i < n; i++) sample_loss[i] = 1.0f;
    memset(d_outputs, 0, n * output_dim * sizeof *d_outputs);
    return 0;
}

static sape_result run(struct small_fit *fit, uint64_t iterations) {
    sape_result result = {.struct_size = sizeof result};
    CHECK_OK(sape_trainer_run(fit->trainer, iterations, NULL, NULL, &result));
    return result;
}

static sape_trainer_params scripted(struct script *script) {
    sape_trainer_params params = small_fit_params();
    params.loss = SAPE_LOSS_CUSTOM;
    params.loss_fn = scripted_loss;
    params.loss_user = script;
    return params;
}

START_TEST(tolerance_ends_a_run) {
    struct script script = {.losses = {5, 4, 3, 2, 1}};
    sape_trainer_params params = scripted(&script);
    params.tolerance = 2.0;
    struct small_fit *fit = small_fit_create(SAPE_POLICY_SPATIAL, &params);
    const sape_result result = run(fit, 20);
    ck_assert_int_eq(result.stop, SAPE_STOP_TOLERANCE);
    ck_assert_uint_eq(result.iterations, 4);
    ck_assert_double_eq(result.loss, 2.0);
    ck_assert(isnan(result.validation_loss));
    ck_assert_uint_eq(result.best_iteration, 0);
    small_fit_free(fit);
}
END_TEST

/* Improvements of less than a tenth do not count, however many there are; a run that goes on has its patience anew. */
START_TEST(plateau_ends_a_run) {
    struct script script = {.losses = {8, 6, 5.9, 5.8, 5.5, 5.45, 5, 4.9, 4.8, 4.7, 4.6, 4.55}};
    sape_trainer_params params = scripted(&script);
    params.patience = 4;
    params.min_improvement = 0.1;
    struct small_fit *fit = small_fit_create(SAPE_POLICY_NONE, &params);
    sape_result result = run(fit, 40);
    ck_assert_int_eq(result.stop, SAPE_STOP_PLATEAU);
    /* 8, 6, 5 are improvements, of the iterations 1, 2 and 7 (5.4 or less is needed); but 2 + 4 comes first. */
    ck_assert_uint_eq(result.iterations, 6);
    result = run(fit, 40);
    ck_assert_int_eq(result.stop, SAPE_STOP_PLATEAU);
    ck_assert_uint_eq(result.iterations, 5);
    small_fit_free(fit);
}
END_TEST

START_TEST(improvement_of_a_negative_loss) {
    struct script script = {.losses = {-10, -10.5, -11.2, -11.3, -11.4, -11.5, -11.6}};
    sape_trainer_params params = scripted(&script);
    params.patience = 3;
    params.min_improvement = 0.1;
    struct small_fit *fit = small_fit_create(SAPE_POLICY_NONE, &params);
    ck_assert_uint_eq(run(fit, 7).iterations, 6);
    small_fit_free(fit);
}
END_TEST

/* An epoch of three batches: its mean is what counts. */
START_TEST(epochs_are_judged_by_their_mean) {
    struct script script = {.losses = {1, 9, 9, 9, 1, 9, 3, 3, 3, 1, 1, 1}};
    sape_trainer_params params = scripted(&script);
    params.batch_size = SMALL_FIT_SAMPLES / 3;
    params.tolerance = 3.0;
    struct small_fit *fit = small_fit_create(SAPE_POLICY_SPATIAL, &params);
    ck_assert_uint_eq(run(fit, 40).iterations, 9);
    small_fit_free(fit);
}
END_TEST

/* An iteration that fails has used up its batch: later epochs still are those of the samples. */
START_TEST(epochs_after_a_failure) {
    struct script script = {.losses = {9, FAILS, 9, 1, 1, 1, 9, 9, 9}};
    sape_trainer_params params = scripted(&script);
    params.batch_size = SMALL_FIT_SAMPLES / 3;
    params.tolerance = 2.0;
    struct small_fit *fit = small_fit_create(SAPE_POLICY_SPATIAL, &params);
    sape_result result = {.struct_size = sizeof result};
    EXPECT_ERROR(sape_trainer_run(fit->trainer, 40, NULL, NULL, &result), SAPE_ERROR_CALLBACK, "loss_fn", "1");
    ck_assert_uint_eq(result.iterations, 1);
    result = run(fit, 7);
    ck_assert_int_eq(result.stop, SAPE_STOP_TOLERANCE);
    ck_assert_uint_eq(result.iterations, 4);
    small_fit_free(fit);
}
END_TEST

/* Losses on other samples say nothing about new ones. */
START_TEST(new_data_begin_anew) {
    struct script script = {.losses = {1, 1, 8, 7, 6, 5, 4, 4, 4, 4}};
    sape_trainer_params params = scripted(&script);
    params.patience = 3;
    struct small_fit *fit = small_fit_create(SAPE_POLICY_NONE, &params);
    ck_assert_int_eq(run(fit, 2).stop, SAPE_STOP_ITERATIONS);
    CHECK_OK(sape_trainer_set_data(fit->trainer, SMALL_FIT_SAMPLES, fit->x, fit->y));
    const sape_result result = run(fit, 8);
    ck_assert_int_eq(result.stop, SAPE_STOP_PLATEAU);
    ck_assert_uint_eq(result.iterations, 8);
    small_fit_free(fit);
}
END_TEST

/* What a run that fails before its first iteration has done: nothing. */
START_TEST(result_of_a_run_that_cannot_begin) {
    const sape_trainer_params params = small_fit_params();
    struct small_fit *fit = small_fit_create(SAPE_POLICY_NONE, &params);
    sape_trainer_free(fit->trainer);
    CHECK_OK(sape_trainer_create(NULL, NULL, fit->field, &fit->trainer));
    for (int i = 0; i < 2; i++) {
        sape_result result = {.struct_size = sizeof result, .iterations = 7, .loss = 7.0, .validation_loss = 7.0};
        EXPECT_ERROR(sape_trainer_run(i == 0 ? fit->trainer : NULL, 5, NULL, NULL, &result),
                     i == 0 ? SAPE_ERROR_STATE : SAPE_ERROR_ARGUMENT, "sape_trainer_run", i == 0 ? "data" : "NULL");
        ck_assert(result.iterations == 0 && result.loss == 0.0 && isnan(result.validation_loss));
    }
    small_fit_free(fit);
}
END_TEST

static int always(void *user, const sape_progress *progress) {
    *(uint64_t *)user = progress->iteration;
    return 1;
}

/* The last iteration is reported whatever ended the run, and convergence is the better reason. */
START_TEST(report_of_the_last_iteration) {
    struct script script = {.losses = {5, 4, 3}};
    sape_trainer_params params = scripted(&script);
    params.tolerance = 3.0;
    params.progress_every = 100;
    struct small_fit *fit = small_fit_create(SAPE_POLICY_NONE, &params);
    uint64_t seen = 0;
    sape_result result = {.struct_size = sizeof result};
    CHECK_OK(sape_trainer_run(fit->trainer, 50, always, &seen, &result));
    ck_assert_uint_eq(seen, 3);
    ck_assert_int_eq(result.stop, SAPE_STOP_TOLERANCE);
    small_fit_free(fit);
}
END_TEST

/* A resumed training stops where the one that never stopped does. */
START_TEST(state_is_in_the_checkpoint) {
    sape_trainer_params params = small_fit_params();
    params.batch_size = 60;
    params.patience = 30;
    params.min_improvement = 0.05;
    struct small_fit *straight = small_fit_create(SAPE_POLICY_SPATIAL, &params);
    struct small_fit *first = small_fit_create(SAPE_POLICY_SPATIAL, &params);
    struct small_fit *second = small_fit_create(SAPE_POLICY_SPATIAL, &params);
    const sape_result result = run(straight, 2000);
    ck_assert_int_eq(result.stop, SAPE_STOP_PLATEAU);
    const uint64_t half = result.iterations - 10;
    ck_assert_int_eq(run(first, half).stop, SAPE_STOP_ITERATIONS);
    sape_safetensors *checkpoint;
    CHECK_OK(sape_trainer_checkpoint(first->trainer, &checkpoint));
    CHECK_OK(sape_trainer_restore(second->trainer, checkpoint));
    sape_safetensors_free(checkpoint);
    const sape_result resumed = run(second, 2000);
    ck_assert_int_eq(resumed.stop, SAPE_STOP_PLATEAU);
    ck_assert_uint_eq(half + resumed.iterations, result.iterations);
    check_same_state(straight, second);
    small_fit_free(straight);
    small_fit_free(first);
    small_fit_free(second);
}
END_TEST

START_TEST(bad_parameters) {
    const double bad[] = {-1e-9, (double)NAN, (double)INFINITY};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct script script = {.next = 0};
        const sape_trainer_params good = scripted(&script);
        sape_trainer_params params = good;
        sape_trainer *trainer;
        struct small_fit *fit = small_fit_create(SAPE_POLICY_NONE, &good);
        params.tolerance = bad[i];
        EXPECT_ERROR(sape_trainer_create(&params, NULL, fit->field, &trainer), SAPE_ERROR_ARGUMENT, "tolerance is",
                     ">= 0");
        params = good;
        params.min_improvement = i == 2 ? 1.0 : bad[i];
        EXPECT_ERROR(sape_trainer_create(&params, NULL, fit->field, &trainer), SAPE_ERROR_ARGUMENT,
                     "min_improvement is", "less than 1");
        small_fit_free(fit);
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("convergence");
    TCase *tests = tcase_create("convergence");
    tcase_add_test(tests, tolerance_ends_a_run);
    tcase_add_test(tests, plateau_ends_a_run);
    tcase_add_test(tests, improvement_of_a_negative_loss);
    tcase_add_test(tests, epochs_are_judged_by_their_mean);
    tcase_add_test(tests, epochs_after_a_failure);
    tcase_add_test(tests, new_data_begin_anew);
    tcase_add_test(tests, result_of_a_run_that_cannot_begin);
    tcase_add_test(tests, report_of_the_last_iteration);
    tcase_add_test(tests, state_is_in_the_checkpoint);
    tcase_add_test(tests, bad_parameters);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
