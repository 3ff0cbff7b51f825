/* SPDX-License-Identifier: MIT */
/* Optimizers and schedules against their formulas in double precision. */
#include <math.h>
#include <stdlib.h>

#include "support.h"

#define STEPS 60

static sape_optimizer_params params_of(sape_optimizer_kind kind) {
    sape_optimizer_params params;
    sape_optimizer_params_init(&params, sizeof params);
    params.kind = kind;
    return params;
}

static double rate_at(const sape_optimizer_params *p, int step) {
    double rate = p->learning_rate;
    if (step < (int)p->warmup_iterations) rate *= (step + 1.0) / ((double)p->warmup_iterations + 1.0);
    if (p->schedule == SAPE_SCHEDULE_EXPONENTIAL) rate *= pow(p->decay_rate, step);
    if (p->schedule == SAPE_SCHEDULE_COSINE) {
        const double way = fmin(1.0, step / (double)p->decay_iterations);
        rate *= p->final_factor + (1.0 - p->final_factor) * (1.0 + cos(acos(-1.0) * way)) / 2.0;
    }
    return rate;
}

/* One parameter's run, as the papers write it. */
struct reference {
    double parameter, first, second;
};

static void reference_step(const sape_optimizer_params *p, struct reference *r, double gradient, int step) {
    const double rate = rate_at(p, step);
    r->parameter *= 1.0 - rate * p->weight_decay;
    if (p->kind == SAPE_OPTIMIZER_SGD) {
        r->first = p->momentum * r->first + gradient;
        r->parameter -= rate * r->first;
        return;
    }
    r->first = p->beta1 * r->first + (1.0 - p->beta1) * gradient;
    r->second = p->beta2 * r->second + (1.0 - p->beta2) * gradient * gradient;
    const double m = r->first / (1.0 - pow(p->beta1, step + 1)), v = r->second / (1.0 - pow(p->beta2, step + 1));
    r->parameter -= rate * m / (sqrt(v) + p->epsilon);
}

static void compare(const sape_optimizer_params *params, size_t count) {
    sape_optimizer *optimizer;
    float *parameters = new_random_array(1, count, -1.0f, 1.0f), *gradient = new_array(count);
    struct reference *expected = calloc(count, sizeof *expected);
    for (size_t i = 0; i < count; i++) expected[i].parameter = (double)parameters[i];
    CHECK_OK(sape_optimizer_create(params, count, &optimizer));
    for (int step = 0; step < STEPS; step++) {
        random_array((uint64_t)step + 2, count, -2.0f, 2.0f, gradient);
        ck_assert_double_eq_tol(sape_optimizer_learning_rate(optimizer), rate_at(params, step),
                                1e-12 * params->learning_rate);
        CHECK_OK(sape_optimizer_step(optimizer, parameters, gradient));
        ck_assert_uint_eq(sape_optimizer_num_steps(optimizer), (uint64_t)step + 1);
        for (size_t i = 0; i < count; i++) {
            reference_step(params, &expected[i], (double)gradient[i], step);
            ck_assert_double_eq_tol((double)parameters[i], expected[i].parameter, 1e-5);
        }
    }
    free(parameters);
    free(gradient);
    free(expected);
    sape_optimizer_free(optimizer);
}

START_TEST(test_steps) {
    const size_t counts[] = {1, 15, 16, 17, 100};
    for (size_t i = 0; i < 5; i++) {
        sape_optimizer_params adam = params_of(SAPE_OPTIMIZER_ADAM), sgd = params_of(SAPE_OPTIMIZER_SGD);
        adam.learning_rate = 0.03;
        sgd.learning_rate = 0.01;
        compare(&adam, counts[i]);
        compare(&sgd, counts[i]);
        adam.weight_decay = sgd.weight_decay = 0.5;
        adam.beta1 = sgd.momentum = 0.0;
        adam.beta2 = 0.9;
        adam.epsilon = 0.1;
        compare(&adam, counts[i]);
        compare(&sgd, counts[i]);
    }
}
END_TEST

START_TEST(test_schedules) {
    sape_optimizer_params params = params_of((sape_optimizer_kind)(_i % 2));
    params.learning_rate = 0.02;
    params.schedule = (sape_schedule)(_i / 2 % 3);
    params.decay_rate = 0.95;
    params.decay_iterations = 40;
    params.final_factor = 0.1;
    params.warmup_iterations = _i >= 6 ? 10 : 0;
    compare(&params, 20);
}
END_TEST

/* No gradient: parameters stay, even after moments have faded away. */
START_TEST(test_no_gradient) {
    sape_optimizer *optimizer;
    CHECK_OK(sape_optimizer_create(NULL, 32, &optimizer));
    float parameters[32], kept[32], gradient[32] = {0};
    random_array(1, 32, -1.0f, 1.0f, parameters);
    memcpy(kept, parameters, sizeof kept);
    for (int i = 0; i < 100; i++) CHECK_OK(sape_optimizer_step(optimizer, parameters, gradient));
    ck_assert(memcmp(parameters, kept, sizeof kept) == 0);
    gradient[3] = 1.0f;
    CHECK_OK(sape_optimizer_step(optimizer, parameters, gradient));
    gradient[3] = 0.0f;
    for (int i = 0; i < 2000; i++) CHECK_OK(sape_optimizer_step(optimizer, parameters, gradient));
    memcpy(kept, parameters, sizeof kept);
    CHECK_OK(sape_optimizer_step(optimizer, parameters, gradient));
    ck_assert(memcmp(parameters, kept, sizeof kept) == 0);
    sape_optimizer_free(optimizer);
}
END_TEST

/* Moments below 1e-36 end as zero: with a rate of 1e30 one sees whether they have moved the parameter. */
START_TEST(test_faded_moments) {
    sape_optimizer_params params = params_of(SAPE_OPTIMIZER_SGD);
    params.momentum = 0.0;
    params.learning_rate = 1e30;
    const float gradient[] = {1e-36f, nextafterf(1e-36f, 0.0f), -1e-36f, nextafterf(-1e-36f, 0.0f)};
    float parameters[4] = {0};
    sape_optimizer *optimizer;
    CHECK_OK(sape_optimizer_create(&params, 4, &optimizer));
    CHECK_OK(sape_optimizer_step(optimizer, parameters, gradient));
    ck_assert_double_eq_tol((double)parameters[0], -1e-6, 1e-12);
    ck_assert_double_eq_tol((double)parameters[2], 1e-6, 1e-12);
    ck_assert(parameters[1] == 0.0f && parameters[3] == 0.0f);
    sape_optimizer_free(optimizer);
}
END_TEST

START_TEST(test_counts) {
    sape_optimizer *optimizer;
    CHECK_OK(sape_optimizer_create(NULL, 37, &optimizer));
    ck_assert_uint_eq(sape_optimizer_num_parameters(optimizer), 37);
    ck_assert_uint_eq(sape_optimizer_num_steps(optimizer), 0);
    ck_assert_uint_eq(sape_optimizer_num_parameters(NULL), 0);
    ck_assert_uint_eq(sape_optimizer_num_steps(NULL), 0);
    ck_assert(sape_optimizer_learning_rate(NULL) == 0.0);
    sape_optimizer_free(optimizer);
}
END_TEST

START_TEST(test_bad_input) {
    sape_optimizer *optimizer;
    sape_optimizer_params p;
#define REFUSED(member, value, text)                                                                                   \
    p = params_of(SAPE_OPTIMIZER_ADAM);                                                                                \
    p.member = value;                                                                                                  \
    EXPECT_ERROR(sape_optimizer_create(&p, 10, &optimizer), SAPE_ERROR_ARGUMENT, #member, text);                       \
    ck_assert_ptr_null(optimizer)
    REFUSED(kind, (sape_optimizer_kind)5, "5");
    REFUSED(schedule, (sape_schedule)-2, "-2");
    REFUSED(learning_rate, -1.0, "-1");
    REFUSED(learning_rate, NAN, "nan");
    REFUSED(learning_rate, INFINITY, "inf");
    REFUSED(beta1, 1.0, "1");
    REFUSED(beta2, -0.1, "-0.1");
    REFUSED(epsilon, 0.0, "0");
    REFUSED(momentum, 1.5, "1.5");
    REFUSED(weight_decay, -3.0, "-3");
    REFUSED(decay_rate, 0.0, "0");
    REFUSED(final_factor, 2.0, "2");
    REFUSED(decay_iterations, 0, "0");
#undef REFUSED
    EXPECT_ERROR(sape_optimizer_create(NULL, 0, &optimizer), SAPE_ERROR_ARGUMENT, "num_parameters", "0");
    EXPECT_ERROR(sape_optimizer_create(NULL, SIZE_MAX, &optimizer), SAPE_ERROR_MEMORY, digits_of(SIZE_MAX), "");
    EXPECT_ERROR(sape_optimizer_create(NULL, 1, NULL), SAPE_ERROR_ARGUMENT, "out", "NULL");
    CHECK_OK(sape_optimizer_create(NULL, 1, &optimizer));
    float value = 0.0f;
    EXPECT_ERROR(sape_optimizer_step(NULL, &value, &value), SAPE_ERROR_ARGUMENT, "optimizer", "NULL");
    EXPECT_ERROR(sape_optimizer_step(optimizer, NULL, &value), SAPE_ERROR_ARGUMENT, "parameters", "NULL");
    EXPECT_ERROR(sape_optimizer_step(optimizer, &value, NULL), SAPE_ERROR_ARGUMENT, "gradient", "NULL");
    sape_optimizer_free(optimizer);
    sape_optimizer_free(NULL);
}
END_TEST

/* At any place, also behind the last whole vector: nothing of a step that overflows stays. */
START_TEST(a_step_beyond_the_range_is_taken_back) {
    enum { COUNT = 37 };
    sape_optimizer_params params = params_of((sape_optimizer_kind)_i);
    sape_optimizer *optimizer, *twin;
    float p[COUNT] = {0}, q[COUNT] = {0}, before[COUNT], good[COUNT], bad[COUNT];
    CHECK_OK(sape_optimizer_create(&params, COUNT, &optimizer));
    CHECK_OK(sape_optimizer_create(&params, COUNT, &twin));
    random_array(1, COUNT, -1.0f, 1.0f, good);
    for (size_t i = 0; i < COUNT; i++) {
        memcpy(before, p, sizeof p);
        memcpy(bad, good, sizeof good);
        bad[i] = i % 2 == 0 ? INFINITY : NAN;
        EXPECT_ERROR(sape_optimizer_step(optimizer, p, bad), SAPE_ERROR_DIVERGED, "sape_optimizer_step", "taken back");
        ck_assert_mem_eq(p, before, sizeof p);
        CHECK_OK(sape_optimizer_step(optimizer, p, good));
        CHECK_OK(sape_optimizer_step(twin, q, good));
        ck_assert_mem_eq(p, q, sizeof p);
        ck_assert_uint_eq(sape_optimizer_num_steps(optimizer), i + 1);
    }
    sape_optimizer_free(optimizer);
    sape_optimizer_free(twin);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("optimizer");
    TCase *tcase = tcase_create("optimizer");
    tcase_add_test(tcase, test_steps);
    tcase_add_loop_test(tcase, test_schedules, 0, 12);
    tcase_add_test(tcase, test_no_gradient);
    tcase_add_test(tcase, test_faded_moments);
    tcase_add_loop_test(tcase, a_step_beyond_the_range_is_taken_back, SAPE_OPTIMIZER_ADAM, SAPE_OPTIMIZER_SGD + 1);
    tcase_add_test(tcase, test_counts);
    tcase_add_test(tcase, test_bad_input);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
