/* SPDX-License-Identifier: MIT */
/* Training on several ranks, here threads of one process: the union's fit, the same bits, and one end for all. */
#include <math.h>
#include <stdlib.h>

#include "rank_group.h"

static struct group group;
static const sape_policy policies[] = {SAPE_POLICY_NONE, SAPE_POLICY_GLOBAL, SAPE_POLICY_SPATIAL, SAPE_POLICY_VARIANCE};

/* The same losses and mask as one trainer on all samples, and parameters that far from its own at most. What rounding
   does grows where a sample crosses the kink of a unit, so the parameters are compared under SGD only: Adam makes steps
   of one size from gradients of any. */
static void check_union(const struct rank *like, double tolerance) {
    struct rank alone, ranks[MAX_RANKS];
    run_alone(&alone, like);
    CHECK_OK(alone.status);
    for (size_t num_ranks = 1; num_ranks <= MAX_RANKS; num_ranks++) {
        share_out(ranks, num_ranks, like);
        run_group(&group, ranks, num_ranks);
        for (size_t r = 0; r < num_ranks; r++) {
            ck_assert_msg(ranks[r].status == SAPE_OK, "%s", ranks[r].message);
            check_same_bits(&ranks[r], &ranks[0]);
            ck_assert(ranks[r].result.loss == ranks[0].result.loss);
        }
        ck_assert_mem_eq(alone.mask, ranks[0].mask, sizeof alone.mask);
        ck_assert_double_eq_tol(alone.result.loss, ranks[0].result.loss, 1e-3 * alone.result.loss);
        const double far = largest_difference(alone.num_parameters, alone.parameters, ranks[0].parameters);
        ck_assert_msg(far <= tolerance, "%zu ranks are %g away from one", num_ranks, far);
        release_ranks(ranks, num_ranks);
    }
    release_ranks(&alone, 1);
}

#define SGD .optimizer = SAPE_OPTIMIZER_SGD, .rate = 0.1

START_TEST(test_union) {
    check_union(&(struct rank){.policy = policies[_i], SGD, .iterations = 30}, 1e-4);
    check_union(&(struct rank){.policy = policies[_i], SGD, .iterations = 10, .weight_decay = 0.1}, 1e-4);
    check_union(&(struct rank){.policy = policies[_i], SGD, .iterations = 30, .loss = own_mse}, 1e-4);
    check_union(&(struct rank){.policy = policies[_i], .rate = 1e-3, .iterations = 30}, INFINITY);
    check_union(&(struct rank){.policy = policies[_i], SGD, .iterations = 30, .grid = true}, 1e-4);
    check_union(&(struct rank){.policy = policies[_i], .rate = 1e-3, .iterations = 30, .grid = true}, INFINITY);
}
END_TEST

/* The sums of weights differ from rank to rank; the first rank's are all 0. */
START_TEST(test_weighted_union) {
    float weights[SAMPLES];
    random_array(7, SAMPLES, 0.0f, 2.0f, weights);
    for (size_t i = 0; i < 17; i++) weights[i] = 0.0f;
    weights[3] = 1e-6f;
    check_union(&(struct rank){.policy = policies[_i], SGD, .iterations = 30, .weights = weights}, 1e-4);
    check_union(&(struct rank){.policy = policies[_i], SGD, .iterations = 30, .weights = weights, .loss = own_mse},
                1e-4);
    check_union(&(struct rank){.policy = policies[_i], SGD, .iterations = 30, .weights = weights, .clip_norm = 0.01},
                1e-4);
    check_union(&(struct rank){.policy = policies[_i], SGD, .iterations = 10, .clip_norm = 0.01, .average_decay = 0.9},
                1e-4);
}
END_TEST

/* The rank whose sampler ends first ends the run on all, before the iteration. */
START_TEST(test_sampler_that_ends) {
    struct rank ranks[MAX_RANKS];
    share_out(ranks, 3, &(struct rank){.policy = SAPE_POLICY_SPATIAL, .iterations = 30, .ends_before = 29});
    ranks[0].ends_before = 11;
    ranks[1].ends_before = 5;
    for (size_t r = 0; r < 3; r++) ranks[r].begin = 0;
    run_group(&group, ranks, 3);
    for (size_t r = 0; r < 3; r++) {
        ck_assert_msg(ranks[r].status == SAPE_OK, "%s", ranks[r].message);
        ck_assert_uint_eq(ranks[r].result.iterations, 5);
        ck_assert_int_eq(ranks[r].result.stop, SAPE_STOP_SAMPLER);
        check_same_bits(&ranks[r], &ranks[0]);
    }
    release_ranks(ranks, 3);
}
END_TEST

/* A global mask whose mean loss goes below epsilon stops at the same iteration on all ranks. */
START_TEST(test_batches) {
    for (size_t batch = 17; batch <= 256; batch += 239) {
        struct rank ranks[MAX_RANKS];
        share_out(ranks, 3, &(struct rank){.policy = policies[_i], .iterations = 60, .batch = batch});
        run_group(&group, ranks, 3);
        for (size_t r = 0; r < 3; r++) {
            ck_assert_msg(ranks[r].status == SAPE_OK, "%s", ranks[r].message);
            check_same_bits(&ranks[r], &ranks[0]);
        }
        release_ranks(ranks, 3);
    }
}
END_TEST

/* A comparison, a sum an iteration, one more at each advance; and rows that are not revealed yet are not sent. */
START_TEST(test_traffic) {
    struct rank ranks[MAX_RANKS];
    for (size_t p = 0; p < 4; p++) {
        share_out(ranks, 2, &(struct rank){.policy = policies[p], .iterations = 8});
        run_group(&group, ranks, 2);
        CHECK_OK(ranks[0].status);
        ck_assert_uint_eq(group.calls, policies[p] == SAPE_POLICY_SPATIAL ? 1 + 8 + 2 : 1 + 8);
        if (policies[p] == SAPE_POLICY_SPATIAL)
            ck_assert_uint_lt(group.floats, 8 * (ranks[0].num_parameters - 40 * (82 - 3 * 82 / 6)) + 2 * 2 * 64 + 8000);
        release_ranks(ranks, 2);
    }
}
END_TEST

static void check_all_fail(size_t num_ranks, struct rank *ranks, size_t culprit, sape_status own, const char *own_text,
                           sape_status others, const char *others_text) {
    for (size_t r = 0; r < num_ranks; r++) {
        const bool self = r == culprit;
        ck_assert_msg(ranks[r].status == (self ? own : others), "rank %zu: %s: %s", r,
                      sape_status_string(ranks[r].status), ranks[r].message);
        ck_assert_msg(strstr(ranks[r].message, self ? own_text : others_text) != NULL, "rank %zu: %s", r,
                      ranks[r].message);
    }
}

START_TEST(test_failing_loss) {
    struct rank ranks[MAX_RANKS];
    share_out(ranks, 3, &(struct rank){.policy = SAPE_POLICY_SPATIAL, .iterations = 30, .loss = own_mse});
    ranks[1].fails_at = 6;
    run_group(&group, ranks, 3);
    check_all_fail(3, ranks, 1, SAPE_ERROR_CALLBACK, "loss_fn returned 5", SAPE_ERROR_CALLBACK, "another rank");
    for (size_t r = 0; r < 3; r++) {
        ck_assert_uint_eq(ranks[r].result.iterations, 5);
        check_same_bits(&ranks[r], &ranks[0]);
    }
    release_ranks(ranks, 3);
}
END_TEST

START_TEST(test_divergence) {
    struct rank ranks[MAX_RANKS];
    float *targets = new_array(OUTPUTS * SAMPLES);
    memcpy(targets, all_targets, OUTPUTS * SAMPLES * sizeof *targets);
    targets[OUTPUTS * 101] = 3e38f; /* the second of three ranks: its loss is out of range */
    share_out(ranks, 3, &(struct rank){.policy = policies[_i], .iterations = 30});
    for (size_t r = 0; r < 3; r++) ranks[r].targets = targets;
    run_group(&group, ranks, 3);
    for (size_t r = 0; r < 3; r++) {
        ck_assert_int_eq(ranks[r].status, SAPE_ERROR_DIVERGED);
        check_same_bits(&ranks[r], &ranks[0]);
    }
    release_ranks(ranks, 3);
    free(targets);
}
END_TEST

START_TEST(test_stop) {
    struct rank ranks[MAX_RANKS];
    share_out(ranks, 4, &(struct rank){.policy = SAPE_POLICY_SPATIAL, .iterations = 30});
    ranks[2].stops_at = 9;
    run_group(&group, ranks, 4);
    for (size_t r = 0; r < 4; r++) {
        CHECK_OK(ranks[r].status);
        ck_assert_uint_eq(ranks[r].result.iterations, 10);
        ck_assert_int_eq(ranks[r].result.stop, SAPE_STOP_CALLBACK);
        check_same_bits(&ranks[r], &ranks[0]);
    }
    release_ranks(ranks, 4);
}
END_TEST

/* The end of a training run that has converged follows the union's loss. */
START_TEST(test_tolerance) {
    struct rank alone, ranks[MAX_RANKS];
    const struct rank like = {.policy = SAPE_POLICY_SPATIAL, SGD, .iterations = 500, .tolerance = 0.21};
    run_alone(&alone, &like);
    ck_assert_int_eq(alone.result.stop, SAPE_STOP_TOLERANCE);
    share_out(ranks, 3, &like);
    run_group(&group, ranks, 3);
    for (size_t r = 0; r < 3; r++) {
        ck_assert_msg(ranks[r].status == SAPE_OK, "%s", ranks[r].message);
        ck_assert_int_eq(ranks[r].result.stop, SAPE_STOP_TOLERANCE);
        ck_assert_uint_eq(ranks[r].result.iterations, alone.result.iterations);
        check_same_bits(&ranks[r], &ranks[0]);
    }
    release_ranks(ranks, 3);
    release_ranks(&alone, 1);
}
END_TEST

/* Ranks that could not end with the same bits, or would wait for one another, do not begin. */
START_TEST(test_comparison) {
    static const char *const texts[] = {"parameters",     "settings", "settings",
                                        "num_iterations", "settings", "parameters"};
    struct rank ranks[MAX_RANKS];
    share_out(ranks, 3, &(struct rank){.policy = SAPE_POLICY_SPATIAL, .iterations = 30, .seed = 1});
    switch (_i) {
    case 0:
        ranks[2].seed = 2;
        break;
    case 1:
        ranks[2].rate = 0.5;
        break;
    case 2:
        ranks[2].policy = SAPE_POLICY_GLOBAL;
        break;
    case 3:
        ranks[2].iterations = 31;
        break;
    case 4:
        ranks[2].tolerance = 1e-9;
        break;
    case 5:
        ranks[2].encoder_std = 2.0;
        break;
    }
    run_group(&group, ranks, 3);
    check_all_fail(3, ranks, 0, SAPE_ERROR_STATE, texts[_i], SAPE_ERROR_STATE, texts[_i]);
    ck_assert_uint_eq(ranks[0].result.iterations, 0);
    release_ranks(ranks, 3);
}
END_TEST

/* Ranks whose masks know other signals train where that makes no difference to the cut-offs, and only there. */
START_TEST(only_the_cutoffs_must_be_the_same) {
    sape_cutoff_params cutoff;
    struct rank ranks[MAX_RANKS];
    sape_cutoff_params_init(&cutoff, sizeof cutoff);
    cutoff.c_max = 30.0;
    if (_i == 0) cutoff.beta = 0.0;
    share_out(ranks, 3,
              &(struct rank){.policy = SAPE_POLICY_VARIANCE, .iterations = 10, .cutoff = &cutoff, .own_signal = true});
    run_group(&group, ranks, 3);
    if (_i == 0)
        for (size_t r = 0; r < 3; r++) {
            ck_assert_msg(ranks[r].status == SAPE_OK, "%s", ranks[r].message);
            check_same_bits(&ranks[r], &ranks[0]);
        }
    else
        check_all_fail(3, ranks, 0, SAPE_ERROR_STATE, "parameters", SAPE_ERROR_STATE, "parameters");
    release_ranks(ranks, 3);
}
END_TEST

START_TEST(test_rank_without_data) {
    struct rank ranks[MAX_RANKS];
    share_out(ranks, 3, &(struct rank){.policy = SAPE_POLICY_SPATIAL, .iterations = 30});
    ranks[1].no_data = true;
    run_group(&group, ranks, 3);
    check_all_fail(3, ranks, 1, SAPE_ERROR_STATE, "no data", SAPE_ERROR_CALLBACK, "another rank");
    release_ranks(ranks, 3);
}
END_TEST

/* Every rank goes on from a file of its own, in the middle of the mask's log. */
START_TEST(test_resume) {
    static const char *const files[] = {"ranks_0.safetensors", "ranks_1.safetensors", "ranks_2.safetensors"};
    struct rank whole[MAX_RANKS], parts[MAX_RANKS];
    const struct rank like = {.policy = SAPE_POLICY_SPATIAL, .batch = 90};
    share_out(whole, 3, &like);
    for (size_t r = 0; r < 3; r++) whole[r].iterations = 30;
    run_group(&group, whole, 3);
    for (size_t half = 0; half < 2; half++) {
        share_out(parts, 3, &like);
        for (size_t r = 0; r < 3; r++) {
            parts[r].iterations = half == 0 ? 14 : 16;
            parts[r].save = half == 0 ? files[r] : NULL;
            parts[r].resume = half == 0 ? NULL : files[r];
        }
        run_group(&group, parts, 3);
        if (half == 0) release_ranks(parts, 3);
    }
    for (size_t r = 0; r < 3; r++) {
        CHECK_OK(parts[r].status);
        ck_assert_mem_eq(parts[r].parameters, whole[r].parameters, whole[r].num_parameters * sizeof(float));
        ck_assert_mem_eq(parts[r].mask, whole[r].mask, sizeof whole[r].mask);
    }
    release_ranks(whole, 3);
    release_ranks(parts, 3);
}
END_TEST

static int refuse(void *user, sape_dtype dtype, size_t count, void *values) {
    (void)dtype;
    (void)count;
    (void)values;
    return --*(int *)user < 0 ? 7 : 0;
}

/* Alone, a reduce function that does nothing is right; one that fails ends the training. */
START_TEST(test_reduce_fails) {
    struct rank rank;
    share_out(&rank, 1, &(struct rank){.policy = SAPE_POLICY_SPATIAL});
    sape_field *field = rank_field(&rank);
    sape_trainer *trainer = rank_trainer(&rank, field);
    const size_t count = sape_network_num_parameters(sape_field_network(field));
    float *before = new_array(count), *after = new_array(count);
    int calls = 1 + 3;
    EXPECT_ERROR(sape_trainer_set_reduce(NULL, refuse, &calls), SAPE_ERROR_ARGUMENT, "trainer", "NULL");
    CHECK_OK(sape_trainer_set_reduce(trainer, refuse, &calls));
    for (int i = 0; i < 3; i++) CHECK_OK(sape_trainer_step(trainer, NULL));
    ck_assert_int_eq(calls, 0);
    CHECK_OK(sape_network_get_parameters(sape_field_network(field), before, count));
    EXPECT_ERROR(sape_trainer_step(trainer, NULL), SAPE_ERROR_CALLBACK, "reduce", "7");
    EXPECT_ERROR(sape_trainer_run(trainer, 2, NULL, NULL, NULL), SAPE_ERROR_CALLBACK, "reduce", "7");
    CHECK_OK(sape_network_get_parameters(sape_field_network(field), after, count));
    ck_assert_mem_eq(before, after, count * sizeof *before);
    CHECK_OK(sape_trainer_set_reduce(trainer, NULL, NULL));
    CHECK_OK(sape_trainer_step(trainer, NULL));
    free(before);
    free(after);
    sape_trainer_free(trainer);
    sape_field_free(field);
}
END_TEST

START_TEST(test_unsupported) {
    const float samples[] = {-1.0f, 0.0f, 1.0f};
    sape_encoder_params encoder;
    sape_mask_params mask;
    sape_encoder_params_init(&encoder, sizeof encoder);
    sape_mask_params_init(&mask, sizeof mask);
    encoder.domain_dim = 1;
    mask.policy = SAPE_POLICY_SPATIAL_FIXED;
    mask.samples = samples;
    mask.num_samples = 3;
    sape_field *field;
    sape_trainer *trainer;
    CHECK_OK(sape_field_create(&encoder, &mask, NULL, &field));
    CHECK_OK(sape_trainer_create(NULL, NULL, field, &trainer));
    EXPECT_ERROR(sape_trainer_set_reduce(trainer, sum_over_ranks, NULL), SAPE_ERROR_UNSUPPORTED, "spatial_fixed", "");
    sape_trainer_free(trainer);
    sape_field_free(field);

    sape_trainer_params params;
    sape_trainer_params_init(&params, sizeof params);
    params.validation_share = 0.25;
    CHECK_OK(sape_field_create(NULL, NULL, NULL, &field));
    CHECK_OK(sape_trainer_create(&params, NULL, field, &trainer));
    EXPECT_ERROR(sape_trainer_set_reduce(trainer, sum_over_ranks, NULL), SAPE_ERROR_UNSUPPORTED, "validation", "0.25");
    sape_trainer_free(trainer);
    sape_field_free(field);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("ranks");
    TCase *fits = tcase_create("fits"), *ends = tcase_create("ends");
    tcase_add_checked_fixture(fits, make_rank_samples, free_rank_samples);
    tcase_add_loop_test(fits, test_union, 0, 4);
    tcase_add_loop_test(fits, test_weighted_union, 0, 4);
    tcase_add_test(fits, test_sampler_that_ends);
    tcase_add_loop_test(fits, test_batches, 0, 4);
    tcase_add_test(fits, test_traffic);
    tcase_add_test(fits, test_resume);
    tcase_set_timeout(fits, 120);
    suite_add_tcase(suite, fits);
    tcase_add_checked_fixture(ends, make_rank_samples, free_rank_samples);
    tcase_add_test(ends, test_failing_loss);
    tcase_add_loop_test(ends, test_divergence, 0, 4);
    tcase_add_test(ends, test_stop);
    tcase_add_test(ends, test_tolerance);
    tcase_add_loop_test(ends, test_comparison, 0, 6);
    tcase_add_loop_test(ends, only_the_cutoffs_must_be_the_same, 0, 2);
    tcase_add_test(ends, test_rank_without_data);
    tcase_add_test(ends, test_reduce_fails);
    tcase_add_test(ends, test_unsupported);
    tcase_set_timeout(ends, 120);
    suite_add_tcase(suite, ends);
    return run_suite(suite);
}
