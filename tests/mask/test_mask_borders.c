/* SPDX-License-Identifier: MIT */
/* What masks do exactly at the borders of their rules: a loss that is epsilon, the shortest block, the smallest large
   grid, the last block; and what their state says on the way. */
#include <math.h>
#include <stdlib.h>

#include "naive_mask.h"
#include "support.h"

static sape_mask *make(sape_policy policy, size_t d, size_t dim, size_t num_blocks, size_t block_iterations) {
    static const float samples[] = {-1.0f, -0.5f, 0.0f, 1.0f};
    sape_mask_params params;
    sape_mask *mask;
    sape_mask_params_init(&params, sizeof params);
    params.policy = policy;
    params.domain_dim = d;
    params.encoding_dim = dim;
    params.resolution = 10;
    params.num_blocks = num_blocks;
    params.block_iterations = block_iterations;
    params.epsilon = 0.5;
    params.samples = policy == SAPE_POLICY_SPATIAL_FIXED ? samples : NULL;
    params.num_samples = policy == SAPE_POLICY_SPATIAL_FIXED ? 4 : 0;
    CHECK_OK(sape_mask_create(&params, &mask));
    return mask;
}

static sape_mask_state state_of(const sape_mask *mask) {
    sape_mask_state state = {.struct_size = sizeof state};
    CHECK_OK(sape_mask_get_state(mask, &state));
    return state;
}

static void record_everywhere(sape_mask *mask, float value) {
    static const float x[] = {-1.0f, -0.5f, 0.0f, 1.0f};
    const float loss[] = {value, value, value, value};
    CHECK_OK(sape_mask_record(mask, 4, x, loss));
}

/* 100 cells are still a small grid, blurred over 3 cells; 121 are blurred over 5. */
START_TEST(test_hundred_cells) {
    sape_mask *mask = make(SAPE_POLICY_SPATIAL, 2, 8, 0, 0);
    struct naive_mask naive;
    naive_mask_init(&naive, 2, 10, 8, 2, 0.5);
    float *x = new_random_array(1, 80, -1.0f, 1.0f), *loss = new_random_array(2, 40, 0.0f, 1.0f), smoothed[100];
    double expected[100];
    CHECK_OK(sape_mask_record(mask, 40, x, loss));
    for (size_t s = 0; s < 40; s++) {
        const double place[] = {(double)x[2 * s], (double)x[2 * s + 1]};
        naive_mask_record(&naive, place, (double)loss[s]);
    }
    naive_mask_smoothed_loss(&naive, expected);
    CHECK_OK(sape_mask_smoothed_loss(mask, smoothed, 100));
    for (size_t c = 0; c < 100; c++) ck_assert_double_eq_tol((double)smoothed[c], expected[c], 2e-6);
    free(x);
    free(loss);
    naive_mask_free(&naive);
    sape_mask_free(mask);
}
END_TEST

/* The share that is revealed counts the ramp: five features, and five more at t / 9 of their weight. */
START_TEST(test_share_on_the_ramp) {
    const sape_policy policy = _i == 0 ? SAPE_POLICY_GLOBAL : SAPE_POLICY_SPATIAL_FIXED;
    sape_mask *mask = make(policy, 1, 20, 4, 18);
    for (int t = 0; t < 18; t++) {
        ck_assert_double_eq_tol(state_of(mask).revealed, (5.0 + 5.0 * fmin(t / 9.0, 1.0)) / 20.0, 1e-7);
        record_everywhere(mask, 1.0f);
        CHECK_OK(sape_mask_step(mask));
    }
    sape_mask_free(mask);
}
END_TEST

/* Global: a batch loss of just epsilon is not below it, one below it stops the ramp for good. */
START_TEST(test_global_at_epsilon) {
    sape_mask *mask = make(SAPE_POLICY_GLOBAL, 1, 8, 4, 2);
    record_everywhere(mask, 0.5f);
    CHECK_OK(sape_mask_step(mask));
    const double first = state_of(mask).revealed;
    ck_assert_double_gt(first, 0.25);
    record_everywhere(mask, 0.5f);
    CHECK_OK(sape_mask_step(mask));
    record_everywhere(mask, 0.49f);
    for (int t = 0; t < 20; t++) CHECK_OK(sape_mask_step(mask));
    ck_assert_double_eq(state_of(mask).revealed, 0.5);
    sape_mask_free(mask);
}
END_TEST

/* Spatial_fixed: a loss of just epsilon is good enough, once it has lasted half a block. */
START_TEST(test_fixed_at_epsilon) {
    sape_mask *mask = make(SAPE_POLICY_SPATIAL_FIXED, 1, 8, 4, 6);
    for (int t = 1; t <= 3; t++) {
        record_everywhere(mask, 0.5f);
        CHECK_OK(sape_mask_step(mask));
        ck_assert_uint_eq(state_of(mask).cells_in_progress, t < 3 ? 4 : 0);
    }
    sape_mask_free(mask);
}
END_TEST

/* Blocks of one iteration have no half: rows leave progress after one good loss, and not without. */
START_TEST(test_shortest_blocks) {
    sape_mask *mask = make(SAPE_POLICY_SPATIAL_FIXED, 1, 8, 4, 1);
    for (size_t t = 1; t <= 2; t++) {
        record_everywhere(mask, 1.0f);
        CHECK_OK(sape_mask_step(mask));
        ck_assert_uint_eq(state_of(mask).cells_in_progress, 4);
        ck_assert_uint_eq(state_of(mask).current_feature, 2 + 2 * t);
    }
    record_everywhere(mask, 0.25f);
    CHECK_OK(sape_mask_step(mask));
    ck_assert_uint_eq(state_of(mask).cells_in_progress, 0);
    ck_assert_uint_eq(state_of(mask).current_feature, 6);
    sape_mask_free(mask);
}
END_TEST

/* Blocks of two of ten features: what is set goes on as if it had been revealed, leftovers in the last block. */
START_TEST(test_next_block) {
    static const size_t next[] = {4, 4, 4, 5, 6, 7, 8, 10, 10, 10, 10};
    sape_mask *mask = make(SAPE_POLICY_SPATIAL, 1, 10, 5, 0);
    for (size_t level = 0; level <= 10; level++) {
        float values[10] = {0};
        values[3] = (float)level;
        CHECK_OK(sape_mask_set_tensor(mask, "mask_stashed", values, 10));
        ck_assert_uint_eq(state_of(mask).current_feature, level < 2 ? 2 : level);
        ck_assert_uint_eq(state_of(mask).next_feature, next[level]);
        ck_assert_double_eq_tol(state_of(mask).revealed, (double)level / 100.0, 1e-12);
    }
    sape_mask_free(mask);
}
END_TEST

/* Every cell of ten has a level of its own, from none of the nine features to all: as many steps as there can be. */
START_TEST(test_all_levels) {
    sape_mask *mask = make(SAPE_POLICY_SPATIAL, 1, 9, 9, 0);
    float levels[10], x[41], weights[41 * 9];
    for (size_t c = 0; c < 10; c++) levels[c] = (float)c;
    CHECK_OK(sape_mask_set_tensor(mask, "mask_stashed", levels, 10));
    for (size_t s = 0; s < 41; s++) x[s] = (float)s / 20.0f - 1.0f;
    CHECK_OK(sape_mask_weights(mask, 41, x, weights));
    for (size_t s = 0; s < 41; s++) {
        for (size_t j = 0; j < 9; j++) {
            const double g = ((double)x[s] + 1.0) / 2.0 * 8.0 + 0.5, low = floor(g);
            double expected = 0.0;
            for (long k = -1; k <= 2; k++) {
                const double share = k == -1 ? low + 1.0 - g : k == 2 ? g - low : 1.0;
                const double cell = fmin(9.0, fmax(0.0, low + (double)k));
                expected += cell > (double)j ? share / 3.0 : 0.0;
            }
            ck_assert_double_eq_tol((double)weights[s * 9 + j], expected, 2e-6);
        }
    }
    sape_mask_free(mask);
}
END_TEST

/* So many values that their number, or that of their bytes, is not one. */
START_TEST(test_too_many_values) {
    sape_mask_params params;
    sape_mask *mask;
    const double frequencies[] = {0.0, 1.0};
    const float x[] = {0.0f, 0.5f}, value = 0.0f;
    sape_mask_params_init(&params, sizeof params);
    params.policy = SAPE_POLICY_VARIANCE;
    params.domain_dim = 1;
    params.encoding_dim = 2;
    params.frequencies = frequencies;
    CHECK_OK(sape_mask_create(&params, &mask));
    EXPECT_ERROR(sape_mask_set_signal(mask, 2, x, SIZE_MAX, &value), SAPE_ERROR_ARGUMENT, "o is", digits_of(SIZE_MAX));
    EXPECT_ERROR(sape_mask_set_signal(mask, 2, x, SIZE_MAX / 8 + 1, &value), SAPE_ERROR_ARGUMENT, "o is", "too many");
    sape_mask_free(mask);
}
END_TEST

/* No samples are fine, wherever they are not. */
START_TEST(test_no_samples) {
    for (int policy = SAPE_POLICY_NONE; policy <= SAPE_POLICY_SPATIAL_FIXED; policy++) {
        sape_mask *mask = make((sape_policy)policy, 1, 8, 0, 0);
        CHECK_OK(sape_mask_weights(mask, 0, NULL, NULL));
        CHECK_OK(sape_mask_revealed(mask, 0, NULL, NULL));
        CHECK_OK(sape_mask_record(mask, 0, NULL, NULL));
        CHECK_OK(sape_mask_step(mask));
        sape_mask_free(mask);
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("mask_borders");
    TCase *tests = tcase_create("mask_borders");
    tcase_add_test(tests, test_hundred_cells);
    tcase_add_loop_test(tests, test_share_on_the_ramp, 0, 2);
    tcase_add_test(tests, test_global_at_epsilon);
    tcase_add_test(tests, test_fixed_at_epsilon);
    tcase_add_test(tests, test_shortest_blocks);
    tcase_add_test(tests, test_next_block);
    tcase_add_test(tests, test_all_levels);
    tcase_add_test(tests, test_too_many_values);
    tcase_add_test(tests, test_no_samples);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
