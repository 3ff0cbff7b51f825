/* SPDX-License-Identifier: MIT */
/* The Chamfer loss against its definition, and a trainer that draws its targets. */
#include <math.h>
#include <stdlib.h>

#include "support.h"

#define NUM_OUTPUTS 60
#define NUM_TARGETS 90

static double distance(size_t dim, const double *a, const float *b) {
    double sum = 0.0;
    for (size_t k = 0; k < dim; k++) sum += (a[k] - (double)b[k]) * (a[k] - (double)b[k]);
    return sqrt(sum);
}

/* The definition, every pair looked at; own receives the outputs' distances. */
static double definition(size_t dim, size_t n, const double *outputs, size_t m, const float *targets, double *own) {
    double sum = 0.0;
    for (size_t i = 0; i < n; i++) {
        own[i] = INFINITY;
        for (size_t j = 0; j < m; j++) own[i] = fmin(own[i], distance(dim, outputs + i * dim, targets + j * dim));
        sum += own[i] / (double)n;
    }
    for (size_t j = 0; j < m; j++) {
        double nearest = INFINITY;
        for (size_t i = 0; i < n; i++) nearest = fmin(nearest, distance(dim, outputs + i * dim, targets + j * dim));
        sum += nearest / (double)m;
    }
    return sum;
}

START_TEST(test_values) {
    const size_t dim = (size_t)_i;
    float *outputs = new_random_array(1, NUM_OUTPUTS * dim, -1.0f, 1.0f);
    float *targets = new_random_array(2, NUM_TARGETS * dim, -1.0f, 1.0f);
    float d_outputs[NUM_OUTPUTS * 3], sample_loss[NUM_OUTPUTS];
    double exact[NUM_OUTPUTS * 3], own[NUM_OUTPUTS], moved[NUM_OUTPUTS], loss;
    CHECK_OK(sape_loss_chamfer(dim, NUM_OUTPUTS, outputs, NUM_TARGETS, targets, d_outputs, sample_loss, &loss));
    for (size_t i = 0; i < NUM_OUTPUTS * dim; i++) exact[i] = (double)outputs[i];
    ck_assert_double_eq_tol(loss, definition(dim, NUM_OUTPUTS, exact, NUM_TARGETS, targets, own), 1e-12);
    for (size_t i = 0; i < NUM_OUTPUTS; i++) ck_assert_double_eq_tol((double)sample_loss[i], own[i], 1e-7);
    for (size_t i = 0; i < NUM_OUTPUTS * dim; i++) {
        const double h = 1e-7, at = exact[i];
        exact[i] = at + h;
        const double above = definition(dim, NUM_OUTPUTS, exact, NUM_TARGETS, targets, moved);
        exact[i] = at - h;
        const double below = definition(dim, NUM_OUTPUTS, exact, NUM_TARGETS, targets, moved);
        exact[i] = at;
        ck_assert_double_eq_tol((double)d_outputs[i], (above - below) / (2.0 * h), 1e-7);
    }
    CHECK_OK(sape_loss_chamfer(dim, NUM_OUTPUTS, outputs, NUM_TARGETS, targets, NULL, NULL, NULL));
    free(outputs);
    free(targets);
}
END_TEST

/* Outputs on targets are at rest; one a little off is pulled back by itself and by its target. */
START_TEST(test_coinciding) {
    const float targets[] = {0.0f, 0.0f, 1.0f, 0.0f, 0.0f, 1.0f};
    float outputs[] = {0.0f, 0.0f, 1.0f, 0.0f, 0.0f, 1.0f}, d_outputs[6], sample_loss[3];
    double loss;
    CHECK_OK(sape_loss_chamfer(2, 3, outputs, 3, targets, d_outputs, sample_loss, &loss));
    ck_assert_double_eq(loss, 0.0);
    for (size_t i = 0; i < 6; i++) ck_assert_float_eq(d_outputs[i], 0.0f);
    outputs[0] = 0.25f;
    CHECK_OK(sape_loss_chamfer(2, 3, outputs, 3, targets, d_outputs, sample_loss, &loss));
    ck_assert_double_eq_tol(loss, 2.0 * 0.25 / 3.0, 1e-12);
    ck_assert_float_eq(sample_loss[0], 0.25f);
    ck_assert_float_eq_tol(d_outputs[0], 2.0f / 3.0f, 1e-6f);
    for (size_t i = 1; i < 6; i++) ck_assert_float_eq(d_outputs[i], 0.0f);
}
END_TEST

/* The largest numbers there are do not overflow on the way. */
START_TEST(test_far_apart) {
    const float output[] = {3e38f, 3e38f, 3e38f}, target[] = {-3e38f, -3e38f, -3e38f};
    double loss;
    CHECK_OK(sape_loss_chamfer(3, 1, output, 1, target, NULL, NULL, &loss));
    ck_assert_double_eq_tol(loss / (2.0 * sqrt(3.0) * 6e38), 1.0, 1e-6);
}
END_TEST

START_TEST(test_bad_input) {
    float points[] = {0.0f, 1.0f, 2.0f, 3.0f}, bad[] = {0.0f, NAN, INFINITY, 3.0f};
    double loss;
    EXPECT_ERROR(sape_loss_chamfer(0, 2, points, 2, points, NULL, NULL, &loss), SAPE_ERROR_ARGUMENT, "dim", "0");
    EXPECT_ERROR(sape_loss_chamfer(4, 1, points, 1, points, NULL, NULL, &loss), SAPE_ERROR_ARGUMENT, "dim", "4");
    EXPECT_ERROR(sape_loss_chamfer(2, 0, points, 2, points, NULL, NULL, &loss), SAPE_ERROR_ARGUMENT, "n is 0", "");
    EXPECT_ERROR(sape_loss_chamfer(2, 2, points, 0, points, NULL, NULL, &loss), SAPE_ERROR_ARGUMENT, "m is 0", "");
    EXPECT_ERROR(sape_loss_chamfer(2, SIZE_MAX, points, 2, points, NULL, NULL, &loss), SAPE_ERROR_MEMORY, "n",
                 digits_of(SIZE_MAX));
    EXPECT_ERROR(sape_loss_chamfer(2, 2, points, SIZE_MAX, points, NULL, NULL, &loss), SAPE_ERROR_MEMORY, "m",
                 digits_of(SIZE_MAX));
    EXPECT_ERROR(sape_loss_chamfer(2, 2, NULL, 2, points, NULL, NULL, &loss), SAPE_ERROR_ARGUMENT, "outputs", "NULL");
    EXPECT_ERROR(sape_loss_chamfer(2, 2, points, 2, NULL, NULL, NULL, &loss), SAPE_ERROR_ARGUMENT, "targets", "NULL");
    EXPECT_ERROR(sape_loss_chamfer(2, 2, bad, 2, points, NULL, NULL, &loss), SAPE_ERROR_NOT_FINITE, "outputs[1]",
                 "nan");
    EXPECT_ERROR(sape_loss_chamfer(1, 1, points, 2, bad + 1, NULL, NULL, &loss), SAPE_ERROR_NOT_FINITE, "targets[0]",
                 "nan");
}
END_TEST

/* A field from a line to the plane, and its trainer. */
static sape_trainer *make_trainer(size_t threads, uint64_t seed, sape_field **field) {
    sape_encoder_params encoder;
    sape_network_params network;
    sape_trainer_params params;
    sape_trainer *trainer;
    sape_encoder_params_init(&encoder, sizeof encoder);
    sape_network_params_init(&network, sizeof network);
    sape_trainer_params_init(&params, sizeof params);
    encoder.domain_dim = 1;
    encoder.num_frequencies = 8;
    encoder.std = 1.0;
    network.hidden_dim = 24;
    network.output_dim = 2;
    params.loss = SAPE_LOSS_CHAMFER;
    params.num_threads = threads;
    params.seed = seed;
    CHECK_OK(sape_field_create(&encoder, NULL, &network, field));
    CHECK_OK(sape_trainer_create(&params, NULL, *field, &trainer));
    return trainer;
}

#define SAMPLES 300

struct training {
    float x[SAMPLES], points[2 * SAMPLES];
    sape_field *field;
    sape_trainer *trainer;
};

/* A circle to fit. */
static void begin(struct training *training, size_t threads, uint64_t seed, size_t per_iteration) {
    for (size_t i = 0; i < SAMPLES; i++) {
        const float t = -1.0f + 2.0f * (float)i / SAMPLES;
        training->x[i] = t;
        training->points[2 * i] = 0.5f * cosf(3.14159265f * t);
        training->points[2 * i + 1] = 0.5f * sinf(3.14159265f * t);
    }
    training->trainer = make_trainer(threads, seed, &training->field);
    CHECK_OK(sape_trainer_set_data(training->trainer, SAMPLES, training->x, NULL));
    CHECK_OK(sape_trainer_set_target_points(training->trainer, SAMPLES, training->points, per_iteration));
}

static void end(struct training *training) {
    sape_trainer_free(training->trainer);
    sape_field_free(training->field);
}

/* What the trainer calls the loss is what the free function makes of the field's outputs. */
START_TEST(test_trainer_loss) {
    struct training training;
    float outputs[2 * SAMPLES];
    double expected, loss, first = 0.0;
    begin(&training, 1, 0, 0);
    for (int i = 0; i < 300; i++) {
        CHECK_OK(sape_field_predict(training.field, SAMPLES, training.x, outputs));
        CHECK_OK(sape_loss_chamfer(2, SAMPLES, outputs, SAMPLES, training.points, NULL, NULL, &expected));
        CHECK_OK(sape_trainer_step(training.trainer, &loss));
        ck_assert_double_eq_tol(loss, expected, 1e-6);
        if (i == 0) first = loss;
    }
    ck_assert_double_lt(loss, 0.1 * first);
    end(&training);
}
END_TEST

/* A subset's loss differs from iteration to iteration and by seed, not by the number of threads. */
START_TEST(test_drawn_points) {
    struct training one, other, third;
    double a, b, c, difference = 0.0;
    begin(&one, 1, 1, 20);
    begin(&other, 3, 1, 20);
    begin(&third, 1, 2, 20);
    for (int i = 0; i < 20; i++) {
        CHECK_OK(sape_trainer_step(one.trainer, &a));
        CHECK_OK(sape_trainer_step(other.trainer, &b));
        CHECK_OK(sape_trainer_step(third.trainer, &c));
        ck_assert_double_eq(a, b);
        difference += fabs(a - c);
    }
    ck_assert_double_gt(difference, 0.0);
    end(&one);
    end(&other);
    end(&third);
}
END_TEST

/* The loss of an output at the origin and the points of a set, given as bits, in the order of their distances. */
static double loss_of_set(size_t count, const float *points, size_t set) {
    double nearest = 0.0, sum = 0.0;
    for (size_t k = count; k-- > 0;) {
        if (!(set >> k & 1)) continue;
        nearest = (double)points[2 * k];
        sum += nearest;
    }
    return nearest + sum / (double)__builtin_popcountll(set);
}

/* Every subset is one of distinct points, and in the long run all points come equally often. The points are so far
   apart that the loss says which were drawn. */
START_TEST(test_draws_are_fair) {
    enum { POINTS = 8, DRAWN = 3, DRAWS = 4000 };
    const float x = 0.0f;
    float points[2 * POINTS];
    size_t counts[POINTS] = {0};
    sape_field *field;
    sape_trainer *trainer = make_trainer(1, 5, &field);
    sape_optimizer_params still;
    sape_optimizer_params_init(&still, sizeof still);
    still.learning_rate = 0.0;
    sape_trainer_free(trainer);
    sape_trainer_params params;
    sape_trainer_params_init(&params, sizeof params);
    params.loss = SAPE_LOSS_CHAMFER;
    CHECK_OK(sape_trainer_create(&params, &still, field, &trainer));
    /* An output that does not move, at the origin, and points at distances 1, 5, 25 ... on one ray from it. */
    float *zeros = new_array(sape_network_num_parameters(sape_field_network(field)));
    CHECK_OK(sape_network_set_parameters(sape_field_network(field), zeros,
                                         sape_network_num_parameters(sape_field_network(field))));
    for (size_t i = 0; i < POINTS; i++) {
        points[2 * i] = i == 0 ? 1.0f : 5.0f * points[2 * i - 2];
        points[2 * i + 1] = 0.0f;
    }
    CHECK_OK(sape_trainer_set_data(trainer, 1, &x, NULL));
    CHECK_OK(sape_trainer_set_target_points(trainer, POINTS, points, DRAWN));
    for (int i = 0; i < DRAWS; i++) {
        double loss;
        CHECK_OK(sape_trainer_step(trainer, &loss));
        size_t found = 0;
        for (size_t set = 0; set < (1u << POINTS); set++) {
            if (__builtin_popcountll(set) != DRAWN || fabs(loss_of_set(POINTS, points, set) - loss) > 1e-6 * loss)
                continue;
            for (size_t k = 0; k < POINTS; k++) counts[k] += set >> k & 1;
            found++;
        }
        ck_assert_uint_eq(found, 1);
    }
    /* 1500 times each on the average, with a deviation of 31. */
    for (size_t k = 0; k < POINTS; k++) ck_assert_uint_le(counts[k] > 1500 ? counts[k] - 1500 : 1500 - counts[k], 150);
    free(zeros);
    sape_trainer_free(trainer);
    sape_field_free(field);
}
END_TEST

START_TEST(test_trainer_errors) {
    struct training training;
    float bad[] = {0.0f, NAN};
    double loss;
    sape_field *field;
    sape_trainer *trainer = make_trainer(1, 0, &field);
    begin(&training, 1, 0, 0);
    EXPECT_ERROR(sape_trainer_set_data(trainer, SAMPLES, training.x, training.points), SAPE_ERROR_ARGUMENT, "targets",
                 "Chamfer");
    CHECK_OK(sape_trainer_set_data(trainer, SAMPLES, training.x, NULL));
    EXPECT_ERROR(sape_trainer_step(trainer, &loss), SAPE_ERROR_STATE, "no target points", "");
    EXPECT_ERROR(sape_trainer_set_target_points(NULL, 1, training.points, 0), SAPE_ERROR_ARGUMENT, "trainer", "NULL");
    EXPECT_ERROR(sape_trainer_set_target_points(trainer, 0, training.points, 0), SAPE_ERROR_ARGUMENT, "m is 0", "");
    EXPECT_ERROR(sape_trainer_set_target_points(trainer, 1, NULL, 0), SAPE_ERROR_ARGUMENT, "points", "NULL");
    EXPECT_ERROR(sape_trainer_set_target_points(trainer, SIZE_MAX, bad, 0), SAPE_ERROR_MEMORY, "m",
                 digits_of(SIZE_MAX));
    EXPECT_ERROR(sape_trainer_set_target_points(trainer, 1, bad, 0), SAPE_ERROR_NOT_FINITE, "points[1]", "nan");
    EXPECT_ERROR(sape_trainer_step(trainer, &loss), SAPE_ERROR_STATE, "no target points", "");
    /* Refused points leave those that are there. */
    EXPECT_ERROR(sape_trainer_set_target_points(training.trainer, 1, bad, 0), SAPE_ERROR_NOT_FINITE, "points[1]",
                 "nan");
    CHECK_OK(sape_trainer_step(training.trainer, &loss));
    sape_trainer_free(trainer);
    CHECK_OK(sape_trainer_create(NULL, NULL, field, &trainer));
    EXPECT_ERROR(sape_trainer_set_target_points(trainer, 1, training.points, 0), SAPE_ERROR_STATE, "loss", "Chamfer");
    sape_trainer_free(trainer);
    sape_field_free(field);
    sape_network_params network;
    sape_trainer_params params;
    sape_network_params_init(&network, sizeof network);
    sape_trainer_params_init(&params, sizeof params);
    network.output_dim = 4;
    params.loss = SAPE_LOSS_CHAMFER;
    CHECK_OK(sape_field_create(NULL, NULL, &network, &field));
    EXPECT_ERROR(sape_trainer_create(&params, NULL, field, &trainer), SAPE_ERROR_ARGUMENT, "output_dim", "4");
    sape_field_free(field);
    end(&training);
}
END_TEST

/* A step so large that outputs overflow ends the training as every divergence does. */
START_TEST(test_divergence) {
    struct training training;
    double loss;
    sape_optimizer_params wild;
    sape_trainer_params params;
    begin(&training, 1, 0, 50);
    sape_trainer_free(training.trainer);
    sape_optimizer_params_init(&wild, sizeof wild);
    wild.learning_rate = 1e30;
    wild.kind = SAPE_OPTIMIZER_SGD;
    wild.momentum = 0.0;
    sape_trainer_params_init(&params, sizeof params);
    params.loss = SAPE_LOSS_CHAMFER;
    CHECK_OK(sape_trainer_create(&params, &wild, training.field, &training.trainer));
    CHECK_OK(sape_trainer_set_data(training.trainer, SAMPLES, training.x, NULL));
    CHECK_OK(sape_trainer_set_target_points(training.trainer, SAMPLES, training.points, 50));
    sape_status status = SAPE_OK;
    for (int i = 0; i < 200 && status == SAPE_OK; i++) status = sape_trainer_step(training.trainer, &loss);
    ck_assert_int_eq(status, SAPE_ERROR_DIVERGED);
    const size_t count = sape_network_num_parameters(sape_field_network(training.field));
    float *parameters = new_array(count);
    CHECK_OK(sape_network_get_parameters(sape_field_network(training.field), parameters, count));
    for (size_t i = 0; i < count; i++) ck_assert(isfinite(parameters[i]));
    free(parameters);
    end(&training);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("chamfer");
    TCase *tcase = tcase_create("chamfer");
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, test_values, 1, 4);
    tcase_add_test(tcase, test_coinciding);
    tcase_add_test(tcase, test_far_apart);
    tcase_add_test(tcase, test_bad_input);
    tcase_add_test(tcase, test_trainer_loss);
    tcase_add_test(tcase, test_drawn_points);
    tcase_add_test(tcase, test_draws_are_fair);
    tcase_add_test(tcase, test_trainer_errors);
    tcase_add_test(tcase, test_divergence);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
