/* SPDX-License-Identifier: MIT */
/* The library as a guest: many threads of a host at once, a host with OpenMP and BLAS threads, and nothing of the
   host's own settings changed. */
#include <fenv.h>
#include <locale.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#ifdef _OPENMP
#include <omp.h>
#endif
#ifdef SAPE_OPENBLAS
#include <cblas.h>
#endif
#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

#include "support.h"

#define GUESTS 8
#define SAMPLES 700
#define ITERATIONS 12

/* One thread's work: a training run of its own, or predictions with a field that all have. */
struct guest {
    pthread_t thread;
    size_t number;
    const sape_field *shared;
    const float *x, *targets;
    float outputs[SAMPLES];
    sape_status status;
};

static sape_field *new_field(size_t number) {
    static const sape_policy policies[] = {SAPE_POLICY_NONE, SAPE_POLICY_GLOBAL, SAPE_POLICY_SPATIAL};
    sape_encoder_params encoder;
    sape_mask_params mask;
    sape_network_params network;
    sape_field *field;
    sape_encoder_params_init(&encoder, sizeof encoder);
    sape_mask_params_init(&mask, sizeof mask);
    sape_network_params_init(&network, sizeof network);
    encoder.num_frequencies = 20;
    encoder.seed = number;
    mask.policy = policies[number % 3];
    mask.resolution = 6;
    mask.num_blocks = 5;
    mask.block_iterations = 2;
    network.hidden_dim = 30;
    network.output_dim = 1;
    network.seed = number;
    return sape_field_create(&encoder, &mask, &network, &field) == SAPE_OK ? field : NULL;
}

static sape_status train(struct guest *guest) {
    sape_trainer_params params;
    sape_trainer *trainer = NULL;
    sape_field *field = new_field(guest->number);
    sape_trainer_params_init(&params, sizeof params);
    params.num_threads = 1 + guest->number % 3;
    params.batch_size = guest->number % 2 == 0 ? 0 : 100;
    sape_status status = sape_trainer_create(&params, NULL, field, &trainer);
    if (status == SAPE_OK) status = sape_trainer_set_data(trainer, SAMPLES, guest->x, guest->targets);
    if (status == SAPE_OK) status = sape_trainer_run(trainer, ITERATIONS, NULL, NULL, NULL);
    if (status == SAPE_OK) status = sape_field_predict(field, SAMPLES, guest->x, guest->outputs);
    sape_trainer_free(trainer);
    sape_field_free(field);
    return status;
}

static void *be_guest(void *argument) {
    struct guest *guest = argument;
    if (guest->shared == NULL)
        guest->status = train(guest);
    else
        for (int i = 0; i < ITERATIONS && guest->status == SAPE_OK; i++)
            guest->status = sape_field_predict(guest->shared, SAMPLES, guest->x, guest->outputs);
    return NULL;
}

static struct guest *new_guests(const sape_field *shared) {
    struct guest *guests = calloc(GUESTS, sizeof *guests);
    ck_assert_ptr_nonnull(guests);
    const float *x = new_random_array(1, SAMPLES * 2, -1.0f, 1.0f);
    const float *targets = new_random_array(2, SAMPLES, 0.0f, 1.0f);
    for (size_t i = 0; i < GUESTS; i++)
        guests[i] = (struct guest){.number = i, .shared = shared, .x = x, .targets = targets};
    return guests;
}

static void free_guests(struct guest *guests) {
    free((void *)guests->x);
    free((void *)guests->targets);
    free(guests);
}

static void same_outputs(const struct guest *a, const struct guest *b) {
    for (size_t i = 0; i < GUESTS; i++) {
        ck_assert_int_eq(a[i].status, SAPE_OK);
        ck_assert_msg(memcmp(a[i].outputs, b[i].outputs, sizeof a[i].outputs) == 0, "guest %zu", i);
    }
}

/* One after the other, in the calling thread. */
static struct guest *serially(const sape_field *shared) {
    struct guest *guests = new_guests(shared);
    for (size_t i = 0; i < GUESTS; i++) be_guest(&guests[i]);
    return guests;
}

static struct guest *at_once(const sape_field *shared) {
    struct guest *guests = new_guests(shared);
    for (size_t i = 0; i < GUESTS; i++)
        ck_assert_int_eq(pthread_create(&guests[i].thread, NULL, be_guest, &guests[i]), 0);
    for (size_t i = 0; i < GUESTS; i++) pthread_join(guests[i].thread, NULL);
    return guests;
}

START_TEST(test_many_trainings) {
    struct guest *expected = serially(NULL), *guests = at_once(NULL);
    same_outputs(guests, expected);
    free_guests(guests);
    free_guests(expected);
}
END_TEST

START_TEST(test_many_predictions) {
    sape_field *field = new_field(2);
    struct guest *expected = serially(field), *guests = at_once(field);
    same_outputs(guests, expected);
    free_guests(guests);
    free_guests(expected);
    sape_field_free(field);
}
END_TEST

#ifdef _OPENMP
START_TEST(test_openmp_host) {
    struct guest *expected = serially(NULL), *guests = new_guests(NULL);
    int threads = 0;
    /* The host's own team has been at work before, and calls from inside. */
#pragma omp parallel reduction(+ : threads)
    threads++;
#pragma omp parallel for schedule(dynamic)
    for (size_t i = 0; i < GUESTS; i++) be_guest(&guests[i]);
    same_outputs(guests, expected);
    int after = 0;
#pragma omp parallel reduction(+ : after)
    after++;
    ck_assert_int_eq(after, threads);
    free_guests(guests);
    free_guests(expected);
}
END_TEST
#endif

#ifdef SAPE_OPENBLAS
/* The host multiplies matrices with BLAS threads of its own while guests train. */
START_TEST(test_blas_host) {
    enum { N = 200 };
    struct guest *expected = serially(NULL), *guests = new_guests(NULL);
    float *a = new_random_array(3, N * N, -1.0f, 1.0f), *product = new_array(N * N), *again = new_array(N * N);
    const int threads = openblas_get_num_threads();
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, N, N, N, 1.0f, a, N, a, N, 0.0f, product, N);
    for (size_t i = 0; i < GUESTS; i++)
        ck_assert_int_eq(pthread_create(&guests[i].thread, NULL, be_guest, &guests[i]), 0);
    for (int i = 0; i < 20; i++) {
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, N, N, N, 1.0f, a, N, a, N, 0.0f, again, N);
        ck_assert_double_lt(largest_difference(N * N, again, product), 1e-3);
    }
    for (size_t i = 0; i < GUESTS; i++) pthread_join(guests[i].thread, NULL);
    same_outputs(guests, expected);
    ck_assert_int_eq(openblas_get_num_threads(), threads);
    free(a);
    free(product);
    free(again);
    free_guests(guests);
    free_guests(expected);
}
END_TEST
#endif

/* What a process has only one of, or a thread has and a caller relies on. */
struct settings {
    int rounding;
    unsigned control;
    sigset_t signals;
    char locale[256];
};

static struct settings settings_now(void) {
    struct settings settings = {.rounding = fegetround()};
#if defined(__x86_64__)
    settings.control = _mm_getcsr() & ~(unsigned)_MM_EXCEPT_MASK;
#endif
    pthread_sigmask(SIG_SETMASK, NULL, &settings.signals);
    strncpy(settings.locale, setlocale(LC_ALL, NULL), sizeof settings.locale - 1);
    return settings;
}

static void use_everything(void) {
    struct guest *guests = new_guests(NULL);
    sape_field *field = new_field(2), *loaded;
    for (size_t i = 0; i < GUESTS; i++) {
        be_guest(&guests[i]);
        ck_assert_int_eq(guests[i].status, SAPE_OK);
    }
    CHECK_OK(sape_field_save(field, "host.safetensors"));
    CHECK_OK(sape_field_load("host.safetensors", &loaded));
    sape_field_free(loaded);
    sape_field_free(field);
    free_guests(guests);
}

static void check_settings(const struct settings *before) {
    const struct settings after = settings_now();
    ck_assert_int_eq(after.rounding, before->rounding);
    ck_assert_uint_eq(after.control, before->control);
    ck_assert_str_eq(after.locale, before->locale);
    for (int signal = 1; signal < 32; signal++)
        ck_assert_int_eq(sigismember(&after.signals, signal), sigismember(&before->signals, signal));
}

START_TEST(test_settings) {
    struct settings before = settings_now();
    use_everything();
    check_settings(&before);
}
END_TEST

/* Nor are they when they are unusual: another rounding, denormals flushed, blocked signals. */
START_TEST(test_unusual_settings) {
    sigset_t some;
    sigemptyset(&some);
    sigaddset(&some, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &some, NULL);
    fesetround(FE_UPWARD);
#if defined(__x86_64__)
    _mm_setcsr(_mm_getcsr() | 0x8040u);
#endif
    struct settings before = settings_now();
    use_everything();
    check_settings(&before);
    fesetround(FE_TONEAREST);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("host");
    TCase *tests = tcase_create("host");
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, test_many_trainings);
    tcase_add_test(tests, test_many_predictions);
#ifdef _OPENMP
    tcase_add_test(tests, test_openmp_host);
#endif
#ifdef SAPE_OPENBLAS
    tcase_add_test(tests, test_blas_host);
#endif
    tcase_add_test(tests, test_settings);
    tcase_add_test(tests, test_unusual_settings);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
