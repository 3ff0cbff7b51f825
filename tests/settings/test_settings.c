/* SPDX-License-Identifier: MIT */
/* Proposed settings: handles can be made of them, they follow the samples and the budget, and they say why. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "support.h"

enum { N = 400 };

/* A smooth signal with noise of a given standard deviation, at random places. */
struct samples {
    size_t d, o;
    float *x, *targets;
};

static struct samples make(size_t d, size_t o, double noise) {
    struct samples samples = {d, o, new_random_array(d, N * d, -1.0f, 1.0f), new_array(N * o)};
    float *errors = new_random_array(9, N * o, -1.0f, 1.0f);
    for (size_t i = 0; i < N; i++)
        for (size_t k = 0; k < o; k++)
            samples.targets[i * o + k] =
                0.5f + 0.3f * sinf(2.0f * samples.x[i * d] + (float)k) + (float)(noise * sqrt(3.0)) * errors[i * o + k];
    free(errors);
    return samples;
}

static void release(struct samples *samples) {
    free(samples->x);
    free(samples->targets);
}

static sape_settings_query query_of(const struct samples *samples) {
    sape_settings_query query;
    sape_settings_query_init(&query, sizeof query);
    query.domain_dim = samples->d;
    query.output_dim = samples->o;
    query.n = N;
    query.x = samples->x;
    query.targets = samples->targets;
    return query;
}

/* All that is proposed. */
struct proposal {
    sape_encoder_params encoder;
    sape_mask_params mask;
    sape_network_params network;
    sape_optimizer_params optimizer;
    sape_trainer_params trainer;
    uint64_t iterations;
    sape_settings *settings;
};

static struct proposal propose(const sape_settings_query *query) {
    struct proposal p;
    memset(&p, 0, sizeof p);
    sape_encoder_params_init(&p.encoder, sizeof p.encoder);
    sape_mask_params_init(&p.mask, sizeof p.mask);
    sape_network_params_init(&p.network, sizeof p.network);
    sape_optimizer_params_init(&p.optimizer, sizeof p.optimizer);
    sape_trainer_params_init(&p.trainer, sizeof p.trainer);
    CHECK_OK(sape_settings_propose(query, &p.settings));
    CHECK_OK(sape_settings_get(p.settings, &p.encoder, &p.mask, &p.network, &p.optimizer, &p.trainer));
    p.iterations = sape_settings_iterations(p.settings);
    return p;
}

static const char *value_of(const sape_settings *settings, const char *name) {
    for (size_t i = 0; i < sape_settings_count(settings); i++) {
        sape_setting setting = {.struct_size = sizeof setting};
        CHECK_OK(sape_settings_item(settings, i, &setting));
        if (strcmp(setting.name, name) == 0) return setting.value;
    }
    return NULL;
}

/* For every task, encoding and policy: a field and a trainer can be made, and trained. */
START_TEST(handles_can_be_made) {
    const sape_task task = (sape_task)(_i / 3);
    const size_t d = (size_t)_i % 3 + 1;
    struct samples samples = make(d, task == SAPE_TASK_OCCUPANCY ? 1 : 2, 0.0);
    sape_settings_query query = query_of(&samples);
    query.task = task;
    query.iterations = 40;
    query.seed = 3;
    for (query.encoding = SAPE_CHOOSE; query.encoding <= (int32_t)SAPE_ENCODING_GRID; query.encoding++)
        for (query.policy = SAPE_CHOOSE; query.policy <= (int32_t)SAPE_POLICY_VARIANCE; query.policy++) {
            /* Spatial_fixed needs a line or a full grid. */
            if (query.policy == SAPE_POLICY_SPATIAL_FIXED && d != 1) continue;
            struct proposal p = propose(&query);
            sape_field *field;
            sape_trainer *trainer;
            sape_result result = {.struct_size = sizeof result};
            p.trainer.num_threads = 1;
            CHECK_OK(sape_field_create(&p.encoder, &p.mask, &p.network, &field));
            CHECK_OK(sape_trainer_create(&p.trainer, &p.optimizer, field, &trainer));
            CHECK_OK(sape_trainer_set_data(trainer, N, samples.x, task == SAPE_TASK_CURVE ? NULL : samples.targets));
            if (task == SAPE_TASK_CURVE) CHECK_OK(sape_trainer_set_target_points(trainer, N, samples.targets, 0));
            CHECK_OK(sape_trainer_run(trainer, 1, NULL, NULL, &result));
            ck_assert_uint_eq(p.iterations, 40);
            ck_assert(p.encoder.seed == 3 && p.network.seed == 3 && p.trainer.seed == 3);
            sape_trainer_free(trainer);
            sape_field_free(field);
            sape_settings_free(p.settings);
        }
    release(&samples);
}
END_TEST

START_TEST(every_setting_has_a_reason) {
    struct samples samples = make(2, 3, 0.0);
    const sape_settings_query query = query_of(&samples);
    struct proposal p = propose(&query);
    char text[32];
    ck_assert_uint_ge(sape_settings_count(p.settings), 10);
    for (size_t i = 0; i < sape_settings_count(p.settings); i++) {
        sape_setting setting = {.struct_size = sizeof setting};
        CHECK_OK(sape_settings_item(p.settings, i, &setting));
        ck_assert(strlen(setting.name) > 0 && strlen(setting.value) > 0 && strlen(setting.reason) > 8);
        ck_assert_msg(strlen(setting.reason) < 159, "cut off: %s", setting.reason);
        /* Its name is its own. */
        ck_assert_ptr_eq(value_of(p.settings, setting.name), setting.value);
    }
    snprintf(text, sizeof text, "%.4g", p.encoder.std);
    ck_assert_str_eq(value_of(p.settings, "std"), text);
    snprintf(text, sizeof text, "%.4g", p.mask.epsilon);
    ck_assert_str_eq(value_of(p.settings, "epsilon"), text);
    ck_assert_str_eq(value_of(p.settings, "policy"), "spatial");
    ck_assert_str_eq(value_of(p.settings, "draw"), "stratified");
    ck_assert_str_eq(value_of(p.settings, "reveal"), "gradual");
    ck_assert_int_eq(p.mask.gradual, 1);
    ck_assert_int_eq(p.encoder.draw, SAPE_DRAW_STRATIFIED);
    sape_settings_free(p.settings);
    release(&samples);
}
END_TEST

START_TEST(the_same_query_has_the_same_answer) {
    struct samples samples = make(2, 3, 0.1);
    const sape_settings_query query = query_of(&samples);
    struct proposal a = propose(&query), b = propose(&query);
    a.mask.cutoff = b.mask.cutoff = NULL;
    ck_assert_int_eq(memcmp(&a.encoder, &b.encoder, sizeof a.encoder), 0);
    ck_assert_int_eq(memcmp(&a.mask, &b.mask, sizeof a.mask), 0);
    ck_assert_int_eq(memcmp(&a.network, &b.network, sizeof a.network), 0);
    ck_assert_int_eq(memcmp(&a.optimizer, &b.optimizer, sizeof a.optimizer), 0);
    ck_assert_int_eq(memcmp(&a.trainer, &b.trainer, sizeof a.trainer), 0);
    ck_assert_uint_eq(a.iterations, b.iterations);
    sape_settings_free(a.settings);
    sape_settings_free(b.settings);
    release(&samples);
}
END_TEST

/* Noise of a known variance is found within a factor of two, and a smooth signal has none. */
START_TEST(epsilon_is_the_variance_of_the_noise) {
    const size_t d = (size_t)_i + 1;
    struct samples noisy = make(d, 2, 0.1), smooth = make(d, 2, 0.0);
    sape_settings_query query = query_of(&noisy);
    struct proposal p = propose(&query);
    ck_assert_double_gt(p.mask.epsilon, 0.005);
    ck_assert_double_lt(p.mask.epsilon, 0.02);
    sape_settings_free(p.settings);
    query = query_of(&smooth);
    p = propose(&query);
    ck_assert_double_gt(p.mask.epsilon, 0.0);
    ck_assert_double_lt(p.mask.epsilon, 0.001);
    sape_settings_free(p.settings);
    release(&noisy);
    release(&smooth);
}
END_TEST

/* A wave, a chirp, an edge, and a signal that is rough on one side: what neighbours differ by is not noise. */
START_TEST(few_samples_of_a_signal_have_no_noise) {
    enum { FEW = 64 };
    for (unsigned draw = 0; draw < 8; draw++) {
        struct samples samples = {1, 1, new_random_array(draw, FEW, -1.0f, 1.0f), new_array(FEW)};
        double sum = 0.0, squares = 0.0;
        for (size_t i = 0; i < FEW; i++) {
            const float x = samples.x[i];
            const float values[] = {sinf(30.0f * x), sinf(12.0f * (x + 1.0f) * (x + 1.0f)), x < 0.1f ? -0.5f : 0.5f,
                                    x < 0.0f ? x : x + x * sinf(30.0f * x)};
            samples.targets[i] = values[_i];
            sum += (double)values[_i];
            squares += (double)(values[_i] * values[_i]);
        }
        sape_settings_query query = query_of(&samples);
        query.n = FEW;
        struct proposal p = propose(&query);
        ck_assert_double_le(p.mask.epsilon, 1.01e-3 * (squares / FEW - sum / FEW * sum / FEW));
        ck_assert_double_gt(p.mask.epsilon, 0.0);
        sape_settings_free(p.settings);
        release(&samples);
    }
}
END_TEST

/* Finer detail has higher frequencies. */
START_TEST(std_follows_the_targets) {
    struct samples samples = make(1, 1, 0.0);
    double std[2];
    for (size_t k = 0; k < 2; k++) {
        for (size_t i = 0; i < N; i++) samples.targets[i] = sinf((k == 0 ? 60.0f : 180.0f) * samples.x[i]);
        const sape_settings_query query = query_of(&samples);
        struct proposal p = propose(&query);
        std[k] = p.encoder.std;
        sape_settings_free(p.settings);
    }
    ck_assert_double_gt(std[1], 2.0 * std[0]);
    release(&samples);
}
END_TEST

/* Between samples the std is higher, and the loss that is good enough, too. */
START_TEST(values_between_samples_need_more) {
    for (size_t d = 1; d <= 3; d++) {
        struct samples samples = make(d, d, 0.0);
        sape_bandwidth bandwidth = {.struct_size = sizeof bandwidth};
        sape_settings_query query = query_of(&samples);
        query.encoding = SAPE_ENCODING_FOURIER;
        for (size_t i = 0; i < N * d; i++) samples.targets[i] = sinf(3.0f * samples.x[i]);
        CHECK_OK(sape_bandwidth_propose(N, d, samples.x, d, samples.targets, &bandwidth));
        struct proposal between = propose(&query);
        query.num_sets = 4;
        struct proposal everywhere = propose(&query);
        ck_assert_double_eq(everywhere.encoder.std, bandwidth.std);
        ck_assert_double_eq_tol(between.encoder.std, 1.5 * bandwidth.std, 0.1 * bandwidth.std);
        ck_assert_double_eq_tol(between.mask.epsilon, 10.0 * everywhere.mask.epsilon, 1e-9);
        sape_settings_free(between.settings);
        sape_settings_free(everywhere.settings);
        release(&samples);
    }
}
END_TEST

static uint64_t iterations_for(sape_settings_query query, uint64_t iterations, double seconds, size_t threads) {
    query.iterations = iterations;
    query.seconds = seconds;
    query.num_threads = threads;
    struct proposal p = propose(&query);
    const uint64_t proposed = p.iterations;
    /* The learning rate and the schedule end with the training. */
    ck_assert_uint_eq(p.optimizer.decay_iterations, proposed);
    ck_assert_uint_eq(p.mask.num_iterations, proposed);
    sape_settings_free(p.settings);
    return proposed;
}

START_TEST(the_budget_is_kept) {
    struct samples samples = make(2, 3, 0.0);
    const sape_settings_query query = query_of(&samples);
    const uint64_t free_choice = iterations_for(query, 0, 0.0, 0);
    ck_assert_uint_eq(iterations_for(query, 777, 0.0, 0), 777);
    ck_assert_uint_eq(iterations_for(query, 777, 1e9, 0), 777);
    ck_assert_uint_eq(iterations_for(query, 0, 1e9, 0), free_choice);
    const uint64_t short_one = iterations_for(query, 0, 0.2, 1), on_two = iterations_for(query, 0, 0.2, 2);
    ck_assert_uint_gt(short_one, 0);
    ck_assert_uint_lt(on_two, free_choice);
    ck_assert_uint_ge(on_two, 2 * short_one);
    ck_assert_uint_le(on_two, 2 * short_one + 1);
    ck_assert_uint_eq(iterations_for(query, 777, 1e-9, 1), 1);
    release(&samples);
}
END_TEST

/* Targets that change four times, or equally, as fast along one axis as along the others. */
START_TEST(coordinates_are_scaled_alike) {
    const size_t d = (size_t)_i + 2;
    struct samples samples = make(d, d, 0.0);
    sape_settings_query query = query_of(&samples);
    sape_settings *settings;
    double scale[3];
    for (size_t fast = 0; fast <= d; fast++) {
        for (size_t i = 0; i < N * d; i++) samples.targets[i] = sinf((i % d == fast ? 3.0f : 1.0f) * samples.x[i]);
        CHECK_OK(sape_settings_propose(&query, &settings));
        CHECK_OK(sape_settings_get_scale(settings, scale));
        for (size_t a = 0; a < d; a++) {
            const bool slow = fast < d && a != fast;
            ck_assert_double_ge(scale[a], slow ? 2.0 : 1.0);
            ck_assert_double_le(scale[a], slow ? 4.0 : 1.1);
        }
        ck_assert(fast == d || value_of(settings, fast == 0 ? "scale-1" : "scale-0") != NULL);
        ck_assert_ptr_null(value_of(settings, fast == 0 ? "scale-0" : "scale-3"));
        sape_settings_free(settings);
    }
    release(&samples);
}
END_TEST

static size_t members_for(const sape_settings_query *query) {
    sape_settings *settings;
    CHECK_OK(sape_settings_propose(query, &settings));
    const size_t members = sape_settings_members(settings);
    sape_settings_free(settings);
    return members;
}

/* Several fields where there are gaps and time, one otherwise; others of the settings stay as they are. */
START_TEST(members_fit_the_budget) {
    struct samples samples = make(2, 3, 0.0);
    sape_settings_query query = query_of(&samples);
    ck_assert_uint_eq(members_for(&query), 16);
    query.seconds = 10.0;
    const size_t few = members_for(&query);
    ck_assert(few > 1 && few < 16);
    query.num_threads = 2;
    ck_assert_uint_ge(members_for(&query), 2 * few);
    query.seconds = 1e-3;
    ck_assert_uint_eq(members_for(&query), 1);
    query.seconds = 0.0;
    query.encoding = SAPE_ENCODING_GRID;
    ck_assert_uint_eq(members_for(&query), 1);
    query.encoding = SAPE_CHOOSE;
    query.iterations = 100;
    ck_assert_uint_eq(members_for(&query), 1);
    ck_assert_uint_eq(sape_settings_members(NULL), 0);
    struct samples line = make(1, 2, 0.0);
    query = query_of(&line);
    ck_assert_uint_eq(members_for(&query), 16);
    query.iterations = 1000;
    ck_assert_uint_eq(members_for(&query), 1);
    release(&line);
    release(&samples);
}
END_TEST

/* The share of a training after which a mask of these settings has revealed everything. */
static double share_revealing(const struct proposal *p) {
    sape_mask_params params = p->mask;
    sape_mask_state state = {.struct_size = sizeof state};
    sape_mask *mask;
    uint64_t iteration = 0;
    params.domain_dim = p->encoder.domain_dim;
    params.encoding_dim = 2 * p->encoder.num_frequencies + p->encoder.domain_dim;
    params.policy = SAPE_POLICY_GLOBAL;
    CHECK_OK(sape_mask_create(&params, &mask));
    do {
        CHECK_OK(sape_mask_step(mask));
        CHECK_OK(sape_mask_get_state(mask, &state));
        iteration++;
    } while (state.revealed < 1.0 && iteration <= p->iterations);
    sape_mask_free(mask);
    return (double)iteration / (double)p->iterations;
}

/* A short training has its features early, a long one late; neither lacks any at its end. */
START_TEST(the_schedule_fits_the_budget) {
    struct samples samples = make(2, 3, 0.0);
    sape_settings_query query = query_of(&samples);
    query.iterations = 400;
    query.batch_size = 60;
    query.num_sets = 4;
    struct proposal once = propose(&query);
    ck_assert_double_lt(share_revealing(&once), 0.2);
    query.num_sets = 1;
    query.batch_size = 0;
    query.iterations = 2000;
    struct proposal often = propose(&query);
    ck_assert_double_lt(share_revealing(&often), 0.12); /* few samples */
    ck_assert_uint_eq(often.mask.num_blocks, 16);
    /* Few samples of a fast wave: nothing is hidden. */
    for (size_t i = 0; i < N * samples.o; i++) samples.targets[i] = sinf(40.0f * samples.x[i / samples.o * 2]);
    struct proposal fast = propose(&query);
    ck_assert_uint_eq(fast.mask.num_blocks, 1);
    ck_assert_double_le(share_revealing(&fast), 1.0 / 2000.0);
    sape_settings_free(fast.settings);
    query.task = SAPE_TASK_CURVE;
    struct proposal curve = propose(&query);
    ck_assert_double_gt(share_revealing(&curve), 0.5);
    ck_assert_double_lt(share_revealing(&curve), 0.9);
    sape_settings_free(once.settings);
    sape_settings_free(often.settings);
    sape_settings_free(curve.settings);
    release(&samples);
}
END_TEST

/* Without gaps between the samples all is revealed at once, and the finest cells are those between neighbours along the
   axis that has the most. */
START_TEST(samples_without_gaps_have_no_schedule) {
    enum { ROWS = 12, COLUMNS = 33 };
    struct samples samples = make(2, 3, 0.0);
    for (size_t i = 0; i < ROWS * COLUMNS; i++) {
        samples.x[2 * i] = -1.0f + 2.0f * (float)(i / COLUMNS) / (ROWS - 1);
        samples.x[2 * i + 1] = -1.0f + 2.0f * (float)(i % COLUMNS) / (COLUMNS - 1);
    }
    sape_settings_query query = query_of(&samples);
    query.n = ROWS * COLUMNS;
    query.iterations = 1000;
    query.batch_size = 64;
    struct proposal p = propose(&query);
    ck_assert_int_eq(p.encoder.kind, SAPE_ENCODING_GRID);
    ck_assert_uint_eq(p.encoder.finest_resolution, COLUMNS - 1);
    ck_assert_uint_eq(p.network.num_layers, 1);
    ck_assert_uint_le(p.mask.num_blocks * p.mask.block_iterations, 10);
    sape_settings_free(p.settings);
    release(&samples);
}
END_TEST

/* Programs built with older headers have smaller structs; nothing is written past them. */
START_TEST(older_structs_are_filled) {
    struct samples samples = make(2, 3, 0.0);
    const sape_settings_query query = query_of(&samples);
    struct proposal p = propose(&query);
    struct {
        sape_encoder_params params;
        char beyond;
    } encoder;
    memset(&encoder, 7, sizeof encoder);
    encoder.params.struct_size = offsetof(sape_encoder_params, instructions);
    CHECK_OK(sape_settings_get(p.settings, &encoder.params, NULL, NULL, NULL, NULL));
    ck_assert_double_eq(encoder.params.std, p.encoder.std);
    ck_assert_int_eq(((const char *)&encoder.params)[offsetof(sape_encoder_params, instructions)], 7);
    encoder.params.struct_size = 3;
    EXPECT_ERROR(sape_settings_get(p.settings, NULL, NULL, NULL, NULL, (sape_trainer_params *)&encoder),
                 SAPE_ERROR_ARGUMENT, "struct_size", "3");
    sape_settings_free(p.settings);
    release(&samples);
}
END_TEST

START_TEST(bad_queries_are_refused) {
    struct samples samples = make(2, 3, 0.0);
    sape_settings *settings = (sape_settings *)&samples;
    sape_settings_query query;
#define REFUSED(member, bad, status, text)                                                                             \
    query = query_of(&samples);                                                                                        \
    query.member = bad;                                                                                                \
    EXPECT_ERROR(sape_settings_propose(&query, &settings), status, "sape_settings_propose: ", text);                   \
    ck_assert_ptr_null(settings)
    EXPECT_ERROR(sape_settings_propose(&query, NULL), SAPE_ERROR_ARGUMENT, "out", "NULL");
    EXPECT_ERROR(sape_settings_propose(NULL, &settings), SAPE_ERROR_ARGUMENT, "query", "NULL");
    REFUSED(task, (sape_task)3, SAPE_ERROR_ARGUMENT, "task is 3");
    REFUSED(policy, 5, SAPE_ERROR_ARGUMENT, "policy is 5");
    REFUSED(policy, -2, SAPE_ERROR_ARGUMENT, "policy is -2");
    REFUSED(encoding, 99, SAPE_ERROR_ARGUMENT, "encoding is 99");
    REFUSED(domain_dim, 4, SAPE_ERROR_ARGUMENT, "domain_dim is 4");
    REFUSED(output_dim, 0, SAPE_ERROR_ARGUMENT, "output_dim is 0");
    REFUSED(n, 1, SAPE_ERROR_ARGUMENT, "n is 1");
    REFUSED(x, NULL, SAPE_ERROR_ARGUMENT, "x is NULL");
    REFUSED(num_sets, 0, SAPE_ERROR_ARGUMENT, "num_sets is 0");
    REFUSED(num_frequencies, 16385, SAPE_ERROR_ARGUMENT, "num_frequencies is 16385");
    REFUSED(epochs, 1000000000001u, SAPE_ERROR_ARGUMENT, "epochs is 1000000000001");
    REFUSED(iterations, 1000000000001u, SAPE_ERROR_ARGUMENT, "iterations is 1000000000001");
    REFUSED(seconds, -1.0, SAPE_ERROR_ARGUMENT, "seconds is -1");
    REFUSED(seconds, NAN, SAPE_ERROR_ARGUMENT, "seconds is nan");
    REFUSED(num_threads, 257, SAPE_ERROR_ARGUMENT, "num_threads is 257");
    samples.targets[5] = NAN;
    REFUSED(task, SAPE_TASK_REGRESSION, SAPE_ERROR_NOT_FINITE, "targets[5]");
#undef REFUSED
    release(&samples);
}
END_TEST

START_TEST(other_calls_check_their_arguments) {
    struct samples samples = make(2, 3, 0.0);
    const sape_settings_query query = query_of(&samples);
    struct proposal p = propose(&query);
    const size_t count = sape_settings_count(p.settings);
    sape_setting setting = {.struct_size = sizeof setting};
    EXPECT_ERROR(sape_settings_get(NULL, NULL, NULL, NULL, NULL, NULL), SAPE_ERROR_ARGUMENT, "settings", "NULL");
    double scale[3];
    EXPECT_ERROR(sape_settings_get_scale(NULL, scale), SAPE_ERROR_ARGUMENT, "settings", "NULL");
    EXPECT_ERROR(sape_settings_get_scale(p.settings, NULL), SAPE_ERROR_ARGUMENT, "scale", "NULL");
    EXPECT_ERROR(sape_settings_item(NULL, 0, &setting), SAPE_ERROR_ARGUMENT, "settings", "NULL");
    EXPECT_ERROR(sape_settings_item(p.settings, 0, NULL), SAPE_ERROR_ARGUMENT, "setting", "NULL");
    EXPECT_ERROR(sape_settings_item(p.settings, count, &setting), SAPE_ERROR_ARGUMENT, "index", digits_of(count));
    CHECK_OK(sape_settings_get(p.settings, NULL, NULL, NULL, NULL, NULL));
    ck_assert_uint_eq(sape_settings_count(NULL), 0);
    ck_assert_uint_eq(sape_settings_iterations(NULL), 0);
    sape_settings_free(NULL);
    sape_settings_query_init(NULL, sizeof query);
    sape_settings_free(p.settings);
    release(&samples);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("settings");
    TCase *tcase = tcase_create("settings");
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, handles_can_be_made, 0, 9);
    tcase_add_test(tcase, every_setting_has_a_reason);
    tcase_add_test(tcase, the_same_query_has_the_same_answer);
    tcase_add_loop_test(tcase, epsilon_is_the_variance_of_the_noise, 0, 3);
    tcase_add_loop_test(tcase, few_samples_of_a_signal_have_no_noise, 0, 4);
    tcase_add_test(tcase, std_follows_the_targets);
    tcase_add_test(tcase, values_between_samples_need_more);
    tcase_add_test(tcase, the_budget_is_kept);
    tcase_add_loop_test(tcase, coordinates_are_scaled_alike, 0, 2);
    tcase_add_test(tcase, members_fit_the_budget);
    tcase_add_test(tcase, the_schedule_fits_the_budget);
    tcase_add_test(tcase, samples_without_gaps_have_no_schedule);
    tcase_add_test(tcase, older_structs_are_filled);
    tcase_add_test(tcase, bad_queries_are_refused);
    tcase_add_test(tcase, other_calls_check_their_arguments);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
