/* SPDX-License-Identifier: MIT */
/* Mean and variance that can be merged, and their sliding windows over grids. */
#ifndef SAPE_LIB_MOMENTS_H
#define SAPE_LIB_MOMENTS_H

#include <sape/window.h>

/* Of a set of weighted values: the sum of the weights, the mean, and the weighted sum of squared distances from it. */
struct sape_moments {
    double weight, mean, squares;
};

/* Those of both sets together (Chan, Golub and LeVeque 1979). Nothing is subtracted but the means. */
static inline struct sape_moments sape_moments_merge(struct sape_moments a, struct sape_moments b) {
    if (a.weight == 0.0) return b;
    if (b.weight == 0.0) return a;
    const double weight = a.weight + b.weight, share = b.weight / weight, delta = b.mean - a.mean;
    return (struct sape_moments){weight, a.mean + share * delta,
                                 a.squares + b.squares + delta * delta * a.weight * share};
}

/* The variance; 0 for no values. */
static inline double sape_moments_variance(struct sape_moments moments) {
    return moments.weight > 0.0 ? moments.squares / moments.weight : 0.0;
}

/* A grid of cells, the first axis the fastest, and the window over it. */
struct sape_moments_grid {
    size_t dim;
    const size_t *size;
    const size_t *window;
    sape_boundary boundary;
    /* Boundary zero: what a cell beyond the border weighs. */
    double outside_weight;
};

/* Moments that the work on the longest line needs as scratch. */
size_t sape_moments_scratch(const struct sape_moments_grid *grid);

/* Every cell becomes the moments of the window around it. */
void sape_moments_slide(const struct sape_moments_grid *grid, struct sape_moments *cells, struct sape_moments *scratch);

#endif
