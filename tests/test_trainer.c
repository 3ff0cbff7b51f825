/* SPDX-License-Identifier: MIT */
/* Trainers: the same bits for any number of threads, the same steps as by hand, callbacks, divergence, bad input. */
#ifndef SAPE_BLIS
#include <cblas.h>
#endif
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support.h"

#define OUTPUTS 2

struct task {
    sape_field *field;
    sape_trainer *trainer;
    float *x, *targets;
    size_t n, count;
};

struct options {
    sape_policy policy;
    size_t n, batch, threads;
    sape_loss_fn loss;
    void *user;
    sape_optimizer_kind optimizer;
    double rate, weight_decay;
    uint64_t seed;
};

/* For spatial_fixed in 1D the samples are the mask's; a network of more than one chunk of parameters, and more than a
   few threads' worth of tiles. */
static struct task make(struct options o) {
    struct task task = {.n = o.n};
    const size_t d = o.policy == SAPE_POLICY_SPATIAL_FIXED ? 1 : 2;
    sape_encoder_params encoder;
    sape_mask_params mask;
    sape_network_params network;
    sape_trainer_params trainer;
    sape_optimizer_params optimizer;
    sape_encoder_params_init(&encoder, sizeof encoder);
    sape_mask_params_init(&mask, sizeof mask);
    sape_network_params_init(&network, sizeof network);
    sape_trainer_params_init(&trainer, sizeof trainer);
    sape_optimizer_params_init(&optimizer, sizeof optimizer);
    task.x = new_random_array(1, o.n * d, -1.0f, 1.0f);
    task.targets = new_random_array(2, o.n * OUTPUTS, 0.0f, 1.0f);
    encoder.domain_dim = d;
    encoder.num_frequencies = 60;
    mask.policy = o.policy;
    mask.resolution = 7;
    mask.num_blocks = 8;
    mask.block_iterations = 3;
    mask.epsilon = 0.09;
    mask.samples = o.policy == SAPE_POLICY_SPATIAL_FIXED ? task.x : NULL;
    mask.num_samples = o.n;
    network.hidden_dim = 70;
    network.output_dim = OUTPUTS;
    trainer.loss = o.loss == NULL ? SAPE_LOSS_MSE : SAPE_LOSS_CUSTOM;
    trainer.loss_fn = o.loss;
    trainer.loss_user = o.user;
    trainer.batch_size = o.batch;
    trainer.num_threads = o.threads;
    trainer.seed = o.seed;
    optimizer.kind = o.optimizer;
    if (o.rate > 0.0) optimizer.learning_rate = o.rate;
    optimizer.weight_decay = o.weight_decay;
    CHECK_OK(sape_field_create(&encoder, &mask, &network, &task.field));
    CHECK_OK(sape_trainer_create(&trainer, &optimizer, task.field, &task.trainer));
    CHECK_OK(sape_trainer_set_data(task.trainer, o.n, task.x, task.targets));
    task.count = sape_network_num_parameters(sape_field_network(task.field));
    return task;
}

static void task_free(struct task *task) {
    sape_trainer_free(task->trainer);
    sape_field_free(task->field);
    free(task->x);
    free(task->targets);
}

static float *parameters_of(const struct task *task) {
    float *parameters = new_array(task->count);
    CHECK_OK(sape_network_get_parameters(sape_field_network(task->field), parameters, task->count));
    return parameters;
}

static float *trained(struct options o, uint64_t steps) {
    struct task task = make(o);
    CHECK_OK(sape_trainer_run(task.trainer, steps, NULL, NULL, NULL));
    float *parameters = parameters_of(&task);
    task_free(&task);
    return parameters;
}

static size_t parameter_count(struct options o) {
    struct task task = make(o);
    const size_t count = task.count;
    task_free(&task);
    return count;
}

START_TEST(test_threads) {
    const size_t sizes[][2] = {{2, 1}, {26, 0}, {257, 0}, {1000, 0}, {5000, 0}, {3000, 700}};
    for (size_t i = 0; i < 6; i++) {
        struct options o = {.policy = (sape_policy)_i, .n = sizes[i][0], .batch = sizes[i][1], .threads = 1};
        const size_t count = parameter_count(o);
        float *expected = trained(o, 8);
        for (o.threads = 2; o.threads <= 5; o.threads++) {
            float *parameters = trained(o, 8);
            ck_assert_msg(memcmp(parameters, expected, count * sizeof *expected) == 0, "%zu samples, %zu threads", o.n,
                          o.threads);
            free(parameters);
        }
        free(expected);
    }
}
END_TEST

/* The steps that the library's documentation gives for training by hand. */
START_TEST(test_by_hand) {
    const struct options o = {.policy = (sape_policy)_i, .n = 600};
    struct task task = make(o), hand = make(o);
    float *y = new_array(o.n * OUTPUTS), *d_y = new_array(o.n * OUTPUTS), *sample_loss = new_array(o.n);
    float *gradient = new_array(hand.count);
    sape_optimizer *optimizer;
    CHECK_OK(sape_optimizer_create(NULL, hand.count, &optimizer));
    for (int step = 0; step < 12; step++) {
        double loss, by_hand;
        CHECK_OK(sape_trainer_step(task.trainer, &loss));
        CHECK_OK(sape_field_predict(hand.field, o.n, hand.x, y));
        CHECK_OK(sape_loss_evaluate(SAPE_LOSS_MSE, o.n, OUTPUTS, y, hand.targets, d_y, sample_loss, &by_hand));
        CHECK_OK(sape_field_backward(hand.field, o.n, hand.x, d_y, gradient, NULL));
        CHECK_OK(sape_field_update(hand.field, optimizer, gradient));
        CHECK_OK(sape_mask_record(sape_field_mask(hand.field), o.n, hand.x, sample_loss));
        CHECK_OK(sape_mask_step(sape_field_mask(hand.field)));
        ck_assert_double_eq_tol(loss, by_hand, 1e-6);
    }
    float *a = parameters_of(&task), *b = parameters_of(&hand);
    ck_assert_double_lt(largest_difference(task.count, a, b), 1e-5);
    float *const all[] = {y, d_y, sample_loss, gradient, a, b};
    for (size_t i = 0; i < 6; i++) free(all[i]);
    sape_optimizer_free(optimizer);
    task_free(&task);
    task_free(&hand);
}
END_TEST

/* A field that follows a trainer's: its custom loss makes every step by hand, on the very batch. */
struct twin {
    sape_field *field;
    sape_optimizer *optimizer;
    float *gradient;
};

static int step_twin(void *user, size_t n, const float *x, size_t o, const float *outputs, const float *targets,
                     float *d_outputs, float *sample_loss, double *loss) {
    const struct twin *twin = user;
    CHECK_OK(sape_loss_evaluate(SAPE_LOSS_MSE, n, o, outputs, targets, d_outputs, sample_loss, loss));
    CHECK_OK(sape_field_backward(twin->field, n, x, d_outputs, twin->gradient, NULL));
    CHECK_OK(sape_field_update(twin->field, twin->optimizer, twin->gradient));
    CHECK_OK(sape_mask_record(sape_field_mask(twin->field), n, x, sample_loss));
    return sape_mask_step(sape_field_mask(twin->field)) != SAPE_OK;
}

/* Seen through the blur, half of the domain has many features and half has few for good, so that batches and their
   tiles reach differently far from one iteration to the next. */
static void reveal_half(sape_field *field) {
    float levels[49], in_progress[49];
    for (size_t cell = 0; cell < 49; cell++) {
        in_progress[cell] = cell % 7 < 5 ? 0.0f : 1.0f;
        levels[cell] = cell % 7 < 5 ? 15.0f : 60.0f;
    }
    CHECK_OK(sape_field_set_tensor(field, "mask_stashed", levels, 49));
    CHECK_OK(sape_field_set_tensor(field, "in_progress", in_progress, 49));
}

START_TEST(test_uneven_batches) {
    static const size_t sizes[][2] = {{600, 3}, {3000, 400}, {6000, 2000}, {3000, 0}, {5000, 0}};
    const float center[] = {0.0f, 0.0f}, mirror[] = {-1.0f, 1.0f};
    struct twin twin;
    struct options o = {.policy = SAPE_POLICY_SPATIAL, .n = sizes[_i][0], .batch = sizes[_i][1], .threads = 2};
    sape_optimizer_params optimizer;
    sape_optimizer_params_init(&optimizer, sizeof optimizer);
    /* Adam makes much of gradients that are nothing but rounding. */
    optimizer.kind = o.optimizer = SAPE_OPTIMIZER_SGD;
    optimizer.learning_rate = o.rate = 0.3;
    o.loss = step_twin;
    o.user = &twin;
    struct task task = make(o), other = make(o);
    twin = (struct twin){.field = other.field, .gradient = new_array(task.count)};
    CHECK_OK(sape_optimizer_create(&optimizer, task.count, &twin.optimizer));
    reveal_half(task.field);
    reveal_half(twin.field);
    for (int i = 0; i < 14; i++) {
        /* Halfway the sides of the mask are exchanged. */
        if (i == 7) CHECK_OK(sape_mask_set_domain(sape_field_mask(task.field), center, mirror));
        if (i == 7) CHECK_OK(sape_mask_set_domain(sape_field_mask(twin.field), center, mirror));
        CHECK_OK(sape_trainer_step(task.trainer, NULL));
        float *a = parameters_of(&task), *b = parameters_of(&other);
        /* More than a ReLU that rounding turns in one sample can do. */
        ck_assert_double_lt(largest_difference(task.count, a, b), 1e-4);
        free(a);
        free(b);
    }
    free(twin.gradient);
    sape_optimizer_free(twin.optimizer);
    task_free(&task);
    task_free(&other);
}
END_TEST

static int custom_mse(void *user, size_t n, const float *x, size_t o, const float *outputs, const float *targets,
                      float *d_outputs, float *sample_loss, double *loss) {
    (void)x;
    ++*(int *)user;
    return sape_loss_evaluate(SAPE_LOSS_MSE, n, o, outputs, targets, d_outputs, sample_loss, loss) != SAPE_OK;
}

START_TEST(test_custom_loss) {
    const size_t sizes[] = {26, 600, 3000};
    for (size_t i = 0; i < 3; i++) {
        int calls = 0;
        struct options o = {.policy = SAPE_POLICY_SPATIAL, .n = sizes[i]};
        const size_t count = parameter_count(o);
        float *expected = trained(o, 7);
        o.loss = custom_mse;
        o.user = &calls;
        float *parameters = trained(o, 7);
        ck_assert_int_eq(calls, 7);
        ck_assert_double_lt(largest_difference(count, parameters, expected), 1e-6);
        free(expected);
        free(parameters);
    }
}
END_TEST

/* Counts how often every sample is seen; the targets carry its number. */
struct seen {
    size_t n, batches;
    int *times;
};

static int count_samples(void *user, size_t n, const float *x, size_t o, const float *outputs, const float *targets,
                         float *d_outputs, float *sample_loss, double *loss) {
    struct seen *seen = user;
    (void)x;
    (void)outputs;
    seen->batches++;
    for (size_t i = 0; i < n; i++) seen->times[(size_t)(targets[i * o] * (float)seen->n + 0.5f)]++;
    memset(d_outputs, 0, n * o * sizeof *d_outputs);
    memset(sample_loss, 0, n * sizeof *sample_loss);
    *loss = 0.0;
    return 0;
}

START_TEST(test_epochs) {
    enum { N = 103, BATCH = 10, EPOCHS = 6 };
    int times[N] = {0};
    struct seen seen = {.n = N, .times = times};
    struct task task = make((struct options){.n = N, .batch = BATCH, .loss = count_samples, .user = &seen});
    for (size_t i = 0; i < N; i++) task.targets[i * OUTPUTS] = (float)i / N;
    int missed = 0;
    for (int epoch = 1; epoch <= EPOCHS; epoch++) {
        int before[N];
        memcpy(before, times, sizeof before);
        CHECK_OK(sape_trainer_run(task.trainer, N / BATCH, NULL, NULL, NULL));
        int sum = 0;
        for (int i = 0; i < N; i++) {
            ck_assert_int_le(times[i] - before[i], 1);
            sum += times[i] - before[i];
        }
        /* Three are left out, others every time. */
        ck_assert_int_eq(sum, N / BATCH * BATCH);
    }
    for (int i = 0; i < N; i++) missed += times[i] < EPOCHS;
    ck_assert_int_gt(missed, 3);
    task_free(&task);
}
END_TEST

static bool same_training(struct options a, struct options b) {
    const size_t count = parameter_count(a);
    float *first = trained(a, 7), *second = trained(b, 7);
    const bool same = memcmp(first, second, count * sizeof *first) == 0;
    free(first);
    free(second);
    return same;
}

START_TEST(test_batches) {
    const struct options whole = {.policy = SAPE_POLICY_SPATIAL, .n = 90};
    struct options larger = whole, part = whole, same = whole, other = whole;
    larger.batch = 91;
    larger.seed = 3; /* there is no order to draw */
    ck_assert(same_training(whole, larger));
    larger.batch = SIZE_MAX;
    ck_assert(same_training(whole, larger));
    part.batch = same.batch = other.batch = 20;
    other.seed = 1;
    ck_assert(!same_training(whole, part));
    ck_assert(same_training(part, same));
    ck_assert(!same_training(part, other));
}
END_TEST

/* Other samples take the place of the first ones at once, whatever was left of their epoch. */
START_TEST(test_other_data) {
    int times[103] = {0};
    struct seen seen = {.n = 103, .times = times};
    struct task task = make((struct options){.n = 103, .batch = 10, .loss = count_samples, .user = &seen});
    for (size_t i = 0; i < 103; i++) task.targets[i * OUTPUTS] = (float)i / 103;
    CHECK_OK(sape_trainer_run(task.trainer, 4, NULL, NULL, NULL));
    memset(times, 0, sizeof times);
    CHECK_OK(sape_trainer_set_data(task.trainer, 60, task.x + 2 * 40, task.targets + OUTPUTS * 40));
    CHECK_OK(sape_trainer_run(task.trainer, 6, NULL, NULL, NULL));
    for (int i = 0; i < 103; i++) ck_assert_int_eq(times[i], i >= 40 && i < 100);
    CHECK_OK(sape_trainer_set_data(task.trainer, 3, task.x, task.targets));
    CHECK_OK(sape_trainer_run(task.trainer, 1, NULL, NULL, NULL));
    for (int i = 0; i < 3; i++) ck_assert_int_eq(times[i], 1);
    task_free(&task);
}
END_TEST

struct record {
    uint64_t calls, stop_at, last;
    double loss;
};

static int watch(void *user, const sape_progress *progress) {
    struct record *record = user;
    record->calls++;
    record->last = progress->iteration;
    record->loss = progress->loss;
    ck_assert_uint_eq(progress->struct_size, sizeof *progress);
    ck_assert(progress->seconds >= 0.0 && progress->revealed > 0.0 && progress->revealed <= 1.0);
    ck_assert_double_eq(progress->learning_rate, 1e-3);
    return progress->iteration == record->stop_at;
}

static int count_calls(void *user, const sape_progress *progress) {
    ((struct record *)user)->calls++;
    return !isfinite(progress->loss);
}

START_TEST(test_progress) {
    struct task task = make((struct options){.policy = SAPE_POLICY_SPATIAL, .n = 50});
    struct record record = {.stop_at = 4};
    sape_result result = {.struct_size = sizeof result};
    CHECK_OK(sape_trainer_run(task.trainer, 10, watch, &record, &result));
    ck_assert_uint_eq(record.calls, 4);
    ck_assert_uint_eq(result.iterations, 4);
    ck_assert_int_eq(result.stop, SAPE_STOP_CALLBACK);
    ck_assert_double_eq(result.loss, record.loss);
    CHECK_OK(sape_trainer_run(task.trainer, 6, NULL, NULL, &result));
    ck_assert_int_eq(result.stop, SAPE_STOP_ITERATIONS);
    ck_assert_uint_eq(result.iterations, 6);
    /* Four and six are ten. */
    float *a = parameters_of(&task), *b = trained((struct options){.policy = SAPE_POLICY_SPATIAL, .n = 50}, 10);
    ck_assert(memcmp(a, b, task.count * sizeof *a) == 0);
    free(a);
    free(b);
    CHECK_OK(sape_trainer_run(task.trainer, 0, watch, &record, &result));
    ck_assert_uint_eq(record.calls, 4);
    task_free(&task);
}
END_TEST

START_TEST(test_progress_every) {
    struct task task = make((struct options){.n = 20});
    sape_trainer_params params;
    sape_trainer *trainer;
    struct record record = {0};
    sape_trainer_params_init(&params, sizeof params);
    params.progress_every = 4;
    CHECK_OK(sape_trainer_create(&params, NULL, task.field, &trainer));
    CHECK_OK(sape_trainer_set_data(trainer, task.n, task.x, task.targets));
    CHECK_OK(sape_trainer_run(trainer, 10, watch, &record, NULL));
    ck_assert_uint_eq(record.calls, 3); /* 4, 8 and the last */
    ck_assert_uint_eq(record.last, 10);
    sape_trainer_free(trainer);
    task_free(&task);
}
END_TEST

static bool all_finite(size_t n, const float *values) {
    for (size_t i = 0; i < n; i++)
        if (!isfinite(values[i])) return false;
    return true;
}

/* A rate that throws the parameters out of range: the last ones with a finite loss stay. */
START_TEST(test_divergence) {
    struct task task = make((struct options){.n = 300, .optimizer = SAPE_OPTIMIZER_SGD, .rate = 1e12});
    sape_status status = SAPE_OK;
    float *before = parameters_of(&task), *kept = NULL;
    double loss, last = 0.0;
    int steps = 0;
    for (; status == SAPE_OK && steps < 200; steps++) {
        free(kept);
        kept = before;
        before = parameters_of(&task);
        status = sape_trainer_step(task.trainer, &loss);
        if (status == SAPE_OK) last = loss;
    }
    ck_assert_int_eq(status, SAPE_ERROR_DIVERGED);
    ck_assert_ptr_nonnull(strstr(sape_last_error(), "loss"));
    float *after = parameters_of(&task);
    ck_assert(all_finite(task.count, after));
    ck_assert(memcmp(after, kept, task.count * sizeof *after) == 0);
    /* They are those with which the loss was last finite. */
    CHECK_OK(sape_trainer_step(task.trainer, &loss));
    ck_assert_double_eq(loss, last);
    free(before);
    free(kept);
    free(after);
    task_free(&task);
}
END_TEST

/* A run that diverges says how far it came, and the mask has counted no more than that. */
START_TEST(test_divergent_run) {
    struct task task =
        make((struct options){.policy = SAPE_POLICY_SPATIAL, .n = 300, .optimizer = SAPE_OPTIMIZER_SGD, .rate = 1e12});
    sape_result result = {.struct_size = sizeof result, .iterations = 77, .seconds = -1.0};
    sape_mask_state state = {.struct_size = sizeof state};
    struct record record = {0};
    EXPECT_ERROR(sape_trainer_run(task.trainer, 200, count_calls, &record, &result), SAPE_ERROR_DIVERGED, "loss", "");
    ck_assert_uint_gt(result.iterations, 0);
    ck_assert_uint_lt(result.iterations, 200);
    ck_assert_uint_eq(record.calls, result.iterations);
    ck_assert_double_ge(result.seconds, 0.0);
    CHECK_OK(sape_mask_get_state(sape_field_mask(task.field), &state));
    ck_assert_uint_eq(state.iteration, result.iterations);
    float *parameters = parameters_of(&task), *y = new_array(task.n * OUTPUTS);
    ck_assert(all_finite(task.count, parameters));
    CHECK_OK(sape_field_predict(task.field, task.n, task.x, y));
    ck_assert(all_finite(task.n * OUTPUTS, y));
    free(parameters);
    free(y);
    task_free(&task);
}
END_TEST

/* Nor does a step without a further one hide it. */
START_TEST(test_last_step_diverges) {
    struct task task = make((struct options){.n = 30, .optimizer = SAPE_OPTIMIZER_SGD, .rate = 1e60});
    sape_result result = {.struct_size = sizeof result};
    float *before = parameters_of(&task);
    EXPECT_ERROR(sape_trainer_run(task.trainer, 1, NULL, NULL, &result), SAPE_ERROR_DIVERGED, "loss", "nan");
    ck_assert_uint_eq(result.iterations, 1);
    float *after = parameters_of(&task);
    ck_assert(memcmp(before, after, task.count * sizeof *after) == 0);
    free(before);
    free(after);
    task_free(&task);
}
END_TEST

static int fails(void *user, size_t n, const float *x, size_t o, const float *outputs, const float *targets,
                 float *d_outputs, float *sample_loss, double *loss) {
    (void)user, (void)x, (void)outputs, (void)targets, (void)loss;
    memset(d_outputs, 0, n * o * sizeof *d_outputs);
    memset(sample_loss, 0, n * sizeof *sample_loss);
    if (*(int *)user == 0) sample_loss[n / 2] = NAN;
    return *(int *)user;
}

START_TEST(test_failing_loss) {
    int result = 17;
    struct task task = make((struct options){.n = 30, .loss = fails, .user = &result});
    float *before = parameters_of(&task);
    EXPECT_ERROR(sape_trainer_step(task.trainer, NULL), SAPE_ERROR_CALLBACK, "loss_fn", "17");
    result = 0;
    EXPECT_ERROR(sape_trainer_step(task.trainer, NULL), SAPE_ERROR_DIVERGED, "loss", "");
    float *after = parameters_of(&task);
    ck_assert(memcmp(before, after, task.count * sizeof *after) == 0);
    free(before);
    free(after);
    task_free(&task);
}
END_TEST

/* Weights of features that were never revealed have not moved by a bit; with weight decay they do. */
START_TEST(test_idle_rows) {
    for (int decay = 0; decay < 2; decay++) {
        struct task task = make((struct options){.policy = SAPE_POLICY_SPATIAL, .n = 500, .weight_decay = decay * 0.1});
        const size_t dim = sape_encoder_encoding_dim(sape_field_encoder(task.field)), hidden = 70;
        float *before = parameters_of(&task);
        CHECK_OK(sape_trainer_run(task.trainer, 2, NULL, NULL, NULL));
        float *after = parameters_of(&task);
        sape_mask_state state = {.struct_size = sizeof state};
        CHECK_OK(sape_mask_get_state(sape_field_mask(task.field), &state));
        ck_assert_uint_eq(state.current_feature, 15);
        size_t moved = 0, idle_moved = 0;
        for (size_t row = 0; row < hidden; row++) {
            for (size_t k = 0; k < dim; k++) {
                const bool differs = before[row * dim + k] != after[row * dim + k];
                moved += differs && k < 15;
                idle_moved += differs && k >= 15;
            }
        }
        ck_assert_uint_gt(moved, hidden * 15 * 9 / 10);
        if (decay == 0) ck_assert_uint_eq(idle_moved, 0);
        if (decay == 1) ck_assert_uint_gt(idle_moved, hidden * (dim - 15) * 9 / 10);
        free(before);
        free(after);
        task_free(&task);
    }
}
END_TEST

/* The child of a fork has none of the pool's threads, and goes on all the same. */
START_TEST(test_fork) {
    const struct options o = {.policy = SAPE_POLICY_SPATIAL, .n = 2000, .threads = 3};
    struct task task = make(o);
    float *expected = trained(o, 6);
    CHECK_OK(sape_trainer_run(task.trainer, 3, NULL, NULL, NULL));
    const pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        float *mine = new_array(task.count);
        if (sape_trainer_run(task.trainer, 3, NULL, NULL, NULL) != SAPE_OK) _exit(2);
        sape_network_get_parameters(sape_field_network(task.field), mine, task.count);
        const int same = memcmp(mine, expected, task.count * sizeof *mine) == 0;
        free(mine);
        task_free(&task);
        _exit(same ? 0 : 3);
    }
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status));
    ck_assert_int_eq(WEXITSTATUS(status), 0);
    CHECK_OK(sape_trainer_run(task.trainer, 3, NULL, NULL, NULL));
    float *mine = parameters_of(&task);
    ck_assert(memcmp(mine, expected, task.count * sizeof *mine) == 0);
    free(mine);
    free(expected);
    task_free(&task);
}
END_TEST

#ifndef SAPE_BLIS
static int blas_threads(void *user, const sape_progress *progress) {
    (void)progress;
    *(int *)user = openblas_get_num_threads();
    return 0;
}

/* Both backends give the same; the host's BLAS threads are as they were. */
START_TEST(test_cblas) {
    const struct options o = {.policy = SAPE_POLICY_SPATIAL, .n = 700, .threads = 2};
    int inside = 0;
    openblas_set_num_threads(2);
    setenv("SAPE_BACKEND", "packed", 1);
    float *packed = trained(o, 6);
    setenv("SAPE_BACKEND", "cblas", 1);
    struct task task = make(o);
    CHECK_OK(sape_trainer_run(task.trainer, 6, blas_threads, &inside, NULL));
    ck_assert_int_eq(inside, 1);
    ck_assert_int_eq(openblas_get_num_threads(), 2);
    float *cblas = parameters_of(&task);
    ck_assert_double_lt(largest_difference(task.count, packed, cblas), 1e-4);
    ck_assert(memcmp(packed, cblas, task.count * sizeof *packed) != 0);
    free(packed);
    free(cblas);
    task_free(&task);
}
END_TEST
#endif

/* The loss of the field as it is now, by a prediction. */
static double loss_now(const struct task *task) {
    const size_t outputs = sape_network_output_dim(sape_field_network(task->field));
    float *values = new_array(task->n * outputs);
    double loss;
    CHECK_OK(sape_field_predict(task->field, task->n, task->x, values));
    CHECK_OK(sape_loss_evaluate(SAPE_LOSS_MSE, task->n, outputs, values, task->targets, NULL, NULL, &loss));
    free(values);
    return loss;
}

/* A small batch keeps its features from one iteration to the next, but not when encoder, mask or data have changed. */
START_TEST(test_changes_between_steps) {
    struct task task = make((struct options){.policy = SAPE_POLICY_SPATIAL, .n = 30, .threads = 1});
    sape_encoder *encoder = sape_field_encoder(task.field);
    sape_mask *mask = sape_field_mask(task.field);
    sape_tensor_info info = {.struct_size = sizeof info};
    sape_mask_state state = {.struct_size = sizeof state};
    CHECK_OK(sape_encoder_tensor_info(encoder, 0, &info));
    CHECK_OK(sape_mask_get_state(mask, &state));
    const size_t count = info.shape[0] * info.shape[1];
    float *frequencies = new_random_array(4, count, -3.0f, 3.0f), *levels = new_array(state.num_cells);
    float *x = new_random_array(5, 2 * task.n, -1.0f, 1.0f);
    for (size_t i = 0; i < state.num_cells; i++) levels[i] = (float)(i % 7);
    for (int change = 0; change < 5; change++) {
        double loss;
        if (change == 1) CHECK_OK(sape_encoder_set_tensor(encoder, info.name, frequencies, count));
        if (change == 2) CHECK_OK(sape_mask_set_tensor(mask, "mask_stashed", levels, state.num_cells));
        if (change == 3) CHECK_OK(sape_mask_advance(mask));
        if (change == 4) {
            memcpy(task.x, x, 2 * task.n * sizeof *x);
            CHECK_OK(sape_trainer_set_data(task.trainer, task.n, task.x, task.targets));
        }
        for (int repeat = 0; repeat < 2; repeat++) {
            const double expected = loss_now(&task);
            CHECK_OK(sape_trainer_step(task.trainer, &loss));
            ck_assert_double_le(fabs(loss - expected), 1e-6 * expected);
        }
    }
    free(frequencies);
    free(levels);
    free(x);
    task_free(&task);
}
END_TEST

START_TEST(test_bad_input) {
    struct task task = make((struct options){.n = 30});
    sape_trainer_params p;
    sape_trainer *trainer;
#define REFUSED(member, value, text)                                                                                   \
    sape_trainer_params_init(&p, sizeof p);                                                                            \
    p.member = value;                                                                                                  \
    EXPECT_ERROR(sape_trainer_create(&p, NULL, task.field, &trainer), SAPE_ERROR_ARGUMENT, #member, text);             \
    ck_assert_ptr_null(trainer)
    REFUSED(loss, (sape_loss)9, "9");
    REFUSED(num_threads, 1000, "1000");
    REFUSED(progress_every, 0, "0");
    REFUSED(loss_fn, custom_mse, "loss");
    REFUSED(loss, SAPE_LOSS_CUSTOM, "NULL");
#undef REFUSED
    sape_trainer_params_init(&p, sizeof p);
    p.loss = SAPE_LOSS_BCE;
    EXPECT_ERROR(sape_trainer_create(NULL, NULL, NULL, &trainer), SAPE_ERROR_ARGUMENT, "field", "NULL");
    EXPECT_ERROR(sape_trainer_create(NULL, NULL, task.field, NULL), SAPE_ERROR_ARGUMENT, "out", "NULL");
    sape_optimizer_params optimizer;
    sape_optimizer_params_init(&optimizer, sizeof optimizer);
    optimizer.learning_rate = NAN;
    EXPECT_ERROR(sape_trainer_create(NULL, &optimizer, task.field, &trainer), SAPE_ERROR_ARGUMENT, "learning_rate",
                 "nan");
    ck_assert_ptr_null(trainer);
    CHECK_OK(sape_trainer_create(&p, NULL, task.field, &trainer));
    EXPECT_ERROR(sape_trainer_step(trainer, NULL), SAPE_ERROR_STATE, "no data", "");
    EXPECT_ERROR(sape_trainer_set_data(trainer, 0, task.x, task.targets), SAPE_ERROR_ARGUMENT, "n", "0");
    EXPECT_ERROR(sape_trainer_set_data(trainer, SIZE_MAX, task.x, task.targets), SAPE_ERROR_MEMORY, "n", "184467");
    EXPECT_ERROR(sape_trainer_set_data(trainer, 3, NULL, task.targets), SAPE_ERROR_ARGUMENT, "x", "NULL");
    EXPECT_ERROR(sape_trainer_set_data(trainer, 3, task.x, NULL), SAPE_ERROR_ARGUMENT, "targets", "NULL");
    task.targets[4] = 1.25f;
    EXPECT_ERROR(sape_trainer_set_data(trainer, 3, task.x, task.targets), SAPE_ERROR_ARGUMENT, "targets[4]", "1.25");
    task.targets[4] = NAN;
    EXPECT_ERROR(sape_trainer_set_data(trainer, 3, task.x, task.targets), SAPE_ERROR_NOT_FINITE, "targets[4]", "nan");
    task.targets[4] = 0.5f;
    task.x[1] = -INFINITY;
    EXPECT_ERROR(sape_trainer_set_data(trainer, 3, task.x, task.targets), SAPE_ERROR_NOT_FINITE, "x[1]", "-inf");
    task.x[1] = 1e30f;
    EXPECT_ERROR(sape_trainer_set_data(trainer, 3, task.x, task.targets), SAPE_ERROR_ARGUMENT, "x[1]", "1e+30");
    task.x[1] = 0.0f;
    CHECK_OK(sape_trainer_set_data(trainer, 3, task.x, task.targets));
    EXPECT_ERROR(sape_trainer_set_data(trainer, 3, task.x, NULL), SAPE_ERROR_ARGUMENT, "targets", "NULL");
    /* What was refused has not taken the place of what was there. */
    CHECK_OK(sape_trainer_step(trainer, NULL));
    EXPECT_ERROR(sape_trainer_step(NULL, NULL), SAPE_ERROR_ARGUMENT, "trainer", "NULL");
    EXPECT_ERROR(sape_trainer_run(NULL, 1, NULL, NULL, NULL), SAPE_ERROR_ARGUMENT, "trainer", "NULL");
    EXPECT_ERROR(sape_trainer_set_data(NULL, 3, task.x, task.targets), SAPE_ERROR_ARGUMENT, "trainer", "NULL");
    sape_trainer_free(trainer);
    sape_trainer_free(NULL);
    task_free(&task);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("trainer");
    TCase *tcase = tcase_create("trainer");
    tcase_set_timeout(tcase, 120);
    tcase_add_loop_test(tcase, test_threads, 0, 4);
    tcase_add_loop_test(tcase, test_by_hand, 0, 4);
    tcase_add_loop_test(tcase, test_uneven_batches, 0, 5);
    tcase_add_test(tcase, test_custom_loss);
    tcase_add_test(tcase, test_changes_between_steps);
    tcase_add_test(tcase, test_epochs);
    tcase_add_test(tcase, test_batches);
    tcase_add_test(tcase, test_other_data);
    tcase_add_test(tcase, test_progress);
    tcase_add_test(tcase, test_progress_every);
    tcase_add_test(tcase, test_divergence);
    tcase_add_test(tcase, test_divergent_run);
    tcase_add_test(tcase, test_last_step_diverges);
    tcase_add_test(tcase, test_failing_loss);
    tcase_add_test(tcase, test_idle_rows);
    tcase_add_test(tcase, test_fork);
#ifndef SAPE_BLIS
    tcase_add_test(tcase, test_cblas);
#endif
    tcase_add_test(tcase, test_bad_input);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
