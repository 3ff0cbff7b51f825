/* SPDX-License-Identifier: MIT */
/* Samples that are held out: which they are, their loss, the best state, and trainings that go on. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "small_fit.h"

#define N SMALL_FIT_SAMPLES
#define HELD_OUT 40

static sape_trainer_params with_validation(size_t batch_size) {
    sape_trainer_params params = small_fit_params();
    params.batch_size = batch_size;
    params.validation_share = (double)HELD_OUT / N;
    params.validation_every = 5;
    params.validation_margin = 0.0;
    return params;
}

static sape_result run(struct small_fit *fit, uint64_t iterations) {
    sape_result result = {.struct_size = sizeof result};
    CHECK_OK(sape_trainer_run(fit->trainer, iterations, NULL, NULL, &result));
    return result;
}

/* Which samples a loss of the caller's own has seen, told apart by their first target; and the last losses. */
struct seen {
    const struct small_fit *fit;
    int counts[N];
    size_t validations;
    double validation_loss;
};

static int counting_loss(void *user, size_t n, const float *x, size_t output_dim, const float *outputs,
                         const float *targets, float *d_outputs, float *sample_loss, double *loss) {
    struct seen *seen = user;
    (void)x;
    for (size_t i = 0; n != HELD_OUT && i < n; i++)
        for (size_t j = 0; j < N; j++)
            seen->counts[j] += memcmp(seen->fit->x + 2 * j, x + 2 * i, 2 * sizeof(float)) == 0;
    CHECK_OK(sape_loss_evaluate(SAPE_LOSS_MSE, n, output_dim, outputs, targets, d_outputs, sample_loss, loss));
    if (n == HELD_OUT) {
        seen->validations++;
        seen->validation_loss = *loss;
    }
    return 0;
}

/* Full batches and batches: the same samples are held out, all others are trained on equally often. A custom loss gives
   the same field and the same held-out loss as the built-in one. */
START_TEST(held_out_samples_are_never_trained_on) {
    int held[2][N];
    for (int b = 0; b < 2; b++) {
        struct seen seen = {.validations = 0};
        sape_trainer_params params = with_validation(b == 0 ? 0 : (N - HELD_OUT) / 5);
        struct small_fit *built_in = small_fit_create(SAPE_POLICY_SPATIAL, &params);
        params.loss = SAPE_LOSS_CUSTOM;
        params.loss_fn = counting_loss;
        params.loss_user = &seen;
        struct small_fit *fit = small_fit_create(SAPE_POLICY_SPATIAL, &params);
        seen.fit = fit;
        const sape_result result = run(fit, 20), expected = run(built_in, 20);
        ck_assert_uint_eq(seen.validations, 4);
        size_t count = 0;
        for (size_t i = 0; i < N; i++) {
            held[b][i] = seen.counts[i] == 0;
            count += (size_t)held[b][i];
            ck_assert(held[b][i] || seen.counts[i] == (b == 0 ? 20 : 4));
        }
        ck_assert_uint_eq(count, HELD_OUT);
        ck_assert_double_eq_tol(result.validation_loss, expected.validation_loss, 1e-6);
        ck_assert_uint_eq(result.best_iteration, expected.best_iteration);
        small_fit_free(fit);
        small_fit_free(built_in);
    }
    ck_assert_mem_eq(held[0], held[1], sizeof held[0]);
}
END_TEST

/* The held-out loss, computed by hand; full batches find the held-out samples as those that change nothing. */
static double loss_without(const struct small_fit *fit, const int *held) {
    float outputs[N * SMALL_FIT_OUTPUTS];
    double sum = 0.0;
    CHECK_OK(sape_field_predict(fit->field, N, fit->x, outputs));
    for (size_t i = 0; i < N * SMALL_FIT_OUTPUTS; i++) {
        const double difference = (double)outputs[i] - (double)fit->y[i];
        sum += held[i / SMALL_FIT_OUTPUTS] ? difference * difference : 0.0;
    }
    return sum / (HELD_OUT * SMALL_FIT_OUTPUTS);
}

static void find_held_out(const sape_trainer_params *like, int *held) {
    struct seen seen = {.validations = 0};
    sape_trainer_params params = *like;
    params.loss = SAPE_LOSS_CUSTOM;
    params.loss_fn = counting_loss;
    params.loss_user = &seen;
    struct small_fit *fit = small_fit_create(SAPE_POLICY_NONE, &params);
    seen.fit = fit;
    run(fit, 1);
    for (size_t i = 0; i < N; i++) held[i] = seen.counts[i] == 0;
    small_fit_free(fit);
}

/* What held-out targets are makes no difference to anything but their loss: not to the variance policy's signal, nor to
   an adaptive rate, set before or after the data. */
START_TEST(held_out_targets_stay_unseen) {
    int held[N];
    const sape_trainer_params params = with_validation(0);
    find_held_out(&params, held);
    for (int late = 0; late < 2; late++) {
        struct small_fit *fits[2];
        for (int i = 0; i < 2; i++) {
            struct small_fit *fit = fits[i] = small_fit_create(SAPE_POLICY_VARIANCE, &params);
            sape_adaptive_rate_params rate;
            sape_adaptive_rate_params_init(&rate, sizeof rate);
            for (size_t k = 0; i == 1 && k < N * SMALL_FIT_OUTPUTS; k++)
                if (held[k / SMALL_FIT_OUTPUTS]) fit->y[k] = k % 3 == 0 ? 40.0f : -7.0f;
            if (!late) CHECK_OK(sape_trainer_set_adaptive_rate(fit->trainer, &rate));
            CHECK_OK(sape_trainer_set_data(fit->trainer, N, fit->x, fit->y));
            if (late) CHECK_OK(sape_trainer_set_adaptive_rate(fit->trainer, &rate));
            for (int k = 0; k < 40; k++) CHECK_OK(sape_trainer_step(fit->trainer, NULL));
        }
        check_same_state(fits[0], fits[1]);
        small_fit_free(fits[0]);
        small_fit_free(fits[1]);
    }
}
END_TEST

/* What the held-out samples' losses have been, every fifth iteration. */
struct record {
    float losses[200][HELD_OUT];
    size_t count;
};

static int recording_loss(void *user, size_t n, const float *x, size_t output_dim, const float *outputs,
                          const float *targets, float *d_outputs, float *sample_loss, double *loss) {
    struct record *record = user;
    (void)x;
    CHECK_OK(sape_loss_evaluate(SAPE_LOSS_MSE, n, output_dim, outputs, targets, d_outputs, sample_loss, loss));
    if (n == HELD_OUT) memcpy(record->losses[record->count++], sample_loss, sizeof record->losses[0]);
    return 0;
}

static double mean_difference(const struct record *record, size_t a, size_t b, double *standard_error) {
    double sum = 0.0, squares = 0.0;
    for (size_t i = 0; i < HELD_OUT; i++) sum += (double)record->losses[a][i] - (double)record->losses[b][i];
    for (size_t i = 0; i < HELD_OUT; i++) {
        const double difference = (double)record->losses[a][i] - (double)record->losses[b][i];
        squares += (difference - sum / HELD_OUT) * (difference - sum / HELD_OUT);
    }
    *standard_error = sqrt(squares / (HELD_OUT - 1) / HELD_OUT);
    return sum / HELD_OUT;
}

/* The last one that the lowest so far does not refute. */
static size_t last_within(const struct record *record, double margin) {
    size_t lowest = 0, kept = 0;
    for (size_t i = 1; i < record->count; i++) {
        double error;
        if (mean_difference(record, i, lowest, &error) < 0.0) lowest = i;
        if (i == lowest || mean_difference(record, i, lowest, &error) <= margin * error) kept = i;
    }
    return kept;
}

START_TEST(the_margin_is_in_standard_errors) {
    static struct record record;
    const double margins[] = {0.0, 0.3, 1.0, 2.0, 1000.0};
    uint64_t kept[5];
    for (size_t m = 0; m < 5; m++) {
        sape_trainer_params params = with_validation(0);
        params.loss = SAPE_LOSS_CUSTOM;
        params.loss_fn = recording_loss;
        params.loss_user = &record;
        params.validation_margin = margins[m];
        record.count = 0;
        struct small_fit *fit = small_fit_create(SAPE_POLICY_NONE, &params);
        const sape_result result = run(fit, 400);
        ck_assert_uint_eq(record.count, 80);
        kept[m] = result.best_iteration;
        ck_assert_uint_eq(kept[m], 5 * (last_within(&record, margins[m]) + 1));
        small_fit_free(fit);
    }
    ck_assert(kept[0] < kept[2] && kept[2] < kept[3] && kept[4] == 400);
}
END_TEST

/* The mean squared error while training; held out, better than any. */
static int boundless_loss(void *user, size_t n, const float *x, size_t output_dim, const float *outputs,
                          const float *targets, float *d_outputs, float *sample_loss, double *loss) {
    (void)user;
    (void)x;
    CHECK_OK(sape_loss_evaluate(SAPE_LOSS_MSE, n, output_dim, outputs, targets, d_outputs, sample_loss, loss));
    for (size_t i = 0; n == HELD_OUT && i < n; i++) sample_loss[i] = -INFINITY;
    if (n == HELD_OUT) *loss = -INFINITY;
    return 0;
}

/* A checkpoint stores the samples' losses only where their mean is a number. */
START_TEST(a_boundless_loss_can_be_saved) {
    sape_trainer_params params = with_validation(0);
    sape_safetensors *checkpoint;
    params.loss = SAPE_LOSS_CUSTOM;
    params.loss_fn = boundless_loss;
    struct small_fit *fit = small_fit_create(SAPE_POLICY_NONE, &params),
                     *twin = small_fit_create(SAPE_POLICY_NONE, &params);
    run(fit, 10);
    CHECK_OK(sape_trainer_checkpoint(fit->trainer, &checkpoint));
    CHECK_OK(sape_trainer_restore(twin->trainer, checkpoint));
    check_same_state(fit, twin);
    run(fit, 7);
    run(twin, 7);
    check_same_state(fit, twin);
    sape_safetensors_free(checkpoint);
    small_fit_free(fit);
    small_fit_free(twin);
}
END_TEST

struct history {
    uint64_t iterations[1000];
    double losses[1000];
    size_t count;
};

static int remember(void *user, const sape_progress *progress) {
    struct history *history = user;
    if (progress->iteration % 5 == 0) {
        history->iterations[history->count] = progress->iteration;
        history->losses[history->count++] = progress->validation_loss;
    } else if (history->count == 0) {
        ck_assert(isnan(progress->validation_loss) && progress->best_iteration == 0);
    }
    return 0;
}

static void check_best(sape_policy policy) {
    static struct history history;
    int held[N];
    const sape_trainer_params params = with_validation(0);
    find_held_out(&params, held);
    struct small_fit *fit = small_fit_create(policy, &params), *other = small_fit_create(policy, &params);
    sape_result result = {.struct_size = sizeof result};
    history.count = 0;
    CHECK_OK(sape_trainer_run(fit->trainer, 300, remember, &history, &result));
    ck_assert_uint_eq(history.count, 60);
    size_t best = 0;
    for (size_t i = 1; i < history.count; i++)
        if (history.losses[i] < history.losses[best]) best = i;
    ck_assert_uint_eq(result.best_iteration, history.iterations[best]);
    ck_assert_double_eq(result.validation_loss, history.losses[best]);
    /* These samples are noisy: the best moment comes well before the end. */
    ck_assert_uint_lt(result.best_iteration, 290);
    ck_assert_double_eq_tol(loss_without(fit, held), result.validation_loss, 1e-5);
    /* Stopping just then gives the same field. */
    run(other, result.best_iteration);
    check_same_state(fit, other);
    small_fit_free(fit);
    small_fit_free(other);
}

START_TEST(the_field_holds_the_best) {
    check_best(SAPE_POLICY_NONE);
    check_best(SAPE_POLICY_GLOBAL);
    check_best(SAPE_POLICY_SPATIAL);
}
END_TEST

/* In one run, in many, step by step, and through checkpoints: all the same. */
START_TEST(going_on) {
    for (size_t batch_size = 0; batch_size <= 50; batch_size += 50) {
        sape_trainer_params params = with_validation(batch_size);
        params.validation_margin = 1.0;
        struct small_fit *once = small_fit_create(SAPE_POLICY_SPATIAL, &params);
        struct small_fit *often = small_fit_create(SAPE_POLICY_SPATIAL, &params);
        struct small_fit *stepped = small_fit_create(SAPE_POLICY_SPATIAL, &params);
        const sape_result result = run(once, 250);
        ck_assert_uint_lt(result.best_iteration, 230);
        for (int i = 0; i < 25; i++) {
            struct small_fit *resumed = small_fit_create(SAPE_POLICY_SPATIAL, &params);
            sape_safetensors *checkpoint;
            run(often, 5);
            CHECK_OK(sape_trainer_checkpoint(often->trainer, &checkpoint));
            CHECK_OK(sape_trainer_restore(resumed->trainer, checkpoint));
            sape_safetensors_free(checkpoint);
            check_same_state(often, resumed);
            small_fit_free(often);
            often = resumed;
            run(often, 5);
        }
        for (int i = 0; i < 249; i++) CHECK_OK(sape_trainer_step(stepped->trainer, NULL));
        run(stepped, 1);
        check_same_state(once, often);
        check_same_state(once, stepped);
        ck_assert_uint_eq(run(once, 30).best_iteration, run(often, 30).best_iteration);
        check_same_state(once, often);
        small_fit_free(once);
        small_fit_free(often);
        small_fit_free(stepped);
    }
}
END_TEST

START_TEST(patience_ends_a_run) {
    sape_trainer_params params = with_validation(0);
    params.validation_patience = 50;
    struct small_fit *fit = small_fit_create(SAPE_POLICY_NONE, &params);
    sape_result result = run(fit, 5000);
    ck_assert_int_eq(result.stop, SAPE_STOP_VALIDATION);
    ck_assert_uint_eq(result.iterations, result.best_iteration + 50);
    const sape_result further = run(fit, 5000);
    ck_assert_int_eq(further.stop, SAPE_STOP_VALIDATION);
    ck_assert(further.iterations == 50 || further.best_iteration > result.best_iteration);
    small_fit_free(fit);
}
END_TEST

static void other_targets(const struct small_fit *fit, float *targets) {
    for (size_t i = 0; i < N * SMALL_FIT_OUTPUTS; i++) targets[i] = 40.0f + 30.0f * fit->y[i];
}

/* What was best on other samples is forgotten, and training goes on from where it was. */
START_TEST(new_data_begin_anew) {
    float targets[N * SMALL_FIT_OUTPUTS];
    int held[N];
    const sape_trainer_params params = with_validation(0);
    find_held_out(&params, held);
    struct small_fit *fit = small_fit_create(SAPE_POLICY_NONE, &params);
    struct small_fit *stepped = small_fit_create(SAPE_POLICY_NONE, &params);
    other_targets(fit, targets);
    const sape_result first = run(fit, 200);
    ck_assert_uint_lt(first.best_iteration, 190);
    for (int i = 0; i < 200; i++) CHECK_OK(sape_trainer_step(stepped->trainer, NULL));
    CHECK_OK(sape_trainer_set_data(fit->trainer, N, fit->x, targets));
    CHECK_OK(sape_trainer_set_data(stepped->trainer, N, fit->x, targets));
    check_same_state(fit, stepped);
    const sape_result second = run(fit, 50);
    ck_assert_uint_gt(second.best_iteration, 200);
    ck_assert_double_gt(second.validation_loss, 10.0 * first.validation_loss);
    memcpy(fit->y, targets, sizeof targets);
    ck_assert_double_eq_tol(loss_without(fit, held) / second.validation_loss, 1.0, 1e-5);
    small_fit_free(fit);
    small_fit_free(stepped);
}
END_TEST

/* The signal of new data is that of the mask with which training goes on. */
START_TEST(signal_of_new_data_stays) {
    enum { CELLS = 8 * 8 };
    float targets[N * SMALL_FIT_OUTPUTS], before[CELLS], set[CELLS], after[CELLS];
    const sape_trainer_params params = with_validation(0);
    struct small_fit *fit = small_fit_create(SAPE_POLICY_VARIANCE, &params);
    const sape_mask *mask = sape_field_mask(fit->field);
    for (size_t i = 0; i < N * SMALL_FIT_OUTPUTS; i++) targets[i] = fit->x[i - i % 2] > 0.0f ? fit->y[i] : 0.0f;
    run(fit, 100);
    CHECK_OK(sape_mask_get_tensor(mask, "sigma", before, CELLS));
    CHECK_OK(sape_trainer_set_data(fit->trainer, N, fit->x, targets));
    CHECK_OK(sape_mask_get_tensor(mask, "sigma", set, CELLS));
    CHECK_OK(sape_trainer_step(fit->trainer, NULL));
    CHECK_OK(sape_mask_get_tensor(mask, "sigma", after, CELLS));
    ck_assert_double_gt(largest_difference(CELLS, before, set), 0.1);
    ck_assert_mem_eq(set, after, sizeof set);
    small_fit_free(fit);
}
END_TEST

/* A run of nothing does nothing, though there is a best state other than the present one. */
START_TEST(no_iterations_do_nothing) {
    const sape_trainer_params params = with_validation(0);
    struct small_fit *fit = small_fit_create(SAPE_POLICY_SPATIAL, &params);
    struct small_fit *other = small_fit_create(SAPE_POLICY_SPATIAL, &params);
    for (int i = 0; i < 8; i++) {
        CHECK_OK(sape_trainer_step(fit->trainer, NULL));
        CHECK_OK(sape_trainer_step(other->trainer, NULL));
    }
    const sape_result result = run(fit, 0);
    ck_assert_uint_eq(result.iterations, 0);
    ck_assert_uint_eq(result.best_iteration, 5);
    check_same_state(fit, other);
    small_fit_free(fit);
    small_fit_free(other);
}
END_TEST

/* The file with a number of its metadata, of one digit, made a nine. */
static sape_safetensors *with_nine(const sape_safetensors *checkpoint, const char *name) {
    size_t size;
    const void *bytes = sape_safetensors_bytes(checkpoint, &size);
    char *copy = malloc(size), *end = copy + size, *place = copy, text[64];
    ck_assert_ptr_nonnull(copy);
    memcpy(copy, bytes, size);
    const size_t length = (size_t)snprintf(text, sizeof text, "\"%s\":\"", name);
    while (place + length < end && memcmp(place, text, length) != 0) place++;
    ck_assert_msg(place + length < end && place[length + 1] == '"', "no digit of %s", name);
    place[length] = '9';
    sape_safetensors *changed;
    CHECK_OK(sape_safetensors_parse(copy, size, &changed));
    free(copy);
    return changed;
}

START_TEST(checkpoints_from_the_future) {
    static const char *const names[] = {"sape.validation.since", "sape.validation.best_iteration",
                                        "sape.convergence.since"};
    sape_trainer_params params = with_validation(0);
    params.patience = 1000;
    struct small_fit *fit = small_fit_create(SAPE_POLICY_NONE, &params);
    sape_safetensors *checkpoint;
    run(fit, 5);
    CHECK_OK(sape_trainer_checkpoint(fit->trainer, &checkpoint));
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        sape_safetensors *changed = with_nine(checkpoint, names[i]);
        EXPECT_ERROR(sape_trainer_restore(fit->trainer, changed), SAPE_ERROR_FORMAT, names[i], "contradicts");
        sape_safetensors_free(changed);
    }
    CHECK_OK(sape_trainer_restore(fit->trainer, checkpoint));
    sape_safetensors_free(checkpoint);
    small_fit_free(fit);
}
END_TEST

/* Without held-out samples, nothing that has to do with validation changes anything. */
START_TEST(no_share_changes_nothing) {
    for (size_t batch_size = 0; batch_size <= 50; batch_size += 50) {
        sape_trainer_params params = small_fit_params();
        params.batch_size = batch_size;
        struct small_fit *plain = small_fit_create(SAPE_POLICY_SPATIAL, &params);
        params.validation_every = 1;
        params.validation_patience = 1;
        struct small_fit *fit = small_fit_create(SAPE_POLICY_SPATIAL, &params);
        run(plain, 60);
        ck_assert_uint_eq(run(fit, 60).iterations, 60);
        check_same_state(plain, fit);
        small_fit_free(plain);
        small_fit_free(fit);
    }
}
END_TEST

static int sum_nothing(void *user, sape_dtype dtype, size_t count, void *values) {
    (void)user, (void)dtype, (void)count, (void)values;
    return 0;
}

static int sample_nothing(void *user, uint64_t iteration, size_t n, float *x, float *targets) {
    (void)user, (void)iteration, (void)n, (void)x, (void)targets;
    return 0;
}

START_TEST(what_is_refused) {
    const double bad[] = {-0.01, 0.91, (double)NAN, (double)INFINITY};
    const sape_trainer_params good = with_validation(0);
    struct small_fit *fit = small_fit_create(SAPE_POLICY_NONE, &good);
    sape_trainer *trainer;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        sape_trainer_params params = good;
        params.validation_share = bad[i];
        EXPECT_ERROR(sape_trainer_create(&params, NULL, fit->field, &trainer), SAPE_ERROR_ARGUMENT,
                     "validation_share is", "0 to 0.9");
    }
    const double bad_margins[] = {-0.01, (double)NAN, (double)INFINITY};
    for (size_t i = 0; i < sizeof bad_margins / sizeof *bad_margins; i++) {
        sape_trainer_params params = good;
        params.validation_margin = bad_margins[i];
        EXPECT_ERROR(sape_trainer_create(&params, NULL, fit->field, &trainer), SAPE_ERROR_ARGUMENT,
                     "validation_margin is", ">= 0");
    }
    sape_trainer_params params = good;
    params.validation_every = 0;
    EXPECT_ERROR(sape_trainer_create(&params, NULL, fit->field, &trainer), SAPE_ERROR_ARGUMENT, "validation_every is 0",
                 "at least 1");
    EXPECT_ERROR(sape_trainer_set_data(fit->trainer, 1, fit->x, fit->y), SAPE_ERROR_ARGUMENT, "n is 1", "hold");
    EXPECT_ERROR(sape_trainer_set_reduce(fit->trainer, sum_nothing, NULL), SAPE_ERROR_UNSUPPORTED, "validation_share",
                 "0.2");
    EXPECT_ERROR(sape_trainer_set_sampler(fit->trainer, 5, sample_nothing, NULL), SAPE_ERROR_UNSUPPORTED,
                 "validation_share", "0.2");
    params = good;
    params.loss = SAPE_LOSS_CHAMFER;
    EXPECT_ERROR(sape_trainer_create(&params, NULL, fit->field, &trainer), SAPE_ERROR_UNSUPPORTED, "validation_share",
                 "Chamfer");
    params.loss = SAPE_LOSS_CUSTOM_JACOBIAN;
    EXPECT_ERROR(sape_trainer_create(&params, NULL, fit->field, &trainer), SAPE_ERROR_UNSUPPORTED, "validation_share",
                 "derivatives");
    sape_mask_params mask;
    sape_field *fixed;
    const float corners[] = {-1, -1, 1, -1, -1, 1, 1, 1};
    sape_mask_params_init(&mask, sizeof mask);
    mask.policy = SAPE_POLICY_SPATIAL_FIXED;
    mask.samples = corners;
    mask.num_samples = 4;
    CHECK_OK(sape_field_create(NULL, &mask, NULL, &fixed));
    EXPECT_ERROR(sape_trainer_create(&good, NULL, fixed, &trainer), SAPE_ERROR_UNSUPPORTED, "validation_share",
                 "spatial_fixed");
    sape_field_free(fixed);
    small_fit_free(fit);
}
END_TEST

START_TEST(checkpoints_that_do_not_fit) {
    sape_trainer_params params = with_validation(0), plain = small_fit_params();
    struct small_fit *fit = small_fit_create(SAPE_POLICY_NONE, &params);
    struct small_fit *without = small_fit_create(SAPE_POLICY_NONE, &plain);
    params.seed++;
    struct small_fit *other_seed = small_fit_create(SAPE_POLICY_NONE, &params);
    sape_safetensors *checkpoint, *plain_checkpoint;
    run(fit, 10);
    run(without, 10);
    CHECK_OK(sape_trainer_checkpoint(fit->trainer, &checkpoint));
    CHECK_OK(sape_trainer_checkpoint(without->trainer, &plain_checkpoint));
    EXPECT_ERROR(sape_trainer_restore(fit->trainer, plain_checkpoint), SAPE_ERROR_ARGUMENT, "batch_size", "");
    EXPECT_ERROR(sape_trainer_restore(without->trainer, checkpoint), SAPE_ERROR_ARGUMENT, "batch_size", "");
    EXPECT_ERROR(sape_trainer_restore(other_seed->trainer, checkpoint), SAPE_ERROR_ARGUMENT, "sape.validation.seed",
                 "");
    sape_safetensors_free(checkpoint);
    sape_safetensors_free(plain_checkpoint);
    small_fit_free(fit);
    small_fit_free(without);
    small_fit_free(other_seed);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("validation");
    TCase *tests = tcase_create("validation");
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, held_out_samples_are_never_trained_on);
    tcase_add_test(tests, held_out_targets_stay_unseen);
    tcase_add_test(tests, the_field_holds_the_best);
    tcase_add_test(tests, the_margin_is_in_standard_errors);
    tcase_add_test(tests, a_boundless_loss_can_be_saved);
    tcase_add_test(tests, going_on);
    tcase_add_test(tests, patience_ends_a_run);
    tcase_add_test(tests, new_data_begin_anew);
    tcase_add_test(tests, signal_of_new_data_stays);
    tcase_add_test(tests, no_iterations_do_nothing);
    tcase_add_test(tests, checkpoints_from_the_future);
    tcase_add_test(tests, no_share_changes_nothing);
    tcase_add_test(tests, what_is_refused);
    tcase_add_test(tests, checkpoints_that_do_not_fit);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
