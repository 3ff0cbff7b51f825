/* SPDX-License-Identifier: MIT */
/* The ranks of an MPI program: what they sum, and what they agree on. */
#ifndef EXAMPLES_RANKS_H
#define EXAMPLES_RANKS_H

#include <sape/sape.h>
#include <stdbool.h>

struct ranks {
    int rank, count;
    /* What ranks_sum() has cost. */
    double seconds, bytes;
};

/* Starts MPI, and puts the rank into the name that messages begin with. */
bool ranks_begin(struct ranks *ranks, int *argc, char ***argv);
void ranks_end(void);

/* A sape_reduce_fn over all ranks; user is a struct ranks. */
int ranks_sum(void *user, sape_dtype dtype, size_t count, void *values);

/* Whether all ranks say yes; user is a struct ranks. Where one does not, it has said why, and rank 0 tells which ranks
 * they are. */
bool ranks_agree(void *user, bool yes);

/* A number that two fields share only when their parameters and masks have the same bits; false when it cannot be had.
 */
bool ranks_checksum(const sape_field *field, uint64_t *checksum);

/* Whether a number is the same on all ranks; otherwise every rank says its own. */
bool ranks_same(const struct ranks *ranks, uint64_t checksum);

#endif
