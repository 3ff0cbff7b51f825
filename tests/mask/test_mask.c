/* SPDX-License-Identifier: MIT */
/* Masks against a dense, naive one, and against the schedules written out. */
#include <math.h>
#include <stdlib.h>

#include "naive_fixed.h"
#include "naive_mask.h"
#include "support.h"

static sape_mask_params params_of(sape_policy policy, size_t d, size_t dim) {
    sape_mask_params params;
    sape_mask_params_init(&params, sizeof params);
    params.policy = policy;
    params.domain_dim = d;
    params.encoding_dim = dim;
    return params;
}

static sape_mask *make(const sape_mask_params *params) {
    sape_mask *mask;
    CHECK_OK(sape_mask_create(params, &mask));
    return mask;
}

static sape_mask_state state_of(const sape_mask *mask) {
    sape_mask_state state = {.struct_size = sizeof state};
    CHECK_OK(sape_mask_get_state(mask, &state));
    return state;
}

/* Dimension, grid dimension, resolution, features, blocks. */
static const size_t cases[][5] = {{1, 0, 3, 9, 0},  {1, 0, 12, 21, 0}, {1, 0, 120, 33, 5},
                                  {2, 0, 7, 18, 0}, {2, 0, 13, 22, 4}, {2, 1, 11, 18, 0},
                                  {3, 0, 4, 15, 0}, {3, 0, 7, 23, 6},  {3, 2, 9, 16, 3}};

static void check_smoothed_loss(const sape_mask *mask, const struct naive_mask *naive) {
    float *loss = new_array(naive->cells);
    double *expected = calloc(naive->cells, sizeof *expected);
    CHECK_OK(sape_mask_smoothed_loss(mask, loss, naive->cells));
    naive_mask_smoothed_loss(naive, expected);
    for (size_t c = 0; c < naive->cells; c++) ck_assert_double_eq_tol((double)loss[c], expected[c], 2e-6);
    free(loss);
    free(expected);
}

/* Random losses, samples in and out of the domain, a domain elsewhere: weights and progress at every step. */
START_TEST(test_spatial) {
    const size_t *c = cases[_i], d = c[0], grid = c[1] == 0 ? d : c[1], features = c[3], batch = 40;
    sape_mask_params params = params_of(SAPE_POLICY_SPATIAL, d, features);
    params.mask_dim = c[1];
    params.resolution = c[2];
    params.num_blocks = c[4];
    params.epsilon = 0.45;
    params.block_iterations = 3;
    sape_mask *mask = make(&params);
    const float center[] = {0.25f, -0.5f, 0.0f}, scale[] = {2.0f, 0.5f, 1.5f};
    CHECK_OK(sape_mask_set_domain(mask, center, scale));
    struct naive_mask naive;
    naive_mask_init(&naive, grid, c[2], features, state_of(mask).block_size, 0.45);
    float *x = new_array(batch * d), *loss = new_array(batch), *weights = new_array(batch * features);
    double *expected = calloc(features, sizeof *expected);
    for (uint64_t iteration = 1; iteration <= 24; iteration++) {
        random_array(iteration, batch * d, -1.5f, 1.5f, x);
        random_array(iteration + 100, batch, 0.0f, 1.0f, loss);
        CHECK_OK(sape_mask_weights(mask, batch, x, weights));
        for (size_t s = 0; s < batch; s++) {
            double place[3];
            for (size_t a = 0; a < d; a++) place[a] = ((double)x[s * d + a] - (double)center[a]) * (double)scale[a];
            naive_mask_weights(&naive, place, expected);
            for (size_t j = 0; j < features; j++)
                ck_assert_double_eq_tol((double)weights[s * features + j], expected[j], 2e-6);
            naive_mask_record(&naive, place, (double)loss[s]);
        }
        CHECK_OK(sape_mask_record(mask, batch, x, loss));
        check_smoothed_loss(mask, &naive);
        CHECK_OK(sape_mask_step(mask));
        if (iteration % 3 == 0) naive_mask_advance(&naive);
        const sape_mask_state state = state_of(mask);
        ck_assert_uint_eq(state.iteration, iteration);
        ck_assert_uint_eq(state.current_feature, naive.current);
        size_t in_progress = 0;
        for (size_t cell = 0; cell < naive.cells; cell++) in_progress += (size_t)naive.in_progress[cell];
        ck_assert_uint_eq(state.cells_in_progress, in_progress);
    }
    free(x);
    free(loss);
    free(weights);
    free(expected);
    naive_mask_free(&naive);
    sape_mask_free(mask);
}
END_TEST

START_TEST(test_global_ramp) {
    sape_mask_params params = params_of(SAPE_POLICY_GLOBAL, 1, 21);
    params.num_iterations = 100;
    params.num_blocks = 4;
    params.epsilon = 0.5;
    sape_mask *mask = make(&params);
    ck_assert_uint_eq(state_of(mask).block_size, 5);
    ck_assert_uint_eq(state_of(mask).block_iterations, 18); /* 300 / 16 */
    const float x = 0.3f;
    float weights[21];
    for (int i = 1; i <= 60; i++) {
        const float loss = i < 50 ? 1.0f : 0.1f;
        CHECK_OK(sape_mask_record(mask, 1, &x, &loss));
        CHECK_OK(sape_mask_step(mask));
        CHECK_OK(sape_mask_weights(mask, 1, &x, weights));
        /* Two blocks have been revealed by 36; from 50 on the loss is low and the third stays where its ramp was. */
        const int at = i < 50 ? i : 49, block = 1 + at / 18;
        const double ramp = fmin(1.0, 2.0 * (at % 18) / 18.0);
        for (int j = 0; j < 21; j++) {
            const double expected = j < 5 * block ? 1.0 : j < (block < 3 ? 5 * (block + 1) : 21) ? ramp : 0.0;
            ck_assert_double_eq_tol((double)weights[j], expected, 1e-6);
        }
    }
    sape_mask_free(mask);
}
END_TEST

/* The last block is revealed in the last iteration of the schedule, then nothing more happens. */
START_TEST(test_global_end) {
    sape_mask_params params = params_of(SAPE_POLICY_GLOBAL, 1, 7);
    params.block_iterations = 1; /* no ramp */
    sape_mask *mask = make(&params);
    for (size_t i = 1; i <= 9; i++) {
        CHECK_OK(sape_mask_step(mask));
        ck_assert_uint_eq(state_of(mask).current_feature, i < 6 ? i + 1 : 7);
        ck_assert_double_eq_tol(state_of(mask).revealed, i < 6 ? (double)(i + 1) / 7.0 : 1.0, 1e-12);
    }
    sape_mask_free(mask);
}
END_TEST

/* A cell stays in progress while its loss is above epsilon: equal is not above. */
START_TEST(test_epsilon_is_reached) {
    sape_mask_params params = params_of(SAPE_POLICY_SPATIAL, 1, 9);
    params.resolution = 3;
    params.epsilon = 0.0;
    const float x = 0.1f, losses[] = {1e-20f, 0.0f};
    sape_mask *mask = make(&params);
    for (size_t i = 0; i < 2; i++) {
        CHECK_OK(sape_mask_record(mask, 1, &x, &losses[i]));
        CHECK_OK(sape_mask_advance(mask));
        ck_assert_uint_eq(state_of(mask).cells_in_progress, i == 0 ? 3 : 0);
    }
    sape_mask_free(mask);
}
END_TEST

/* What is left over joins the last block. */
START_TEST(test_last_block) {
    sape_mask_params params = params_of(SAPE_POLICY_SPATIAL, 1, 23);
    params.num_blocks = 4;
    params.resolution = 3;
    params.epsilon = 0.0;
    sape_mask *mask = make(&params);
    const size_t expected[] = {5, 10, 15, 23, 23};
    const float x = 0.0f, loss = 1.0f;
    for (size_t i = 0; i < 5; i++) {
        ck_assert_uint_eq(state_of(mask).current_feature, expected[i]);
        CHECK_OK(sape_mask_record(mask, 1, &x, &loss));
        CHECK_OK(sape_mask_advance(mask));
    }
    ck_assert_double_eq(state_of(mask).revealed, 1.0);
    sape_mask_free(mask);
}
END_TEST

/* Samples of a grid with uneven places, in an order of their own, the first of them twice. */
struct fixed {
    size_t d, size[2], num_samples;
    const float *axes[2];
    float samples[2 * (NAIVE_FIXED_MAX_CELLS + 1)];
    size_t cells[NAIVE_FIXED_MAX_CELLS + 1];
};

static const float axis_0[] = {-0.9f, -0.5f, -0.2f, 0.0f, 0.3f, 0.5f, 0.9f};
static const float axis_1[] = {-1.0f, -0.7f, 0.1f, 0.2f, 0.8f};

static struct fixed make_fixed(size_t d) {
    struct fixed fixed = {.d = d, .size = {7, d == 2 ? 5 : 1}, .axes = {axis_0, axis_1}};
    const size_t cells = fixed.size[0] * fixed.size[1];
    fixed.num_samples = cells + 1;
    for (size_t i = 0; i <= cells; i++) {
        const size_t cell = i * 11 % cells; /* 11 has no factor in common with 7 and 35 */
        fixed.cells[i] = cell;
        fixed.samples[i * d] = axis_0[cell % 7];
        if (d == 2) fixed.samples[i * d + 1] = axis_1[cell / 7];
    }
    return fixed;
}

/* Where x lies among the positions of an axis, in cells; on their border when outside. */
static double place_on(const float *axis, size_t size, float x) {
    size_t low = 0;
    while (low + 2 < size && x >= axis[low + 1]) low++;
    const double share = ((double)x - (double)axis[low]) / ((double)axis[low + 1] - (double)axis[low]);
    return (double)low + fmin(1.0, fmax(0.0, share));
}

static void check_fixed_weights(const sape_mask *mask, const struct naive_fixed *naive, const struct fixed *fixed,
                                size_t n, const float *x) {
    float *weights = new_array(n * naive->features);
    CHECK_OK(sape_mask_weights(mask, n, x, weights));
    for (size_t s = 0; s < n; s++) {
        double place[2] = {0.0, 0.0};
        for (size_t a = 0; a < fixed->d; a++) place[a] = place_on(fixed->axes[a], fixed->size[a], x[s * fixed->d + a]);
        for (size_t j = 0; j < naive->features; j++)
            ck_assert_double_eq_tol((double)weights[s * naive->features + j], naive_fixed_weight(naive, place, j),
                                    2e-6);
    }
    free(weights);
}

/* One row a sample: ramp, patience, blur over neighbours and interpolation, whatever the samples' order. */
START_TEST(test_fixed) {
    const size_t d = (size_t)_i + 1, others = 60;
    const struct fixed fixed = make_fixed(d);
    sape_mask_params params = params_of(SAPE_POLICY_SPATIAL_FIXED, d, 14);
    params.samples = fixed.samples;
    params.num_samples = fixed.num_samples;
    params.num_blocks = 4; /* blocks of 3, and 2 features left over */
    params.block_iterations = 6;
    params.epsilon = 0.5;
    sape_mask *mask = make(&params);
    struct naive_fixed naive = {.size = {fixed.size[0], fixed.size[1]},
                                .features = 14,
                                .block = 3,
                                .num_blocks = 4,
                                .block_iterations = 6,
                                .epsilon = 0.5};
    naive_fixed_init(&naive);
    float *x = new_array(others * d), loss[NAIVE_FIXED_MAX_CELLS + 1];
    for (size_t i = 1; i <= 30; i++) {
        double by_cell[NAIVE_FIXED_MAX_CELLS];
        /* The left is fitted early, the right late, and the last column never. */
        for (size_t s = 0; s < fixed.num_samples; s++) {
            const size_t column = fixed.cells[s] % 7;
            loss[s] = column < 6 && i > 3 * column + 2 ? 0.1f : 1.0f;
            by_cell[fixed.cells[s]] = (double)loss[s];
        }
        CHECK_OK(sape_mask_record(mask, fixed.num_samples, fixed.samples, loss));
        CHECK_OK(sape_mask_step(mask));
        naive_fixed_step(&naive, by_cell);
        random_array(i, others * d, -1.2f, 1.2f, x);
        check_fixed_weights(mask, &naive, &fixed, fixed.num_samples, fixed.samples);
        check_fixed_weights(mask, &naive, &fixed, others, x);
        size_t in_progress = 0;
        for (size_t c = 0; c < naive.cells; c++) in_progress += (size_t)naive.active[c];
        ck_assert_uint_eq(state_of(mask).cells_in_progress, in_progress);
        ck_assert_uint_eq(state_of(mask).current_feature, naive.current);
    }
    ck_assert_uint_eq(state_of(mask).num_cells, naive.cells);
    ck_assert_uint_gt(state_of(mask).cells_in_progress, 0);
    ck_assert_uint_lt(state_of(mask).cells_in_progress, naive.cells);
    free(x);
    sape_mask_free(mask);
}
END_TEST

START_TEST(test_fixed_bad_input) {
    const float samples[] = {0.5f, 0.0f, -1.0f, 1.0f, 0.5f, 1.0f, -1.0f, 0.0f, 0.0f, 1.0f, 0.0f, 0.0f};
    const float same[] = {0.5f, 0.5f}, bad[] = {0.5f, NAN}, far[] = {0.5f, 1e30f};
    sape_mask_params params = params_of(SAPE_POLICY_SPATIAL_FIXED, 2, 10);
    sape_mask *mask;
    params.samples = samples;
    params.num_samples = 6;
    sape_mask_free(make(&params));
    params.num_samples = 5; /* one place of the grid is empty */
    EXPECT_ERROR(sape_mask_create(&params, &mask), SAPE_ERROR_ARGUMENT, "samples", "5");
    params.domain_dim = 3;
    EXPECT_ERROR(sape_mask_create(&params, &mask), SAPE_ERROR_ARGUMENT, "domain_dim", "3");
    params.domain_dim = 1;
    params.num_samples = 1;
    EXPECT_ERROR(sape_mask_create(&params, &mask), SAPE_ERROR_ARGUMENT, "num_samples", "1");
    params.num_samples = SIZE_MAX;
    EXPECT_ERROR(sape_mask_create(&params, &mask), SAPE_ERROR_ARGUMENT, "num_samples", digits_of(SIZE_MAX));
    params.num_samples = 2;
    params.samples = NULL;
    EXPECT_ERROR(sape_mask_create(&params, &mask), SAPE_ERROR_ARGUMENT, "samples", "NULL");
    params.samples = same;
    EXPECT_ERROR(sape_mask_create(&params, &mask), SAPE_ERROR_ARGUMENT, "samples", "1");
    params.samples = bad;
    EXPECT_ERROR(sape_mask_create(&params, &mask), SAPE_ERROR_NOT_FINITE, "samples[1]", "nan");
    params.samples = far;
    EXPECT_ERROR(sape_mask_create(&params, &mask), SAPE_ERROR_ARGUMENT, "samples[1]", "1e+30");
    ck_assert_ptr_null(mask);
}
END_TEST

/* Policy, dimension, features, blocks, iterations; block and iterations from one to the next. */
static const size_t schedules[][7] = {
    {SAPE_POLICY_SPATIAL, 1, 513, 0, 20000, 1, 19},
    {SAPE_POLICY_SPATIAL, 2, 514, 0, 5000, 2, 9},
    {SAPE_POLICY_SPATIAL, 1, 513, 6, 10000, 85, 833},
    {SAPE_POLICY_SPATIAL, 3, 515, 0, 100, 3, 1},
    {SAPE_POLICY_GLOBAL, 1, 513, 0, 20000, 1, 29},
    {SAPE_POLICY_GLOBAL, 2, 514, 0, 5000, 2, 14},
    {SAPE_POLICY_GLOBAL, 1, 513, 6, 10000, 85, 1250},
    {SAPE_POLICY_GLOBAL, 3, 515, 0, 100, 3, 1},
    {SAPE_POLICY_SPATIAL, 3, 2, 0, 100, 2, 50},
#if SIZE_MAX > UINT32_MAX
    {SAPE_POLICY_SPATIAL, 2, 10, 10, 1000000000000, 1, 50000000000},
#endif

};

START_TEST(test_schedule) {
    const size_t *s = schedules[_i];
    sape_mask_params params = params_of((sape_policy)s[0], s[1], s[2]);
    params.resolution = 4;
    params.num_blocks = s[3];
    params.num_iterations = s[4];
    sape_mask *mask = make(&params);
    ck_assert_uint_eq(state_of(mask).block_size, s[5]);
    ck_assert_uint_eq(state_of(mask).block_iterations, s[6]);
    ck_assert_uint_eq(state_of(mask).current_feature, s[5]);
    ck_assert_double_eq_tol(state_of(mask).revealed, (double)s[5] / (double)s[2], 1e-12);
    sape_mask_free(mask);
}
END_TEST

/* The bounding box of the points becomes [-1, 1]; an axis without extent keeps scale 1. */
START_TEST(test_fit_domain) {
    const float points[] = {-3.0f, 2.0f, 0.5f, 5.0f, 2.0f, 1.5f, 1.0f, 2.0f, -0.5f};
    const float center[] = {1.0f, 2.0f, 0.5f}, scale[] = {0.25f, 1.0f, 1.0f};
    sape_mask_params params = params_of(SAPE_POLICY_SPATIAL, 3, 12);
    params.resolution = 6;
    params.epsilon = 0.5;
    sape_mask *fitted = make(&params), *placed = make(&params);
    float *x = new_random_array(1, 600, -4.0f, 6.0f), *loss = new_random_array(2, 200, 0.0f, 1.0f);
    float *weights = new_array(2400), *expected = new_array(2400);
    CHECK_OK(sape_mask_fit_domain(fitted, 3, points));
    CHECK_OK(sape_mask_set_domain(placed, center, scale));
    CHECK_OK(sape_mask_record(fitted, 200, x, loss));
    CHECK_OK(sape_mask_record(placed, 200, x, loss));
    CHECK_OK(sape_mask_advance(fitted));
    CHECK_OK(sape_mask_advance(placed));
    CHECK_OK(sape_mask_weights(fitted, 200, x, weights));
    CHECK_OK(sape_mask_weights(placed, 200, x, expected));
    ck_assert(memcmp(weights, expected, 2400 * sizeof *weights) == 0);
    ck_assert_uint_gt(state_of(fitted).cells_in_progress, 0);
    ck_assert_uint_lt(state_of(fitted).cells_in_progress, 216);
    float *const all[] = {x, loss, weights, expected};
    for (size_t i = 0; i < 4; i++) free(all[i]);
    sape_mask_free(fitted);
    sape_mask_free(placed);
}
END_TEST

START_TEST(test_tensors) {
    sape_mask_params params = params_of(SAPE_POLICY_SPATIAL, 2, 11);
    params.resolution = 4;
    sape_mask *mask = make(&params), *copy = make(&params);
    float *x = new_random_array(1, 60, -1.0f, 1.0f), *loss = new_random_array(2, 30, 0.0f, 0.01f);
    for (int i = 0; i < 3; i++) {
        CHECK_OK(sape_mask_record(mask, 30, x, loss));
        CHECK_OK(sape_mask_advance(mask));
    }
    CHECK_OK(sape_mask_record(mask, 30, x, loss));
    ck_assert_uint_eq(sape_mask_tensor_count(mask), 4);
    for (size_t i = 0; i < 4; i++) {
        sape_tensor_info info = {.struct_size = sizeof info};
        float values[16], again[16];
        CHECK_OK(sape_mask_tensor_info(mask, i, &info));
        ck_assert_uint_eq(info.count, 16);
        CHECK_OK(sape_mask_get_tensor(mask, info.name, values, 16));
        CHECK_OK(sape_mask_set_tensor(copy, info.name, values, 16));
        CHECK_OK(sape_mask_get_tensor(copy, info.name, again, 16));
        ck_assert(memcmp(values, again, sizeof values) == 0);
    }
    float weights[330], same[330];
    CHECK_OK(sape_mask_advance(mask));
    CHECK_OK(sape_mask_advance(copy));
    CHECK_OK(sape_mask_weights(mask, 30, x, weights));
    CHECK_OK(sape_mask_weights(copy, 30, x, same));
    ck_assert(memcmp(weights, same, sizeof weights) == 0);
    free(x);
    free(loss);
    sape_mask_free(mask);
    sape_mask_free(copy);
}
END_TEST

START_TEST(test_revealed) {
    sape_mask_params params = params_of(SAPE_POLICY_SPATIAL, 2, 30);
    params.resolution = 6;
    params.epsilon = 0.5;
    sape_mask *mask = make(&params);
    float *x = new_random_array(1, 200, -1.0f, 1.0f), *loss = new_random_array(2, 100, 0.0f, 1.0f);
    float *weights = new_array(3000), *share = new_array(100), *before = new_array(3000);
    for (int i = 0; i < 10; i++) {
        CHECK_OK(sape_mask_weights(mask, 100, x, before));
        CHECK_OK(sape_mask_record(mask, 100, x, loss));
        CHECK_OK(sape_mask_advance(mask));
        CHECK_OK(sape_mask_weights(mask, 100, x, weights));
        CHECK_OK(sape_mask_revealed(mask, 100, x, share));
        for (size_t s = 0; s < 100; s++) {
            double mean = 0.0;
            for (size_t j = 0; j < 30; j++) {
                ck_assert(weights[s * 30 + j] >= before[s * 30 + j] - 1e-6f && weights[s * 30 + j] <= 1.000001f);
                mean += (double)weights[s * 30 + j] / 30.0;
            }
            ck_assert_double_eq_tol((double)share[s], mean, 1e-6);
        }
    }
    float *const all[] = {x, loss, weights, share, before};
    for (size_t i = 0; i < 5; i++) free(all[i]);
    sape_mask_free(mask);
}
END_TEST

START_TEST(test_bad_input) {
    sape_mask *mask;
    sape_mask_params p;
#define REFUSED(status, member, value, text)                                                                           \
    p = params_of(SAPE_POLICY_SPATIAL, 2, 10);                                                                         \
    p.member = value;                                                                                                  \
    EXPECT_ERROR(sape_mask_create(&p, &mask), status, #member, text);                                                  \
    ck_assert_ptr_null(mask)
    REFUSED(SAPE_ERROR_ARGUMENT, policy, (sape_policy)-1, "-1");
    REFUSED(SAPE_ERROR_ARGUMENT, domain_dim, 0, "0");
    REFUSED(SAPE_ERROR_ARGUMENT, encoding_dim, 0, "0");
    REFUSED(SAPE_ERROR_ARGUMENT, encoding_dim, 65536, "65536");
    REFUSED(SAPE_ERROR_ARGUMENT, mask_dim, 3, "3");
    REFUSED(SAPE_ERROR_ARGUMENT, resolution, 2, "2");
    REFUSED(SAPE_ERROR_ARGUMENT, resolution, SIZE_MAX, digits_of(SIZE_MAX));
    REFUSED(SAPE_ERROR_ARGUMENT, num_blocks, 11, "11");
    REFUSED(SAPE_ERROR_ARGUMENT, num_iterations, 0, "0");
    REFUSED(SAPE_ERROR_ARGUMENT, num_iterations, SIZE_MAX, digits_of(SIZE_MAX));
    REFUSED(SAPE_ERROR_ARGUMENT, block_iterations, SIZE_MAX, digits_of(SIZE_MAX));
    REFUSED(SAPE_ERROR_ARGUMENT, epsilon, NAN, "nan");
    REFUSED(SAPE_ERROR_ARGUMENT, epsilon, -1.0, "-1");
#undef REFUSED
    p = params_of(SAPE_POLICY_SPATIAL, 3, 10);
    p.resolution = 4096;
    EXPECT_ERROR(sape_mask_create(&p, &mask), SAPE_ERROR_ARGUMENT, "resolution", "4096");
    EXPECT_ERROR(sape_mask_create(NULL, &mask), SAPE_ERROR_ARGUMENT, "params", "NULL");
    p = params_of(SAPE_POLICY_SPATIAL, 2, 10);
    mask = make(&p);
    float x[4] = {0, 0, 0, 0}, loss[2] = {1, NAN}, weights[20];
    EXPECT_ERROR(sape_mask_record(mask, 2, x, loss), SAPE_ERROR_NOT_FINITE, "loss[1]", "nan");
    EXPECT_ERROR(sape_mask_record(mask, 2, x, NULL), SAPE_ERROR_ARGUMENT, "loss", "NULL");
    float log[64 * 64];
    CHECK_OK(sape_mask_get_tensor(mask, "log_buffer", log, 64 * 64));
    ck_assert(largest_magnitude(64 * 64, log) == 0.0);
    x[3] = INFINITY;
    EXPECT_ERROR(sape_mask_weights(mask, 2, x, weights), SAPE_ERROR_NOT_FINITE, "x[3]", "inf");
    EXPECT_ERROR(sape_mask_weights(mask, 1, x, NULL), SAPE_ERROR_ARGUMENT, "weights", "NULL");
    EXPECT_ERROR(sape_mask_step(NULL), SAPE_ERROR_ARGUMENT, "mask", "NULL");
    EXPECT_ERROR(sape_mask_smoothed_loss(mask, log, 5), SAPE_ERROR_SHAPE, "5", "4096");
    EXPECT_ERROR(sape_mask_set_tensor(mask, "mask_stashed", log, 5), SAPE_ERROR_SHAPE, "5", "4096");
    log[9] = 10.5f;
    EXPECT_ERROR(sape_mask_set_tensor(mask, "mask_stashed", log, 4096), SAPE_ERROR_ARGUMENT, "[9]", "10.5");
    log[9] = 1.5f;
    EXPECT_ERROR(sape_mask_set_tensor(mask, "mask_stashed", log, 4096), SAPE_ERROR_ARGUMENT, "[9]", "1.5");
    EXPECT_ERROR(sape_mask_set_tensor(mask, "in_progress", log, 4096), SAPE_ERROR_ARGUMENT, "[9]", "1.5");
    const float center[2] = {0}, zero[2] = {1.0f, 0.0f};
    EXPECT_ERROR(sape_mask_set_domain(mask, center, zero), SAPE_ERROR_ARGUMENT, "scale[1]", "0");
    EXPECT_ERROR(sape_mask_fit_domain(mask, 0, x), SAPE_ERROR_ARGUMENT, "n", "0");
    sape_mask_free(mask);
    sape_mask_free(NULL);
}
END_TEST

START_TEST(test_bad_arguments) {
    sape_mask_params params = params_of(SAPE_POLICY_SPATIAL, 2, 10);
    sape_mask *mask = make(&params);
    sape_mask_state state = {.struct_size = sizeof state};
    sape_tensor_info info = {.struct_size = sizeof info};
    float x[4] = {0}, loss[2] = {0}, share[2], center[2] = {0.0f, NAN}, scale[2] = {1.0f, 1.0f};
    EXPECT_ERROR(sape_mask_get_state(NULL, &state), SAPE_ERROR_ARGUMENT, "mask", "NULL");
    EXPECT_ERROR(sape_mask_get_state(mask, NULL), SAPE_ERROR_ARGUMENT, "state", "NULL");
    EXPECT_ERROR(sape_mask_advance(NULL), SAPE_ERROR_ARGUMENT, "mask", "NULL");
    EXPECT_ERROR(sape_mask_record(NULL, 1, x, loss), SAPE_ERROR_ARGUMENT, "mask", "NULL");
    EXPECT_ERROR(sape_mask_record(mask, 1, NULL, loss), SAPE_ERROR_ARGUMENT, "x", "NULL");
    EXPECT_ERROR(sape_mask_record(mask, SIZE_MAX, x, loss), SAPE_ERROR_MEMORY, "n", digits_of(SIZE_MAX));
    EXPECT_ERROR(sape_mask_revealed(NULL, 1, x, share), SAPE_ERROR_ARGUMENT, "mask", "NULL");
    EXPECT_ERROR(sape_mask_revealed(mask, 1, x, NULL), SAPE_ERROR_ARGUMENT, "share", "NULL");
    EXPECT_ERROR(sape_mask_set_domain(mask, center, scale), SAPE_ERROR_NOT_FINITE, "center[1]", "nan");
    EXPECT_ERROR(sape_mask_set_domain(mask, NULL, scale), SAPE_ERROR_ARGUMENT, "center", "NULL");
    EXPECT_ERROR(sape_mask_fit_domain(mask, 1, NULL), SAPE_ERROR_ARGUMENT, "points", "NULL");
    EXPECT_ERROR(sape_mask_fit_domain(mask, 1, center), SAPE_ERROR_NOT_FINITE, "points[1]", "nan");
    EXPECT_ERROR(sape_mask_tensor_info(mask, 4, &info), SAPE_ERROR_ARGUMENT, "index", "4");
    EXPECT_ERROR(sape_mask_get_tensor(mask, "mask", x, 4), SAPE_ERROR_NOT_FOUND, "mask", "no tensor");
    x[2] = -1e30f;
    EXPECT_ERROR(sape_mask_record(mask, 2, x, loss), SAPE_ERROR_ARGUMENT, "x[2]", "-1e+30");
    EXPECT_ERROR(sape_mask_revealed(mask, 2, x, share), SAPE_ERROR_ARGUMENT, "x[2]", "-1e+30");
    sape_mask_free(mask);
    center[1] = 0.0f;
    for (int policy = SAPE_POLICY_NONE; policy <= SAPE_POLICY_GLOBAL; policy++) {
        params.policy = (sape_policy)policy;
        mask = make(&params);
        EXPECT_ERROR(sape_mask_set_domain(mask, center, scale), SAPE_ERROR_UNSUPPORTED, "policy", "spatial");
        EXPECT_ERROR(sape_mask_fit_domain(mask, 1, center), SAPE_ERROR_UNSUPPORTED, "policy", "spatial");
        EXPECT_ERROR(sape_mask_smoothed_loss(mask, loss, 1), SAPE_ERROR_UNSUPPORTED, "policy", "spatial");
        sape_mask_free(mask);
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("mask");
    TCase *tcase = tcase_create("mask");
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, test_spatial, 0, (int)(sizeof cases / sizeof *cases));
    tcase_add_test(tcase, test_global_ramp);
    tcase_add_test(tcase, test_global_end);
    tcase_add_test(tcase, test_epsilon_is_reached);
    tcase_add_test(tcase, test_last_block);
    tcase_add_loop_test(tcase, test_fixed, 0, 2);
    tcase_add_test(tcase, test_fixed_bad_input);
    tcase_add_loop_test(tcase, test_schedule, 0, (int)(sizeof schedules / sizeof *schedules));
    tcase_add_test(tcase, test_fit_domain);
    tcase_add_test(tcase, test_tensors);
    tcase_add_test(tcase, test_revealed);
    tcase_add_test(tcase, test_bad_input);
    tcase_add_test(tcase, test_bad_arguments);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
