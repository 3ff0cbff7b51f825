/* SPDX-License-Identifier: MIT */
/*
 * Every allocation of every call is made to fail in turn, whoever asks for it: the library, cJSON or the C library.
 * Each time the call must say so, lose no memory, and do its work when it is made again.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "allocation_calls.h"
#include "failing_malloc.h"

static void fail_every_allocation(const struct world_call *call, int kind) {
    static struct world world;
    open_world(&world, kind, 1);
    long requests = 0;
    for (;; requests++) {
        failing_malloc_begin(requests);
        const sape_status status = call->make(&world);
        const long made = failing_malloc_end();
        if (made <= requests) {
            ck_assert_msg(status == SAPE_OK, "%s: %s", call->name, sape_last_error());
            break;
        }
        ck_assert_msg(status == SAPE_ERROR_MEMORY, "%s, request %ld: %s, %s", call->name, requests,
                      sape_status_string(status), sape_last_error());
        ck_assert_msg(failing_malloc_live() == 0, "%s, request %ld: %zu blocks lost", call->name, requests,
                      failing_malloc_live());
        CHECK_OK(call->make(&world));
    }
    ck_assert_msg(requests >= call->fewest, "%s: only %ld requests", call->name, requests);
    close_world(&world);
}

START_TEST(every_allocation_fails_once) {
    const struct world_call *call = &world_calls[_i % num_world_calls];
    const int kind = _i / num_world_calls;
    if (!call->once || kind == SAPE_POLICY_SPATIAL) fail_every_allocation(call, kind);
}
END_TEST

/* With products in bfloat16. */
START_TEST(every_allocation_fails_once_in_bfloat16) {
    const char *const chosen[] = {"create_network", "network_backward", "field_backward", "jacobian", "train_full"};
    size_t found = 0;
    setenv("SAPE_BACKEND", "bf16x3", 1);
    for (int i = 0; i < num_world_calls; i++)
        for (size_t c = 0; c < sizeof chosen / sizeof *chosen; c++)
            if (strcmp(world_calls[i].name, chosen[c]) == 0) {
                fail_every_allocation(&world_calls[i], SAPE_POLICY_SPATIAL);
                found++;
            }
    ck_assert_uint_eq(found, sizeof chosen / sizeof *chosen);
}
END_TEST

/* With threads the request that fails may be that of a thread's own storage. */
START_TEST(allocations_of_threads_fail) {
    static struct world world;
    open_world(&world, _i, 3);
    sape_status (*const threaded[])(struct world *) = {world_predict, world_field_backward, world_train_full,
                                                       world_train_custom};
    for (size_t i = 0; i < sizeof threaded / sizeof *threaded; i++) {
        for (long requests = 0;; requests++) {
            failing_malloc_begin(requests);
            const sape_status status = threaded[i](&world);
            if (failing_malloc_end() <= requests) break;
            ck_assert_msg(status == SAPE_ERROR_MEMORY || status == SAPE_ERROR_THREAD, "%s", sape_last_error());
            CHECK_OK(threaded[i](&world));
        }
    }
    close_world(&world);
}
END_TEST

/* Threads that can be started before one cannot; the linker puts __wrap_pthread_create() in the library's place. */
static long threads_left = -1;

int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *), void *argument);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *), void *argument);

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *), void *argument) {
    if (threads_left >= 0 && threads_left-- == 0) return EAGAIN;
    return __real_pthread_create(thread, attributes, start, argument);
}

START_TEST(every_thread_fails_once) {
    static struct world world;
    open_world(&world, SAPE_POLICY_SPATIAL, 4);
    for (long allowed = 0; allowed < 3; allowed++) {
        sape_trainer *trainer;
        const sape_trainer_params params = world_trainer_params(&world, SAPE_LOSS_MSE, 0);
        char number[16];
        snprintf(number, sizeof number, "thread %ld of 4", allowed + 2);
        threads_left = allowed;
        EXPECT_ERROR(sape_trainer_create(&params, NULL, world.second_field, &trainer), SAPE_ERROR_THREAD, number,
                     "sape_trainer_create");
        ck_assert_ptr_null(trainer);
        threads_left = -1;
        CHECK_OK(world_train_full(&world));
    }
    threads_left = 0;
    EXPECT_ERROR(world_predict(&world), SAPE_ERROR_THREAD, "thread 2", "sape_field_predict");
    threads_left = -1;
    CHECK_OK(world_predict(&world));
    close_world(&world);
}
END_TEST

/* A trainer with all that goes with samples, in the middle of a training run. */
static sape_trainer *open_training(struct world *world, int kind) {
    open_world(world, kind, 1);
    sape_trainer_params params = world_trainer_params(world, SAPE_LOSS_MSE, 50);
    const bool fixed = world->policy == SAPE_POLICY_SPATIAL_FIXED;
    params.validation_share = fixed ? 0.0 : 0.2;
    params.validation_every = 2;
    params.patience = 1000;
    sape_adaptive_rate_params rate;
    sape_adaptive_rate_params_init(&rate, sizeof rate);
    rate.resolution = 8;
    sape_trainer *trainer;
    CHECK_OK(sape_trainer_create(&params, NULL, world->second_field, &trainer));
    CHECK_OK(sape_trainer_set_adaptive_rate(trainer, &rate));
    CHECK_OK(sape_trainer_set_data(trainer, SAMPLES, world->x, world->targets));
    CHECK_OK(sape_trainer_run(trainer, 5, NULL, NULL, NULL));
    return trainer;
}

/* New samples that do not get their memory leave the old ones, and all that has come of them, in place. */
START_TEST(samples_that_fail_change_nothing) {
    static struct world world, twin;
    long requests = 0;
    sape_trainer *expected = open_training(&twin, _i), *trainer = open_training(&world, _i);
    for (bool over = false; !over; requests++) {
        sape_safetensors *before, *after;
        size_t size, new_size;
        CHECK_OK(sape_trainer_checkpoint(trainer, &before));
        failing_malloc_begin(requests);
        const sape_status status = sape_trainer_set_data(trainer, SAMPLES / 2, world.features, world.targets);
        over = failing_malloc_end() <= requests;
        if (!over) {
            double loss = 0.0, expected_loss = 1.0;
            ck_assert_int_eq(status, SAPE_ERROR_MEMORY);
            ck_assert_uint_eq(failing_malloc_live(), 0);
            CHECK_OK(sape_trainer_checkpoint(trainer, &after));
            const void *bytes = sape_safetensors_bytes(before, &size);
            const void *new_bytes = sape_safetensors_bytes(after, &new_size);
            ck_assert_uint_eq(size, new_size);
            ck_assert_mem_eq(bytes, new_bytes, size);
            sape_safetensors_free(after);
            CHECK_OK(sape_trainer_step(trainer, &loss));
            CHECK_OK(sape_trainer_step(expected, &expected_loss));
            ck_assert_double_eq(loss, expected_loss);
            CHECK_OK(sape_trainer_run(trainer, 1, NULL, NULL, NULL));
            CHECK_OK(sape_trainer_run(expected, 1, NULL, NULL, NULL));
        }
        sape_safetensors_free(before);
    }
    ck_assert_int_ge(requests, 15);
    sape_trainer_free(trainer);
    sape_trainer_free(expected);
    close_world(&world);
    close_world(&twin);
}
END_TEST

/* Batches, sorting by what is revealed, advances and the losses are all inside; the first iteration may prepare. With a
   loss of the library's, the caller's, and products in bfloat16. */
START_TEST(iterations_allocate_nothing) {
    static struct world world;
    const int kind = _i / NUM_WORLDS;
    if (kind == 2) setenv("SAPE_BACKEND", "bf16x3", 1);
    open_world(&world, _i % NUM_WORLDS, 1);
    const sape_trainer_params params =
        world_trainer_params(&world, kind != 1 ? SAPE_LOSS_MSE : SAPE_LOSS_CUSTOM, SAMPLES / 2 - 1);
    sape_trainer *trainer;
    CHECK_OK(sape_trainer_create(&params, NULL, world.second_field, &trainer));
    CHECK_OK(sape_trainer_set_data(trainer, SAMPLES, world.x, world.targets));
    CHECK_OK(sape_trainer_step(trainer, NULL));
    failing_malloc_begin(-1);
    const sape_status status = sape_trainer_run(trainer, 50, NULL, NULL, NULL);
    const long requests = failing_malloc_end();
    CHECK_OK(status);
    ck_assert_int_eq(requests, 0);
    sape_trainer_free(trainer);
    close_world(&world);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("allocation");
    TCase *tests = tcase_create("allocation");
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, every_allocation_fails_once, 0, NUM_WORLDS * num_world_calls);
    tcase_add_test(tests, every_allocation_fails_once_in_bfloat16);
    tcase_add_loop_test(tests, allocations_of_threads_fail, 0, NUM_WORLDS);
    tcase_add_test(tests, every_thread_fails_once);
    tcase_add_loop_test(tests, samples_that_fail_change_nothing, 0, NUM_WORLDS);
    tcase_add_loop_test(tests, iterations_allocate_nothing, 0, 3 * NUM_WORLDS);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
