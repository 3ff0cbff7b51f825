/* SPDX-License-Identifier: MIT */
/* The variance of scattered samples round the cells of a grid, against a loop over samples for every cell. */
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "signal/variance.h"
#include "support.h"

#define N 300
/* Cells an axis, less the border, of a grid with few samples. */
#define SPARSE 12

static struct sape_grid make_grid(size_t dim, size_t resolution) {
    struct sape_grid grid = {.dim = dim, .size = {1, 1, 1}, .cells = 1, .radius = 1};
    for (size_t a = 0; a < dim; a++) {
        grid.size[a] = resolution;
        grid.cells *= resolution;
    }
    return grid;
}

/* The cell along an axis, among those that share the domain. */
static long cell_of(double x, long inner) {
    const long cell = (long)floor((x + 1.0) / 2.0 * (double)inner);
    return cell < 0 ? 0 : cell >= inner ? inner - 1 : cell;
}

/* The variance of the samples in the window round an inner cell, borders replicated: a sample in a border cell counts
   as often as the window touches that cell. Returns the weight of the samples. */
static double naive(size_t dim, long inner, long window, size_t d, const float *x, size_t channels, const float *values,
                    const long *centre, double *variance) {
    double weights[N], sum = 0.0;
    for (size_t i = 0; i < N; i++) {
        weights[i] = 1.0;
        for (size_t a = 0; a < dim; a++) {
            const long cell = cell_of((double)x[i * d + a], inner);
            double touched = 0.0;
            for (long k = centre[a] - window / 2; k < centre[a] - window / 2 + window; k++)
                touched += (k < 0 ? 0 : k >= inner ? inner - 1 : k) == cell;
            weights[i] *= touched;
        }
        sum += weights[i];
    }
    *variance = 0.0;
    for (size_t c = 0; c < channels; c++) {
        double mean = 0.0;
        for (size_t i = 0; i < N; i++) mean += weights[i] * (double)values[i * channels + c] / sum;
        for (size_t i = 0; i < N; i++)
            *variance += weights[i] * pow((double)values[i * channels + c] - mean, 2.0) / sum;
    }
    return sum;
}

START_TEST(test_against_loop) {
    const size_t dim = 1 + (size_t)_i % 3, d = dim < 3 ? dim + 1 : 3, channels = 2, resolution = 3 + (size_t)_i / 3 * 3;
    const long inner = (long)resolution - 2, window = 3 + (long)_i / 3;
    const struct sape_grid grid = make_grid(dim, resolution);
    float *x = new_random_array(1, N * d, -1.1f, 1.1f), *values = new_random_array(2, N * channels, 0.0f, 3.0f);
    float *sigma = new_array(grid.cells);
    double *expected = malloc(grid.cells * sizeof *expected), largest = 0.0;
    ck_assert_ptr_nonnull(expected);
    CHECK_OK(sape_grid_variance(&grid, (size_t)window, SAPE_BOUNDARY_REPLICATE, N, d, x, channels, values, sigma));
    for (size_t i = 0; i < grid.cells; i++) {
        long centre[3] = {0, 0, 0};
        size_t rest = i;
        for (size_t a = 0; a < dim; a++, rest /= resolution) {
            const long at = (long)(rest % resolution) - 1;
            centre[a] = at < 0 ? 0 : at >= inner ? inner - 1 : at;
        }
        const double weight = naive(dim, inner, window, d, x, channels, values, centre, &expected[i]);
        ck_assert(weight >= 2.0);
        largest = fmax(largest, expected[i]);
    }
    for (size_t i = 0; i < grid.cells; i++) ck_assert_double_eq_tol((double)sigma[i], expected[i] / largest, 1e-6);
    free(x);
    free(values);
    free(sigma);
    free(expected);
}
END_TEST

START_TEST(test_constant_and_lonely) {
    const struct sape_grid grid = make_grid(2, 8);
    float *x = new_random_array(1, N * 2, -1.0f, 1.0f), values[N], sigma[64];
    for (size_t i = 0; i < N; i++) values[i] = 0.1f;
    for (size_t n = 1; n <= N; n += N - 1) {
        CHECK_OK(sape_grid_variance(&grid, 3, SAPE_BOUNDARY_REPLICATE, n, 2, x, 1, values, sigma));
        for (size_t i = 0; i < 64; i++) ck_assert(sigma[i] == 0.0f);
    }
    free(x);
}
END_TEST

/* Two clusters in a line of 18 cells: what lies between takes the mean of the nearest cells that know their own. */
START_TEST(test_filled) {
    const struct sape_grid grid = make_grid(1, 20);
    /* Cells 0 and 17 of the 18; variances 1 and 0.25. */
    const float x[] = {-0.99f, -0.98f, 0.98f, 0.99f}, values[] = {0.0f, 2.0f, 5.0f, 6.0f};
    float sigma[20];
    CHECK_OK(sape_grid_variance(&grid, 1, SAPE_BOUNDARY_REPLICATE, 4, 1, x, 1, values, sigma));
    for (size_t i = 0; i < 5; i++) ck_assert_double_eq_tol((double)sigma[i], 1.0, 1e-6);
    for (size_t i = 15; i < 20; i++) ck_assert_double_eq_tol((double)sigma[i], 0.25, 1e-6);
    for (size_t i = 0; i < 20; i++) ck_assert(sigma[i] >= 0.25f && sigma[i] <= 1.0f);
}
END_TEST

/* Negative values take the mean of the others in the window round them, of 3 cells, then 7, 15 ...; those that have one
   by then count as others. */
static void naive_fill(long inner, double *values) {
    double before[SPARSE * SPARSE];
    size_t unknown = 1;
    for (long reach = 1; unknown > 0; reach = 2 * reach + 1) {
        memcpy(before, values, sizeof before);
        unknown = 0;
        for (long cell = 0; cell < inner * inner; cell++) {
            double sum = 0.0, count = 0.0;
            if (before[cell] >= 0.0) continue;
            for (long other = 0; other < inner * inner; other++) {
                const bool near =
                    labs(other % inner - cell % inner) <= reach && labs(other / inner - cell / inner) <= reach;
                if (!near || before[other] < 0.0) continue;
                sum += before[other];
                count += 1.0;
            }
            if (count > 0.0)
                values[cell] = sum / count;
            else
                unknown++;
        }
    }
}

/* Three places far from each other: one where the signal varies, one where it is constant, and one of a single sample.
 */
START_TEST(test_sparse) {
    const struct sape_grid grid = make_grid(2, SPARSE + 2);
    static const long places[3][2] = {{2, 9}, {8, 3}, {9, 9}};
    float *x = new_random_array(1, N * 2, -0.01f, 0.01f), *values = new_random_array(2, N, 0.0f, 3.0f), sigma[196];
    double expected[SPARSE * SPARSE], largest = 0.0;
    for (size_t i = 0; i < N; i++) {
        const size_t place = i < N / 2 ? 0 : i < N - 1 ? 1 : 2;
        for (size_t a = 0; a < 2; a++) x[2 * i + a] += -1.0f + 2.0f * ((float)places[place][a] + 0.5f) / SPARSE;
        if (place == 1) values[i] = 0.1f;
    }
    CHECK_OK(sape_grid_variance(&grid, 3, SAPE_BOUNDARY_REPLICATE, N, 2, x, 1, values, sigma));
    for (long cell = 0; cell < SPARSE * SPARSE; cell++) {
        const long centre[3] = {cell % SPARSE, cell / SPARSE, 0};
        if (naive(2, SPARSE, 3, 2, x, 1, values, centre, &expected[cell]) < 2.0) expected[cell] = -1.0;
        largest = fmax(largest, expected[cell]);
    }
    naive_fill(SPARSE, expected);
    for (size_t i = 0; i < SPARSE; i++)
        for (size_t j = 0; j < SPARSE; j++)
            ck_assert_double_eq_tol((double)sigma[(i + 1) * (SPARSE + 2) + j + 1], expected[i * SPARSE + j] / largest,
                                    1e-6);
    free(x);
    free(values);
}
END_TEST

/* The ends of the domain belong to the first and the last cell. */
START_TEST(test_ends_of_the_domain) {
    const struct sape_grid grid = make_grid(2, 8);
    float *x = new_random_array(1, N * 2, -1.0f, 1.0f), *values = new_random_array(2, N, 0.0f, 3.0f);
    float within[64], at_ends[64];
    for (int end = 0; end <= 1; end++) {
        for (size_t i = 0; i < 40; i++) x[i] = (i % 2 == 0 ? -1.0f : 1.0f) * (end == 0 ? 0.99f : 1.0f);
        CHECK_OK(
            sape_grid_variance(&grid, 3, SAPE_BOUNDARY_REPLICATE, N, 2, x, 1, values, end == 0 ? within : at_ends));
    }
    ck_assert_mem_eq(within, at_ends, sizeof within);
    free(x);
    free(values);
}
END_TEST

/* A sample near the border, which the border repeats, is one sample all the same. */
START_TEST(test_lonely_at_border) {
    const struct sape_grid grid = make_grid(1, 20);
    const float x[] = {-0.99f, 0.9f, 0.91f, 0.92f}, values[] = {7.0f, 0.0f, 2.0f, 1.0f};
    float sigma[20];
    CHECK_OK(sape_grid_variance(&grid, 5, SAPE_BOUNDARY_REPLICATE, 4, 1, x, 1, values, sigma));
    for (size_t i = 0; i < 20; i++) ck_assert(sigma[i] == 1.0f);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("grid_variance");
    TCase *tests = tcase_create("grid_variance");
    tcase_add_loop_test(tests, test_against_loop, 0, 9);
    tcase_add_test(tests, test_constant_and_lonely);
    tcase_add_test(tests, test_filled);
    tcase_add_test(tests, test_sparse);
    tcase_add_test(tests, test_ends_of_the_domain);
    tcase_add_test(tests, test_lonely_at_border);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
