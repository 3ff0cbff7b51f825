/* SPDX-License-Identifier: MIT */
/* Loops whose rounds do not depend on one another, spread over threads. */
#ifndef EXAMPLES_PARALLEL_H
#define EXAMPLES_PARALLEL_H

#include <stddef.h>

/* Does rounds begin to end - 1. */
typedef void (*parallel_body)(void *user, size_t begin, size_t end);

/*
 * Does rounds 0 to count - 1 on num_threads threads, 0 for as many as the library takes, at most 256. Where no thread
 * can be started the caller's thread does the work alone, so it always succeeds.
 */
void parallel_for(size_t num_threads, size_t count, parallel_body body, void *user);

#endif
