/* SPDX-License-Identifier: MIT */
/* What a sum over all ranks costs: the constants of docs/scaling.md. */
#include "cli/stopwatch.h"
#include "ranks.h"

#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>

enum { SIZES = 11, SMALLEST = 1, GROWTH = 4, REPEATS = 60 };

/* The fastest of several sums of count floats, in seconds; a sum is as slow as its slowest rank. */
static double fastest(struct ranks *ranks, size_t count, float *values) {
    double best = 1e9;
    for (int i = 0; i < REPEATS; i++) {
        MPI_Barrier(MPI_COMM_WORLD);
        const double begin = stopwatch_now();
        ranks_sum(ranks, SAPE_DTYPE_F32, count, values);
        double seconds = stopwatch_now() - begin;
        MPI_Allreduce(MPI_IN_PLACE, &seconds, 1, MPI_DOUBLE, MPI_MAX, MPI_COMM_WORLD);
        if (seconds < best) best = seconds;
    }
    return best;
}

int main(int argc, char **argv) {
    struct ranks ranks = {0};
    size_t count = SMALLEST;
    double seconds[SIZES];
    if (!ranks_begin(&ranks, &argc, &argv)) return EXIT_FAILURE;
    size_t largest = SMALLEST;
    for (int i = 1; i < SIZES; i++) largest *= GROWTH;
    float *values = calloc(largest, sizeof *values);
    if (!values) MPI_Abort(MPI_COMM_WORLD, EXIT_FAILURE);
    if (ranks.rank == 0) printf("%12s%14s%10s\n", "bytes", "microseconds", "GB/s");
    for (int i = 0; i < SIZES; i++, count *= GROWTH) {
        const double bytes = (double)(count * sizeof *values);
        seconds[i] = fastest(&ranks, count, values);
        if (ranks.rank == 0) printf("%12.0f%14.1f%10.3f\n", bytes, 1e6 * seconds[i], 1e-9 * bytes / seconds[i]);
    }
    if (ranks.rank == 0)
        printf("%d ranks: latency %.1f microseconds, bandwidth %.3f GB/s\n", ranks.count, 1e6 * seconds[0],
               1e-9 * (double)(largest * sizeof *values) / (seconds[SIZES - 1] - seconds[0]));
    free(values);
    ranks_end();
    return EXIT_SUCCESS;
}
