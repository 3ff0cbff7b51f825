/* SPDX-License-Identifier: MIT */
/* The variance policy's sigma of signals on regular grids in two and three dimensions, through public calls alone. */
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "support.h"

/* Cells an axis, less the border; samples a cell and axis; values a sample. */
#define INNER 5
#define PER_CELL 2
#define SIZE (INNER * PER_CELL)
#define OUTPUTS 2

static size_t power(size_t base, size_t exponent) {
    return exponent == 0 ? 1 : base * power(base, exponent - 1);
}

static sape_mask *make_mask(size_t d, size_t window, sape_boundary boundary) {
    static const double frequencies[] = {0.0, 1.0, 2.0};
    sape_mask_params params;
    sape_cutoff_params cutoff;
    sape_mask *mask;
    sape_mask_params_init(&params, sizeof params);
    sape_cutoff_params_init(&cutoff, sizeof cutoff);
    params.policy = SAPE_POLICY_VARIANCE;
    params.domain_dim = d;
    params.encoding_dim = 3;
    params.resolution = INNER + 2;
    params.frequencies = frequencies;
    params.cutoff = &cutoff;
    cutoff.window = window;
    cutoff.boundary = boundary;
    CHECK_OK(sape_mask_create(&params, &mask));
    return mask;
}

/* The centres of a regular grid of SIZE^d, the first coordinate the fastest. */
static float *new_lattice(size_t d) {
    const size_t n = power(SIZE, d);
    float *x = new_array(n * d);
    for (size_t i = 0; i < n; i++)
        for (size_t a = 0; a < d; a++) x[i * d + a] = -1.0f + 2.0f * ((float)(i / power(SIZE, a) % SIZE) + 0.5f) / SIZE;
    return x;
}

/* The cell that stands at a place beyond the border; -1 for zeros. */
static long cell_at(long i, sape_boundary boundary) {
    if (i >= 0 && i < INNER) return i;
    if (boundary == SAPE_BOUNDARY_REPLICATE) return i < 0 ? 0 : INNER - 1;
    if (boundary == SAPE_BOUNDARY_REFLECT) return i < 0 ? -1 - i : 2 * INNER - 1 - i;
    if (boundary == SAPE_BOUNDARY_PERIODIC) return (i + INNER) % INNER;
    return -1;
}

/* The variance of all values in the window round a cell, summed over the outputs: two passes in double precision. */
static double naive(size_t d, long window, sape_boundary boundary, const size_t *centre, const float *values) {
    const size_t side = (size_t)window * PER_CELL, count = power(side, d);
    double variance = 0.0;
    double *found = malloc(count * sizeof *found);
    ck_assert_ptr_nonnull(found);
    for (size_t o = 0; o < OUTPUTS; o++) {
        double mean = 0.0;
        for (size_t k = 0; k < count; k++) {
            size_t sample = 0;
            bool inside = true;
            for (size_t a = 0; a < d; a++) {
                const size_t place = k / power(side, a) % side;
                const long cell = cell_at((long)centre[a] - window / 2 + (long)(place / PER_CELL), boundary);
                inside = inside && cell >= 0;
                if (inside) sample += ((size_t)cell * PER_CELL + place % PER_CELL) * power(SIZE, a);
            }
            found[k] = inside ? (double)values[sample * OUTPUTS + o] : 0.0;
            mean += found[k] / (double)count;
        }
        for (size_t k = 0; k < count; k++) variance += (found[k] - mean) * (found[k] - mean) / (double)count;
    }
    free(found);
    return variance;
}

/* Every boundary, windows of one to four cells, every cell. */
START_TEST(test_sigma) {
    const size_t d = 2 + (size_t)_i / 16, window = 1 + (size_t)_i % 4, resolution = INNER + 2;
    const sape_boundary boundary = (sape_boundary)(_i / 4 % 4);
    const size_t n = power(SIZE, d), cells = power(resolution, d);
    sape_mask *mask = make_mask(d, window, boundary);
    float *x = new_lattice(d), *values = new_random_array(3, n * OUTPUTS, -1.0f, 4.0f), *sigma = new_array(cells);
    double *expected = malloc(cells * sizeof *expected), largest = 0.0;
    ck_assert_ptr_nonnull(expected);
    CHECK_OK(sape_mask_set_signal(mask, n, x, OUTPUTS, values));
    CHECK_OK(sape_mask_get_tensor(mask, "sigma", sigma, cells));
    for (size_t i = 0; i < cells; i++) {
        size_t centre[3] = {0};
        for (size_t a = 0; a < d; a++) {
            const size_t at = i / power(resolution, a) % resolution;
            centre[a] = at == 0 ? 0 : at > INNER ? INNER - 1 : at - 1;
        }
        expected[i] = naive(d, (long)window, boundary, centre, values);
        largest = fmax(largest, expected[i]);
    }
    for (size_t i = 0; i < cells; i++) ck_assert_double_eq_tol((double)sigma[i], expected[i] / largest, 1e-6);
    sape_mask_free(mask);
    free(x);
    free(values);
    free(sigma);
    free(expected);
}
END_TEST

/* A signal that varies in one half alone: sigma is 0 in the other, beyond the window's reach, and the cut-off with it.
 */
START_TEST(test_half) {
    const size_t d = 2 + (size_t)_i, n = power(SIZE, d), resolution = INNER + 2, cells = power(resolution, d);
    sape_mask *mask = make_mask(d, 3, SAPE_BOUNDARY_REPLICATE);
    float *x = new_lattice(d), *values = new_random_array(4, n, 0.0f, 1.0f), *sigma = new_array(cells);
    for (size_t i = 0; i < n; i++)
        if (i % SIZE < SIZE / 2) values[i] = 0.3f;
    CHECK_OK(sape_mask_set_signal(mask, n, x, 1, values));
    CHECK_OK(sape_mask_get_tensor(mask, "sigma", sigma, cells));
    for (size_t i = 0; i < cells; i++) {
        /* The middle cell, 3, holds the border; the window reaches one cell beyond it. */
        const size_t at = i % resolution;
        ck_assert(at < 2 ? sigma[i] == 0.0f : sigma[i] > 0.0f);
    }
    float smooth[3] = {-0.9f, 0.0f, 0.0f}, rough[3] = {0.9f, 0.0f, 0.0f}, share[2];
    CHECK_OK(sape_mask_revealed(mask, 1, smooth, &share[0]));
    CHECK_OK(sape_mask_revealed(mask, 1, rough, &share[1]));
    ck_assert(share[1] > share[0]);
    sape_mask_free(mask);
    free(x);
    free(values);
    free(sigma);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("variance_grid");
    TCase *tests = tcase_create("variance_grid");
    tcase_add_loop_test(tests, test_sigma, 0, 32);
    tcase_add_loop_test(tests, test_half, 0, 2);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
