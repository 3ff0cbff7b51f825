/* SPDX-License-Identifier: MIT */
/* Sliding windows against loops over every window, and what must hold exactly. */
#include <math.h>
#include <stdlib.h>

#include "support.h"

/* The index that a place beyond the border stands for; -1 for a zero. */
static long fold(long i, long size, sape_boundary boundary) {
    if (i >= 0 && i < size) return i;
    switch (boundary) {
    case SAPE_BOUNDARY_REPLICATE:
        return i < 0 ? 0 : size - 1;
    case SAPE_BOUNDARY_REFLECT:
        i = ((i % (2 * size)) + 2 * size) % (2 * size);
        return i < size ? i : 2 * size - 1 - i;
    case SAPE_BOUNDARY_ZERO:
        return -1;
    case SAPE_BOUNDARY_PERIODIC:
        return ((i % size) + size) % size;
    }
    return -1;
}

/* The value at a place of up to three axes, of which any may lie beyond the border. */
static double value_at(const sape_window_params *p, const float *values, size_t channel, const long *place) {
    size_t index = 0;
    for (size_t a = 0; a < p->dim; a++) {
        const long i = fold(place[a], (long)p->size[a], p->boundary);
        if (i < 0) return 0.0;
        index = index * p->size[a] + (size_t)i;
    }
    return (double)values[index * p->channels + channel];
}

/* Mean, then variance by a second pass, in double precision. */
static void naive(const sape_window_params *p, const float *values, size_t channel, const size_t *cell, double *mean,
                  double *variance) {
    size_t count = 1;
    for (size_t a = 0; a < p->dim; a++) count *= p->window[a];
    *mean = *variance = 0.0;
    for (int pass = 0; pass < 2; pass++) {
        for (size_t k = 0; k < count; k++) {
            long place[3] = {0, 0, 0};
            size_t rest = k;
            for (size_t a = 0; a < p->dim; a++) {
                place[a] = (long)cell[a] - (long)(p->window[a] / 2) + (long)(rest % p->window[a]);
                rest /= p->window[a];
            }
            const double value = value_at(p, values, channel, place);
            if (pass == 0)
                *mean += value / (double)count;
            else
                *variance += (value - *mean) * (value - *mean) / (double)count;
        }
    }
}

static sape_window_params make(size_t dim, const size_t *size, const size_t *window, size_t channels,
                               sape_boundary boundary) {
    sape_window_params p;
    sape_window_params_init(&p, sizeof p);
    p.dim = dim;
    p.boundary = boundary;
    p.channels = channels;
    for (size_t a = 0; a < dim; a++) {
        p.size[a] = size[a];
        p.window[a] = window[a];
    }
    return p;
}

static size_t count_of(const sape_window_params *p) {
    size_t count = p->channels;
    for (size_t a = 0; a < p->dim; a++) count *= p->size[a];
    return count;
}

static void compare(const sape_window_params *p, double offset, double tolerance) {
    const size_t count = count_of(p);
    float *values = new_random_array(count, count, -1.0f, 1.0f), *mean = new_array(count), *variance = new_array(count);
    for (size_t i = 0; i < count; i++) values[i] = (float)((double)values[i] + offset);
    CHECK_OK(sape_window_statistics(p, values, mean, variance));
    for (size_t i = 0; i < count; i++) {
        size_t cell[3] = {0, 0, 0}, rest = i / p->channels;
        double expected_mean, expected_variance;
        for (size_t a = p->dim; a-- > 0; rest /= p->size[a]) cell[a] = rest % p->size[a];
        naive(p, values, i % p->channels, cell, &expected_mean, &expected_variance);
        ck_assert_double_eq_tol((double)mean[i], expected_mean, 1e-7 * fmax(1.0, fabs(expected_mean)));
        ck_assert_double_eq_tol((double)variance[i], expected_variance, tolerance * fmax(expected_variance, 1e-3));
        ck_assert(variance[i] >= 0.0f);
    }
    free(values);
    free(mean);
    free(variance);
}

START_TEST(test_line) {
    static const size_t windows[] = {1, 2, 3, 4, 5, 6, 7, 8, 13, 14, 15, 16, 26, 27, 39, 40, 100, 101};
    static const size_t sizes[] = {1, 2, 7, 13};
    for (size_t s = 0; s < 4; s++) {
        for (size_t w = 0; w < sizeof windows / sizeof *windows; w++) {
            const sape_window_params p = make(1, &sizes[s], &windows[w], 2, (sape_boundary)_i);
            compare(&p, 0.0, 1e-6);
        }
    }
}
END_TEST

START_TEST(test_plane_and_volume) {
    static const size_t size[] = {5, 9, 4};
    static const size_t windows[][3] = {{3, 3, 3}, {4, 2, 1}, {1, 5, 6}, {11, 8, 9}, {2, 19, 4}};
    for (size_t w = 0; w < 5; w++) {
        for (size_t dim = 2; dim <= 3; dim++) {
            const sape_window_params p = make(dim, size, windows[w], 1 + w % 3, (sape_boundary)_i);
            compare(&p, 0.0, 1e-6);
        }
    }
}
END_TEST

/* A million plus a small signal: sums of squares would keep nothing of it in single precision, and little in double. */
START_TEST(test_large_offset) {
    static const size_t size[] = {12, 9}, window[] = {4, 3};
    const sape_window_params p = make(2, size, window, 1, (sape_boundary)_i);
    if (p.boundary != SAPE_BOUNDARY_ZERO) compare(&p, 1e6, 1e-6);
}
END_TEST

/* Constant signals of every size have no variance at all; nor has a plateau far from the mean of the whole. */
START_TEST(test_constant) {
    static const float constants[] = {0.0f, 0.1f, -3.7e-5f, 1e6f + 0.3f, 1e30f};
    const size_t size[] = {20, 11}, window[] = {6, 30};
    sape_window_params p = make(2, size, window, 1, (sape_boundary)_i);
    float values[220], mean[220], variance[220];
    for (size_t c = 0; c < 5 && p.boundary != SAPE_BOUNDARY_ZERO; c++) {
        for (size_t i = 0; i < 220; i++) values[i] = constants[c];
        CHECK_OK(sape_window_statistics(&p, values, mean, variance));
        for (size_t i = 0; i < 220; i++) {
            ck_assert(mean[i] == constants[c]);
            ck_assert(variance[i] == 0.0f);
        }
    }
    p.window[1] = 3;
    for (size_t i = 0; i < 220; i++) values[i] = i < 110 ? 0.0f : 1e6f + 0.1f;
    CHECK_OK(sape_window_statistics(&p, values, mean, variance));
    for (size_t i = 14 * 11 + 1; i < 17 * 11 - 1; i++)
        if (i % 11 != 0 && i % 11 != 10) ck_assert(variance[i] == 0.0f);
}
END_TEST

/* Windows of a billion cells cost what small ones do. */
START_TEST(test_endless_window) {
    const size_t size[] = {6}, window[] = {1000000000};
    const float values[] = {1.0f, 2.0f, 3.0f, 4.0f, 5.0f, 7.0f};
    float mean[6], variance[6];
    const sape_window_params p = make(1, size, window, 1, SAPE_BOUNDARY_PERIODIC);
    CHECK_OK(sape_window_statistics(&p, values, mean, variance));
    for (size_t i = 0; i < 6; i++) {
        ck_assert_double_eq_tol((double)mean[i], 22.0 / 6.0, 1e-6);
        ck_assert_double_eq_tol((double)variance[i], 104.0 / 6.0 - 22.0 * 22.0 / 36.0, 1e-6);
    }
}
END_TEST

START_TEST(test_in_place_and_partial) {
    const size_t size[] = {10}, window[] = {3};
    const sape_window_params p = make(1, size, window, 1, SAPE_BOUNDARY_REFLECT);
    float *values = new_random_array(3, 10, -1.0f, 1.0f), mean[10], variance[10];
    CHECK_OK(sape_window_statistics(&p, values, mean, NULL));
    CHECK_OK(sape_window_statistics(&p, values, NULL, variance));
    CHECK_OK(sape_window_statistics(&p, values, values, NULL));
    ck_assert_mem_eq(values, mean, sizeof mean);
    free(values);
}
END_TEST

START_TEST(test_errors) {
    const size_t size[] = {4}, window[] = {3};
    const float values[] = {1.0f, 2.0f, NAN, 4.0f}, good[4] = {0};
    float mean[4];
    sape_window_params p = make(1, size, window, 1, SAPE_BOUNDARY_REFLECT);
    EXPECT_ERROR(sape_window_statistics(NULL, good, mean, NULL), SAPE_ERROR_ARGUMENT, "params", "NULL");
    EXPECT_ERROR(sape_window_statistics(&p, NULL, mean, NULL), SAPE_ERROR_ARGUMENT, "values", "NULL");
    EXPECT_ERROR(sape_window_statistics(&p, values, mean, NULL), SAPE_ERROR_NOT_FINITE, "values", "nan");
    p.dim = 4;
    EXPECT_ERROR(sape_window_statistics(&p, good, mean, NULL), SAPE_ERROR_ARGUMENT, "dim", "4");
    p.dim = 1;
    p.size[0] = 0;
    EXPECT_ERROR(sape_window_statistics(&p, good, mean, NULL), SAPE_ERROR_ARGUMENT, "size[0]", "0");
    p.size[0] = SIZE_MAX / 2;
    EXPECT_ERROR(sape_window_statistics(&p, good, mean, NULL), SAPE_ERROR_MEMORY, "size[0]", "memory");
    p.size[0] = 4;
    p.window[0] = 0;
    EXPECT_ERROR(sape_window_statistics(&p, good, mean, NULL), SAPE_ERROR_ARGUMENT, "window[0]", "0");
    p.window[0] = 3;
    p.channels = 0;
    EXPECT_ERROR(sape_window_statistics(&p, good, mean, NULL), SAPE_ERROR_ARGUMENT, "channels", "0");
    p.channels = 1;
    p.boundary = (sape_boundary)4;
    EXPECT_ERROR(sape_window_statistics(&p, good, mean, NULL), SAPE_ERROR_ARGUMENT, "boundary", "4");
}
END_TEST

int main(void) {
    Suite *suite = suite_create("window");
    TCase *tests = tcase_create("window");
    tcase_add_loop_test(tests, test_line, 0, 4);
    tcase_add_loop_test(tests, test_plane_and_volume, 0, 4);
    tcase_add_loop_test(tests, test_large_offset, 0, 4);
    tcase_add_loop_test(tests, test_constant, 0, 4);
    tcase_add_test(tests, test_endless_window);
    tcase_add_test(tests, test_in_place_and_partial);
    tcase_add_test(tests, test_errors);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
