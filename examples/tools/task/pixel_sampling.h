/* SPDX-License-Identifier: MIT */
/* Which pixels of a picture are the training set. */
#ifndef EXAMPLES_PIXEL_SAMPLING_H
#define EXAMPLES_PIXEL_SAMPLING_H

#include "picture/picture.h"

#include <stdint.h>

enum pixel_sampling { PIXEL_SAMPLING_RANDOM, PIXEL_SAMPLING_GRID, PIXEL_SAMPLING_EDGES };

/* The names of the above, NULL at the end. */
extern const char *const pixel_sampling_names[];

struct pixel_set {
    size_t n;
    uint32_t *pixels; /* (n) row * width + column; of a picture that picture_read() takes */
};

/*
 * Chooses about a fraction of the pixels. Random: all alike. Grid: every k-th row and column, k = 1 / sqrt(fraction)
 * rounded. Edges: with a chance that grows with the absolute Laplacian of the brightness.
 */
bool pixel_sampling_choose(enum pixel_sampling kind, const struct picture *picture, double fraction, uint64_t seed,
                           struct pixel_set *set);
void pixel_set_free(struct pixel_set *set);

#endif
