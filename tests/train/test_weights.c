/* SPDX-License-Identifier: MIT */
/* What a trainer is given besides samples: their weights, accumulated batches, samplers that end. */
#include <math.h>
#include <stdlib.h>

#include "option_fit.h"

#define N SMALL_FIT_SAMPLES
#define O SMALL_FIT_OUTPUTS

/* The largest difference of the two fits' parameters. */
static double distance(const struct small_fit *a, const struct small_fit *b) {
    const sape_network *first = sape_field_network(a->field), *second = sape_field_network(b->field);
    const size_t count = sape_network_num_parameters(first);
    float *one = new_array(count), *other = new_array(count);
    double largest = 0.0;
    CHECK_OK(sape_network_get_parameters(first, one, count));
    CHECK_OK(sape_network_get_parameters(second, other, count));
    for (size_t i = 0; i < count; i++) largest = fmax(largest, fabs((double)one[i] - (double)other[i]));
    free(one);
    free(other);
    return largest;
}

static const sape_loss weighted_losses[] = {SAPE_LOSS_MSE,         SAPE_LOSS_BCE,     SAPE_LOSS_L1,    SAPE_LOSS_HUBER,
                                            SAPE_LOSS_RELATIVE_L2, SAPE_LOSS_CHAMFER, SAPE_LOSS_CUSTOM};

static sape_trainer_params params_of(sape_loss loss, struct own *own) {
    sape_trainer_params params = own_params(own);
    if (loss == SAPE_LOSS_CUSTOM) return params;
    params = small_fit_params();
    params.loss = loss;
    return params;
}

START_TEST(weights_of_one_change_nothing) {
    struct own own;
    sape_trainer_params params = params_of(weighted_losses[_i], &own);
    float ones[N];
    for (size_t i = 0; i < N; i++) ones[i] = 1.0f;
    params.batch_size = 64;
    params.num_threads = 1;
    struct small_fit *plain = fit_with(&params, NULL);
    params.num_threads = 2;
    struct small_fit *weighted = fit_with(&params, NULL);
    CHECK_OK(sape_trainer_set_weights(weighted->trainer, N, ones));
    train(plain, 30);
    train(weighted, 30);
    check_same_state(plain, weighted);
    small_fit_free(plain);
    small_fit_free(weighted);
}
END_TEST

/* Twice the weight is the sample twice; the loss of every step says so. */
START_TEST(weights_stand_for_copies) {
    struct own own;
    sape_trainer_params params = params_of(weighted_losses[_i], &own);
    struct small_fit *copied = fit_with(&params, NULL), *weighted = fit_with(&params, NULL);
    float x[2 * 2 * N], y[2 * N * O], weights[N];
    size_t n = N;
    memcpy(x, copied->x, sizeof copied->x);
    memcpy(y, copied->y, sizeof copied->y);
    for (size_t i = 0; i < N; i++) weights[i] = i % 3 == 0 ? 2.0f : 1.0f;
    for (size_t i = 0; i < N; i += 3, n++) {
        memcpy(x + 2 * n, copied->x + 2 * i, 2 * sizeof *x);
        memcpy(y + O * n, copied->y + O * i, O * sizeof *y);
    }
    CHECK_OK(sape_trainer_set_data(copied->trainer, n, x, params.loss == SAPE_LOSS_CHAMFER ? NULL : y));
    CHECK_OK(sape_trainer_set_weights(weighted->trainer, N, weights));
    for (int i = 0; i < 10; i++) {
        double expected, loss;
        CHECK_OK(sape_trainer_step(copied->trainer, &expected));
        CHECK_OK(sape_trainer_step(weighted->trainer, &loss));
        ck_assert_double_eq_tol(loss, expected, 2e-5 * expected);
    }
    small_fit_free(copied);
    small_fit_free(weighted);
}
END_TEST

/* A sample without weight has no part in the gradient, but the mask records its loss. */
START_TEST(samples_without_weight_do_not_count) {
    sape_trainer_params params = small_fit_params();
    struct small_fit *some = fit_with(&params, NULL), *all = fit_with(&params, NULL);
    float weights[N] = {0}, cells[2][4096];
    for (size_t i = 0; i < N / 2; i++) weights[i] = 3.0f;
    CHECK_OK(sape_trainer_set_data(some->trainer, N / 2, some->x, some->y));
    CHECK_OK(sape_trainer_set_weights(all->trainer, N, weights));
    double expected, loss;
    CHECK_OK(sape_trainer_step(some->trainer, &expected));
    CHECK_OK(sape_trainer_step(all->trainer, &loss));
    ck_assert_double_eq_tol(loss, expected, 1e-6 * expected);
    ck_assert_double_lt(distance(some, all), 1e-5);
    sape_tensor_info info = {.struct_size = sizeof info};
    const struct small_fit *const fits[] = {some, all};
    for (size_t i = 0; i < 2; i++) {
        const sape_mask *mask = sape_field_mask(fits[i]->field);
        CHECK_OK(sape_mask_tensor_info(mask, 0, &info));
        CHECK_OK(sape_mask_smoothed_loss(mask, cells[i], info.count));
    }
    ck_assert_int_ne(memcmp(cells[0], cells[1], info.count * sizeof(float)), 0);
    small_fit_free(some);
    small_fit_free(all);
}
END_TEST

START_TEST(bad_weights_are_refused) {
    sape_trainer_params params = small_fit_params();
    params.validation_share = 0.2;
    struct small_fit *fit = fit_with(&params, NULL);
    float weights[N] = {0};
    EXPECT_ERROR(sape_trainer_set_weights(fit->trainer, N, weights), SAPE_ERROR_ARGUMENT, "weights are 0",
                 "trained on");
    weights[3] = -1.0f;
    EXPECT_ERROR(sape_trainer_set_weights(fit->trainer, N, weights), SAPE_ERROR_ARGUMENT, "weights[3] is -1", ">= 0");
    weights[3] = NAN;
    EXPECT_ERROR(sape_trainer_set_weights(fit->trainer, N, weights), SAPE_ERROR_NOT_FINITE, "weights[3]", "nan");
    for (size_t i = 0; i < N; i++) weights[i] = 1.0f;
    EXPECT_ERROR(sape_trainer_set_weights(fit->trainer, N - 1, weights), SAPE_ERROR_ARGUMENT, "n is 199", "200");
    EXPECT_ERROR(sape_trainer_set_weights(NULL, N, weights), SAPE_ERROR_ARGUMENT, "trainer", "NULL");
    CHECK_OK(sape_trainer_set_weights(fit->trainer, N, weights));
    CHECK_OK(sape_trainer_set_weights(fit->trainer, N, NULL));
    sape_trainer_free(fit->trainer);
    CHECK_OK(sape_trainer_create(&params, NULL, fit->field, &fit->trainer));
    EXPECT_ERROR(sape_trainer_set_weights(fit->trainer, N, weights), SAPE_ERROR_STATE, "no data", "");
    small_fit_free(fit);
}
END_TEST

/* The held-out loss is weighted too: samples that count alone decide it. */
START_TEST(held_out_samples_have_weights) {
    struct own own;
    sape_trainer_params params = own_params(&own);
    params.validation_share = 0.5;
    params.validation_every = 1;
    struct small_fit *custom = fit_with(&params, NULL);
    own.fit = custom;
    params.loss = SAPE_LOSS_MSE;
    params.loss_fn = NULL;
    struct small_fit *built_in = fit_with(&params, NULL);
    float weights[N];
    random_array(9, N, 0.0f, 1.0f, weights);
    CHECK_OK(sape_trainer_set_weights(custom->trainer, N, weights));
    CHECK_OK(sape_trainer_set_weights(built_in->trainer, N, weights));
    sape_result results[2] = {{.struct_size = sizeof *results}, {.struct_size = sizeof *results}};
    CHECK_OK(sape_trainer_run(custom->trainer, 1, NULL, NULL, &results[0]));
    CHECK_OK(sape_trainer_run(built_in->trainer, 1, NULL, NULL, &results[1]));
    ck_assert_double_eq_tol(results[0].validation_loss, results[1].validation_loss, 1e-6 * results[1].validation_loss);
    struct small_fit *plain = fit_with(&params, NULL);
    CHECK_OK(sape_trainer_run(plain->trainer, 1, NULL, NULL, &results[1]));
    ck_assert_double_gt(fabs(results[0].validation_loss / results[1].validation_loss - 1.0), 1e-4);
    small_fit_free(plain);
    small_fit_free(custom);
    small_fit_free(built_in);
}
END_TEST

/* Batches, batches that accumulate, and samples that are held out. */
START_TEST(indices_are_those_of_the_samples) {
    struct own own;
    sape_trainer_params params = own_params(&own);
    params.batch_size = _i == 0 ? 0 : 30;
    params.accumulate = _i == 2 ? 3 : 1;
    params.validation_share = _i == 3 ? 0.3 : 0.0;
    params.validation_every = 2;
    struct small_fit *fit = fit_with(&params, NULL);
    size_t index;
    own.fit = fit;
    train(fit, 8);
    ck_assert_uint_eq(own.calls, _i == 2 ? 24 : _i == 3 ? 12 : 8);
    ck_assert_uint_eq(own.smallest, _i == 0 ? N : 30);
    EXPECT_ERROR(sape_trainer_get_indices(fit->trainer, 1, &index), SAPE_ERROR_STATE, "loss function", "running");
    small_fit_free(fit);
}
END_TEST

/* Built-in losses see the accumulated batches as one; a loss of the caller's own comes to the same step. */
START_TEST(batches_accumulate) {
    struct own own;
    sape_trainer_params params = small_fit_params();
    params.batch_size = 80;
    struct small_fit *large = fit_with(&params, NULL);
    params.batch_size = 20;
    params.accumulate = 4;
    params.num_threads = 2;
    struct small_fit *small = fit_with(&params, NULL);
    sape_trainer_params custom = own_params(&own);
    custom.batch_size = 30;
    custom.accumulate = 3;
    struct small_fit *sliced = fit_with(&custom, NULL);
    custom.batch_size = 90;
    custom.accumulate = 1;
    struct small_fit *whole = fit_with(&custom, NULL);
    train(large, 12);
    train(small, 12);
    train(sliced, 12);
    ck_assert_uint_eq(own.calls, 36);
    ck_assert_uint_eq(own.largest, 30);
    train(whole, 12);
    check_same_state(large, small);
    ck_assert_double_lt(distance(sliced, whole), 1e-5);
    small_fit_free(large);
    small_fit_free(small);
    small_fit_free(sliced);
    small_fit_free(whole);
}
END_TEST

/* Adds to each batch's samples where they come from; ends after some batches. */
struct source {
    const struct small_fit *fit;
    uint64_t calls, last, end_at;
};

static int draw(void *user, uint64_t iteration, size_t n, float *x, float *targets) {
    struct source *source = user;
    if (iteration == source->end_at) return SAPE_SAMPLER_END;
    source->calls++;
    source->last = iteration;
    for (size_t i = 0; i < n; i++) {
        const size_t from = (size_t)((iteration * n + i) % N);
        memcpy(x + 2 * i, source->fit->x + 2 * from, 2 * sizeof *x);
        memcpy(targets + O * i, source->fit->y + O * from, O * sizeof *targets);
    }
    return 0;
}

START_TEST(samplers_accumulate_and_end) {
    sape_trainer_params params = small_fit_params();
    struct small_fit *one = fit_with(&params, NULL);
    params.accumulate = 2;
    struct small_fit *two = fit_with(&params, NULL);
    struct source first = {.fit = one, .end_at = UINT64_MAX}, second = {.fit = two, .end_at = 9};
    sape_result result = {.struct_size = sizeof result};
    double loss = 0.0;
    CHECK_OK(sape_trainer_set_sampler(one->trainer, 40, draw, &first));
    CHECK_OK(sape_trainer_set_sampler(two->trainer, 20, draw, &second));
    train(one, 4);
    CHECK_OK(sape_trainer_run(two->trainer, 10, NULL, NULL, &result));
    ck_assert_int_eq(result.stop, SAPE_STOP_SAMPLER);
    ck_assert_uint_eq(result.iterations, 4);
    ck_assert_uint_eq(second.calls, 9);
    check_same_state(one, two);
    CHECK_OK(sape_trainer_step(two->trainer, &loss));
    ck_assert(isnan(loss));
    check_same_state(one, two);
    second.end_at = UINT64_MAX;
    CHECK_OK(sape_trainer_step(two->trainer, &loss));
    ck_assert(isfinite(loss));
    CHECK_OK(sape_trainer_step(one->trainer, NULL));
    check_same_state(one, two);
    small_fit_free(one);
    small_fit_free(two);
}
END_TEST

/* A sampler may change its samples' weights; they are looked at every time. */
START_TEST(samplers_have_weights) {
    sape_trainer_params params = small_fit_params();
    struct small_fit *fit = fit_with(&params, NULL);
    struct source source = {.fit = fit, .end_at = UINT64_MAX};
    float weights[40];
    double loss;
    for (size_t i = 0; i < 40; i++) weights[i] = 1.0f;
    CHECK_OK(sape_trainer_set_sampler(fit->trainer, 40, draw, &source));
    CHECK_OK(sape_trainer_set_weights(fit->trainer, 40, weights));
    CHECK_OK(sape_trainer_step(fit->trainer, &loss));
    ck_assert_double_gt(loss, 0.0);
    for (size_t i = 0; i < 40; i++) weights[i] = 0.0f;
    CHECK_OK(sape_trainer_step(fit->trainer, &loss));
    ck_assert_double_eq(loss, 0.0);
    weights[7] = -1.0f;
    EXPECT_ERROR(sape_trainer_step(fit->trainer, &loss), SAPE_ERROR_ARGUMENT, "weights[7] is -1", "");
    small_fit_free(fit);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("weights");
    TCase *tests = tcase_create("weights");
    const int losses = sizeof weighted_losses / sizeof *weighted_losses;
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, weights_of_one_change_nothing, 0, losses);
    tcase_add_loop_test(tests, weights_stand_for_copies, 0, losses - 2);
    tcase_add_test(tests, samples_without_weight_do_not_count);
    tcase_add_test(tests, bad_weights_are_refused);
    tcase_add_test(tests, held_out_samples_have_weights);
    tcase_add_loop_test(tests, indices_are_those_of_the_samples, 0, 4);
    tcase_add_test(tests, batches_accumulate);
    tcase_add_test(tests, samplers_accumulate_and_end);
    tcase_add_test(tests, samplers_have_weights);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
