/* SPDX-License-Identifier: MIT */
/* Between the callers' rows, one a sample, and the panels that the kernels work on (kernels/kernels.h). */
#ifndef SAPE_LIB_PANELS_H
#define SAPE_LIB_PANELS_H

#include <stddef.h>

/* Samples in panels of `width`; the last panel may have room left. */
struct sape_tile {
    size_t samples;
    size_t width;
    size_t panels;
};

/* Samples of a panel of the tile. */
static inline size_t sape_tile_panel_samples(const struct sape_tile *tile, size_t panel) {
    const size_t rest = tile->samples - panel * tile->width;
    return rest < tile->width ? rest : tile->width;
}

/* Where in panels of dim rows the first value of a sample is; each further one comes `width` later. */
static inline size_t sape_tile_place(const struct sape_tile *tile, size_t dim, size_t sample) {
    return sample / tile->width * dim * tile->width + sample % tile->width;
}

/* (samples, dim) rows to panels, whose room that is left is filled with zeros, and back. */
void sape_panels_from_rows(const struct sape_tile *tile, size_t dim, const float *rows, float *panels);
void sape_panels_to_rows(const struct sape_tile *tile, size_t dim, const float *panels, float *rows);

#endif
