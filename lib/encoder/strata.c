/* SPDX-License-Identifier: MIT */
#include "encoder/strata.h"

#include <math.h>

/* m with erfc(m / sqrt 2) = tail, 0 < tail <= 1. Since erfc is convex there, Newton's steps from 0 rise to the root and
   never pass it. */
static double magnitude_of(double tail) {
    enum { MOST_STEPS = 200 };
    double magnitude = 0.0;
    for (int i = 0; i < MOST_STEPS; i++) {
        const double density = sqrt(2.0 / M_PI) * exp(-0.5 * magnitude * magnitude);
        const double step = (erfc(magnitude * M_SQRT1_2) - tail) / density;
        if (!(step > 1e-12)) break;
        magnitude += step;
    }
    return magnitude;
}

double sape_strata_magnitude(struct sape_random *random, size_t j, size_t n) {
    return magnitude_of(((double)(n - j) - sape_random_uniform(random)) / (double)n);
}

/* The positive root of root^(dim + 1) = root + 1: the golden ratio where dim is 1. Its negative powers are the steps
   that fill a cube most evenly (Roberts 2018). */
static double root_of(size_t dim) {
    double root = 1.5;
    for (int i = 0; i < 60; i++) root = pow(1.0 + root, 1.0 / (double)(dim + 1));
    return root;
}

struct sape_sequence sape_sequence_of(size_t dim, struct sape_random *random) {
    struct sape_sequence sequence = {.dim = dim};
    const double root = root_of(dim);
    for (size_t a = 0; a < dim; a++) {
        sequence.start[a] = sape_random_uniform(random);
        sequence.step[a] = pow(root, -(double)(a + 1));
    }
    return sequence;
}

void sape_sequence_point(const struct sape_sequence *sequence, size_t i, double *point) {
    for (size_t a = 0; a < sequence->dim; a++) {
        const double sum = sequence->start[a] + (double)i * sequence->step[a];
        point[a] = sum - floor(sum);
    }
}
