/* SPDX-License-Identifier: MIT */
#include "task/random.h"

#include <math.h>

uint64_t random_bits(struct random *random) {
    uint64_t z = random->state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

double random_uniform(struct random *random) {
    return ((double)(random_bits(random) >> 12) + 0.5) * 0x1p-52;
}

double random_normal(struct random *random) {
    const double radius = sqrt(-2.0 * log(random_uniform(random)));
    return radius * cos(2.0 * M_PI * random_uniform(random));
}

uint64_t random_below(struct random *random, uint64_t bound) {
    return random_bits(random) % bound;
}
