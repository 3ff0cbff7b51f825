/* SPDX-License-Identifier: MIT */
#include "signal/neighbours.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/memory.h"
#include "signal/nearest.h"

/* Of this many shares of the samples, one at a time is asked for its neighbours in the others, and in as few of them as
   make neighbours twice as far away. */
#define SHARES 16 /* 2^4: a share is four bits */
#define MAX_QUERIES 4096
/* With fewer samples the two distances are too uncertain. */
#define LEAST_SAMPLES 64
/* Noise has more than this share of the mean square as squared mean. */
#define FEW_PAIRS 0.1

/* Pairs of a sample and its neighbour: sums, then means, of their distances, of half the squares of the targets'
   differences and of the squares of these. */
struct pairs {
    double count, distance, difference, square;
};

/* The share that sample i belongs to, as if by chance (Steele, Lea and Flood 2014). */
static unsigned share_of(size_t i) {
    uint64_t z = ((uint64_t)i + 1) * 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return (unsigned)(z >> 60);
}

static double half_square(size_t o, const float *a, const float *b) {
    double sum = 0.0;
    for (size_t k = 0; k < o; k++) sum += ((double)a[k] - (double)b[k]) * ((double)a[k] - (double)b[k]);
    return 0.5 * sum / (double)o;
}

/* Adds the pairs that share `turn` forms with the shares that follow it. */
static sape_status find_pairs(size_t n, size_t d, const float *x, size_t o, const float *targets, unsigned turn,
                              unsigned num_others, struct pairs *pairs) {
    struct sape_nearest tree = {.dim = 0};
    float *others = SAPE_NEW_ARRAY(float, n *d);
    size_t *indices = SAPE_NEW_ARRAY(size_t, n), count = 0, nearest = 0, queries = 0, asked = 0;
    sape_status status = others == NULL || indices == NULL
                             ? sape_fail(SAPE_ERROR_MEMORY, "no memory for %zu samples", n)
                             : sape_nearest_open(&tree, d, n);
    for (size_t i = 0; status == SAPE_OK && i < n; i++) {
        const unsigned after = (share_of(i) - turn) % SHARES;
        queries += after == 0;
        if (after == 0 || after > num_others) continue;
        for (size_t a = 0; a < d; a++) others[count * d + a] = x[i * d + a];
        indices[count++] = i;
    }
    const size_t stride = queries / MAX_QUERIES + 1;
    if (count > 0) sape_nearest_build(&tree, count, others);
    for (size_t i = 0; count > 0 && i < n; i++) {
        if (share_of(i) != turn || asked++ % stride != 0) continue;
        const double distance = sqrt(sape_nearest_find(&tree, x + i * d, &nearest, NULL));
        pairs->distance += distance;
        const double difference =
            targets == NULL ? 0.0 : half_square(o, targets + i * o, targets + indices[nearest] * o);
        pairs->difference += difference;
        pairs->square += difference * difference;
        pairs->count += 1.0;
    }
    sape_nearest_close(&tree);
    sape_release(indices);
    sape_release(others);
    return status;
}

double sape_targets_variance(size_t n, size_t o, const float *targets) {
    double sum = 0.0;
    for (size_t k = 0; k < o; k++) {
        double mean = 0.0, squares = 0.0;
        for (size_t i = 0; i < n; i++) {
            const double value = (double)targets[i * o + k], delta = value - mean;
            mean += delta / (double)(i + 1);
            squares += delta * (value - mean);
        }
        sum += squares / (double)n;
    }
    return sum;
}

static void take_means(struct pairs *pairs) {
    pairs->distance /= pairs->count;
    pairs->difference /= pairs->count;
    pairs->square /= pairs->count;
}

/* Where the line through both mean differences is at distance 0. Differences of a rough signal grow slower than
   distances, and the line is above 0 for it, too: what is less than two thirds of the near differences is no noise. Nor
   is what few pairs have, as on both sides of an edge: normal noise has a third of mean squares as squared mean. */
static double noise(const struct pairs *near, const struct pairs *far) {
    if (!(far->distance > near->distance)) return 0.0;
    const double at_zero =
        (near->difference * far->distance - far->difference * near->distance) / (far->distance - near->distance);
    const bool is_large = 3.0 * at_zero > 2.0 * near->difference;
    const bool is_everywhere = FEW_PAIRS * near->square < near->difference * near->difference;
    return is_large && is_everywhere ? at_zero : 0.0;
}

sape_status sape_neighbours_find(size_t n, size_t d, const float *x, size_t o, const float *targets,
                                 struct sape_neighbours *out) {
    struct pairs near = {.count = 0.0}, far = {.count = 0.0};
    *out = (struct sape_neighbours){.noise = 0.0};
    if (targets != NULL) out->variance = sape_targets_variance(n, o, targets) / (double)o;
    if (n < LEAST_SAMPLES) return SAPE_OK;
    const size_t affordable = SHARES * MAX_QUERIES / n + 1;
    const unsigned turns = affordable < SHARES ? (unsigned)affordable : SHARES;
    for (unsigned turn = 0; turn < turns; turn++) {
        SAPE_TRY(find_pairs(n, d, x, o, targets, turn, SHARES - 1, &near));
        SAPE_TRY(find_pairs(n, d, x, o, targets, turn, SHARES >> d, &far));
    }
    if (near.count == 0.0 || far.count == 0.0) return SAPE_OK;
    take_means(&near);
    take_means(&far);
    out->noise = fmin(noise(&near, &far), out->variance);
    return SAPE_OK;
}
