/* SPDX-License-Identifier: MIT */
/* Trainers' batches: epochs, their order, other data, batches that are uneven in what they reveal. */
#include <stdbool.h>
#include <stdlib.h>

#include "training_task.h"

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
    struct task_options o = {.policy = SAPE_POLICY_SPATIAL, .n = sizes[_i][0], .batch = sizes[_i][1], .threads = 2};
    sape_optimizer_params optimizer;
    sape_optimizer_params_init(&optimizer, sizeof optimizer);
    /* Adam makes much of gradients that are nothing but rounding. */
    optimizer.kind = o.optimizer = SAPE_OPTIMIZER_SGD;
    optimizer.learning_rate = o.rate = 0.3;
    o.loss = step_twin;
    o.user = &twin;
    struct task task = make_task(o), other = make_task(o);
    twin = (struct twin){.field = other.field, .gradient = new_array(task.count)};
    CHECK_OK(sape_optimizer_create(&optimizer, task.count, &twin.optimizer));
    reveal_half(task.field);
    reveal_half(twin.field);
    for (int i = 0; i < 14; i++) {
        /* Halfway the sides of the mask are exchanged. */
        if (i == 7) CHECK_OK(sape_mask_set_domain(sape_field_mask(task.field), center, mirror));
        if (i == 7) CHECK_OK(sape_mask_set_domain(sape_field_mask(twin.field), center, mirror));
        CHECK_OK(sape_trainer_step(task.trainer, NULL));
        float *a = task_parameters(&task), *b = task_parameters(&other);
        /* More than a ReLU that rounding turns in one sample can do. */
        ck_assert_double_lt(largest_difference(task.count, a, b), 1e-4);
        free(a);
        free(b);
    }
    free(twin.gradient);
    sape_optimizer_free(twin.optimizer);
    free_task(&task);
    free_task(&other);
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
    struct task task = make_task((struct task_options){.n = N, .batch = BATCH, .loss = count_samples, .user = &seen});
    for (size_t i = 0; i < N; i++) task.targets[i * TASK_OUTPUTS] = (float)i / N;
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
    free_task(&task);
}
END_TEST

static bool same_training(struct task_options a, struct task_options b) {
    const size_t count = count_parameters(a);
    float *first = trained(a, 7), *second = trained(b, 7);
    const bool same = memcmp(first, second, count * sizeof *first) == 0;
    free(first);
    free(second);
    return same;
}

START_TEST(test_batches) {
    const struct task_options whole = {.policy = SAPE_POLICY_SPATIAL, .n = 90};
    struct task_options larger = whole, part = whole, same = whole, other = whole;
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
    struct task task = make_task((struct task_options){.n = 103, .batch = 10, .loss = count_samples, .user = &seen});
    for (size_t i = 0; i < 103; i++) task.targets[i * TASK_OUTPUTS] = (float)i / 103;
    CHECK_OK(sape_trainer_run(task.trainer, 4, NULL, NULL, NULL));
    memset(times, 0, sizeof times);
    CHECK_OK(sape_trainer_set_data(task.trainer, 60, task.x + 2 * 40, task.targets + TASK_OUTPUTS * 40));
    CHECK_OK(sape_trainer_run(task.trainer, 6, NULL, NULL, NULL));
    for (int i = 0; i < 103; i++) ck_assert_int_eq(times[i], i >= 40 && i < 100);
    CHECK_OK(sape_trainer_set_data(task.trainer, 3, task.x, task.targets));
    CHECK_OK(sape_trainer_run(task.trainer, 1, NULL, NULL, NULL));
    for (int i = 0; i < 3; i++) ck_assert_int_eq(times[i], 1);
    free_task(&task);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("trainer_batches");
    TCase *tcase = tcase_create("trainer_batches");
    tcase_set_timeout(tcase, 120);
    tcase_add_loop_test(tcase, test_uneven_batches, 0, 5);
    tcase_add_test(tcase, test_epochs);
    tcase_add_test(tcase, test_batches);
    tcase_add_test(tcase, test_other_data);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
