/* SPDX-License-Identifier: MIT */
#include "signal/stretch.h"

#include <math.h>
#include <stdbool.h>

#include "base/error.h"
#include "base/memory.h"
#include "signal/nearest.h"

/* Every sample looks for its nearest in each of the other parts. */
#define PARTS 4
#define MAX_QUERIES 4096
/* With fewer samples the ratios are too uncertain. */
#define LEAST_SAMPLES 256
/* The factors settle in a few rounds, each of which changes one at most twofold. */
#define ROUNDS 4
#define MOST_OF_A_ROUND 2.0
#define MOST 4.0
/* Factors closer to each other than this are chance. */
#define ALIKE 1.1

/* Normal equations of squared differences of targets as a sum over the axes of squared distances times a slope each. */
struct equations {
    double matrix[SAPE_NEAREST_MAX_DIM][SAPE_NEAREST_MAX_DIM], right[SAPE_NEAREST_MAX_DIM];
};

struct samples {
    size_t n, d, o;
    const float *targets;
    float *x; /* divided by the factors */
};

/* Near pairs say as much as far ones, whose differences are larger. */
static void add_pair(const struct samples *samples, size_t a, size_t b, struct equations *sums) {
    double squares[SAPE_NEAREST_MAX_DIM], distance = 0.0, difference = 0.0;
    for (size_t i = 0; i < samples->d; i++) {
        const double delta = (double)samples->x[a * samples->d + i] - (double)samples->x[b * samples->d + i];
        squares[i] = delta * delta;
        distance += squares[i];
    }
    for (size_t k = 0; k < samples->o; k++) {
        const double delta =
            (double)samples->targets[a * samples->o + k] - (double)samples->targets[b * samples->o + k];
        difference += delta * delta;
    }
    if (distance == 0.0) return;
    for (size_t i = 0; i < samples->d; i++) {
        for (size_t j = 0; j < samples->d; j++) sums->matrix[i][j] += squares[i] * squares[j] / distance;
        sums->right[i] += squares[i] * difference / distance;
    }
}

/* Gaussian elimination of a positive definite matrix; false where it is not. */
static bool solve(size_t d, struct equations *sums, double *slopes) {
    for (size_t i = 0; i < d; i++) {
        if (!(sums->matrix[i][i] > 0.0)) return false;
        for (size_t j = i + 1; j < d; j++) {
            const double factor = sums->matrix[j][i] / sums->matrix[i][i];
            for (size_t k = i; k < d; k++) sums->matrix[j][k] -= factor * sums->matrix[i][k];
            sums->right[j] -= factor * sums->right[i];
        }
    }
    for (size_t i = d; i-- > 0;) {
        slopes[i] = sums->right[i];
        for (size_t k = i + 1; k < d; k++) slopes[i] -= sums->matrix[i][k] * slopes[k];
        slopes[i] /= sums->matrix[i][i];
    }
    return true;
}

/* Asks the samples of one part, every PARTS-th, for the nearest of all the others'. */
static void ask_part(const struct samples *samples, size_t part, struct sape_nearest *tree, float *others,
                     struct equations *sums) {
    const size_t d = samples->d, stride = samples->n / MAX_QUERIES + 1;
    size_t count = 0, nearest = 0;
    for (size_t i = part; i < samples->n; i += PARTS, count++)
        for (size_t a = 0; a < d; a++) others[count * d + a] = samples->x[i * d + a];
    sape_nearest_build(tree, count, others);
    for (size_t i = 0; i < samples->n; i += stride) {
        if (i % PARTS == part) continue;
        sape_nearest_find(tree, samples->x + i * d, &nearest, NULL);
        add_pair(samples, i, part + PARTS * nearest, sums);
    }
}

/* One round: the factors by which those so far are too small. */
static bool find_more(const struct samples *samples, struct sape_nearest *tree, float *others, double *more) {
    struct equations sums = {{{0.0}}, {0.0}};
    double slopes[SAPE_NEAREST_MAX_DIM], steepest = 0.0;
    for (size_t part = 0; part < PARTS; part++) ask_part(samples, part, tree, others, &sums);
    if (!solve(samples->d, &sums, slopes)) return false;
    for (size_t a = 0; a < samples->d; a++) steepest = fmax(steepest, slopes[a]);
    if (!(steepest > 0.0)) return false;
    const double least = steepest / (MOST_OF_A_ROUND * MOST_OF_A_ROUND);
    for (size_t a = 0; a < samples->d; a++) more[a] = sqrt(steepest / fmax(slopes[a], least));
    return true;
}

/* The smallest becomes 1; the ratio of two is limited. Returns the largest. */
static double settle(size_t d, double *factors) {
    double least = INFINITY, most = 1.0;
    for (size_t a = 0; a < d; a++) least = fmin(least, factors[a]);
    for (size_t a = 0; a < d; a++) {
        factors[a] = fmin(factors[a] / least, MOST);
        most = fmax(most, factors[a]);
    }
    return most;
}

static void improve(struct samples *samples, const float *x, struct sape_nearest *tree, float *others,
                    double *factors) {
    const size_t d = samples->d;
    double more[SAPE_NEAREST_MAX_DIM];
    bool known = true;
    for (size_t round = 0; known && round < ROUNDS; round++) {
        for (size_t i = 0; i < samples->n * d; i++) samples->x[i] = (float)((double)x[i] / factors[i % d]);
        known = find_more(samples, tree, others, more);
        for (size_t a = 0; known && a < d; a++) factors[a] *= more[a];
        settle(d, factors);
    }
    for (size_t a = 0; a < d; a++)
        if (!known) factors[a] = 1.0;
    if (settle(d, factors) < ALIKE)
        for (size_t a = 0; a < d; a++) factors[a] = 1.0;
}

sape_status sape_stretch_find(size_t n, size_t d, const float *x, size_t o, const float *targets, double *factors) {
    for (size_t a = 0; a < d; a++) factors[a] = 1.0;
    if (d == 1 || n < LEAST_SAMPLES) return SAPE_OK;
    struct samples samples = {.n = n, .d = d, .o = o, .targets = targets, .x = SAPE_NEW_ARRAY(float, n *d)};
    float *others = SAPE_NEW_ARRAY(float, n *d);
    struct sape_nearest tree = {.dim = 0};
    const sape_status status = samples.x == NULL || others == NULL
                                   ? sape_fail(SAPE_ERROR_MEMORY, "no memory for %zu samples", n)
                                   : sape_nearest_open(&tree, d, n);
    if (status == SAPE_OK) improve(&samples, x, &tree, others, factors);
    sape_nearest_close(&tree);
    sape_release(others);
    sape_release(samples.x);
    return status;
}
