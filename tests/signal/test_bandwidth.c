/* SPDX-License-Identifier: MIT */
/* Proposed bandwidths: against computation by hand, under scaling, and with little to go by. */
#include <math.h>
#include <stdlib.h>

#include "support.h"

static sape_bandwidth propose(size_t n, size_t dim, const float *x, size_t outputs, const float *targets) {
    sape_bandwidth known = {.struct_size = sizeof known};
    CHECK_OK(sape_bandwidth_propose(n, dim, x, outputs, targets, &known));
    return known;
}

/* The definition, neighbour by neighbour. */
static double signal_frequency(size_t n, size_t dim, const float *x, size_t outputs, const float *y) {
    double dx = 0.0, dy = 0.0, spread = 0.0;
    for (size_t i = 0; i < n; i++) {
        double nearest = INFINITY;
        size_t neighbour = 0;
        for (size_t j = 0; j < n; j++) {
            double distance = 0.0;
            for (size_t a = 0; a < dim; a++) distance += pow((double)x[i * dim + a] - (double)x[j * dim + a], 2.0);
            if (j % 4 == i % 4 || distance >= nearest) continue;
            nearest = distance;
            neighbour = j;
        }
        dx += nearest;
        for (size_t k = 0; k < outputs; k++)
            dy += pow((double)y[i * outputs + k] - (double)y[neighbour * outputs + k], 2.0);
    }
    for (size_t k = 0; k < outputs; k++) {
        double mean = 0.0;
        for (size_t i = 0; i < n; i++) mean += (double)y[i * outputs + k] / (double)n;
        for (size_t i = 0; i < n; i++) spread += pow((double)y[i * outputs + k] - mean, 2.0) / (double)n;
    }
    return sqrt((double)dim * dy / dx / spread) / (2.0 * M_PI);
}

START_TEST(the_definition) {
    enum { N = 301 };
    for (size_t dim = 1; dim <= 3; dim++) {
        float *x = new_random_array(dim, N * dim, -1.0f, 1.0f), *y = new_array(N * 2);
        for (size_t i = 0; i < N; i++) {
            y[2 * i] = sinf(4.0f * x[i * dim]);
            y[2 * i + 1] = 3.0f + cosf(9.0f * x[i * dim + dim - 1]);
        }
        const sape_bandwidth known = propose(N, dim, x, 2, y);
        double volume = 1.0;
        for (size_t a = 0; a < dim; a++) {
            float low = 1.0f, high = -1.0f;
            for (size_t i = 0; i < N; i++) {
                low = fminf(low, x[i * dim + a]);
                high = fmaxf(high, x[i * dim + a]);
            }
            volume *= (double)high - (double)low;
        }
        const double nyquist = 0.5 / pow(volume / N, 1.0 / (double)dim);
        ck_assert_double_eq_tol(known.nyquist / nyquist, 1.0, 1e-9);
        ck_assert_double_eq(known.c_max, 0.5 * known.nyquist);
        ck_assert_double_eq_tol(known.signal_frequency / signal_frequency(N, dim, x, 2, y), 1.0, 1e-5);
        const double wanted = 0.65 * known.signal_frequency;
        ck_assert_double_eq_tol(known.std / fmin(fmax(wanted, nyquist / 16), nyquist / 2), 1.0, 1e-9);
        free(x);
        free(y);
    }
}
END_TEST

/* A wave along the first axis, seen closely enough: its own frequency is found. */
START_TEST(a_wave_has_its_frequency) {
    enum { N = 20000 };
    for (int k = 1; k <= 4; k++) {
        float *x = new_random_array(7, N * 2, -1.0f, 1.0f), *y = new_array(N);
        for (size_t i = 0; i < N; i++) y[i] = sinf(2.0f * (float)M_PI * (float)k * x[2 * i]);
        ck_assert_double_eq_tol(propose(N, 2, x, 1, y).signal_frequency / k, 1.0, 0.06);
        free(x);
        free(y);
    }
}
END_TEST

/* Twice the domain is half the frequency; the targets' scale and offset do not matter. */
START_TEST(scaling) {
    enum { N = 500 };
    float *x = new_random_array(1, N * 2, -1.0f, 1.0f), *y = new_array(N);
    for (size_t i = 0; i < N; i++) y[i] = sinf(6.0f * x[2 * i]) + x[2 * i + 1];
    const sape_bandwidth a = propose(N, 2, x, 1, y);
    for (size_t i = 0; i < N; i++) {
        x[2 * i] *= 2.0f;
        x[2 * i + 1] *= 2.0f;
        y[i] = 8.0f - 4.0f * y[i];
    }
    const sape_bandwidth b = propose(N, 2, x, 1, y);
    ck_assert_double_eq_tol(a.std / b.std, 2.0, 1e-4);
    ck_assert_double_eq_tol(a.nyquist / b.nyquist, 2.0, 1e-6);
    free(x);
    free(y);
}
END_TEST

/* Constant targets, none, noise, and samples that leave a coordinate alone or lie on top of each other. */
START_TEST(little_to_go_by) {
    enum { N = 400 };
    float *x = new_random_array(1, N * 2, -1.0f, 1.0f), *y = new_array(N), *flat = new_array(N * 3);
    for (size_t i = 0; i < N; i++) y[i] = 0.25f;
    const sape_bandwidth constant = propose(N, 2, x, 1, y), none = propose(N, 2, x, 1, NULL);
    ck_assert_double_eq(constant.signal_frequency, 0.0);
    ck_assert_double_eq(constant.std, none.std);
    ck_assert_double_eq_tol(none.std, none.nyquist / 5.0, 1e-12);
    random_array(3, N, 0.0f, 1.0f, y);
    ck_assert_double_le(propose(N, 2, x, 1, y).std, none.nyquist / 2.0);
    const sape_bandwidth plane = propose(N, 2, x, 1, y);
    for (size_t i = 0; i < N; i++) {
        flat[3 * i] = x[2 * i];
        flat[3 * i + 1] = 0.5f;
        flat[3 * i + 2] = x[2 * i + 1];
    }
    const sape_bandwidth same = propose(N, 3, flat, 1, y);
    ck_assert_double_eq(same.std, plane.std);
    ck_assert_double_eq(same.nyquist, plane.nyquist);
    const float two[] = {-1.0f, 1.0f}, twice[] = {0.5f, 0.5f, 0.5f, 0.75f};
    ck_assert_double_gt(propose(2, 1, two, 1, two).std, 0.0);
    ck_assert_double_gt(propose(4, 1, twice, 1, twice).std, 0.0);
    free(x);
    free(y);
    free(flat);
}
END_TEST

START_TEST(what_is_refused) {
    float x[] = {0.0f, 1.0f, 2.0f}, bad[] = {0.0f, NAN, 1.0f}, same[] = {1.0f, 1.0f, 1.0f};
    sape_bandwidth out = {.struct_size = sizeof out};
    EXPECT_ERROR(sape_bandwidth_propose(1, 1, x, 1, x, &out), SAPE_ERROR_ARGUMENT, "n is 1", "2");
    EXPECT_ERROR(sape_bandwidth_propose(3, 0, x, 1, x, &out), SAPE_ERROR_ARGUMENT, "domain_dim is 0", "1 to 3");
    EXPECT_ERROR(sape_bandwidth_propose(3, 4, x, 1, x, &out), SAPE_ERROR_ARGUMENT, "domain_dim is 4", "1 to 3");
    EXPECT_ERROR(sape_bandwidth_propose(3, 1, x, 0, x, &out), SAPE_ERROR_ARGUMENT, "output_dim is 0", "1");
    EXPECT_ERROR(sape_bandwidth_propose(3, 1, NULL, 1, x, &out), SAPE_ERROR_ARGUMENT, "x", "NULL");
    EXPECT_ERROR(sape_bandwidth_propose(3, 1, bad, 1, x, &out), SAPE_ERROR_NOT_FINITE, "x[1]", "nan");
    EXPECT_ERROR(sape_bandwidth_propose(3, 1, x, 1, bad, &out), SAPE_ERROR_NOT_FINITE, "targets[1]", "nan");
    EXPECT_ERROR(sape_bandwidth_propose(3, 1, same, 1, x, &out), SAPE_ERROR_ARGUMENT, "x", "same place");
    EXPECT_ERROR(sape_bandwidth_propose(3, 1, x, 1, x, NULL), SAPE_ERROR_ARGUMENT, "out", "NULL");
}
END_TEST

int main(void) {
    Suite *suite = suite_create("bandwidth");
    TCase *tests = tcase_create("bandwidth");
    tcase_add_test(tests, the_definition);
    tcase_add_test(tests, a_wave_has_its_frequency);
    tcase_add_test(tests, scaling);
    tcase_add_test(tests, little_to_go_by);
    tcase_add_test(tests, what_is_refused);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
