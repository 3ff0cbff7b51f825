/* SPDX-License-Identifier: MIT */
/* Fields in the caller's units: coordinates of any range, targets of any size. */
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "support.h"

#define N 150
#define O 2
#define D 2

static const double center[D] = {256.0, -3000.0}, scale[D] = {256.0, 0.5}, mean[O] = {1e6, -2.0},
                    deviation[O] = {3e4, 1e-3};

struct pair {
    /* The same samples in the field's units and in the caller's. */
    float u[N * D], v[N * O], x[N * D], y[N * O];
    sape_field *plain, *scaled;
};

static sape_field *make_field(sape_policy policy, size_t output_dim) {
    sape_encoder_params encoder;
    sape_mask_params mask;
    sape_network_params network;
    sape_field *field;
    sape_encoder_params_init(&encoder, sizeof encoder);
    sape_mask_params_init(&mask, sizeof mask);
    sape_network_params_init(&network, sizeof network);
    encoder.num_frequencies = 12;
    encoder.std = 1.0;
    mask.policy = policy;
    mask.resolution = 6;
    mask.num_blocks = 4;
    mask.block_iterations = 3;
    network.hidden_dim = 24;
    network.output_dim = output_dim;
    CHECK_OK(sape_field_create(&encoder, &mask, &network, &field));
    return field;
}

/* What the field's units are is computed from the caller's as the library does. */
static struct pair *make_pair(sape_policy policy) {
    struct pair *pair = malloc(sizeof *pair);
    ck_assert_ptr_nonnull(pair);
    random_array(1, N * D, -1.0f, 1.0f, pair->x);
    random_array(2, N * O, -1.0f, 1.0f, pair->y);
    for (size_t i = 0; i < N * D; i++) {
        pair->x[i] = (float)(center[i % D] + scale[i % D] * (double)pair->x[i]);
        pair->u[i] = (float)(((double)pair->x[i] - center[i % D]) / scale[i % D]);
    }
    for (size_t i = 0; i < N * O; i++) {
        pair->y[i] = (float)(mean[i % O] + deviation[i % O] * (double)pair->y[i]);
    }
    for (size_t i = 0; i < N * O; i++) pair->v[i] = (float)(((double)pair->y[i] - mean[i % O]) / deviation[i % O]);
    pair->plain = make_field(policy, O);
    pair->scaled = make_field(policy, O);
    CHECK_OK(sape_field_set_normalization(pair->scaled, center, scale, mean, deviation));
    return pair;
}

static void free_pair(struct pair *pair) {
    sape_field_free(pair->plain);
    sape_field_free(pair->scaled);
    free(pair);
}

static void check_same_parameters(const sape_field *a, const sape_field *b) {
    const size_t count = sape_network_num_parameters(sape_field_network(a));
    float *one = new_array(count), *other = new_array(count);
    CHECK_OK(sape_network_get_parameters(sape_field_network(a), one, count));
    CHECK_OK(sape_network_get_parameters(sape_field_network(b), other, count));
    ck_assert_mem_eq(one, other, count * sizeof *one);
    free(one);
    free(other);
}

static void check_outputs(const struct pair *pair) {
    float plain[N * O], scaled[N * O];
    CHECK_OK(sape_field_predict(pair->plain, N, pair->u, plain));
    CHECK_OK(sape_field_predict(pair->scaled, N, pair->x, scaled));
    for (size_t i = 0; i < N * O; i++)
        ck_assert_float_eq(scaled[i], (float)(mean[i % O] + deviation[i % O] * (double)plain[i]));
}

/* Training in the caller's units is training in the field's, to the last bit. */
START_TEST(training_is_the_same) {
    const sape_policy policy = _i % 2 == 0 ? SAPE_POLICY_SPATIAL : SAPE_POLICY_VARIANCE;
    struct pair *pair = make_pair(policy);
    sape_trainer_params params;
    sape_trainer *plain, *scaled;
    sape_trainer_params_init(&params, sizeof params);
    params.loss = _i / 2 == 0 ? SAPE_LOSS_MSE : SAPE_LOSS_HUBER;
    params.batch_size = _i / 2 == 0 ? 0 : 40;
    params.validation_share = _i / 2 == 0 ? 0.0 : 0.2;
    CHECK_OK(sape_trainer_create(&params, NULL, pair->plain, &plain));
    CHECK_OK(sape_trainer_create(&params, NULL, pair->scaled, &scaled));
    CHECK_OK(sape_trainer_set_data(plain, N, pair->u, pair->v));
    CHECK_OK(sape_trainer_set_data(scaled, N, pair->x, pair->y));
    ck_assert_uint_eq(sape_trainer_num_outside(scaled), 0);
    for (int i = 0; i < 30; i++) {
        double expected, loss;
        CHECK_OK(sape_trainer_step(plain, &expected));
        CHECK_OK(sape_trainer_step(scaled, &loss));
        ck_assert_double_eq(loss, expected);
    }
    check_same_parameters(pair->plain, pair->scaled);
    check_outputs(pair);
    sape_trainer_free(plain);
    sape_trainer_free(scaled);
    free_pair(pair);
}
END_TEST

/* Squared errors in the caller's units; the Jacobian's too where there is one. */
static int own_loss(void *user, size_t n, const float *x, size_t output_dim, const float *outputs, const float *targets,
                    float *d_outputs, float *sample_loss, double *loss) {
    const struct pair *pair = user;
    *loss = 0.0;
    for (size_t i = 0; i < n; i++) {
        sample_loss[i] = 0.0f;
        if (n == N) ck_assert_mem_eq(x + i * D, pair->x + i * D, D * sizeof *x);
        if (n == N) ck_assert_mem_eq(targets + i * O, pair->y + i * O, O * sizeof *x);
        for (size_t k = 0; k < output_dim; k++) {
            const double e = ((double)outputs[i * O + k] - (double)targets[i * O + k]) / deviation[k];
            d_outputs[i * O + k] = (float)(2.0 * e / deviation[k] / (double)(n * output_dim));
            sample_loss[i] += (float)(e * e / (double)output_dim);
        }
        *loss += (double)sample_loss[i] / (double)n;
    }
    return 0;
}

static int own_jacobian_loss(void *user, size_t n, size_t d, const float *x, size_t o, const float *outputs,
                             const float *jacobian, const float *targets, float *d_outputs, float *d_jacobian,
                             float *sample_loss, double *loss) {
    own_loss(user, n, x, o, outputs, targets, d_outputs, sample_loss, loss);
    for (size_t i = 0; i < n * o * d; i++) {
        const double unit = deviation[i / d % o] / scale[i % d];
        d_jacobian[i] = (float)(1e-3 * (double)jacobian[i] / unit / unit);
    }
    return 0;
}

static int plain_loss(void *user, size_t n, const float *x, size_t output_dim, const float *outputs,
                      const float *targets, float *d_outputs, float *sample_loss, double *loss) {
    (void)user;
    (void)x;
    return sape_loss_evaluate(SAPE_LOSS_MSE, n, output_dim, outputs, targets, d_outputs, sample_loss, loss) != SAPE_OK;
}

static int plain_jacobian_loss(void *user, size_t n, size_t d, const float *x, size_t o, const float *outputs,
                               const float *jacobian, const float *targets, float *d_outputs, float *d_jacobian,
                               float *sample_loss, double *loss) {
    for (size_t i = 0; i < n * o * d; i++) d_jacobian[i] = 1e-3f * jacobian[i];
    return plain_loss(user, n, x, o, outputs, targets, d_outputs, sample_loss, loss);
}

/* A loss of the caller's own that says the same in the caller's units leads to the same. */
START_TEST(own_losses_are_in_the_callers_units) {
    struct pair *pair = make_pair(SAPE_POLICY_SPATIAL);
    sape_trainer_params params;
    sape_trainer *plain, *scaled;
    sape_trainer_params_init(&params, sizeof params);
    params.loss = _i < 2 ? SAPE_LOSS_CUSTOM : SAPE_LOSS_CUSTOM_JACOBIAN;
    params.loss_fn = _i < 2 ? plain_loss : NULL;
    params.batch_size = _i == 1 ? 50 : 0;
    CHECK_OK(sape_trainer_create(&params, NULL, pair->plain, &plain));
    params.loss_fn = _i < 2 ? own_loss : NULL;
    params.loss_user = pair;
    CHECK_OK(sape_trainer_create(&params, NULL, pair->scaled, &scaled));
    if (_i == 2) CHECK_OK(sape_trainer_set_jacobian_loss(plain, plain_jacobian_loss, NULL));
    if (_i == 2) CHECK_OK(sape_trainer_set_jacobian_loss(scaled, own_jacobian_loss, pair));
    CHECK_OK(sape_trainer_set_data(plain, N, pair->u, pair->v));
    CHECK_OK(sape_trainer_set_data(scaled, N, pair->x, pair->y));
    for (int i = 0; i < 10; i++) {
        double expected, loss;
        CHECK_OK(sape_trainer_step(plain, &expected));
        CHECK_OK(sape_trainer_step(scaled, &loss));
        ck_assert_double_eq_tol(loss, expected, 1e-3 * expected);
    }
    sape_trainer_free(plain);
    sape_trainer_free(scaled);
    free_pair(pair);
}
END_TEST

static int draw(void *user, uint64_t iteration, size_t n, float *x, float *targets) {
    const struct pair *pair = user;
    (void)iteration;
    memcpy(x, pair->x, n * D * sizeof *x);
    memcpy(targets, pair->y, n * O * sizeof *targets);
    return 0;
}

START_TEST(samplers_draw_in_the_callers_units) {
    struct pair *pair = make_pair(SAPE_POLICY_SPATIAL);
    sape_trainer *plain, *scaled;
    CHECK_OK(sape_trainer_create(NULL, NULL, pair->plain, &plain));
    CHECK_OK(sape_trainer_create(NULL, NULL, pair->scaled, &scaled));
    CHECK_OK(sape_trainer_set_data(plain, N, pair->u, pair->v));
    CHECK_OK(sape_trainer_set_sampler(scaled, N, draw, pair));
    CHECK_OK(sape_trainer_run(plain, 12, NULL, NULL, NULL));
    CHECK_OK(sape_trainer_run(scaled, 12, NULL, NULL, NULL));
    check_same_parameters(pair->plain, pair->scaled);
    ck_assert_uint_eq(sape_trainer_num_outside(scaled), 0);
    sape_trainer_free(plain);
    sape_trainer_free(scaled);
    free_pair(pair);
}
END_TEST

/* Targets that the field's units cannot hold are refused as they come; the samples before them stay. */
START_TEST(targets_must_fit) {
    struct pair *pair = make_pair(SAPE_POLICY_VARIANCE);
    const double tiny[O] = {1e-40, 1e-40};
    sape_trainer *trainer;
    CHECK_OK(sape_field_set_normalization(pair->scaled, center, scale, mean, tiny));
    CHECK_OK(sape_trainer_create(NULL, NULL, pair->scaled, &trainer));
    EXPECT_ERROR(sape_trainer_set_data(trainer, N, pair->x, pair->y), SAPE_ERROR_ARGUMENT, "targets[0]", "target_mean");
    EXPECT_ERROR(sape_trainer_step(trainer, NULL), SAPE_ERROR_STATE, "no data", "");
    CHECK_OK(sape_trainer_set_sampler(trainer, N, draw, pair));
    EXPECT_ERROR(sape_trainer_step(trainer, NULL), SAPE_ERROR_ARGUMENT, "targets[0]", "target_mean");
    for (size_t i = 0; i < N * O; i++) pair->y[i] = (float)mean[i % O];
    CHECK_OK(sape_trainer_step(trainer, NULL));
    sape_trainer_free(trainer);
    free_pair(pair);
}
END_TEST

/* Grids, the mask's place, gradients and Jacobians are those of the plain field, changed by the chain rule. */
START_TEST(derivatives_are_in_the_callers_units) {
    struct pair *pair = make_pair(SAPE_POLICY_SPATIAL);
    float plain[N * O * D], scaled[N * O * D], d_plain[N * O], d_scaled[N * O], by[2][N * O];
    check_outputs(pair);
    CHECK_OK(sape_field_jacobian(pair->plain, N, pair->u, NULL, plain));
    CHECK_OK(sape_field_jacobian(pair->scaled, N, pair->x, by[0], scaled));
    for (size_t i = 0; i < N * O * D; i++) {
        const double expected = (double)plain[i] * deviation[i / D % O] / scale[i % D];
        ck_assert_double_eq_tol((double)scaled[i], expected, 1e-6 * fabs(expected));
    }
    CHECK_OK(sape_field_predict(pair->scaled, N, pair->x, by[1]));
    ck_assert_mem_eq(by[0], by[1], sizeof by[0]);
    random_array(5, N * O, -1.0f, 1.0f, d_scaled);
    for (size_t i = 0; i < N * O; i++) d_plain[i] = (float)(deviation[i % O] * (double)d_scaled[i]);
    const size_t count = sape_network_num_parameters(sape_field_network(pair->plain));
    float *one = new_array(count), *other = new_array(count);
    CHECK_OK(sape_field_backward(pair->plain, N, pair->u, d_plain, one, plain));
    CHECK_OK(sape_field_backward(pair->scaled, N, pair->x, d_scaled, other, scaled));
    ck_assert_mem_eq(one, other, count * sizeof *one);
    for (size_t i = 0; i < N * D; i++)
        ck_assert_double_eq_tol((double)scaled[i], (double)plain[i] / scale[i % D], 1e-6 * fabs((double)scaled[i]));
    CHECK_OK(sape_field_gradient_norms(pair->plain, N, pair->u, d_plain, plain));
    CHECK_OK(sape_field_gradient_norms(pair->scaled, N, pair->x, d_scaled, scaled));
    ck_assert_mem_eq(plain, scaled, N * sizeof *plain);
    random_array(6, N * O * D, -1.0f, 1.0f, scaled);
    for (size_t i = 0; i < N * O * D; i++) plain[i] = (float)((double)scaled[i] * deviation[i / D % O] / scale[i % D]);
    CHECK_OK(sape_field_jacobian_backward(pair->plain, N, pair->u, d_plain, plain, one));
    CHECK_OK(sape_field_jacobian_backward(pair->scaled, N, pair->x, d_scaled, scaled, other));
    ck_assert_mem_eq(one, other, count * sizeof *one);
    free(one);
    free(other);
    free_pair(pair);
}
END_TEST

START_TEST(grids_are_in_the_callers_units) {
    enum { SIDE = 5 };
    struct pair *pair = make_pair(SAPE_POLICY_SPATIAL);
    const size_t size[D] = {SIDE, SIDE};
    const float low[D] = {0.0f, -3000.5f}, high[D] = {512.0f, -2999.5f};
    float points[SIDE * SIDE * D], grid[SIDE * SIDE * O], outputs[SIDE * SIDE * O];
    for (size_t i = 0; i < SIDE * SIDE; i++) {
        points[i * D] = (float)(512.0 * (double)(i / SIDE) / (SIDE - 1));
        points[i * D + 1] = (float)(-3000.5 + (double)(i % SIDE) / (SIDE - 1));
    }
    CHECK_OK(sape_field_predict_grid(pair->scaled, size, low, high, grid));
    CHECK_OK(sape_field_predict(pair->scaled, SIDE * SIDE, points, outputs));
    ck_assert_mem_eq(grid, outputs, sizeof grid);
    sape_predict_options options;
    sape_predict_options_init(&options, sizeof options);
    options.mask_by = points;
    CHECK_OK(sape_field_predict_with(pair->scaled, &options, SIDE * SIDE, points, grid));
    ck_assert_mem_eq(grid, outputs, sizeof grid);
    free_pair(pair);
}
END_TEST

START_TEST(checkpoints_keep_it) {
    static const char path[] = "normalized.safetensors";
    struct pair *pair = make_pair(SAPE_POLICY_SPATIAL);
    sape_trainer_params params;
    sape_trainer *trainer, *other;
    sape_field *loaded, *again = make_field(SAPE_POLICY_SPATIAL, O);
    sape_safetensors *checkpoint;
    float expected[N * O], outputs[N * O];
    double values[O];
    sape_trainer_params_init(&params, sizeof params);
    params.validation_share = 0.2;
    params.validation_every = 2;
    params.average_decay = 0.5;
    CHECK_OK(sape_trainer_create(&params, NULL, pair->scaled, &trainer));
    CHECK_OK(sape_trainer_set_data(trainer, N, pair->x, pair->y));
    CHECK_OK(sape_trainer_run(trainer, 10, NULL, NULL, NULL));
    CHECK_OK(sape_field_predict(pair->scaled, N, pair->x, expected));
    CHECK_OK(sape_trainer_save(trainer, path));
    CHECK_OK(sape_field_load(path, &loaded));
    ck_assert_int_eq(remove(path), 0);
    CHECK_OK(sape_field_predict(loaded, N, pair->x, outputs));
    ck_assert_mem_eq(outputs, expected, sizeof outputs);
    sape_field_free(loaded);
    CHECK_OK(sape_trainer_average(trainer, &loaded));
    CHECK_OK(sape_field_get_normalization(loaded, NULL, NULL, NULL, values));
    ck_assert_mem_eq(values, deviation, sizeof values);
    sape_field_free(loaded);
    /* A trainer's field must have it before; a field alone takes it. */
    CHECK_OK(sape_trainer_checkpoint(trainer, &checkpoint));
    CHECK_OK(sape_trainer_create(&params, NULL, again, &other));
    CHECK_OK(sape_trainer_set_data(other, N, pair->u, pair->v));
    EXPECT_ERROR(sape_trainer_restore(other, checkpoint), SAPE_ERROR_ARGUMENT, "normalization", "checkpoint");
    EXPECT_ERROR(sape_field_restore(again, checkpoint), SAPE_ERROR_ARGUMENT, "normalization", "checkpoint");
    EXPECT_ERROR(sape_field_set_normalization(again, NULL, NULL, NULL, NULL), SAPE_ERROR_STATE, "has a trainer", "");
    sape_trainer_free(other);
    CHECK_OK(sape_field_restore(again, checkpoint));
    CHECK_OK(sape_field_predict(again, N, pair->x, outputs));
    ck_assert_mem_eq(outputs, expected, sizeof outputs);
    CHECK_OK(sape_trainer_create(&params, NULL, again, &other));
    CHECK_OK(sape_trainer_set_data(other, N, pair->x, pair->y));
    CHECK_OK(sape_trainer_restore(other, checkpoint));
    CHECK_OK(sape_trainer_run(other, 5, NULL, NULL, NULL));
    CHECK_OK(sape_trainer_run(trainer, 5, NULL, NULL, NULL));
    check_same_parameters(again, pair->scaled);
    sape_trainer_free(other);
    sape_trainer_free(trainer);
    sape_safetensors_free(checkpoint);
    sape_field_free(again);
    free_pair(pair);
}
END_TEST

/* Pixels and heights as they are: fitted and predicted, where the same field without a normalization fails. */
START_TEST(samples_fit_as_they_are) {
    enum { SIDE = 20, COUNT = SIDE * SIDE };
    static float x[COUNT * D], height[COUNT], fit[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        x[i * D] = 512.0f * (float)(i / SIDE) / (SIDE - 1);
        x[i * D + 1] = 512.0f * (float)(i % SIDE) / (SIDE - 1);
        height[i] = 5e5f + 2e4f * sinf(x[i * D] / 90.0f) * cosf(x[i * D + 1] / 120.0f);
    }
    double worst[2] = {0.0, 0.0};
    for (int scaled = 0; scaled < 2; scaled++) {
        sape_field *field = make_field(SAPE_POLICY_SPATIAL, 1);
        sape_trainer *trainer;
        if (scaled) CHECK_OK(sape_field_fit_normalization(field, COUNT, x, height));
        CHECK_OK(sape_trainer_create(NULL, NULL, field, &trainer));
        CHECK_OK(sape_trainer_set_data(trainer, COUNT, x, height));
        ck_assert_uint_eq(sape_trainer_num_outside(trainer), scaled ? 0 : COUNT - 1);
        CHECK_OK(sape_trainer_run(trainer, 600, NULL, NULL, NULL));
        CHECK_OK(sape_field_predict(field, COUNT, x, fit));
        for (size_t i = 0; i < COUNT; i++) worst[scaled] = fmax(worst[scaled], fabs((double)(fit[i] - height[i])));
        sape_trainer_free(trainer);
        sape_field_free(field);
    }
    ck_assert_double_gt(worst[0], 1e5);
    ck_assert_double_lt(worst[1], 4e3);
}
END_TEST

START_TEST(arguments_are_checked) {
    sape_field *field = make_field(SAPE_POLICY_NONE, O);
    const double zero[2] = {1.0, 0.0}, infinite[2] = {0.0, INFINITY};
    const float x[2 * D] = {1.0f, 5.0f, 3.0f, 5.0f}, y[2 * O] = {1.0f, 2.0f, 1.0f, 4.0f}, bad[2] = {NAN, 0.0f};
    double values[4][2];
    float outputs[O];
    EXPECT_ERROR(sape_field_set_normalization(NULL, NULL, NULL, NULL, NULL), SAPE_ERROR_ARGUMENT, "field", "NULL");
    EXPECT_ERROR(sape_field_set_normalization(field, NULL, zero, NULL, NULL), SAPE_ERROR_ARGUMENT, "scale[1] is 0", "");
    EXPECT_ERROR(sape_field_set_normalization(field, infinite, NULL, NULL, NULL), SAPE_ERROR_ARGUMENT, "center[1]",
                 "inf");
    EXPECT_ERROR(sape_field_set_normalization(field, NULL, NULL, NULL, zero), SAPE_ERROR_ARGUMENT, "target_scale[1]",
                 "");
    EXPECT_ERROR(sape_field_fit_normalization(field, 0, x, NULL), SAPE_ERROR_ARGUMENT, "n is 0", "");
    EXPECT_ERROR(sape_field_fit_normalization(field, 1, NULL, NULL), SAPE_ERROR_ARGUMENT, "x", "NULL");
    EXPECT_ERROR(sape_field_fit_normalization(field, 1, bad, NULL), SAPE_ERROR_NOT_FINITE, "x[0]", "nan");
    EXPECT_ERROR(sape_field_get_normalization(NULL, NULL, NULL, NULL, NULL), SAPE_ERROR_ARGUMENT, "field", "NULL");
    CHECK_OK(sape_field_fit_normalization(field, 2, x, y));
    CHECK_OK(sape_field_get_normalization(field, values[0], values[1], values[2], values[3]));
    static const double expected[4][2] = {{2.0, 5.0}, {1.0, 1.0}, {1.0, 3.0}, {1.0, 1.0}};
    for (size_t i = 0; i < 4; i++) ck_assert_mem_eq(values[i], expected[i], sizeof values[i]);
    EXPECT_ERROR(sape_field_predict(field, 1, bad, outputs), SAPE_ERROR_NOT_FINITE, "x[0]", "nan");
    EXPECT_ERROR(sape_field_predict(field, 1, (const float[]){1e7f, 0.0f}, outputs), SAPE_ERROR_ARGUMENT, "x[0]",
                 "center");
    sape_trainer_params params;
    sape_trainer *trainer;
    sape_trainer_params_init(&params, sizeof params);
    params.loss = SAPE_LOSS_BCE;
    EXPECT_ERROR(sape_trainer_create(&params, NULL, field, &trainer), SAPE_ERROR_UNSUPPORTED, "BCE", "labels");
    ck_assert_uint_eq(sape_trainer_num_outside(NULL), 0);
    sape_field_free(field);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("normalization");
    TCase *tests = tcase_create("normalization");
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, training_is_the_same, 0, 4);
    tcase_add_loop_test(tests, own_losses_are_in_the_callers_units, 0, 3);
    tcase_add_test(tests, samplers_draw_in_the_callers_units);
    tcase_add_test(tests, targets_must_fit);
    tcase_add_test(tests, derivatives_are_in_the_callers_units);
    tcase_add_test(tests, grids_are_in_the_callers_units);
    tcase_add_test(tests, checkpoints_keep_it);
    tcase_add_test(tests, samples_fit_as_they_are);
    tcase_add_test(tests, arguments_are_checked);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
