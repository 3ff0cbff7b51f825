/* SPDX-License-Identifier: MIT */
/* The spatially varying filter against the sum over the waves written out directly, by other formulas of the spectrum.
 */
#include <complex.h>
#include <math.h>
#include <stdlib.h>

#include "support.h"

static const double pi = 3.14159265358979323846;

static double weight_of(const sape_filter_params *p, double frequency, double cutoff) {
    if (frequency <= cutoff) return 1.0;
    if (frequency >= cutoff + p->width) return 0.0;
    const double share = (frequency - cutoff) / p->width;
    return p->shape == SAPE_FILTER_LINEAR ? 1.0 - share : 0.5 + 0.5 * cos(pi * share);
}

/* Any boundary but periodic is a periodic signal of twice the (extended) length that is even: a complex Fourier sum. */
static long period_of(const sape_filter_params *p, size_t axis) {
    const long n = (long)p->size[axis];
    if (p->boundary == SAPE_BOUNDARY_PERIODIC) return n;
    return 2 * (p->boundary == SAPE_BOUNDARY_REFLECT ? n : n + 2 * (n / 2));
}

/* The cell of the signal that place i of the period stands for; -1 for a zero. */
static long cell_of(const sape_filter_params *p, size_t axis, long i) {
    const long n = (long)p->size[axis], period = period_of(p, axis);
    if (p->boundary == SAPE_BOUNDARY_PERIODIC) return i;
    if (i >= period / 2) i = period - 1 - i;
    const long cell = p->boundary == SAPE_BOUNDARY_REFLECT ? i : i - n / 2;
    if (cell >= 0 && cell < n) return cell;
    return p->boundary == SAPE_BOUNDARY_ZERO ? -1 : cell < 0 ? 0 : n - 1;
}

static double frequency_of(const sape_filter_params *p, size_t axis, long k) {
    const long period = period_of(p, axis), folded = 2 * k > period ? period - k : k;
    return (double)folded * (double)p->size[axis] / (double)period;
}

/* One or two axes. */
static double direct(const sape_filter_params *p, const float *values, size_t channel, size_t cell, double cutoff) {
    const long px = p->dim == 2 ? period_of(p, 0) : 1, last = (long)p->dim - 1, py = period_of(p, (size_t)last);
    const long shift = p->boundary == SAPE_BOUNDARY_REPLICATE || p->boundary == SAPE_BOUNDARY_ZERO;
    const size_t ny = p->size[last];
    const long sx = p->dim == 2 ? (long)(cell / ny) + shift * (long)(p->size[0] / 2) : 0;
    const long sy = (long)(cell % ny) + shift * (long)(ny / 2);
    double complex sum = 0.0;
    for (long kx = 0; kx < px; kx++) {
        for (long ky = 0; ky < py; ky++) {
            const double fx = p->dim == 2 ? frequency_of(p, 0, kx) : 0.0, fy = frequency_of(p, (size_t)last, ky);
            const double weight = weight_of(p, hypot(fx, fy), cutoff);
            if (weight == 0.0) continue;
            double complex coefficient = 0.0;
            for (long ix = 0; ix < px; ix++) {
                for (long iy = 0; iy < py; iy++) {
                    const long cx = p->dim == 2 ? cell_of(p, 0, ix) : 0, cy = cell_of(p, (size_t)last, iy);
                    if (cx < 0 || cy < 0) continue;
                    const double value = (double)values[((size_t)cx * ny + (size_t)cy) * p->channels + channel];
                    const double turns = (double)(kx * (sx - ix)) / (double)px + (double)(ky * (sy - iy)) / (double)py;
                    coefficient += value * cexp(2.0 * pi * turns * I);
                }
            }
            sum += weight * coefficient / (double)(px * py);
        }
    }
    return creal(sum);
}

static void compare(const sape_filter_params *p) {
    const size_t cells = p->size[0] * (p->dim == 2 ? p->size[1] : 1);
    float *values = new_random_array(1, cells * p->channels, -1.0f, 1.0f),
          *cutoff = new_random_array(2, cells, 0.0f, 4.0f);
    float *filtered = new_array(cells * p->channels);
    cutoff[0] = 0.0f;
    cutoff[1 % cells] = INFINITY;
    CHECK_OK(sape_filter_apply(p, values, cutoff, filtered));
    for (size_t i = 0; i < cells; i++)
        for (size_t c = 0; c < p->channels; c++)
            ck_assert_double_eq_tol((double)filtered[i * p->channels + c], direct(p, values, c, i, (double)cutoff[i]),
                                    1e-6);
    /* Everything passes: the signal comes back. */
    for (size_t i = 0; i < cells; i++) cutoff[i] = 1e9f;
    CHECK_OK(sape_filter_apply(p, values, cutoff, filtered));
    for (size_t i = 0; i < cells * p->channels; i++)
        ck_assert_double_eq_tol((double)filtered[i], (double)values[i], 1e-6);
    CHECK_OK(sape_filter_apply(p, values, cutoff, values));
    ck_assert_mem_eq(values, filtered, cells * p->channels * sizeof *values);
    free(values);
    free(cutoff);
    free(filtered);
}

START_TEST(test_direct) {
    static const size_t sizes[][2] = {{1, 1}, {2, 1}, {9, 1}, {12, 1}, {5, 6}, {4, 3}};
    for (size_t s = 0; s < 6; s++) {
        sape_filter_params p;
        sape_filter_params_init(&p, sizeof p);
        p.boundary = (sape_boundary)(_i % 4);
        p.dim = sizes[s][1] > 1 ? 2 : 1;
        p.size[0] = sizes[s][0];
        p.size[1] = sizes[s][1];
        p.channels = 1 + s % 2;
        p.width = _i < 4 ? 0.0 : 1.3;
        p.shape = _i < 8 ? SAPE_FILTER_LINEAR : SAPE_FILTER_COSINE;
        compare(&p);
    }
}
END_TEST

/* In three dimensions a product of waves passes or not by the length of its frequency vector, 5 cycles per domain. */
START_TEST(test_volume) {
    sape_filter_params p;
    float values[8 * 9 * 10], cutoff[720], filtered[720];
    sape_filter_params_init(&p, sizeof p);
    p.boundary = SAPE_BOUNDARY_PERIODIC;
    p.dim = 3;
    p.size[0] = 8;
    p.size[1] = 9;
    p.size[2] = 10;
    for (size_t i = 0; i < 720; i++) {
        const double x = (double)(i / 90), y = (double)(i / 10 % 9), z = (double)(i % 10);
        values[i] = (float)(0.25 + cos(2.0 * pi * 3.0 * x / 8.0) * sin(2.0 * pi * 0.0 * y) +
                            sin(2.0 * pi * 3.0 * x / 8.0) * cos(2.0 * pi * 4.0 * z / 10.0));
        cutoff[i] = i % 2 ? 4.99f : 5.01f;
    }
    CHECK_OK(sape_filter_apply(&p, values, cutoff, filtered));
    for (size_t i = 0; i < 720; i++) {
        const double x = (double)(i / 90), z = (double)(i % 10);
        const double gone = i % 2 ? sin(2.0 * pi * 3.0 * x / 8.0) * cos(2.0 * pi * 4.0 * z / 10.0) : 0.0;
        ck_assert_double_eq_tol((double)filtered[i], (double)values[i] - gone, 1e-6);
    }
}
END_TEST

START_TEST(test_errors) {
    sape_filter_params p;
    const float values[4] = {0}, bad[4] = {0.0f, NAN}, cutoff[4] = {1.0f}, negative[4] = {-1.0f};
    float out[4];
    sape_filter_params_init(&p, sizeof p);
    EXPECT_ERROR(sape_filter_apply(&p, values, cutoff, out), SAPE_ERROR_ARGUMENT, "size[0]", "0");
    p.size[0] = 4;
    EXPECT_ERROR(sape_filter_apply(NULL, values, cutoff, out), SAPE_ERROR_ARGUMENT, "params", "NULL");
    EXPECT_ERROR(sape_filter_apply(&p, values, NULL, out), SAPE_ERROR_ARGUMENT, "cutoff", "NULL");
    EXPECT_ERROR(sape_filter_apply(&p, bad, cutoff, out), SAPE_ERROR_NOT_FINITE, "values", "nan");
    EXPECT_ERROR(sape_filter_apply(&p, values, bad, out), SAPE_ERROR_NOT_FINITE, "cutoff[1]", "nan");
    EXPECT_ERROR(sape_filter_apply(&p, values, negative, out), SAPE_ERROR_ARGUMENT, "cutoff[0]", "-1");
    p.width = NAN;
    EXPECT_ERROR(sape_filter_apply(&p, values, cutoff, out), SAPE_ERROR_ARGUMENT, "width", "nan");
    p.width = 0.0;
    p.shape = (sape_filter_shape)5;
    EXPECT_ERROR(sape_filter_apply(&p, values, cutoff, out), SAPE_ERROR_ARGUMENT, "shape", "5");
    p.shape = SAPE_FILTER_COSINE;
    p.size[0] = 100000;
    EXPECT_ERROR(sape_filter_apply(&p, values, cutoff, out), SAPE_ERROR_ARGUMENT, "size[0]", "100000");
}
END_TEST

int main(void) {
    Suite *suite = suite_create("filter");
    TCase *tests = tcase_create("filter");
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, test_direct, 0, 12);
    tcase_add_test(tests, test_volume);
    tcase_add_test(tests, test_errors);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
