/* SPDX-License-Identifier: MIT */
/* Seconds that something takes. */
#ifndef EXAMPLES_STOPWATCH_H
#define EXAMPLES_STOPWATCH_H

#include <time.h>

/* Seconds since some moment in the past; differences count. */
static inline double stopwatch_now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

#endif
