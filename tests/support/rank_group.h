/* SPDX-License-Identifier: MIT */
/* Ranks as threads of one process: what each is told to do, what came of it, and how their arrays are summed. */
#ifndef SAPE_TESTS_RANK_GROUP_H
#define SAPE_TESTS_RANK_GROUP_H

#include <pthread.h>
#include <stdbool.h>

#include "support.h"

#define MAX_RANKS 4
#define SAMPLES 1200
#define OUTPUTS 3

/* What the ranks of a group share: the places of their arrays while they are summed. */
struct group {
    size_t num_ranks;
    pthread_barrier_t barrier;
    void *values[MAX_RANKS];
    size_t counts[MAX_RANKS];
    double sums[1 << 20];
    size_t calls, floats;
};

/* What a rank is told to do, and what came of it. */
struct rank {
    struct group *group;
    size_t index, begin, n, batch;
    sape_policy policy;
    sape_optimizer_kind optimizer;
    sape_loss_fn loss;
    size_t fails_at, stops_at;
    double rate, weight_decay, tolerance, clip_norm, average_decay;
    /* Of all ranks' samples, NULL for none; the iteration, counted from 0, that the rank's sampler ends before. */
    const float *weights;
    uint64_t ends_before;
    uint64_t seed, iterations;
    double encoder_std;
    bool no_data;
    /* Under the variance policy: its constants, NULL for the defaults; a signal of the rank's own samples alone. */
    const sape_cutoff_params *cutoff;
    bool own_signal;
    const char *save, *resume;
    /* A grid in place of Fourier features. */
    bool grid;
    float *x, *targets;

    size_t loss_calls;
    sape_status status;
    char message[200];
    sape_result result;
    float *parameters;
    size_t num_parameters;
    float mask[2][64];
    size_t cells;
};

/* The targets that make_rank_samples() makes. */
extern float *all_targets;

/* Every rank brings its array; the first one adds up, in the order of the ranks. */
int sum_over_ranks(void *user, sape_dtype dtype, size_t count, void *values);

/* The built-in mse as a loss of the caller's own, which fails where the rank says so. */
int own_mse(void *user, size_t n, const float *x, size_t output_dim, const float *outputs, const float *targets,
            float *d_outputs, float *sample_loss, double *loss);

sape_field *rank_field(const struct rank *rank);

sape_trainer *rank_trainer(struct rank *rank, sape_field *field);

/* Detail in one half of the square alone, so that the shards differ, and the mask's cells too. */
void make_rank_samples(void);

void free_rank_samples(void);

/* Shards of unequal size, one after the other. */
void share_out(struct rank *ranks, size_t num_ranks, const struct rank *like);

void run_group(struct group *group, struct rank *ranks, size_t num_ranks);

/* One trainer without a reduce function, on all samples. */
void run_alone(struct rank *rank, const struct rank *like);

void check_same_bits(const struct rank *a, const struct rank *b);

void release_ranks(struct rank *ranks, size_t num_ranks);

#endif
