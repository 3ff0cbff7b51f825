/* SPDX-License-Identifier: MIT */
/* Threads that are cancelled in calls of the library: nothing is lost, and handles go on working. */
#include <dirent.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include "small_fit.h"

/* Long enough for a thread to be in the midst of a call. */
#define MICROSECONDS 20000
/* More than there is time for. */
#define CALLS 1000000000

struct job {
    struct small_fit *fit;
    float outputs[SMALL_FIT_SAMPLES * SMALL_FIT_OUTPUTS];
    uint64_t iterations;
    bool waits;
    /* Calls that were entered, and that came back. */
    atomic_int begun, done;
};

static void *predict(void *argument) {
    struct job *job = argument;
    while (job->begun < CALLS) {
        job->begun++;
        (void)sape_field_predict(job->fit->field, SMALL_FIT_SAMPLES, job->fit->x, job->outputs);
        job->done++;
    }
    return NULL;
}

static void *save(void *argument) {
    struct job *job = argument;
    while (job->begun < CALLS) {
        job->begun++;
        (void)sape_trainer_save(job->fit->trainer, "cancelled.safetensors");
        job->done++;
    }
    return NULL;
}

/* usleep() is a cancellation point. */
static int wait_in_callback(void *user, const sape_progress *progress) {
    struct job *job = user;
    job->iterations = progress->iteration;
    if (job->waits) usleep(MICROSECONDS / 4);
    return 0;
}

static void *train(void *argument) {
    struct job *job = argument;
    job->begun++;
    (void)sape_trainer_run(job->fit->trainer, UINT64_MAX, wait_in_callback, job, NULL);
    job->done++;
    return NULL;
}

static void cancel(struct job *job, void *(*body)(void *)) {
    pthread_t thread;
    void *result;
    ck_assert_int_eq(pthread_create(&thread, NULL, body, job), 0);
    while (job->begun == 0) usleep(100);
    usleep(MICROSECONDS);
    ck_assert_int_eq(pthread_cancel(thread), 0);
    ck_assert_int_eq(pthread_join(thread, &result), 0);
    ck_assert_ptr_eq(result, PTHREAD_CANCELED);
}

static struct small_fit *new_fit(void) {
    sape_trainer_params params = small_fit_params();
    params.num_threads = 3;
    struct small_fit *fit = small_fit_create(SAPE_POLICY_SPATIAL, &params);
    CHECK_OK(sape_field_set_num_threads(fit->field, 3));
    return fit;
}

/* A cancelled run has made whole iterations: as many of another run give the same bits. */
START_TEST(a_run_ends_between_iterations) {
    struct job job = {.fit = new_fit(), .waits = _i == 1};
    cancel(&job, train);
    ck_assert_int_eq(job.done, 0);
    struct small_fit *twin = new_fit();
    CHECK_OK(sape_trainer_run(twin->trainer, job.iterations, NULL, NULL, NULL));
    check_same_state(job.fit, twin);
    CHECK_OK(sape_trainer_run(job.fit->trainer, 2, NULL, NULL, NULL));
    CHECK_OK(sape_trainer_run(twin->trainer, 2, NULL, NULL, NULL));
    check_same_state(job.fit, twin);
    small_fit_free(twin);
    small_fit_free(job.fit);
}
END_TEST

static size_t count_entries(const char *path) {
    size_t count = 0;
    DIR *folder = opendir(path);
    ck_assert_ptr_nonnull(folder);
    while (readdir(folder) != NULL) count++;
    closedir(folder);
    return count;
}

/* Threads, open files, and files in the working directory, which is the test's own. */
static size_t count_resources(void) {
    return count_entries("/proc/self/task") + count_entries("/proc/self/fd") + count_entries(".");
}

/* The kernel lists a thread for a moment after it has been joined. */
static void expect_resources(size_t resources) {
    for (int i = 0; i < 2000 && count_resources() != resources; i++) usleep(1000);
    ck_assert_uint_eq(count_resources(), resources);
}

/* A call that has begun comes to its end; the next one does not begin. */
START_TEST(calls_are_done_whole) {
    void *(*const bodies[])(void *) = {predict, save};
    struct job job = {.fit = new_fit()};
    CHECK_OK(sape_trainer_save(job.fit->trainer, "cancelled.safetensors"));
    /* A BLAS starts threads of its own when it is first used. */
    CHECK_OK(sape_field_predict(job.fit->field, SMALL_FIT_SAMPLES, job.fit->x, job.outputs));
    const size_t resources = count_resources();
    for (int i = 0; i < 20; i++) {
        job.begun = job.done = 0;
        cancel(&job, bodies[_i]);
        ck_assert_int_eq(job.begun, job.done + 1);
        expect_resources(resources);
    }
    CHECK_OK(sape_trainer_run(job.fit->trainer, 2, NULL, NULL, NULL));
    CHECK_OK(sape_field_predict(job.fit->field, SMALL_FIT_SAMPLES, job.fit->x, job.outputs));
    if (bodies[_i] == save) CHECK_OK(sape_trainer_resume(job.fit->trainer, "cancelled.safetensors"));
    small_fit_free(job.fit);
}
END_TEST

/* Without the test library's checks, which are cancellation points. */
static void *use_when_pending(void *argument) {
    struct job *job = argument;
    sape_safetensors *checkpoint;
    int states[2];
    pthread_cancel(pthread_self());
    /* A call that does not wait does not look, and leaves the thread's state alone. */
    bool good = sape_trainer_checkpoint(job->fit->trainer, &checkpoint) == SAPE_OK;
    sape_safetensors_free(checkpoint);
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &states[0]);
    /* Where the caller has disabled it, nothing acts on it. */
    good = good && sape_trainer_run(job->fit->trainer, 3, NULL, NULL, NULL) == SAPE_OK;
    good = good && sape_trainer_save(job->fit->trainer, "pending.safetensors") == SAPE_OK;
    pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &states[1]);
    good = good && states[0] == PTHREAD_CANCEL_ENABLE && states[1] == PTHREAD_CANCEL_DISABLE;
    job->done = good ? 1 : -1;
    (void)sape_trainer_step(job->fit->trainer, NULL);
    job->done = 2;
    return NULL;
}

START_TEST(the_callers_state_counts) {
    struct job job = {.fit = new_fit()};
    pthread_t thread;
    ck_assert_int_eq(pthread_create(&thread, NULL, use_when_pending, &job), 0);
    pthread_join(thread, NULL);
    ck_assert_int_eq(job.done, 1);
    CHECK_OK(sape_trainer_step(job.fit->trainer, NULL));
    small_fit_free(job.fit);
}
END_TEST

static void *free_when_pending(void *argument) {
    struct job *job = argument;
    pthread_cancel(pthread_self());
    sape_trainer_free(job->fit->trainer);
    job->done = 1;
    return NULL;
}

/* Freeing a trainer waits for its threads, and is done whole. */
START_TEST(a_trainer_is_freed_whole) {
    const size_t resources = count_resources();
    struct job job = {.fit = new_fit()};
    pthread_t thread;
    ck_assert_int_eq(pthread_create(&thread, NULL, free_when_pending, &job), 0);
    pthread_join(thread, NULL);
    ck_assert_int_eq(job.done, 1);
    expect_resources(resources);
    job.fit->trainer = NULL;
    small_fit_free(job.fit);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("cancellation");
    TCase *tests = tcase_create("cancellation");
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, a_run_ends_between_iterations, 0, 2);
    tcase_add_loop_test(tests, calls_are_done_whole, 0, 2);
    tcase_add_test(tests, the_callers_state_counts);
    tcase_add_test(tests, a_trainer_is_freed_whole);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
