/* SPDX-License-Identifier: MIT */
/* What functions that a trainer is given may do with the trainer that calls them. */
#include "small_fit.h"

/* The callbacks that the calls are made from. */
enum place { LOSS, SAMPLER, SUM, PROGRESS, PLACES };

struct visit {
    struct small_fit *fit;
    sape_safetensors *checkpoint;
    enum place place;
    size_t visits;
};

static int keep(void *user, sape_dtype dtype, size_t count, void *values) {
    (void)user, (void)dtype, (void)count, (void)values;
    return 0;
}

static int fill(void *user, uint64_t iteration, size_t n, float *x, float *targets) {
    (void)user, (void)iteration;
    random_array(1, 2 * n, -1.0f, 1.0f, x);
    random_array(2, SMALL_FIT_OUTPUTS * n, -1.0f, 1.0f, targets);
    return 0;
}

/* All that would change the trainer is refused, all that only reads is not. */
static void call_everything(struct visit *visit, enum place place) {
    if (place != visit->place) return;
    sape_trainer *trainer = visit->fit->trainer;
    const float *x = visit->fit->x, *y = visit->fit->y;
    sape_adaptive_rate_params rate;
    sape_result result = {.struct_size = sizeof result, .iterations = 9};
    float outputs[SMALL_FIT_SAMPLES * SMALL_FIT_OUTPUTS];
    visit->visits++;
    sape_adaptive_rate_params_init(&rate, sizeof rate);
    EXPECT_ERROR(sape_trainer_set_data(trainer, 10, x, y), SAPE_ERROR_STATE, "sape_trainer_set_data", "callback");
    EXPECT_ERROR(sape_trainer_set_sampler(trainer, 10, fill, NULL), SAPE_ERROR_STATE, "set_sampler", "callback");
    EXPECT_ERROR(sape_trainer_set_target_points(trainer, 10, y, 0), SAPE_ERROR_STATE, "set_target_points", "callback");
    EXPECT_ERROR(sape_trainer_set_reduce(trainer, NULL, NULL), SAPE_ERROR_STATE, "set_reduce", "callback");
    EXPECT_ERROR(sape_trainer_set_adaptive_rate(trainer, &rate), SAPE_ERROR_STATE, "adaptive_rate", "callback");
    EXPECT_ERROR(sape_trainer_set_jacobian_loss(trainer, NULL, NULL), SAPE_ERROR_STATE, "jacobian_loss", "callback");
    EXPECT_ERROR(sape_trainer_step(trainer, NULL), SAPE_ERROR_STATE, "sape_trainer_step", "callback");
    EXPECT_ERROR(sape_trainer_run(trainer, 3, NULL, NULL, &result), SAPE_ERROR_STATE, "sape_trainer_run", "callback");
    ck_assert_uint_eq(result.iterations, 0);
    EXPECT_ERROR(sape_trainer_restore(trainer, visit->checkpoint), SAPE_ERROR_STATE, "restore", "callback");
    CHECK_OK(sape_field_predict(visit->fit->field, SMALL_FIT_SAMPLES, x, outputs));
    if (place != PROGRESS) return;
    sape_safetensors *checkpoint;
    CHECK_OK(sape_trainer_checkpoint(trainer, &checkpoint));
    sape_safetensors_free(checkpoint);
}

static int loss(void *user, size_t n, const float *x, size_t output_dim, const float *outputs, const float *targets,
                float *d_outputs, float *sample_loss, double *value) {
    (void)x;
    call_everything(user, LOSS);
    return sape_loss_evaluate(SAPE_LOSS_MSE, n, output_dim, outputs, targets, d_outputs, sample_loss, value) != SAPE_OK;
}

static int sampler(void *user, uint64_t iteration, size_t n, float *x, float *targets) {
    call_everything(user, SAMPLER);
    return fill(NULL, iteration, n, x, targets);
}

static int sum(void *user, sape_dtype dtype, size_t count, void *values) {
    call_everything(user, SUM);
    return keep(NULL, dtype, count, values);
}

static int progress(void *user, const sape_progress *seen) {
    (void)seen;
    call_everything(user, PROGRESS);
    return 0;
}

static struct small_fit *make(struct visit *visit) {
    sape_trainer_params params = small_fit_params();
    params.loss = SAPE_LOSS_CUSTOM;
    params.loss_fn = loss;
    params.loss_user = visit;
    struct small_fit *fit = small_fit_create(SAPE_POLICY_SPATIAL, &params);
    CHECK_OK(sape_trainer_set_sampler(fit->trainer, 50, sampler, visit));
    CHECK_OK(sape_trainer_set_reduce(fit->trainer, sum, visit));
    return fit;
}

/* The training is the same as one without such calls, and the trainer can be changed afterwards. */
START_TEST(changes_from_callbacks_are_refused) {
    struct visit nowhere = {.place = PLACES}, visit = {.place = (enum place)_i};
    struct small_fit *undisturbed = make(&nowhere), *fit = visit.fit = make(&visit);
    CHECK_OK(sape_trainer_checkpoint(fit->trainer, &visit.checkpoint));
    CHECK_OK(sape_trainer_run(undisturbed->trainer, 5, progress, &nowhere, NULL));
    CHECK_OK(sape_trainer_run(fit->trainer, 5, progress, &visit, NULL));
    ck_assert_uint_ge(visit.visits, 5);
    check_same_state(undisturbed, fit);
    CHECK_OK(sape_trainer_step(fit->trainer, NULL));
    CHECK_OK(sape_trainer_restore(fit->trainer, visit.checkpoint));
    CHECK_OK(sape_trainer_set_data(fit->trainer, SMALL_FIT_SAMPLES, fit->x, fit->y));
    sape_safetensors_free(visit.checkpoint);
    small_fit_free(undisturbed);
    small_fit_free(fit);
}
END_TEST

static int give_up(void *user, uint64_t iteration, size_t n, float *x, float *targets) {
    (void)user, (void)iteration, (void)n, (void)x, (void)targets;
    return 1;
}

/* A callback that failed is over. */
START_TEST(after_a_failed_callback) {
    const sape_trainer_params params = small_fit_params();
    struct small_fit *fit = small_fit_create(SAPE_POLICY_NONE, &params);
    CHECK_OK(sape_trainer_set_sampler(fit->trainer, 50, give_up, NULL));
    EXPECT_ERROR(sape_trainer_step(fit->trainer, NULL), SAPE_ERROR_CALLBACK, "sampler", "1");
    EXPECT_ERROR(sape_trainer_run(fit->trainer, 2, NULL, NULL, NULL), SAPE_ERROR_CALLBACK, "sampler", "1");
    CHECK_OK(sape_trainer_set_sampler(fit->trainer, 50, fill, NULL));
    CHECK_OK(sape_trainer_run(fit->trainer, 2, NULL, NULL, NULL));
    small_fit_free(fit);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("callbacks");
    TCase *tests = tcase_create("callbacks");
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, changes_from_callbacks_are_refused, 0, PLACES);
    tcase_add_test(tests, after_a_failed_callback);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
