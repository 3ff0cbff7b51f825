/* SPDX-License-Identifier: MIT */
/* Masks against a dense, naive one, and against the schedules written out. */
#include <math.h>
#include <stdlib.h>

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

/* One row a sample, in 1D: the ramp, the patience, the blur over neighbours, whatever the samples' order. */
START_TEST(test_fixed_1d) {
    enum { N = 7, DIM = 12 };
    const float samples[N] = {0.5f, -0.9f, -0.2f, 0.9f, 0.0f, -0.5f, 0.3f};
    const int rank[N] = {5, 0, 2, 6, 3, 1, 4};
    sape_mask_params params = params_of(SAPE_POLICY_SPATIAL_FIXED, 1, DIM);
    params.samples = samples;
    params.num_samples = N;
    params.num_blocks = 4; /* blocks of 3 */
    params.block_iterations = 6;
    params.epsilon = 0.5;
    sape_mask *mask = make(&params);
    double level[N], end[N], ramp[N];
    int active[N], quiet[N] = {0};
    for (int r = 0; r < N; r++) level[r] = end[r] = 3, ramp[r] = 0.0, active[r] = 1;
    size_t current = 3, next = 6;
    for (int i = 1; i <= 30; i++) {
        float loss[N], weights[N * DIM];
        double by_rank[N];
        /* The left half is fitted early, the right one late. */
        for (int s = 0; s < N; s++) loss[s] = i > (samples[s] < 0.0f ? 4 : 14) ? 0.1f : 1.0f;
        for (int s = 0; s < N; s++) by_rank[rank[s]] = (double)loss[s];
        CHECK_OK(sape_mask_record(mask, N, samples, loss));
        CHECK_OK(sape_mask_step(mask));
        for (int r = 0; r < N; r++) {
            const double mean = (by_rank[r > 0 ? r - 1 : 0] + by_rank[r] + by_rank[r < N - 1 ? r + 1 : r]) / 3.0;
            quiet[r] = mean > 0.5 ? 0 : quiet[r] + 1;
            if (quiet[r] >= 3) active[r] = 0;
        }
        for (int r = 0; r < N && i <= 24; r++) {
            if (!active[r]) continue;
            level[r] = i % 6 == 0 ? (double)next : (double)current;
            end[r] = (double)next;
            ramp[r] = i % 6 == 0 ? 0.0 : fmin(1.0, 2.0 * (i % 6) / 6.0);
        }
        int any = 0;
        for (int r = 0; r < N; r++) any |= active[r];
        if (i % 6 == 0 && i <= 24 && any) {
            current = next;
            next = next + 3 > DIM || DIM - (next + 3) < 3 ? DIM : next + 3;
        }
        CHECK_OK(sape_mask_weights(mask, N, samples, weights));
        for (int s = 0; s < N; s++) {
            for (int j = 0; j < DIM; j++) {
                double expected = 0.0;
                for (int k = -1; k <= 1; k++) {
                    const int r = rank[s] + k < 0 ? 0 : rank[s] + k >= N ? N - 1 : rank[s] + k;
                    expected += (j < level[r] ? 1.0 : j < end[r] ? ramp[r] : 0.0) / 3.0;
                }
                ck_assert_double_eq_tol((double)weights[s * DIM + j], expected, 1e-6);
            }
        }
    }
    /* Between two samples the weights are between theirs, in proportion. */
    const float places[] = {-0.9f, -0.8f, -0.5f};
    float between[3 * DIM];
    CHECK_OK(sape_mask_weights(mask, 3, places, between));
    for (int j = 0; j < DIM; j++)
        ck_assert_double_eq_tol((double)between[DIM + j],
                                0.75 * (double)between[j] + 0.25 * (double)between[2 * DIM + j], 1e-6);
    sape_mask_free(mask);
}
END_TEST

/* In 2D the samples must be a whole grid. */
START_TEST(test_fixed_2d) {
    const float samples[] = {0.5f, 0.0f, -1.0f, 1.0f, 0.5f, 1.0f, -1.0f, 0.0f, 0.0f, 1.0f, 0.0f, 0.0f};
    sape_mask_params params = params_of(SAPE_POLICY_SPATIAL_FIXED, 2, 10);
    sape_mask *mask;
    params.samples = samples;
    params.num_samples = 6;
    mask = make(&params);
    ck_assert_uint_eq(state_of(mask).num_cells, 6);
    float weights[60];
    CHECK_OK(sape_mask_weights(mask, 6, samples, weights));
    ck_assert_double_eq_tol((double)weights[1], 1.0, 1e-6);
    ck_assert_float_eq(weights[2], 0.0f);
    sape_mask_free(mask);
    params.num_samples = 5;
    EXPECT_ERROR(sape_mask_create(&params, &mask), SAPE_ERROR_ARGUMENT, "samples", "5");
    params.domain_dim = 3;
    EXPECT_ERROR(sape_mask_create(&params, &mask), SAPE_ERROR_ARGUMENT, "domain_dim", "3");
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
    REFUSED(SAPE_ERROR_ARGUMENT, resolution, SIZE_MAX, "18446744073709551615");
    REFUSED(SAPE_ERROR_ARGUMENT, num_blocks, 11, "11");
    REFUSED(SAPE_ERROR_ARGUMENT, num_iterations, 0, "0");
    REFUSED(SAPE_ERROR_ARGUMENT, num_iterations, SIZE_MAX, "18446744073709551615");
    REFUSED(SAPE_ERROR_ARGUMENT, block_iterations, SIZE_MAX, "18446744073709551615");
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

int main(void) {
    Suite *suite = suite_create("mask");
    TCase *tcase = tcase_create("mask");
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, test_spatial, 0, (int)(sizeof cases / sizeof *cases));
    tcase_add_test(tcase, test_global_ramp);
    tcase_add_test(tcase, test_last_block);
    tcase_add_test(tcase, test_fixed_1d);
    tcase_add_test(tcase, test_fixed_2d);
    tcase_add_test(tcase, test_tensors);
    tcase_add_test(tcase, test_revealed);
    tcase_add_test(tcase, test_bad_input);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
