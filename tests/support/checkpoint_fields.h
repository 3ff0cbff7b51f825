/* SPDX-License-Identifier: MIT */
/* Fields of every kind of mask for the tests of checkpoints, and what must be equal when they have come back. */
#ifndef SAPE_TESTS_CHECKPOINT_FIELDS_H
#define SAPE_TESTS_CHECKPOINT_FIELDS_H

#include "support.h"

struct architecture {
    sape_encoding encoding;
    sape_policy policy;
    size_t domain_dim, hidden_dim, num_layers, resolution;
    bool gradual;
};

#define NUM_ARCHITECTURES 12
extern const struct architecture architectures[NUM_ARCHITECTURES];

/* A small one with a mask of cells. */
extern const struct architecture spatial;

sape_field *make_field(const struct architecture *a, uint64_t seed);

/* Moves the mask on, with losses that are high in some places. */
void advance(sape_field *field, size_t iterations);

sape_safetensors *checkpoint_of(const sape_field *field);

void expect_same_bytes(const sape_safetensors *a, const sape_safetensors *b);

/* The field is what the checkpoint says. */
void expect_state(const sape_field *field, const sape_safetensors *checkpoint);

/* The fields give the same values, to the last bit. */
void expect_same_outputs(const sape_field *a, const sape_field *b);

#endif
