/* SPDX-License-Identifier: MIT */
/* Derivatives of outputs with respect to coordinates, and what losses on them mean for the parameters. */
#include <math.h>
#include <stdlib.h>

#include "precision.h"
#include "reference_network.h"
#include "support.h"

#define N 300
#define OUTPUTS 2

static sape_field *make_field(sape_encoding kind, sape_policy policy, size_t dim, size_t hidden) {
    static float rows[N];
    sape_encoder_params encoder;
    sape_mask_params mask;
    sape_network_params network;
    sape_field *field;
    sape_encoder_params_init(&encoder, sizeof encoder);
    sape_mask_params_init(&mask, sizeof mask);
    sape_network_params_init(&network, sizeof network);
    encoder.kind = kind;
    encoder.domain_dim = dim;
    encoder.num_frequencies = kind == SAPE_ENCODING_POSITIONAL ? 4 : 9;
    encoder.std = 1.5;
    mask.policy = policy;
    mask.resolution = 5;
    mask.num_blocks = kind == SAPE_ENCODING_IDENTITY ? 0 : 4;
    mask.block_iterations = 2;
    network.hidden_dim = hidden;
    network.num_layers = 3;
    network.output_dim = OUTPUTS;
    if (policy == SAPE_POLICY_SPATIAL_FIXED) {
        for (size_t i = 0; i < N; i++) rows[i] = -1.0f + 2.0f * (float)i / N;
        mask.samples = rows;
        mask.num_samples = N;
    }
    CHECK_OK(sape_field_create(&encoder, &mask, &network, &field));
    /* Reveals more on one side than on the other. */
    for (int i = 0; i < 5; i++) {
        float x[3 * N], loss[N];
        random_array((uint64_t)i + 50, N * dim, -1.0f, 1.0f, x);
        for (size_t s = 0; s < N; s++) loss[s] = x[s * dim] < 0.1f ? 1.0f : 0.0f;
        CHECK_OK(sape_mask_record(sape_field_mask(field), N, x, loss));
        CHECK_OK(sape_mask_step(sape_field_mask(field)));
    }
    return field;
}

/* Row by row, what the way back from one output gives, which is another way to the same numbers. */
START_TEST(test_against_backward) {
    const sape_encoding kind = (sape_encoding)(_i % 5);
    const sape_policy policy = (sape_policy)(_i / 5 % 4);
    const size_t dim = (size_t)_i / 20 + 1;
    if (policy == SAPE_POLICY_SPATIAL_FIXED && dim > 1) return;
    sape_field *field = make_field(kind, policy, dim, 40);
    float *x = new_random_array(3, N * dim, -0.98f, 0.98f), *jacobian = new_array(N * OUTPUTS * dim);
    float *outputs = new_array(N * OUTPUTS), *expected = new_array(N * OUTPUTS), *one = new_array(N * OUTPUTS);
    float *d_x = new_array(N * dim);
    CHECK_OK(sape_field_jacobian(field, N, x, outputs, jacobian));
    CHECK_OK(sape_field_predict(field, N, x, expected));
    ck_assert_mem_eq(outputs, expected, N * OUTPUTS * sizeof *outputs);
    const double scale = largest_magnitude(N * OUTPUTS * dim, jacobian), tolerance = by_precision(2e-5, 1e-4, 2e-2);
    ck_assert_double_gt(scale, 1e-3);
    for (size_t k = 0; k < OUTPUTS; k++) {
        for (size_t i = 0; i < N * OUTPUTS; i++) one[i] = i % OUTPUTS == k ? 1.0f : 0.0f;
        CHECK_OK(sape_field_backward(field, N, x, one, NULL, d_x));
        for (size_t i = 0; i < N; i++)
            for (size_t a = 0; a < dim; a++)
                ck_assert_double_eq_tol((double)jacobian[(i * OUTPUTS + k) * dim + a], (double)d_x[i * dim + a],
                                        tolerance * scale);
    }
    float *again = new_array(N * OUTPUTS * dim);
    CHECK_OK(sape_field_set_num_threads(field, 3));
    CHECK_OK(sape_field_jacobian(field, N, x, NULL, again));
    ck_assert_mem_eq(jacobian, again, N * OUTPUTS * dim * sizeof *again);
    float *const all[] = {x, jacobian, outputs, expected, one, d_x, again};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) free(all[i]);
    sape_field_free(field);
}
END_TEST

/* <d_outputs, outputs> + <d_jacobian, Jacobian> of the identity encoding, in double precision. */
static double weighted(const struct reference_network *network, size_t n, const float *x, const float *d_outputs,
                       const float *d_jacobian) {
    double sum = 0.0;
    for (size_t i = 0; i < n; i++) {
        const double inputs[2] = {(double)x[2 * i], (double)x[2 * i + 1]};
        for (size_t k = 0; k < OUTPUTS; k++) {
            double outputs[OUTPUTS], one[OUTPUTS] = {0.0}, d_inputs[2] = {0.0};
            one[k] = 1.0;
            reference_network_run(network, inputs, outputs, one, NULL, d_inputs);
            sum += outputs[k] * (double)d_outputs[i * OUTPUTS + k];
            for (size_t a = 0; a < 2; a++) sum += d_inputs[a] * (double)d_jacobian[(i * OUTPUTS + k) * 2 + a];
        }
    }
    return sum;
}

/* Outputs and derivatives are linear in any one parameter, so that differences are exact where no ReLU turns. */
START_TEST(test_parameters_in_double) {
    enum { SAMPLES = 40, HIDDEN = 9 };
    sape_field *field = make_field(SAPE_ENCODING_IDENTITY, SAPE_POLICY_NONE, 2, HIDDEN);
    const size_t count = sape_network_num_parameters(sape_field_network(field));
    float *x = new_random_array(1, SAMPLES * 2, -1.0f, 1.0f), *parameters = new_array(count);
    float *d_outputs = new_random_array(2, SAMPLES * OUTPUTS, -1.0f, 1.0f), *gradient = new_array(count);
    float *d_jacobian = new_random_array(3, SAMPLES * OUTPUTS * 2, -1.0f, 1.0f);
    CHECK_OK(sape_network_get_parameters(sape_field_network(field), parameters, count));
    CHECK_OK(sape_field_jacobian_backward(field, SAMPLES, x, d_outputs, d_jacobian, gradient));
    const struct reference_network network = {
        .inputs = 2, .hidden = HIDDEN, .hidden_layers = 3, .outputs = OUTPUTS, .parameters = parameters};
    const double middle = weighted(&network, SAMPLES, x, d_outputs, d_jacobian);
    const double scale = largest_magnitude(count, gradient), tolerance = by_precision(1e-5, 1e-5, 2e-2);
    size_t kinks = 0;
    for (size_t p = 0; p < count; p++) {
        const float kept = parameters[p];
        parameters[p] = kept + 1e-4f;
        const double up = (double)parameters[p] - (double)kept;
        const double above = (weighted(&network, SAMPLES, x, d_outputs, d_jacobian) - middle) / up;
        parameters[p] = kept - 1e-4f;
        const double down = (double)kept - (double)parameters[p];
        const double below = (middle - weighted(&network, SAMPLES, x, d_outputs, d_jacobian)) / down;
        parameters[p] = kept;
        if (fabs(above - below) > 1e-6 * scale)
            kinks++;
        else
            ck_assert_double_eq_tol((double)gradient[p], above, tolerance * scale);
    }
    ck_assert_uint_lt(kinks, count / 5);
    float *const all[] = {x, parameters, d_outputs, gradient, d_jacobian};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) free(all[i]);
    sape_field_free(field);
}
END_TEST

static double weighted_jacobian(const sape_field *field, const float *x, const float *d_jacobian) {
    float jacobian[N * OUTPUTS * 2];
    double sum = 0.0;
    CHECK_OK(sape_field_jacobian(field, N, x, NULL, jacobian));
    for (size_t i = 0; i < N * OUTPUTS * 2; i++) sum += (double)jacobian[i] * (double)d_jacobian[i];
    return sum;
}

/* With encoding and mask, against differences of the library's own Jacobian. */
START_TEST(test_parameters_with_mask) {
    sape_field *field = make_field(SAPE_ENCODING_FOURIER, SAPE_POLICY_SPATIAL, 2, 24);
    sape_network *network = sape_field_network(field);
    const size_t count = sape_network_num_parameters(network);
    float *x = new_random_array(1, N * 2, -1.0f, 1.0f), *parameters = new_array(count), *gradient = new_array(count);
    float *d_jacobian = new_random_array(3, N * OUTPUTS * 2, -1.0f, 1.0f), *threads = new_array(count);
    CHECK_OK(sape_network_get_parameters(network, parameters, count));
    CHECK_OK(sape_field_jacobian_backward(field, N, x, NULL, d_jacobian, gradient));
    CHECK_OK(sape_field_set_num_threads(field, 3));
    CHECK_OK(sape_field_jacobian_backward(field, N, x, NULL, d_jacobian, threads));
    ck_assert_mem_eq(gradient, threads, count * sizeof *gradient);
    const double middle = weighted_jacobian(field, x, d_jacobian), scale = largest_magnitude(count, gradient);
    size_t compared = 0;
    for (size_t p = 0; p < count; p += 7) {
        const float kept = parameters[p];
        parameters[p] = kept + 1e-3f;
        CHECK_OK(sape_network_set_parameters(network, parameters, count));
        const double above = (weighted_jacobian(field, x, d_jacobian) - middle) / 1e-3;
        parameters[p] = kept - 1e-3f;
        CHECK_OK(sape_network_set_parameters(network, parameters, count));
        const double below = (middle - weighted_jacobian(field, x, d_jacobian)) / 1e-3;
        parameters[p] = kept;
        if (fabs(above - below) > 4e-3 * scale) continue; /* a ReLU has turned */
        ck_assert_double_eq_tol((double)gradient[p], above / 2 + below / 2, 5e-3 * scale);
        compared++;
    }
    ck_assert_uint_gt(compared, count / 7 / 2);
    float *const all[] = {x, parameters, gradient, d_jacobian, threads};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) free(all[i]);
    sape_field_free(field);
}
END_TEST

/* The squared error near a circle, and everywhere (|gradient| - 1)^2 / 10. *user receives mean | |gradient| - 1 |. */
static int eikonal(void *user, size_t n, size_t domain_dim, const float *x, size_t output_dim, const float *outputs,
                   const float *jacobian, const float *targets, float *d_outputs, float *d_jacobian, float *sample_loss,
                   double *loss) {
    double *off = user;
    ck_assert_uint_eq(domain_dim, 2);
    ck_assert_uint_eq(output_dim, 1);
    ck_assert_ptr_nonnull(x);
    *off = 0.0;
    for (size_t i = 0; i < n; i++) {
        const float error = fabsf(targets[i]) < 0.15f ? outputs[i] - targets[i] : 0.0f;
        const float norm = hypotf(jacobian[2 * i], jacobian[2 * i + 1]) + 1e-12f, excess = norm - 1.0f;
        d_outputs[i] = 2.0f * error / (float)n;
        for (size_t a = 0; a < 2; a++) d_jacobian[2 * i + a] = 0.2f * excess * jacobian[2 * i + a] / norm / (float)n;
        sample_loss[i] = error * error + 0.1f * excess * excess;
        *loss += (double)sample_loss[i] / (double)n;
        *off += fabs((double)excess) / (double)n;
    }
    return 0;
}

static sape_trainer *make_trainer(sape_field **field, size_t threads) {
    sape_encoder_params encoder;
    sape_mask_params mask;
    sape_network_params network;
    sape_trainer_params params;
    sape_trainer *trainer;
    sape_encoder_params_init(&encoder, sizeof encoder);
    sape_mask_params_init(&mask, sizeof mask);
    sape_network_params_init(&network, sizeof network);
    sape_trainer_params_init(&params, sizeof params);
    encoder.num_frequencies = 16;
    encoder.std = 0.5;
    mask.resolution = 6;
    mask.num_blocks = 4;
    mask.block_iterations = 10;
    mask.epsilon = 1e-3;
    network.hidden_dim = 40;
    network.num_layers = 2;
    network.output_dim = 1;
    params.loss = SAPE_LOSS_CUSTOM_JACOBIAN;
    params.num_threads = threads;
    CHECK_OK(sape_field_create(&encoder, &mask, &network, field));
    CHECK_OK(sape_trainer_create(&params, NULL, *field, &trainer));
    return trainer;
}

/* A signed distance has a gradient of length 1. */
START_TEST(test_eikonal_training) {
    enum { SAMPLES = 700, STEPS = 300 };
    sape_field *field, *other;
    sape_trainer *trainer = make_trainer(&field, 1), *threaded = make_trainer(&other, 3);
    float *x = new_random_array(4, 2 * SAMPLES, -1.0f, 1.0f), *targets = new_array(SAMPLES);
    double off, other_off, first = 0.0, loss, other_loss;
    for (size_t i = 0; i < SAMPLES; i++) targets[i] = hypotf(x[2 * i], x[2 * i + 1]) - 0.5f;
    CHECK_OK(sape_trainer_set_data(trainer, SAMPLES, x, targets));
    CHECK_OK(sape_trainer_set_data(threaded, SAMPLES, x, targets));
    EXPECT_ERROR(sape_trainer_step(trainer, &loss), SAPE_ERROR_STATE, "no loss function", "");
    CHECK_OK(sape_trainer_set_jacobian_loss(trainer, eikonal, &off));
    CHECK_OK(sape_trainer_set_jacobian_loss(threaded, eikonal, &other_off));
    for (int i = 0; i < STEPS; i++) {
        CHECK_OK(sape_trainer_step(trainer, &loss));
        if (i < 30) {
            CHECK_OK(sape_trainer_step(threaded, &other_loss));
            ck_assert_double_eq(loss, other_loss);
        }
        if (i == 0) first = off;
    }
    ck_assert_double_gt(first, 0.5);
    ck_assert_double_lt(off, 0.15);
    sape_trainer_free(trainer);
    sape_trainer_free(threaded);
    sape_field_free(field);
    sape_field_free(other);
    free(x);
    free(targets);
}
END_TEST

/* A loss that leaves the Jacobian alone trains as the same loss without one. */
static int mse_of_both(size_t n, const float *outputs, const float *targets, float *d_outputs, float *sample_loss,
                       double *loss) {
    return sape_loss_evaluate(SAPE_LOSS_MSE, n, 1, outputs, targets, d_outputs, sample_loss, loss) != SAPE_OK;
}

static int with_jacobian(void *user, size_t n, size_t domain_dim, const float *x, size_t output_dim,
                         const float *outputs, const float *jacobian, const float *targets, float *d_outputs,
                         float *d_jacobian, float *sample_loss, double *loss) {
    (void)user;
    (void)x;
    (void)jacobian;
    memset(d_jacobian, 0, n * output_dim * domain_dim * sizeof *d_jacobian);
    return mse_of_both(n, outputs, targets, d_outputs, sample_loss, loss);
}

static int refuses(void *user, size_t n, size_t domain_dim, const float *x, size_t output_dim, const float *outputs,
                   const float *jacobian, const float *targets, float *d_outputs, float *d_jacobian, float *sample_loss,
                   double *loss) {
    with_jacobian(user, n, domain_dim, x, output_dim, outputs, jacobian, targets, d_outputs, d_jacobian, sample_loss,
                  loss);
    return 5;
}

START_TEST(test_without_jacobian) {
    enum { SAMPLES = 1500 };
    sape_field *field, *plain;
    sape_trainer *trainer = make_trainer(&field, 2), *other = make_trainer(&plain, 2);
    float *x = new_random_array(4, 2 * SAMPLES, -1.0f, 1.0f), *targets = new_random_array(5, SAMPLES, 0.0f, 1.0f);
    double loss, expected;
    sape_trainer_free(other);
    CHECK_OK(sape_trainer_create(NULL, NULL, plain, &other));
    CHECK_OK(sape_trainer_set_data(trainer, SAMPLES, x, targets));
    CHECK_OK(sape_trainer_set_data(other, SAMPLES, x, targets));
    CHECK_OK(sape_trainer_set_jacobian_loss(trainer, with_jacobian, NULL));
    for (int i = 0; i < 30; i++) {
        CHECK_OK(sape_trainer_step(trainer, &loss));
        CHECK_OK(sape_trainer_step(other, &expected));
        ck_assert_double_eq_tol(loss, expected, 1e-6 * expected);
    }
    CHECK_OK(sape_trainer_set_jacobian_loss(trainer, refuses, NULL));
    EXPECT_ERROR(sape_trainer_step(trainer, &loss), SAPE_ERROR_CALLBACK, "loss function", "5");
    sape_adaptive_rate_params rate;
    sape_adaptive_rate_params_init(&rate, sizeof rate);
    EXPECT_ERROR(sape_trainer_set_adaptive_rate(trainer, &rate), SAPE_ERROR_UNSUPPORTED, "derivatives", "");
    EXPECT_ERROR(sape_trainer_set_jacobian_loss(NULL, refuses, NULL), SAPE_ERROR_ARGUMENT, "trainer", "NULL");
    EXPECT_ERROR(sape_trainer_set_jacobian_loss(trainer, NULL, NULL), SAPE_ERROR_ARGUMENT, "loss_fn", "NULL");
    EXPECT_ERROR(sape_trainer_set_jacobian_loss(other, refuses, NULL), SAPE_ERROR_STATE, "loss", "JACOBIAN");
    sape_trainer_free(trainer);
    sape_trainer_free(other);
    sape_field_free(field);
    sape_field_free(plain);
    free(x);
    free(targets);
}
END_TEST

START_TEST(test_bad_input) {
    sape_field *field = make_field(SAPE_ENCODING_FOURIER, SAPE_POLICY_NONE, 2, 8);
    float x[4] = {0.1f, 0.2f, 0.3f, 0.4f}, values[8] = {0.0f}, *gradient = new_array(10000);
    EXPECT_ERROR(sape_field_jacobian(NULL, 2, x, NULL, values), SAPE_ERROR_ARGUMENT, "field", "NULL");
    EXPECT_ERROR(sape_field_jacobian(field, 2, NULL, NULL, values), SAPE_ERROR_ARGUMENT, "x", "NULL");
    EXPECT_ERROR(sape_field_jacobian(field, 2, x, NULL, NULL), SAPE_ERROR_ARGUMENT, "jacobian", "NULL");
    EXPECT_ERROR(sape_field_jacobian_backward(field, 2, x, NULL, NULL, gradient), SAPE_ERROR_ARGUMENT, "d_jacobian",
                 "NULL");
    EXPECT_ERROR(sape_field_jacobian_backward(field, 2, x, NULL, values, NULL), SAPE_ERROR_ARGUMENT, "d_parameters",
                 "NULL");
    values[3] = NAN;
    EXPECT_ERROR(sape_field_jacobian_backward(field, 2, x, NULL, values, gradient), SAPE_ERROR_NOT_FINITE,
                 "d_jacobian[3]", "nan");
    x[1] = INFINITY;
    EXPECT_ERROR(sape_field_jacobian(field, 2, x, NULL, values), SAPE_ERROR_NOT_FINITE, "x[1]", "inf");
    CHECK_OK(sape_field_jacobian(field, 0, NULL, NULL, NULL));
    gradient[0] = 3.0f;
    CHECK_OK(sape_field_jacobian_backward(field, 0, NULL, NULL, NULL, gradient));
    ck_assert_float_eq(gradient[0], 0.0f);
    free(gradient);
    sape_field_free(field);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("jacobian");
    TCase *tcase = tcase_create("jacobian");
    tcase_set_timeout(tcase, 120);
    tcase_add_loop_test(tcase, test_against_backward, 0, 60);
    tcase_add_test(tcase, test_parameters_in_double);
    if (has_differences()) tcase_add_test(tcase, test_parameters_with_mask);
    tcase_add_test(tcase, test_eikonal_training);
    tcase_add_test(tcase, test_without_jacobian);
    tcase_add_test(tcase, test_bad_input);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
