/* SPDX-License-Identifier: MIT */
/* Random numbers of the example programs: splitmix64 (Steele, Lea and Flood 2014). */
#ifndef EXAMPLES_RANDOM_H
#define EXAMPLES_RANDOM_H

#include <stdint.h>

struct random {
    uint64_t state; /* the seed before the first draw */
};

uint64_t random_bits(struct random *random);

/* Uniform in (0, 1). */
double random_uniform(struct random *random);

/* Standard normal (Box and Muller 1958). */
double random_normal(struct random *random);

/* Uniform in 0 .. bound - 1, for a bound from 1 to 2^32; the unevenness is below 2^-32. */
uint64_t random_below(struct random *random, uint64_t bound);

#endif
