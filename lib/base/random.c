/* SPDX-License-Identifier: MIT */
#include "base/random.h"

#include <math.h>

static uint64_t splitmix(uint64_t *state) {
    uint64_t z = (*state += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

void sape_random_init(struct sape_random *random, uint64_t seed, enum sape_stream stream) {
    uint64_t stream_state = (uint64_t)stream;
    uint64_t state = seed ^ splitmix(&stream_state);
    for (int i = 0; i < 4; i++) random->state[i] = splitmix(&state);
}

static uint64_t rotate(uint64_t x, int by) {
    return (x << by) | (x >> (64 - by));
}

uint64_t sape_random_bits(struct sape_random *random) {
    uint64_t *s = random->state;
    const uint64_t result = rotate(s[0] + s[3], 23) + s[0];
    const uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate(s[3], 45);
    return result;
}

double sape_random_uniform(struct sape_random *random) {
    return (double)(sape_random_bits(random) >> 11) * 0x1p-53;
}

double sape_random_normal(struct sape_random *random) {
    const double radius = sqrt(-2.0 * log(1.0 - sape_random_uniform(random)));
    return radius * cos(2.0 * M_PI * sape_random_uniform(random));
}

uint64_t sape_random_below(struct sape_random *random, uint64_t bound) {
    /* Values below the remainder are drawn again, so that all results are equally likely. */
    const uint64_t remainder = (0 - bound) % bound;
    uint64_t bits;
    do bits = sape_random_bits(random);
    while (bits < remainder);
    return bits % bound;
}
