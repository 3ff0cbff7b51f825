/* SPDX-License-Identifier: MIT */
#include "base/pool.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/memory.h"

/* How often to look before going to sleep: some microseconds, the time between two parts of an iteration. */
#define SPINS 4000

struct worker {
    struct sape_pool *pool;
    pthread_t thread;
    size_t index;
};

struct sape_pool {
    size_t size;
    size_t started;
    struct worker *workers;
    pid_t process;
    pthread_mutex_t mutex;
    pthread_cond_t wake, done;
    atomic_size_t generation;
    atomic_size_t busy;
    atomic_size_t next;
    size_t count;
    sape_pool_task task;
    void *context;
    atomic_bool stop;
};

static void relax(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

static void work(struct sape_pool *pool, size_t worker) {
    for (;;) {
        const size_t index = atomic_fetch_add(&pool->next, 1);
        if (index >= pool->count) return;
        pool->task(pool->context, index, worker);
    }
}

/* Returns the generation that came after the one seen. */
static size_t wait_for_work(struct sape_pool *pool, size_t seen) {
    for (int i = 0; i < SPINS; i++) {
        const size_t generation = atomic_load(&pool->generation);
        if (generation != seen) return generation;
        relax();
    }
    pthread_mutex_lock(&pool->mutex);
    while (atomic_load(&pool->generation) == seen) pthread_cond_wait(&pool->wake, &pool->mutex);
    pthread_mutex_unlock(&pool->mutex);
    return atomic_load(&pool->generation);
}

static void *worker_main(void *argument) {
    struct worker *worker = argument;
    struct sape_pool *pool = worker->pool;
    size_t seen = 0;
    for (;;) {
        seen = wait_for_work(pool, seen);
        if (atomic_load(&pool->stop)) return NULL;
        work(pool, worker->index);
        if (atomic_fetch_sub(&pool->busy, 1) == 1) {
            pthread_mutex_lock(&pool->mutex);
            pthread_cond_signal(&pool->done);
            pthread_mutex_unlock(&pool->mutex);
        }
    }
}

static void announce(struct sape_pool *pool) {
    pthread_mutex_lock(&pool->mutex);
    atomic_fetch_add(&pool->generation, 1);
    pthread_cond_broadcast(&pool->wake);
    pthread_mutex_unlock(&pool->mutex);
}

static void wait_until_done(struct sape_pool *pool) {
    for (int i = 0; i < SPINS; i++) {
        if (atomic_load(&pool->busy) == 0) return;
        relax();
    }
    pthread_mutex_lock(&pool->mutex);
    while (atomic_load(&pool->busy) != 0) pthread_cond_wait(&pool->done, &pool->mutex);
    pthread_mutex_unlock(&pool->mutex);
}

/* The workers take no signals: those are the host's affair. They inherit the floating-point environment, which is that
   of a call: pools are made inside of one. */
#ifdef _WIN32
static int start_worker(struct worker *worker) {
    return pthread_create(&worker->thread, NULL, worker_main, worker);
}
#else
static int start_worker(struct worker *worker) {
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    const int error = pthread_create(&worker->thread, NULL, worker_main, worker);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return error;
}
#endif

sape_status sape_pool_create(size_t num_threads, struct sape_pool **out) {
    *out = NULL;
    struct sape_pool *pool = SAPE_NEW(struct sape_pool);
    struct worker *workers = SAPE_NEW_ARRAY(struct worker, num_threads);
    if (pool == NULL || workers == NULL) {
        sape_release(pool);
        sape_release(workers);
        return sape_fail(SAPE_ERROR_MEMORY, "no memory for %zu threads", num_threads);
    }
    pool->size = num_threads;
    pool->workers = workers;
    pool->process = getpid();
    pthread_mutex_init(&pool->mutex, NULL);
    pthread_cond_init(&pool->wake, NULL);
    pthread_cond_init(&pool->done, NULL);
    for (; pool->started + 1 < num_threads; pool->started++) {
        struct worker *worker = &workers[pool->started];
        *worker = (struct worker){.pool = pool, .index = pool->started + 1};
        const int error = start_worker(worker);
        if (error != 0) {
            const size_t started = pool->started;
            sape_pool_free(pool);
            return sape_fail(SAPE_ERROR_THREAD, "thread %zu of %zu cannot be started: %s", started + 2, num_threads,
                             strerror(error));
        }
    }
    *out = pool;
    return SAPE_OK;
}

void sape_pool_free(struct sape_pool *pool) {
    if (pool == NULL) return;
    if (pool->process == getpid()) {
        atomic_store(&pool->stop, true);
        announce(pool);
        for (size_t i = 0; i < pool->started; i++) pthread_join(pool->workers[i].thread, NULL);
        pthread_cond_destroy(&pool->done);
        pthread_cond_destroy(&pool->wake);
        pthread_mutex_destroy(&pool->mutex);
    }
    sape_release(pool->workers);
    sape_release(pool);
}

size_t sape_pool_size(const struct sape_pool *pool) {
    return pool->size;
}

void sape_pool_run(struct sape_pool *pool, size_t count, sape_pool_task task, void *context) {
    if (pool->started == 0 || count <= 1 || pool->process != getpid()) {
        for (size_t i = 0; i < count; i++) task(context, i, 0);
        return;
    }
    pool->task = task;
    pool->context = context;
    pool->count = count;
    atomic_store(&pool->next, 0);
    atomic_store(&pool->busy, pool->started);
    announce(pool);
    work(pool, 0);
    wait_until_done(pool);
}
