/* SPDX-License-Identifier: MIT */
/* A pool of POSIX threads that runs indexed tasks and waits for them. */
#ifndef SAPE_LIB_POOL_H
#define SAPE_LIB_POOL_H

#include <sape/status.h>

struct sape_pool;

/* worker is below the pool's size; no two tasks that run at once have the same. */
typedef void (*sape_pool_task)(void *context, size_t index, size_t worker);

/* The calling thread is one of the pool's. */
sape_status sape_pool_create(size_t num_threads, struct sape_pool **out);

void sape_pool_free(struct sape_pool *pool);

size_t sape_pool_size(const struct sape_pool *pool);

/* Runs task for 0 .. count - 1, in any order, and returns when all are done. In the child of a fork, which has none of
   the threads, the caller does all of it. */
void sape_pool_run(struct sape_pool *pool, size_t count, sape_pool_task task, void *context);

#endif
