/* SPDX-License-Identifier: MIT */
/* Stratified draws: what is spread evenly, and how little the seed changes. */
#include <math.h>
#include <stdlib.h>

#include "support.h"

#define PI 3.14159265358979323846

static float *draw(sape_draw kind_of_draw, sape_encoding kind, const char *name, size_t d, size_t nf, size_t count,
                   uint64_t seed) {
    sape_encoder_params params;
    sape_encoder *encoder;
    float *values = new_array(count);
    sape_encoder_params_init(&params, sizeof params);
    ck_assert_int_eq(params.draw, SAPE_DRAW_RANDOM);
    params.kind = kind;
    params.domain_dim = d;
    params.num_frequencies = nf;
    params.std = 7.0;
    params.seed = seed;
    params.draw = kind_of_draw;
    CHECK_OK(sape_encoder_create(&params, &encoder));
    CHECK_OK(sape_encoder_get_tensor(encoder, name, values, count));
    sape_encoder_free(encoder);
    return values;
}

static float *frequencies(sape_draw kind, size_t d, size_t nf, uint64_t seed) {
    return draw(kind, SAPE_ENCODING_FOURIER, "frequencies", d, nf, d * nf, seed);
}

static double magnitude(const float *f, size_t d, size_t nf, size_t j) {
    double square = 0.0;
    for (size_t a = 0; a < d; a++) square += (double)f[a * nf + j] * (double)f[a * nf + j];
    return sqrt(square);
}

/* The probability of a magnitude below this one, times n: one in each whole number. */
START_TEST(test_every_stratum_has_a_magnitude) {
    const size_t nf = 300, d = (size_t)_i + 1;
    float *f = frequencies(SAPE_DRAW_STRATIFIED, d, nf, 3);
    for (size_t j = 0; j < nf; j++) {
        const double rank = (double)nf * erf(magnitude(f, d, nf, j) / 7.0 / sqrt(2.0));
        ck_assert_double_gt(rank, (double)j - 1e-3);
        ck_assert_double_lt(rank, (double)j + 1.0 + 1e-3);
    }
    free(f);
}
END_TEST

static int compare(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The angles of every 16 neighbours, half a circle being all that counts, leave no gap of three times their share. */
START_TEST(test_neighbours_go_every_way_in_2d) {
    enum { RUN = 16 };
    const size_t nf = 256;
    float *f = frequencies(SAPE_DRAW_STRATIFIED, 2, nf, 4);
    for (size_t first = 0; first + RUN <= nf; first++) {
        double angles[RUN + 1];
        for (size_t j = 0; j < RUN; j++) {
            const double angle = atan2((double)f[nf + first + j], (double)f[first + j]);
            angles[j] = angle < 0.0 ? angle + PI : angle;
        }
        qsort(angles, RUN, sizeof *angles, compare);
        angles[RUN] = angles[0] + PI;
        for (size_t j = 0; j < RUN; j++) ck_assert_double_lt(angles[j + 1] - angles[j], 3.0 * PI / RUN);
    }
    free(f);
}
END_TEST

/* Each axis has a third of the square of every 64 neighbours' directions, and no two axes go together. */
START_TEST(test_neighbours_go_every_way_in_3d) {
    enum { RUN = 64 };
    const size_t nf = 256;
    float *f = frequencies(SAPE_DRAW_STRATIFIED, 3, nf, 4);
    for (size_t first = 0; first + RUN <= nf; first++) {
        double products[3][3] = {{0}};
        for (size_t j = first; j < first + RUN; j++) {
            const double length = magnitude(f, 3, nf, j);
            for (size_t a = 0; a < 9; a++)
                products[a / 3][a % 3] +=
                    (double)f[a / 3 * nf + j] * (double)f[a % 3 * nf + j] / (length * length) / RUN;
        }
        for (size_t a = 0; a < 9; a++)
            ck_assert_double_eq_tol(products[a / 3][a % 3], a / 3 == a % 3 ? 1.0 / 3.0 : 0.0, 0.06);
    }
    free(f);
}
END_TEST

/* The standard deviation over seeds of the frequencies' mean magnitude. */
static double spread(sape_draw kind, size_t d) {
    enum { SEEDS = 40 };
    const size_t nf = 256;
    double sum = 0.0, squares = 0.0;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        float *f = frequencies(kind, d, nf, seed);
        double mean = 0.0;
        for (size_t j = 0; j < nf; j++) mean += magnitude(f, d, nf, j) / (double)nf;
        sum += mean / SEEDS;
        squares += mean * mean / SEEDS;
        free(f);
    }
    ck_assert_double_eq_tol(sum, 7.0 * sqrt(2.0 / PI), 0.2);
    return sqrt(squares - sum * sum);
}

START_TEST(test_seeds_change_little) {
    const size_t d = (size_t)_i + 1;
    ck_assert_double_lt(spread(SAPE_DRAW_STRATIFIED, d), 0.1 * spread(SAPE_DRAW_RANDOM, d));
}
END_TEST

START_TEST(test_seeds_still_count) {
    static const struct {
        sape_encoding kind;
        const char *name;
    } encodings[] = {{SAPE_ENCODING_FOURIER, "frequencies"},
                     {SAPE_ENCODING_RBF, "centres"},
                     {SAPE_ENCODING_RBF, "sigma"},
                     {SAPE_ENCODING_PERIODIC_RBF, "offsets"}};
    static const uint64_t seeds[] = {5, 5, 6};
    const size_t nf = 64, count = encodings[_i].kind == SAPE_ENCODING_RBF && _i == 1 ? 4 * nf : 2 * nf;
    float *values[4];
    for (size_t i = 0; i < 4; i++)
        values[i] = draw(i < 3 ? SAPE_DRAW_STRATIFIED : SAPE_DRAW_RANDOM, encodings[_i].kind, encodings[_i].name, 2, nf,
                         count, seeds[i % 3]);
    ck_assert(memcmp(values[0], values[1], count * sizeof(float)) == 0);
    ck_assert(memcmp(values[0], values[2], count * sizeof(float)) != 0);
    ck_assert(memcmp(values[0], values[3], count * sizeof(float)) != 0);
    for (size_t i = 0; i < 4; i++) free(values[i]);
}
END_TEST

/* Points of [-1, 1]^2: every 25 neighbours reach nearly all of 3 x 3 squares. */
static void check_even(size_t n, const float *points) {
    enum { RUN = 25, SIDE = 3 };
    for (size_t first = 0; first + RUN <= n; first++) {
        size_t counts[SIDE * SIDE] = {0}, reached = 0;
        for (size_t i = first; i < first + RUN; i++) {
            ck_assert(fabsf(points[2 * i]) <= 1.0f && fabsf(points[2 * i + 1]) <= 1.0f);
            const size_t column = (size_t)fmin(SIDE - 1, ((double)points[2 * i] + 1.0) * 0.5 * SIDE);
            const size_t row = (size_t)fmin(SIDE - 1, ((double)points[2 * i + 1] + 1.0) * 0.5 * SIDE);
            reached += counts[row * SIDE + column]++ == 0;
        }
        ck_assert_uint_ge(reached, SIDE * SIDE - 1);
    }
}

START_TEST(test_rbf) {
    const size_t nf = 150;
    float *centres = draw(SAPE_DRAW_STRATIFIED, SAPE_ENCODING_RBF, "centres", 2, nf, 4 * nf, 2);
    float *sigma = draw(SAPE_DRAW_STRATIFIED, SAPE_ENCODING_RBF, "sigma", 2, nf, 2 * nf, 2);
    check_even(2 * nf, centres);
    for (size_t j = 0; j < 2 * nf; j++) {
        const double rank = 2.0 * (double)nf * erf(((double)sigma[j] - 1.0) / 7.0 / sqrt(2.0));
        ck_assert_double_gt(rank, (double)j - 1e-3);
        ck_assert_double_lt(rank, (double)j + 1.0 + 1e-3);
    }
    free(centres);
    free(sigma);
}
END_TEST

/* The first bandwidths have periods longer than the domain: what was below 0 has moved up by a period. */
START_TEST(test_periodic_rbf) {
    const size_t nf = 400;
    float *offsets = draw(SAPE_DRAW_STRATIFIED, SAPE_ENCODING_PERIODIC_RBF, "offsets", 2, nf, 2 * nf, 2);
    float *sigma = draw(SAPE_DRAW_STRATIFIED, SAPE_ENCODING_PERIODIC_RBF, "sigma", 2, nf, nf, 2);
    size_t whole = 0;
    for (; whole < nf && sigma[whole] <= 1.0f; whole++)
        for (size_t a = 2 * whole; a < 2 * whole + 2; a++)
            if (offsets[a] > 1.0f) offsets[a] -= 2.0f / sigma[whole];
    ck_assert_uint_gt(whole, 25);
    check_even(whole, offsets);
    free(offsets);
    free(sigma);
}
END_TEST

START_TEST(test_bad_draws) {
    sape_encoder_params params;
    sape_encoder *encoder;
    sape_encoder_params_init(&params, sizeof params);
    for (int bad = -1; bad <= 2; bad += 3) {
        params.draw = (sape_draw)bad;
        EXPECT_ERROR(sape_encoder_create(&params, &encoder), SAPE_ERROR_ARGUMENT, "draw", bad < 0 ? "-1" : "2");
        ck_assert_ptr_null(encoder);
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("draws");
    TCase *tcase = tcase_create("draws");
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, test_every_stratum_has_a_magnitude, 0, 3);
    tcase_add_test(tcase, test_neighbours_go_every_way_in_2d);
    tcase_add_test(tcase, test_neighbours_go_every_way_in_3d);
    tcase_add_loop_test(tcase, test_seeds_change_little, 0, 3);
    tcase_add_loop_test(tcase, test_seeds_still_count, 0, 4);
    tcase_add_test(tcase, test_rbf);
    tcase_add_test(tcase, test_periodic_rbf);
    tcase_add_test(tcase, test_bad_draws);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
