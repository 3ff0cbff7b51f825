/* SPDX-License-Identifier: MIT */
/* The tree of nearest points against looking at all of them, and how many of its nodes a query looks at. */
#include <math.h>
#include <stdlib.h>

#include "signal/nearest.h"
#include "support.h"

enum arrangement { SCATTERED, CLUSTERED, DUPLICATED, COLLINEAR, SORTED, ALL_EQUAL, HUGE_AND_TINY, NUM_ARRANGEMENTS };

/* n points in one of the arrangements. */
static float *arrange(enum arrangement arrangement, size_t n, size_t dim, uint64_t seed) {
    float *points = new_random_array(seed, n * dim, -1.0f, 1.0f);
    for (size_t i = 0; i < n * dim; i++) {
        const size_t point = i / dim;
        if (arrangement == CLUSTERED && point % 10 != 0) points[i] = 0.3f + 1e-4f * points[i];
        if (arrangement == DUPLICATED) points[i] = roundf(2.0f * points[i]);
        if (arrangement == COLLINEAR) points[i] = points[point * dim] * (float)(1 + i % dim);
        if (arrangement == SORTED) points[i] = (float)point;
        if (arrangement == ALL_EQUAL) points[i] = 0.25f;
        if (arrangement == HUGE_AND_TINY) points[i] *= point % 2 == 0 ? 3e38f : 1e-38f;
    }
    return points;
}

static double square(size_t dim, const float *a, const float *b) {
    double sum = 0.0;
    for (size_t k = 0; k < dim; k++) sum += ((double)a[k] - (double)b[k]) * ((double)a[k] - (double)b[k]);
    return sum;
}

static double smallest_square(size_t n, size_t dim, const float *points, const float *query) {
    double smallest = square(dim, points, query);
    for (size_t i = 1; i < n; i++) smallest = fmin(smallest, square(dim, points + i * dim, query));
    return smallest;
}

START_TEST(test_brute_force) {
    static const size_t sizes[] = {1, 2, 8, 9, 17, 64, 1000};
    const size_t dim = (size_t)_i / NUM_ARRANGEMENTS + 1;
    const enum arrangement arrangement = (enum arrangement)(_i % NUM_ARRANGEMENTS);
    struct sape_nearest tree;
    CHECK_OK(sape_nearest_open(&tree, dim, 1000));
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        const size_t n = sizes[s];
        float *points = arrange(arrangement, n, dim, 1), *queries = arrange(SCATTERED, 200, dim, 2);
        sape_nearest_build(&tree, n, points);
        size_t nearest = n - 1;
        for (size_t i = 0; i < 200 + n; i++) {
            /* Queries near and far, and the points themselves. */
            const float *query = i < 200 ? queries + i * dim : points + (i - 200) * dim;
            for (size_t k = 0; i < 100 && k < dim; k++) queries[i * dim + k] *= 100.0f;
            const double found = sape_nearest_find(&tree, query, &nearest, NULL);
            ck_assert_double_eq(found, smallest_square(n, dim, points, query));
            ck_assert_double_eq(found, square(dim, points + nearest * dim, query));
        }
        free(points);
        free(queries);
    }
    sape_nearest_close(&tree);
}
END_TEST

/* Nodes that a query looks at on the average, among n points. */
static double mean_visited(enum arrangement arrangement, size_t n, size_t dim) {
    const size_t queries = 2000;
    float *points = arrange(arrangement, n, dim, 3), *query = arrange(arrangement, queries, dim, 4);
    struct sape_nearest tree;
    size_t visited = 0;
    CHECK_OK(sape_nearest_open(&tree, dim, n));
    sape_nearest_build(&tree, n, points);
    for (size_t i = 0; i < queries; i++) {
        size_t nearest = 0; /* no good guess */
        for (size_t k = 0; k < dim; k++) query[i * dim + k] += 1e-3f * sinf((float)(i + k));
        sape_nearest_find(&tree, query + i * dim, &nearest, &visited);
    }
    sape_nearest_close(&tree);
    free(points);
    free(query);
    return (double)visited / (double)queries;
}

/* A hundred times the points: a few more nodes, where growth with n would give a hundred times as many. Most they are
   where points coincide, since then more boxes of every level touch the query. */
START_TEST(test_growth) {
    const size_t dim = (size_t)_i / NUM_ARRANGEMENTS + 1;
    const enum arrangement arrangement = (enum arrangement)(_i % NUM_ARRANGEMENTS);
    const double few = mean_visited(arrangement, 2000, dim), many = mean_visited(arrangement, 200000, dim);
    ck_assert_msg(many <= 8.0 * few + 20.0, "%zu coordinates, arrangement %d: %.1f nodes, then %.1f", dim,
                  (int)arrangement, few, many);
    ck_assert_double_le(many, 400.0);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("nearest");
    TCase *tcase = tcase_create("nearest");
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, test_brute_force, 0, 3 * NUM_ARRANGEMENTS);
    tcase_add_loop_test(tcase, test_growth, 0, 3 * NUM_ARRANGEMENTS);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
