/* SPDX-License-Identifier: MIT */
/* Losses against their definitions in double precision. */
#include <math.h>
#include <stdlib.h>

#include "support.h"

#define N 50
#define DIM 3

static double one(sape_loss kind, double output, double target) {
    if (kind == SAPE_LOSS_MSE) return (output - target) * (output - target);
    /* -y log(sigmoid) - (1 - y) log(1 - sigmoid), with log(1 + exp) never of a large number. */
    const double softplus = output > 0 ? output + log1p(exp(-output)) : log1p(exp(output));
    return softplus - target * output;
}

START_TEST(test_values) {
    const sape_loss kind = (sape_loss)_i;
    float *outputs = new_random_array(1, N * DIM, -8.0f, 8.0f), *targets = new_random_array(2, N * DIM, 0.0f, 1.0f);
    float *d_outputs = new_array(N * DIM), *sample_loss = new_array(N);
    double loss, sum = 0.0;
    outputs[0] = 1e4f;
    outputs[1] = -1e4f;
    outputs[2] = 0.0f;
    CHECK_OK(sape_loss_evaluate(kind, N, DIM, outputs, targets, d_outputs, sample_loss, &loss));
    for (size_t i = 0; i < N; i++) {
        double expected = 0.0;
        for (size_t k = 0; k < DIM; k++) {
            const double output = (double)outputs[i * DIM + k], target = (double)targets[i * DIM + k], h = 1e-5;
            expected += one(kind, output, target) / DIM;
            const double slope = (one(kind, output + h, target) - one(kind, output - h, target)) / (2 * h * N * DIM);
            ck_assert_double_eq_tol((double)d_outputs[i * DIM + k], slope, 1e-6 * fmax(1.0, fabs(slope)));
        }
        ck_assert_double_eq_tol((double)sample_loss[i], expected, 1e-6 * fmax(1.0, expected));
        sum += expected / N;
    }
    ck_assert_double_eq_tol(loss, sum, 1e-6 * sum);
    double alone;
    CHECK_OK(sape_loss_evaluate(kind, N, DIM, outputs, targets, NULL, NULL, &alone));
    ck_assert_double_eq(alone, loss);
    free(outputs);
    free(targets);
    free(d_outputs);
    free(sample_loss);
}
END_TEST

/* What is left of a good guess's loss is exact to single precision's relative error, not only to its absolute one. */
START_TEST(test_confident_logits) {
    static const float logits[] = {2.0f, 9.0f, 15.0f, 30.0f, 80.0f};
    for (size_t i = 0; i < 5; i++) {
        const double expected = log1p(exp(-(double)logits[i]));
        for (int label = 0; label < 2; label++) {
            const float output = label == 1 ? logits[i] : -logits[i], target = (float)label;
            float slope, sample_loss;
            double loss;
            CHECK_OK(sape_loss_evaluate(SAPE_LOSS_BCE, 1, 1, &output, &target, &slope, &sample_loss, &loss));
            ck_assert_double_eq_tol(loss, expected, 1e-6 * expected);
            ck_assert_double_eq_tol((double)sample_loss, expected, 1e-6 * expected);
            ck_assert(label == 1 ? slope <= 0.0f : slope >= 0.0f);
        }
    }
}
END_TEST

START_TEST(test_bad_input) {
    float outputs[2] = {0.0f, 0.0f}, targets[2] = {0.0f, 1.5f};
    double loss;
    EXPECT_ERROR(sape_loss_evaluate(SAPE_LOSS_CUSTOM, 2, 1, outputs, targets, NULL, NULL, &loss), SAPE_ERROR_ARGUMENT,
                 "kind", "2");
    EXPECT_ERROR(sape_loss_evaluate(SAPE_LOSS_MSE, 0, 1, outputs, targets, NULL, NULL, &loss), SAPE_ERROR_ARGUMENT, "n",
                 "0");
    EXPECT_ERROR(sape_loss_evaluate(SAPE_LOSS_MSE, 2, 0, outputs, targets, NULL, NULL, &loss), SAPE_ERROR_ARGUMENT,
                 "output_dim", "0");
    EXPECT_ERROR(sape_loss_evaluate(SAPE_LOSS_MSE, SIZE_MAX, 2, outputs, targets, NULL, NULL, &loss), SAPE_ERROR_MEMORY,
                 "n", digits_of(SIZE_MAX));
    EXPECT_ERROR(sape_loss_evaluate(SAPE_LOSS_MSE, 2, 1, NULL, targets, NULL, NULL, &loss), SAPE_ERROR_ARGUMENT,
                 "outputs", "NULL");
    EXPECT_ERROR(sape_loss_evaluate(SAPE_LOSS_BCE, 2, 1, outputs, targets, NULL, NULL, &loss), SAPE_ERROR_ARGUMENT,
                 "targets[1]", "1.5");
    EXPECT_ERROR(sape_loss_evaluate((sape_loss)-3, 2, 1, outputs, targets, NULL, NULL, &loss), SAPE_ERROR_ARGUMENT,
                 "kind", "-3");
    EXPECT_ERROR(sape_loss_evaluate(SAPE_LOSS_MSE, 2, 1, outputs, NULL, NULL, NULL, &loss), SAPE_ERROR_ARGUMENT,
                 "targets", "NULL");
    outputs[0] = -INFINITY;
    EXPECT_ERROR(sape_loss_evaluate(SAPE_LOSS_MSE, 2, 1, outputs, targets, NULL, NULL, &loss), SAPE_ERROR_NOT_FINITE,
                 "outputs[0]", "-inf");
    outputs[0] = 0.0f;
    CHECK_OK(sape_loss_evaluate(SAPE_LOSS_MSE, 2, 1, outputs, targets, NULL, NULL, NULL));
    targets[1] = NAN;
    EXPECT_ERROR(sape_loss_evaluate(SAPE_LOSS_MSE, 2, 1, outputs, targets, NULL, NULL, &loss), SAPE_ERROR_NOT_FINITE,
                 "targets[1]", "nan");
}
END_TEST

int main(void) {
    Suite *suite = suite_create("loss");
    TCase *tcase = tcase_create("loss");
    tcase_add_loop_test(tcase, test_values, 0, 2);
    tcase_add_test(tcase, test_confident_logits);
    tcase_add_test(tcase, test_bad_input);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
