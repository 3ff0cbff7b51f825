/* SPDX-License-Identifier: MIT */
#include "ranks.h"

#include "cli/message.h"
#include "cli/stopwatch.h"
#include "task/digest.h"

#include <errno.h>
#include <limits.h>
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool ranks_begin(struct ranks *ranks, int *argc, char ***argv) {
    static char name[80];
    int level;
    if (MPI_Init_thread(argc, argv, MPI_THREAD_FUNNELED, &level) != MPI_SUCCESS) return false;
    MPI_Comm_rank(MPI_COMM_WORLD, &ranks->rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks->count);
    snprintf(name, sizeof name, "%s, rank %d", program_invocation_short_name, ranks->rank);
    program_invocation_short_name = name;
    return true;
}

void ranks_end(void) {
    MPI_Finalize();
}

int ranks_sum(void *user, sape_dtype dtype, size_t count, void *values) {
    struct ranks *ranks = user;
    if (count > INT_MAX) return MPI_ERR_COUNT;
    const double begin = stopwatch_now();
    const bool single = dtype == SAPE_DTYPE_F32;
    const int status =
        MPI_Allreduce(MPI_IN_PLACE, values, (int)count, single ? MPI_FLOAT : MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
    ranks->seconds += stopwatch_now() - begin;
    ranks->bytes += (double)count * (single ? sizeof(float) : sizeof(double));
    return status;
}

/* Rank 0 names the ranks that said no. */
static void tell(const struct ranks *ranks, const char *answers) {
    char list[400] = "";
    size_t length = 0;
    for (int r = 0; r < ranks->count; r++)
        if (!answers[r] && length < sizeof list)
            length += (size_t)snprintf(list + length, sizeof list - length, " %d", r);
    message_error("stopping all ranks because of:%s", list);
}

bool ranks_agree(void *user, bool yes) {
    const struct ranks *ranks = user;
    const char answer = yes;
    char *answers = calloc((size_t)ranks->count, 1);
    if (!answers) MPI_Abort(MPI_COMM_WORLD, EXIT_FAILURE);
    MPI_Allgather(&answer, 1, MPI_CHAR, answers, 1, MPI_CHAR, MPI_COMM_WORLD);
    const bool all = memchr(answers, 0, (size_t)ranks->count) == NULL;
    if (!all && ranks->rank == 0) tell(ranks, answers);
    free(answers);
    return all;
}

bool ranks_checksum(const sape_field *field, uint64_t *checksum) {
    *checksum = DIGEST_BEGIN;
    for (size_t i = 0; i < sape_field_tensor_count(field); i++) {
        sape_tensor_info info = {.struct_size = sizeof info};
        if (sape_field_tensor_info(field, i, &info) != SAPE_OK) return message_sape_error();
        /* Since the last advance every rank has recorded the losses of its own samples. */
        if (strncmp(info.name, "log_", 4) == 0) continue;
        float *values = malloc(info.count * sizeof *values);
        if (!values) return message_out_of_memory();
        const bool got = sape_field_get_tensor(field, info.name, values, info.count) == SAPE_OK;
        if (got) *checksum = digest_add(*checksum, values, info.count * sizeof *values);
        free(values);
        if (!got) return message_sape_error();
    }
    return true;
}

bool ranks_same(const struct ranks *ranks, uint64_t checksum) {
    uint64_t low = checksum, high = checksum;
    MPI_Allreduce(&checksum, &low, 1, MPI_UINT64_T, MPI_MIN, MPI_COMM_WORLD);
    MPI_Allreduce(&checksum, &high, 1, MPI_UINT64_T, MPI_MAX, MPI_COMM_WORLD);
    if (low == high) return true;
    return message_error("the ranks' fields differ: the checksum of rank %d is %016llx", ranks->rank,
                         (unsigned long long)checksum);
}
