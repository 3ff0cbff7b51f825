/* SPDX-License-Identifier: MIT */
#include "mesh/parallel.h"

#include <pthread.h>
#include <sape/sape.h>
#include <stdatomic.h>

#define MAX_THREADS 256
/* Rounds taken at a time: few enough to keep every thread busy until the end. */
#define BLOCK 256

struct loop {
    parallel_body body;
    void *user;
    size_t count;
    atomic_size_t next;
};

static void *work(void *argument) {
    struct loop *loop = argument;
    for (;;) {
        size_t begin = atomic_fetch_add(&loop->next, BLOCK);
        if (begin >= loop->count) return NULL;
        size_t end = loop->count - begin < BLOCK ? loop->count : begin + BLOCK;
        loop->body(loop->user, begin, end);
    }
}

static size_t choose_threads(size_t num_threads, size_t count) {
    sape_description library = {.struct_size = sizeof library};
    if (num_threads == 0 && sape_describe(&library) == SAPE_OK) num_threads = library.num_threads;
    if (num_threads == 0) num_threads = 1;
    if (num_threads > MAX_THREADS) num_threads = MAX_THREADS;
    size_t blocks = (count + BLOCK - 1) / BLOCK;
    return num_threads < blocks ? num_threads : blocks;
}

void parallel_for(size_t num_threads, size_t count, parallel_body body, void *user) {
    struct loop loop = {.body = body, .user = user, .count = count};
    pthread_t threads[MAX_THREADS];
    size_t wanted = choose_threads(num_threads, count), started = 0;
    while (started + 1 < wanted && pthread_create(&threads[started], NULL, work, &loop) == 0) started++;
    work(&loop);
    for (size_t i = 0; i < started; i++) pthread_join(threads[i], NULL);
}
