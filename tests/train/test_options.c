/* SPDX-License-Identifier: MIT */
/* What a trainer can do besides: clipping, averages, learning rates that change, a history of losses. */
#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "option_fit.h"

#define N SMALL_FIT_SAMPLES
#define O SMALL_FIT_OUTPUTS

static sape_optimizer_params clipping(double norm) {
    sape_optimizer_params optimizer;
    sape_optimizer_params_init(&optimizer, sizeof optimizer);
    optimizer.kind = SAPE_OPTIMIZER_SGD;
    optimizer.momentum = 0.0;
    optimizer.learning_rate = 1.0;
    optimizer.clip_norm = norm;
    return optimizer;
}

/* With plain gradient descent and a rate of 1, a step is the gradient. */
START_TEST(the_gradient_is_clipped) {
    sape_trainer_params params = small_fit_params();
    sape_optimizer_params off = clipping(0.0), wide = clipping(1e6), narrow = clipping(1e-3);
    struct small_fit *free_fit = fit_with(&params, &off), *wide_fit = fit_with(&params, &wide);
    params.num_threads = 2;
    struct small_fit *narrow_fit = fit_with(&params, &narrow), *before = fit_with(&params, &off);
    const size_t count = sape_network_num_parameters(sape_field_network(before->field));
    float *from = new_array(count), *to = new_array(count), *clipped = new_array(count);
    double norm = 0.0, length = 0.0, product = 0.0;
    CHECK_OK(sape_network_get_parameters(sape_field_network(before->field), from, count));
    train(free_fit, 1);
    train(wide_fit, 1);
    train(narrow_fit, 1);
    check_same_state(free_fit, wide_fit);
    CHECK_OK(sape_network_get_parameters(sape_field_network(free_fit->field), to, count));
    CHECK_OK(sape_network_get_parameters(sape_field_network(narrow_fit->field), clipped, count));
    for (size_t i = 0; i < count; i++) {
        const double step = (double)to[i] - (double)from[i], short_step = (double)clipped[i] - (double)from[i];
        norm += step * step;
        length += short_step * short_step;
        product += step * short_step;
    }
    ck_assert_double_gt(sqrt(norm), 1e-2);
    ck_assert_double_eq_tol(sqrt(length), 1e-3, 2e-5);
    ck_assert_double_gt(product / sqrt(norm * length), 0.999);
    free(from);
    free(to);
    free(clipped);
    small_fit_free(free_fit);
    small_fit_free(wide_fit);
    small_fit_free(narrow_fit);
    small_fit_free(before);
}
END_TEST

/* An optimizer by itself clips as well, and leaves the caller's gradient alone. */
static int spoiled_once(void *user, size_t n, const float *x, size_t output_dim, const float *outputs,
                        const float *targets, float *d_outputs, float *sample_loss, double *loss) {
    size_t *calls = user;
    (void)x;
    if (sape_loss_evaluate(SAPE_LOSS_MSE, n, output_dim, outputs, targets, d_outputs, sample_loss, loss) != SAPE_OK)
        return 1;
    if (++*calls == 3) d_outputs[0] = NAN;
    return 0;
}

/* A gradient that has no norm leaves nothing behind, also where no feature has been revealed yet. */
START_TEST(clipping_survives_a_gradient_that_is_not_finite) {
    sape_trainer_params params = small_fit_params();
    const sape_optimizer_params optimizer = clipping(1.0);
    size_t calls = 0;
    params.loss = SAPE_LOSS_CUSTOM;
    params.loss_fn = spoiled_once;
    params.loss_user = &calls;
    struct small_fit *fit = fit_with(&params, &optimizer);
    train(fit, 2);
    ck_assert_int_eq(sape_trainer_step(fit->trainer, NULL), SAPE_ERROR_DIVERGED);
    train(fit, 5);
    small_fit_free(fit);
}
END_TEST

START_TEST(an_optimizer_clips) {
    sape_optimizer_params params = clipping(5.0);
    sape_optimizer *optimizer;
    float parameters[3] = {0}, gradient[3] = {3.0f, 4.0f, 12.0f};
    CHECK_OK(sape_optimizer_create(&params, 3, &optimizer));
    CHECK_OK(sape_optimizer_step(optimizer, parameters, gradient));
    for (size_t i = 0; i < 3; i++)
        ck_assert_double_eq_tol((double)parameters[i], -(double)gradient[i] * 5.0 / 13.0, 1e-5);
    ck_assert_float_eq(gradient[2], 12.0f);
    CHECK_OK(sape_optimizer_set_learning_rate(optimizer, 0.5));
    ck_assert_double_eq(sape_optimizer_learning_rate(optimizer), 0.5);
    EXPECT_ERROR(sape_optimizer_set_learning_rate(optimizer, -1.0), SAPE_ERROR_ARGUMENT, "learning_rate is -1", ">= 0");
    EXPECT_ERROR(sape_optimizer_set_learning_rate(optimizer, NAN), SAPE_ERROR_ARGUMENT, "learning_rate is", "");
    EXPECT_ERROR(sape_optimizer_set_learning_rate(NULL, 1.0), SAPE_ERROR_ARGUMENT, "optimizer", "NULL");
    sape_optimizer_free(optimizer);
    params.clip_norm = -1.0;
    EXPECT_ERROR(sape_optimizer_create(&params, 3, &optimizer), SAPE_ERROR_ARGUMENT, "clip_norm", "-1");
}
END_TEST

static float *averages(const struct small_fit *fit, size_t count) {
    sape_field *average;
    float *values = new_array(count);
    CHECK_OK(sape_trainer_average(fit->trainer, &average));
    CHECK_OK(sape_network_get_parameters(sape_field_network(average), values, count));
    sape_field_free(average);
    return values;
}

START_TEST(parameters_are_averaged) {
    sape_trainer_params params = small_fit_params();
    params.average_decay = 0.8;
    struct small_fit *fit = fit_with(&params, NULL);
    const size_t count = sape_network_num_parameters(sape_field_network(fit->field));
    float *expected = new_array(count), *now = new_array(count);
    CHECK_OK(sape_network_get_parameters(sape_field_network(fit->field), expected, count));
    float *before = averages(fit, count);
    ck_assert_mem_eq(before, expected, count * sizeof *before);
    for (size_t step = 0; step < 12; step++) {
        CHECK_OK(sape_trainer_step(fit->trainer, NULL));
        CHECK_OK(sape_network_get_parameters(sape_field_network(fit->field), now, count));
        for (size_t i = 0; i < count; i++) expected[i] = (float)(0.8 * (double)expected[i] + 0.2 * (double)now[i]);
    }
    float *after = averages(fit, count);
    for (size_t i = 0; i < count; i++) ck_assert_double_eq_tol((double)after[i], (double)expected[i], 1e-6);
    sape_field *average;
    float outputs[O], others[O];
    CHECK_OK(sape_trainer_average(fit->trainer, &average));
    CHECK_OK(sape_field_predict(average, 1, fit->x, outputs));
    CHECK_OK(sape_network_set_parameters(sape_field_network(fit->field), after, count));
    CHECK_OK(sape_field_predict(fit->field, 1, fit->x, others));
    ck_assert_mem_eq(outputs, others, sizeof outputs);
    sape_field_free(average);
    free(expected);
    free(now);
    free(before);
    free(after);
    small_fit_free(fit);
}
END_TEST

/* Whether the loss or the step is not finite, the averages are those of the parameters that are left. */
START_TEST(averages_go_back_with_a_step) {
    sape_trainer_params params = small_fit_params();
    params.average_decay = 0.5;
    struct small_fit *fit = fit_with(&params, NULL);
    const size_t count = sape_network_num_parameters(sape_field_network(fit->field));
    train(fit, 5);
    float *early = averages(fit, count);
    train(fit, 1);
    float *late = averages(fit, count);
    ck_assert_mem_ne(early, late, count * sizeof *early);
    for (size_t i = 0; i < N * O; i++) fit->y[i] = 3e38f;
    EXPECT_ERROR(sape_trainer_step(fit->trainer, NULL), SAPE_ERROR_DIVERGED, "loss", "");
    float *back = averages(fit, count);
    ck_assert_mem_eq(back, early, count * sizeof *early);
    for (size_t i = 0; i < N * O; i++) fit->y[i] = 1e18f;
    CHECK_OK(sape_trainer_set_learning_rate(fit->trainer, 3e38));
    EXPECT_ERROR(sape_trainer_step(fit->trainer, NULL), SAPE_ERROR_DIVERGED, "taken back", "");
    float *still = averages(fit, count);
    ck_assert_mem_eq(still, early, count * sizeof *early);
    free(early);
    free(late);
    free(back);
    free(still);
    small_fit_free(fit);
}
END_TEST

START_TEST(without_averages_there_is_no_average) {
    sape_trainer_params params = small_fit_params();
    struct small_fit *fit = fit_with(&params, NULL);
    sape_field *average = fit->field;
    EXPECT_ERROR(sape_trainer_average(fit->trainer, &average), SAPE_ERROR_STATE, "average_decay is 0", "");
    ck_assert_ptr_null(average);
    EXPECT_ERROR(sape_trainer_average(NULL, &average), SAPE_ERROR_ARGUMENT, "trainer", "NULL");
    EXPECT_ERROR(sape_trainer_average(fit->trainer, NULL), SAPE_ERROR_ARGUMENT, "out", "NULL");
    sape_trainer_free(fit->trainer);
    params.average_decay = 1.0;
    EXPECT_ERROR(sape_trainer_create(&params, NULL, fit->field, &fit->trainer), SAPE_ERROR_ARGUMENT, "average_decay",
                 "[0, 1)");
    small_fit_free(fit);
}
END_TEST

/* The best state by validation is in the field, the averages go on from the latest. */
START_TEST(averages_know_nothing_of_the_best_state) {
    sape_trainer_params params = small_fit_params();
    params.average_decay = 0.9;
    params.validation_share = 0.3;
    params.validation_every = 1;
    struct small_fit *fit = fit_with(&params, NULL);
    const size_t count = sape_network_num_parameters(sape_field_network(fit->field));
    for (int i = 0; i < 20; i++) CHECK_OK(sape_trainer_step(fit->trainer, NULL));
    float *stepped = averages(fit, count);
    struct small_fit *run = fit_with(&params, NULL);
    train(run, 20);
    float *kept = averages(run, count);
    ck_assert_mem_eq(stepped, kept, count * sizeof *kept);
    free(stepped);
    free(kept);
    small_fit_free(run);
    small_fit_free(fit);
}
END_TEST

struct rates {
    sape_trainer *trainer;
    double seen[20];
};

static int change_rate(void *user, const sape_progress *progress) {
    struct rates *rates = user;
    rates->seen[progress->iteration - 1] = progress->learning_rate;
    if (progress->iteration == 3) CHECK_OK(sape_trainer_set_learning_rate(rates->trainer, 1e-4));
    EXPECT_ERROR(sape_trainer_set_data(rates->trainer, 0, NULL, NULL), SAPE_ERROR_STATE, "callback", "");
    return 0;
}

static int change_rate_in_loss(void *user, size_t n, const float *x, size_t output_dim, const float *outputs,
                               const float *targets, float *d_outputs, float *sample_loss, double *loss) {
    struct own *own = user;
    EXPECT_ERROR(sape_trainer_set_learning_rate(own->fit->trainer, 1.0), SAPE_ERROR_STATE, "callback", "");
    return own_loss(own, n, x, output_dim, outputs, targets, d_outputs, sample_loss, loss);
}

START_TEST(the_learning_rate_can_be_changed) {
    struct own own;
    sape_trainer_params params = own_params(&own);
    params.loss_fn = change_rate_in_loss;
    params.progress_every = 1;
    struct small_fit *fit = fit_with(&params, NULL), *other = fit_with(&params, NULL);
    struct rates rates = {.trainer = fit->trainer};
    sape_safetensors *checkpoint;
    own.fit = fit;
    CHECK_OK(sape_trainer_run(fit->trainer, 6, change_rate, &rates, NULL));
    ck_assert_double_eq(rates.seen[2], 1e-3);
    ck_assert_double_eq(rates.seen[3], 1e-4);
    CHECK_OK(sape_trainer_checkpoint(fit->trainer, &checkpoint));
    CHECK_OK(sape_trainer_restore(other->trainer, checkpoint));
    ck_assert_double_eq(sape_trainer_learning_rate(other->trainer), 1e-4);
    CHECK_OK(sape_trainer_set_learning_rate(other->trainer, 2e-4));
    ck_assert_double_eq(sape_trainer_learning_rate(other->trainer), 2e-4);
    ck_assert_double_eq(sape_trainer_learning_rate(NULL), 0.0);
    EXPECT_ERROR(sape_trainer_set_learning_rate(fit->trainer, INFINITY), SAPE_ERROR_ARGUMENT, "learning_rate", "inf");
    EXPECT_ERROR(sape_trainer_set_learning_rate(NULL, 1.0), SAPE_ERROR_ARGUMENT, "trainer", "NULL");
    sape_safetensors_free(checkpoint);
    small_fit_free(fit);
    small_fit_free(other);
}
END_TEST

/* With a rate of 0 nothing improves; the first epoch sets the loss that others are held against. */
START_TEST(the_rate_is_reduced_on_a_plateau) {
    sape_trainer_params params = small_fit_params();
    sape_optimizer_params optimizer;
    sape_optimizer_params_init(&optimizer, sizeof optimizer);
    optimizer.learning_rate = 1e-30;
    params.plateau_patience = 3;
    params.plateau_factor = 0.25;
    struct small_fit *fit = small_fit_create(SAPE_POLICY_NONE, &params);
    sape_trainer_free(fit->trainer);
    CHECK_OK(sape_trainer_create(&params, &optimizer, fit->field, &fit->trainer));
    CHECK_OK(sape_trainer_set_data(fit->trainer, N, fit->x, fit->y));
    static const double factors[] = {1.0, 1.0, 1.0, 0.25, 0.25, 0.25, 0.0625};
    for (size_t i = 0; i < 7; i++) {
        CHECK_OK(sape_trainer_step(fit->trainer, NULL));
        ck_assert_double_eq_tol(sape_trainer_learning_rate(fit->trainer), factors[i] * 1e-30, 1e-40);
    }
    sape_trainer_free(fit->trainer);
    params.plateau_factor = 1.0;
    EXPECT_ERROR(sape_trainer_create(&params, NULL, fit->field, &fit->trainer), SAPE_ERROR_ARGUMENT, "plateau_factor",
                 "less than 1");
    small_fit_free(fit);
}
END_TEST

/* Whatever the number of iterations, the entries are means of what the steps have told. */
START_TEST(the_history_covers_the_run) {
    enum { STEPS = 45, CAPACITY = 8 };
    sape_trainer_params params = small_fit_params();
    params.history = CAPACITY;
    params.validation_share = 0.2;
    params.validation_every = 5;
    struct small_fit *fit = fit_with(&params, NULL);
    double losses[STEPS], loss[CAPACITY + 1], validation[CAPACITY + 1];
    uint64_t iterations[CAPACITY + 1];
    for (uint64_t step = 1; step <= STEPS; step++) {
        CHECK_OK(sape_trainer_step(fit->trainer, &losses[step - 1]));
        const size_t count = sape_trainer_history_count(fit->trainer);
        ck_assert_uint_ge(count, step < CAPACITY / 2 ? step : CAPACITY / 2);
        ck_assert_uint_le(count, CAPACITY + 1);
        CHECK_OK(sape_trainer_get_history(fit->trainer, count, iterations, loss, validation));
        ck_assert_uint_eq(iterations[count - 1], step);
        for (size_t i = 0; i < count; i++) {
            const uint64_t begin = i == 0 ? 0 : iterations[i - 1];
            double mean = 0.0;
            for (uint64_t k = begin; k < iterations[i]; k++) mean += losses[k] / (double)(iterations[i] - begin);
            ck_assert_double_eq_tol(loss[i], mean, 1e-12);
            ck_assert_int_eq((isnan(validation[i]) != 0), iterations[i] / 5 == begin / 5);
        }
    }
    const size_t count = sape_trainer_history_count(fit->trainer);
    CHECK_OK(sape_trainer_get_history(fit->trainer, count, NULL, NULL, NULL));
    EXPECT_ERROR(sape_trainer_get_history(fit->trainer, count + 1, NULL, NULL, NULL), SAPE_ERROR_ARGUMENT, "count", "");
    EXPECT_ERROR(sape_trainer_get_history(NULL, 0, NULL, NULL, NULL), SAPE_ERROR_ARGUMENT, "trainer", "NULL");
    ck_assert_uint_eq(sape_trainer_history_count(NULL), 0);
    small_fit_free(fit);
}
END_TEST

/* A checkpoint without a history of this size begins a new one, which knows where it begins. */
START_TEST(a_history_begins_where_it_can) {
    sape_trainer_params params = small_fit_params();
    struct small_fit *without = fit_with(&params, NULL);
    params.history = 4;
    struct small_fit *with = fit_with(&params, NULL);
    sape_safetensors *checkpoint;
    uint64_t iterations[5];
    train(without, 7);
    train(with, 3);
    CHECK_OK(sape_trainer_checkpoint(without->trainer, &checkpoint));
    CHECK_OK(sape_trainer_restore(with->trainer, checkpoint));
    ck_assert_uint_eq(sape_trainer_history_count(with->trainer), 0);
    train(with, 2);
    CHECK_OK(sape_trainer_get_history(with->trainer, 2, iterations, NULL, NULL));
    ck_assert_uint_eq(iterations[0], 8);
    ck_assert_uint_eq(iterations[1], 9);
    sape_safetensors_free(checkpoint);
    sape_trainer_free(with->trainer);
    params.history = 3;
    EXPECT_ERROR(sape_trainer_create(&params, NULL, with->field, &with->trainer), SAPE_ERROR_ARGUMENT, "history is 3",
                 "even");
    small_fit_free(without);
    small_fit_free(with);
}
END_TEST

static int largest_loss(void *user, size_t n, const float *x, size_t output_dim, const float *outputs,
                        const float *targets, float *d_outputs, float *sample_loss, double *loss) {
    (void)user;
    (void)x;
    const sape_status status =
        sape_loss_evaluate(SAPE_LOSS_MSE, n, output_dim, outputs, targets, d_outputs, sample_loss, NULL);
    *loss = DBL_MAX;
    return status != SAPE_OK;
}

/* Means of the largest losses that there are. */
START_TEST(a_history_has_any_losses) {
    sape_trainer_params params = small_fit_params();
    params.loss = SAPE_LOSS_CUSTOM;
    params.loss_fn = largest_loss;
    params.history = 4;
    struct small_fit *fit = fit_with(&params, NULL);
    for (size_t step = 0; step < 20; step++) {
        sape_safetensors *checkpoint;
        double loss[5];
        train(fit, 1);
        const size_t count = sape_trainer_history_count(fit->trainer);
        CHECK_OK(sape_trainer_get_history(fit->trainer, count, NULL, loss, NULL));
        for (size_t i = 0; i < count; i++) ck_assert_double_eq(loss[i], DBL_MAX);
        CHECK_OK(sape_trainer_checkpoint(fit->trainer, &checkpoint));
        CHECK_OK(sape_trainer_restore(fit->trainer, checkpoint));
        sape_safetensors_free(checkpoint);
    }
    small_fit_free(fit);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("options");
    TCase *tests = tcase_create("options");
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, the_gradient_is_clipped);
    tcase_add_test(tests, clipping_survives_a_gradient_that_is_not_finite);
    tcase_add_test(tests, an_optimizer_clips);
    tcase_add_test(tests, parameters_are_averaged);
    tcase_add_test(tests, averages_go_back_with_a_step);
    tcase_add_test(tests, without_averages_there_is_no_average);
    tcase_add_test(tests, averages_know_nothing_of_the_best_state);
    tcase_add_test(tests, the_learning_rate_can_be_changed);
    tcase_add_test(tests, the_rate_is_reduced_on_a_plateau);
    tcase_add_test(tests, the_history_covers_the_run);
    tcase_add_test(tests, a_history_begins_where_it_can);
    tcase_add_test(tests, a_history_has_any_losses);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
