/* SPDX-License-Identifier: MIT */
/* Random numbers: xoshiro256++ (Blackman and Vigna 2019), seeded by splitmix64. */
#ifndef SAPE_LIB_RANDOM_H
#define SAPE_LIB_RANDOM_H

#include <stddef.h>
#include <stdint.h>

struct sape_random {
    uint64_t state[4];
};

/* What draws from one seed, so that no two draw the same numbers. */
enum sape_stream {
    SAPE_STREAM_ENCODER = 1,
    SAPE_STREAM_NETWORK = 2,
    SAPE_STREAM_BATCHES = 3,
    SAPE_STREAM_VALIDATION = 4
};

void sape_random_init(struct sape_random *random, uint64_t seed, enum sape_stream stream);

uint64_t sape_random_bits(struct sape_random *random);

/* Uniform in [0, 1). */
double sape_random_uniform(struct sape_random *random);

/* Standard normal (Box and Muller 1958). */
double sape_random_normal(struct sape_random *random);

/* Uniform in 0 .. bound - 1; bound >= 1. */
uint64_t sape_random_below(struct sape_random *random, uint64_t bound);

#endif
