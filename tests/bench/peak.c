/* SPDX-License-Identifier: MIT */
#include "peak.h"

#include <pthread.h>
#include <time.h>

#define CHAINS 12
/* A slice takes about a millisecond, so that some get the processor to themselves on a busy machine. */
#define STEPS 200000L
#define SLICES 300
#define MAX_THREADS 256

/* Twelve independent sums hide the latency of a multiply-add on every processor that has it. */
#define DEFINE_LOOP(name, bytes, attribute)                                                                            \
    attribute static float name(float factor) {                                                                        \
        typedef float vector __attribute__((vector_size(bytes)));                                                      \
        const vector f = (vector){0} + factor;                                                                         \
        vector sum[CHAINS];                                                                                            \
        for (int i = 0; i < CHAINS; i++) sum[i] = f;                                                                   \
        for (long step = 0; step < STEPS; step++) {                                                                    \
            _Pragma("GCC unroll 12") for (int i = 0; i < CHAINS; i++) sum[i] = sum[i] * f + f;                         \
        }                                                                                                              \
        float total = 0.0f;                                                                                            \
        for (int i = 0; i < CHAINS; i++) total += sum[i][0];                                                           \
        return total;                                                                                                  \
    }

#if defined(__x86_64__)
DEFINE_LOOP(loop_512, 64, __attribute__((target("avx512f,fma"))))
DEFINE_LOOP(loop_256, 32, __attribute__((target("avx2,fma"))))
#endif
DEFINE_LOOP(loop_128, 16, )

static float (*choose(int *lanes))(float) {
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f")) {
        *lanes = 16;
        return loop_512;
    }
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
        *lanes = 8;
        return loop_256;
    }
#endif
    *lanes = 4;
    return loop_128;
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

/* Stores the best slice's rate, GFLOP/s. */
static void *run(void *argument) {
    int lanes;
    float (*const loop)(float) = choose(&lanes);
    double best = 1e9;
    for (int slice = 0; slice < SLICES; slice++) {
        const double begin = now();
        /* So that the loop is not left out. */
        const volatile float result = loop(0.5f);
        (void)result;
        const double seconds = now() - begin;
        if (seconds < best) best = seconds;
    }
    *(double *)argument = 2.0 * (double)lanes * CHAINS * (double)STEPS / best * 1e-9;
    return NULL;
}

double peak_gflops(size_t threads) {
    pthread_t others[MAX_THREADS];
    double rates[MAX_THREADS], sum = 0.0;
    if (threads > MAX_THREADS) threads = MAX_THREADS;
    for (size_t i = 1; i < threads; i++) pthread_create(&others[i], NULL, run, &rates[i]);
    run(&rates[0]);
    for (size_t i = 1; i < threads; i++) pthread_join(others[i], NULL);
    for (size_t i = 0; i < threads; i++) sum += rates[i];
    return sum;
}
