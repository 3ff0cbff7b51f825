/* SPDX-License-Identifier: MIT */
#include "signal/lattice.h"

#include <math.h>

#include "base/random.h"
#include "base/sort.h"

/* Samples whose coordinates are compared: enough for two in neighbouring places of a long axis. */
#define MOST 4096
/* Coordinates nearer than this share of the axis are the same but for rounding. */
#define SAME 1e-6

/* The extent of all samples along an axis, and the least distance between coordinates of some that differ. */
static double gap_along(size_t n, size_t d, const float *x, size_t axis, double *extent) {
    struct sape_random random;
    float some[MOST], low = x[axis], high = x[axis];
    const size_t count = n < MOST ? n : MOST;
    sape_random_init(&random, 0, SAPE_STREAM_BATCHES);
    for (size_t i = 0; i < n; i++) {
        low = fminf(low, x[i * d + axis]);
        high = fmaxf(high, x[i * d + axis]);
    }
    for (size_t i = 0; i < count; i++) some[i] = x[(n <= MOST ? i : sape_random_below(&random, n)) * d + axis];
    sape_sort(some, count, sizeof *some, sape_compare_floats);
    *extent = (double)high - (double)low;
    double least = *extent;
    for (size_t i = 1; i < count; i++) {
        const double gap = (double)some[i] - (double)some[i - 1];
        if (gap > SAME * *extent && gap < least) least = gap;
    }
    return least;
}

struct sape_lattice sape_lattice_find(size_t n, size_t d, const float *x) {
    struct sape_lattice lattice = {.gap = 0.0};
    double places = 1.0;
    for (size_t a = 0; a < d; a++) {
        double extent;
        const double gap = gap_along(n, d, x, a, &extent);
        if (!(gap > 0.0)) continue;
        places *= round(extent / gap) + 1.0;
        if (lattice.gap == 0.0 || gap < lattice.gap) lattice.gap = gap;
    }
    lattice.filled = (double)n / places;
    return lattice;
}
