/* SPDX-License-Identifier: MIT */
/*
 * Draws that leave little to chance: magnitudes one from each of n strata of equal probability, and points of a
 * sequence that fills a cube evenly, of which any run is spread over the whole cube. docs/mathematics.md has the
 * formulas.
 */
#ifndef SAPE_LIB_STRATA_H
#define SAPE_LIB_STRATA_H

#include <stddef.h>

#include "base/random.h"

/* The magnitude of a standard normal number, from stratum j of n; ascending in j. */
double sape_strata_magnitude(struct sape_random *random, size_t j, size_t n);

/* A sequence in [0, 1)^dim, dim 1 to 3, with a random start. */
struct sape_sequence {
    size_t dim;
    double start[3], step[3];
};

struct sape_sequence sape_sequence_of(size_t dim, struct sape_random *random);

/* Point i of it. */
void sape_sequence_point(const struct sape_sequence *sequence, size_t i, double *point);

#endif
