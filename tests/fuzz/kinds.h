/* SPDX-License-Identifier: MIT */
/* The kinds of trainer that fuzz_state.c makes checkpoints of: small ones of every policy, encoding, loss, ... */
#ifndef SAPE_TESTS_FUZZ_KINDS_H
#define SAPE_TESTS_FUZZ_KINDS_H

#include <sape/sape.h>
#include <stdbool.h>

#include "bytes.h"

/* The most samples that a kind has, more than a tile's, and the largest dimensions. */
#define KIND_SAMPLES 140
#define KIND_MAX_DIM 3

enum kind_data { KIND_FULL, KIND_BATCHES, KIND_SAMPLER };

struct kind {
    uint8_t policy, encoding, loss, optimizer, schedule;
    /* enum kind_data */
    uint8_t data;
    /* Flags. */
    uint8_t many, validation, rate, convergence, published;
    uint8_t domain_dim, mask_dim, output_dim;
    uint8_t num_frequencies, hidden_dim, num_layers, resolution;
    uint8_t num_blocks, block_iterations, epsilon;
    /* The network's functions; flags of what else a trainer may have. */
    uint8_t activation, output_activation;
    uint8_t weights, history, average, accumulate, clip, scaled;
    /* Iterations before the checkpoint, and whether a run, which ends at the best, has made the last of them. */
    uint8_t iterations, run;
};

/* A trainer and its field. */
struct pair {
    sape_field *field;
    sape_trainer *trainer;
};

/* A byte decides each part; what cannot go together is left out. */
struct kind take_kind(struct bytes *bytes);
/* Another one that differs in a single byte's part. */
struct kind take_neighbour(struct bytes *bytes, const struct kind *kind);

sape_field *kind_field(const struct kind *kind);
/* With its data, ready to train. Under the variance policy the trainer has given the field its signal. */
struct pair kind_pair(const struct kind *kind, size_t num_threads);
void pair_free(struct pair *pair);

/* Gives the samples again. */
sape_status kind_set_data(const struct kind *kind, sape_trainer *trainer);

size_t kind_num_samples(const struct kind *kind);
/* Coordinates of KIND_SAMPLES samples, one after the other. */
const float *kind_coordinates(const struct kind *kind);

#endif
