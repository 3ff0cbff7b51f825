/* SPDX-License-Identifier: MIT */
#include "base/panels.h"

void sape_panels_from_rows(const struct sape_tile *tile, size_t dim, const float *rows, float *panels) {
    for (size_t s = 0; s < tile->panels * tile->width; s++) {
        float *to = panels + sape_tile_place(tile, dim, s);
        for (size_t i = 0; i < dim; i++) to[i * tile->width] = s < tile->samples ? rows[s * dim + i] : 0.0f;
    }
}

void sape_panels_to_rows(const struct sape_tile *tile, size_t dim, const float *panels, float *rows) {
    for (size_t s = 0; s < tile->samples; s++) {
        const float *from = panels + sape_tile_place(tile, dim, s);
        for (size_t i = 0; i < dim; i++) rows[s * dim + i] = from[i * tile->width];
    }
}
