/* SPDX-License-Identifier: MIT */
/* The processor's single-precision peak, measured by a loop of nothing but fused multiply-adds. */
#ifndef SAPE_BENCH_PEAK_H
#define SAPE_BENCH_PEAK_H

#include <stddef.h>

/* GFLOP/s of so many threads at once, a multiply-add counted as two. */
double peak_gflops(size_t threads);

#endif
