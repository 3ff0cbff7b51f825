/* SPDX-License-Identifier: MIT */
/* Trainers: the same bits for any number of threads, the same steps as by hand, bad input. */
#ifdef SAPE_OPENBLAS
#include <cblas.h>
#endif
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "training_task.h"

START_TEST(test_threads) {
    const size_t sizes[][2] = {{2, 1}, {26, 0}, {257, 0}, {1000, 0}, {5000, 0}, {3000, 700}};
    for (size_t i = 0; i < 6; i++) {
        struct task_options o = {.policy = (sape_policy)_i, .n = sizes[i][0], .batch = sizes[i][1], .threads = 1};
        const size_t count = count_parameters(o);
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
    const struct task_options o = {.policy = (sape_policy)_i, .n = 600};
    struct task task = make_task(o), hand = make_task(o);
    float *y = new_array(o.n * TASK_OUTPUTS), *d_y = new_array(o.n * TASK_OUTPUTS), *sample_loss = new_array(o.n);
    float *gradient = new_array(hand.count);
    sape_optimizer *optimizer;
    CHECK_OK(sape_optimizer_create(NULL, hand.count, &optimizer));
    for (int step = 0; step < 12; step++) {
        double loss, by_hand;
        CHECK_OK(sape_trainer_step(task.trainer, &loss));
        CHECK_OK(sape_field_predict(hand.field, o.n, hand.x, y));
        CHECK_OK(sape_loss_evaluate(SAPE_LOSS_MSE, o.n, TASK_OUTPUTS, y, hand.targets, d_y, sample_loss, &by_hand));
        CHECK_OK(sape_field_backward(hand.field, o.n, hand.x, d_y, gradient, NULL));
        CHECK_OK(sape_field_update(hand.field, optimizer, gradient));
        CHECK_OK(sape_mask_record(sape_field_mask(hand.field), o.n, hand.x, sample_loss));
        CHECK_OK(sape_mask_step(sape_field_mask(hand.field)));
        ck_assert_double_eq_tol(loss, by_hand, 1e-6);
    }
    float *a = task_parameters(&task), *b = task_parameters(&hand);
    ck_assert_double_lt(largest_difference(task.count, a, b), 1e-5);
    float *const all[] = {y, d_y, sample_loss, gradient, a, b};
    for (size_t i = 0; i < 6; i++) free(all[i]);
    sape_optimizer_free(optimizer);
    free_task(&task);
    free_task(&hand);
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
        struct task_options o = {.policy = SAPE_POLICY_SPATIAL, .n = sizes[i]};
        const size_t count = count_parameters(o);
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

/* Weights of features that were never revealed have not moved by a bit; with weight decay they do. */
START_TEST(test_idle_rows) {
    for (int decay = 0; decay < 2; decay++) {
        struct task task =
            make_task((struct task_options){.policy = SAPE_POLICY_SPATIAL, .n = 500, .weight_decay = decay * 0.1});
        const size_t dim = sape_encoder_encoding_dim(sape_field_encoder(task.field)), hidden = 70;
        float *before = task_parameters(&task);
        CHECK_OK(sape_trainer_run(task.trainer, 2, NULL, NULL, NULL));
        float *after = task_parameters(&task);
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
        free_task(&task);
    }
}
END_TEST

/* The child of a fork has none of the pool's threads, and goes on all the same. */
START_TEST(test_fork) {
    const struct task_options o = {.policy = SAPE_POLICY_SPATIAL, .n = 2000, .threads = 3};
    struct task task = make_task(o);
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
        free_task(&task);
        _exit(same ? 0 : 3);
    }
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status));
    ck_assert_int_eq(WEXITSTATUS(status), 0);
    CHECK_OK(sape_trainer_run(task.trainer, 3, NULL, NULL, NULL));
    float *mine = task_parameters(&task);
    ck_assert(memcmp(mine, expected, task.count * sizeof *mine) == 0);
    free(mine);
    free(expected);
    free_task(&task);
}
END_TEST

#ifdef SAPE_OPENBLAS
static int blas_threads(void *user, const sape_progress *progress) {
    (void)progress;
    *(int *)user = openblas_get_num_threads();
    return 0;
}

/* Both backends give the same; the host's BLAS threads are as they were. */
START_TEST(test_cblas) {
    const struct task_options o = {.policy = SAPE_POLICY_SPATIAL, .n = 700, .threads = 2};
    int inside = 0;
    openblas_set_num_threads(2);
    setenv("SAPE_BACKEND", "packed", 1);
    float *packed = trained(o, 6);
    setenv("SAPE_BACKEND", "cblas", 1);
    struct task task = make_task(o);
    CHECK_OK(sape_trainer_run(task.trainer, 6, blas_threads, &inside, NULL));
    ck_assert_int_eq(inside, 1);
    ck_assert_int_eq(openblas_get_num_threads(), 2);
    float *cblas = task_parameters(&task);
    ck_assert_double_lt(largest_difference(task.count, packed, cblas), 1e-4);
    ck_assert(memcmp(packed, cblas, task.count * sizeof *packed) != 0);
    free(packed);
    free(cblas);
    free_task(&task);
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
    struct task task = make_task((struct task_options){.policy = SAPE_POLICY_SPATIAL, .n = 30, .threads = 1});
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
    free_task(&task);
}
END_TEST

START_TEST(test_bad_input) {
    struct task task = make_task((struct task_options){.n = 30});
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
    sape_trainer_free(task.trainer);
    CHECK_OK(sape_trainer_create(&p, NULL, task.field, &task.trainer));
    trainer = task.trainer;
    EXPECT_ERROR(sape_trainer_step(trainer, NULL), SAPE_ERROR_STATE, "no data", "");
    EXPECT_ERROR(sape_trainer_set_data(trainer, 0, task.x, task.targets), SAPE_ERROR_ARGUMENT, "n", "0");
    EXPECT_ERROR(sape_trainer_set_data(trainer, SIZE_MAX, task.x, task.targets), SAPE_ERROR_MEMORY, "n",
                 digits_of(SIZE_MAX));
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
    sape_trainer_free(NULL);
    free_task(&task);
}
END_TEST

/* A second trainer is refused, and the first one does not notice. */
START_TEST(test_one_trainer_at_a_time) {
    const struct task_options options = {.policy = SAPE_POLICY_SPATIAL, .n = 50};
    struct task task = make_task(options);
    sape_trainer *second;
    CHECK_OK(sape_trainer_run(task.trainer, 3, NULL, NULL, NULL));
    EXPECT_ERROR(sape_trainer_create(NULL, NULL, task.field, &second), SAPE_ERROR_STATE, "sape_trainer_create",
                 "the field has a trainer");
    ck_assert_ptr_null(second);
    CHECK_OK(sape_trainer_run(task.trainer, 3, NULL, NULL, NULL));
    float *parameters = task_parameters(&task), *expected = trained(options, 6);
    ck_assert_mem_eq(parameters, expected, task.count * sizeof *expected);
    sape_trainer_free(task.trainer);
    CHECK_OK(sape_trainer_create(NULL, NULL, task.field, &task.trainer));
    free(parameters);
    free(expected);
    free_task(&task);
}
END_TEST

/* The trainer goes on with a field that has been freed, and the field goes with it. */
START_TEST(test_field_freed_first) {
    struct task task = make_task((struct task_options){.n = 50});
    sape_field_free(task.field);
    CHECK_OK(sape_trainer_run(task.trainer, 3, NULL, NULL, NULL));
    task.field = NULL;
    free_task(&task);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("trainer");
    TCase *tcase = tcase_create("trainer");
    tcase_set_timeout(tcase, 120);
    tcase_add_loop_test(tcase, test_threads, 0, 4);
    tcase_add_loop_test(tcase, test_by_hand, 0, 4);
    tcase_add_test(tcase, test_custom_loss);
    tcase_add_test(tcase, test_changes_between_steps);
    tcase_add_test(tcase, test_idle_rows);
    tcase_add_test(tcase, test_fork);
    tcase_add_test(tcase, test_one_trainer_at_a_time);
    tcase_add_test(tcase, test_field_freed_first);
#ifdef SAPE_OPENBLAS
    tcase_add_test(tcase, test_cblas);
#endif
    tcase_add_test(tcase, test_bad_input);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
