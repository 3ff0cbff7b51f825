/* SPDX-License-Identifier: MIT */
#include "naive_mask.h"

#include <math.h>
#include <stdlib.h>

static size_t power(size_t base, size_t exponent) {
    size_t result = 1;
    while (exponent-- > 0) result *= base;
    return result;
}

void naive_mask_init(struct naive_mask *mask, size_t dim, size_t resolution, size_t features, size_t block,
                     double epsilon) {
    const size_t cells = power(resolution, dim);
    *mask = (struct naive_mask){.dim = dim,
                                .resolution = resolution,
                                .cells = cells,
                                .features = features,
                                .block = block,
                                .width = cells > 100 ? 5 : 3,
                                .epsilon = epsilon,
                                .current = block,
                                .next = 2 * block};
    mask->mask = calloc(cells * features, sizeof(double));
    mask->smoothed = calloc(cells * features, sizeof(double));
    mask->log = calloc(cells, sizeof(double));
    mask->counter = calloc(cells, sizeof(double));
    mask->in_progress = calloc(cells, sizeof(int));
    for (size_t c = 0; c < cells; c++) {
        mask->in_progress[c] = 1;
        for (size_t j = 0; j < features; j++)
            mask->mask[c * features + j] = mask->smoothed[c * features + j] = j < block ? 1.0 : 0.0;
    }
}

void naive_mask_free(struct naive_mask *mask) {
    free(mask->mask);
    free(mask->smoothed);
    free(mask->log);
    free(mask->counter);
    free(mask->in_progress);
}

/* Calls add for the 2^dim corners of x's cell with their weights. */
static void corners(const struct naive_mask *mask, const double *x, size_t *cells, double *weights) {
    for (size_t corner = 0; corner < power(2, mask->dim); corner++) {
        cells[corner] = 0;
        weights[corner] = 1.0;
        for (size_t a = 0; a < mask->dim; a++) {
            const double clamped = fmin(1.0, fmax(-1.0, x[a]));
            const double spread = mask->resolution > 3 ? (double)(mask->resolution - 2) : 1.0;
            const double g = (clamped + 1.0) / 2.0 * spread + 0.5, low = floor(g);
            const size_t upper = corner / power(2, a) % 2;
            weights[corner] *= upper ? g - low : low + 1.0 - g;
            cells[corner] += ((size_t)low + upper) * power(mask->resolution, a);
        }
    }
}

void naive_mask_record(struct naive_mask *mask, const double *x, double loss) {
    size_t cells[8];
    double weights[8];
    corners(mask, x, cells, weights);
    for (size_t i = 0; i < power(2, mask->dim); i++) {
        mask->log[cells[i]] += loss * weights[i];
        mask->counter[cells[i]] += weights[i];
    }
}

/* The sum over the window round a cell, borders replicated. */
static double window_sum(const struct naive_mask *mask, const double *values, size_t stride, size_t cell, int self) {
    const long radius = (long)mask->width / 2;
    double sum = 0.0;
    for (size_t k = 0; k < power(mask->width, mask->dim); k++) {
        size_t neighbour = 0, own = 1;
        for (size_t a = 0; a < mask->dim; a++) {
            const long offset = (long)(k / power(mask->width, a) % mask->width) - radius;
            long at = (long)(cell / power(mask->resolution, a) % mask->resolution) + offset;
            own = own && offset == 0;
            at = at < 0 ? 0 : at >= (long)mask->resolution ? (long)mask->resolution - 1 : at;
            neighbour += (size_t)at * power(mask->resolution, a);
        }
        if (self || !own) sum += values[neighbour * stride];
    }
    return sum;
}

void naive_mask_smoothed_loss(const struct naive_mask *mask, double *loss) {
    const double window = (double)power(mask->width, mask->dim);
    double *mean = calloc(mask->cells, sizeof(double)), *filled = calloc(mask->cells, sizeof(double));
    for (size_t c = 0; c < mask->cells; c++) mean[c] = mask->counter[c] > 0.0 ? mask->log[c] / mask->counter[c] : 0.0;
    for (size_t c = 0; c < mask->cells; c++)
        filled[c] = mask->counter[c] > 0.0 ? mean[c] : window_sum(mask, mean, 1, c, 0) / (window - 1.0);
    for (size_t c = 0; c < mask->cells; c++) loss[c] = window_sum(mask, filled, 1, c, 1) / window;
    free(mean);
    free(filled);
}

void naive_mask_advance(struct naive_mask *mask) {
    const double window = (double)power(mask->width, mask->dim);
    double *loss = calloc(mask->cells, sizeof(double));
    naive_mask_smoothed_loss(mask, loss);
    for (size_t c = 0; c < mask->cells; c++) {
        if (!(loss[c] > mask->epsilon)) mask->in_progress[c] = 0;
        for (size_t j = mask->current; j < mask->next && mask->in_progress[c]; j++)
            mask->mask[c * mask->features + j] = 1.0;
        mask->log[c] = mask->counter[c] = 0.0;
    }
    for (size_t c = 0; c < mask->cells; c++)
        for (size_t j = 0; j < mask->features; j++)
            mask->smoothed[c * mask->features + j] = window_sum(mask, mask->mask + j, mask->features, c, 1) / window;
    mask->current = mask->next;
    mask->next += mask->block;
    if (mask->next > mask->features || mask->features - mask->next < mask->block) mask->next = mask->features;
    free(loss);
}

void naive_mask_weights(const struct naive_mask *mask, const double *x, double *weights) {
    size_t cells[8];
    double shares[8];
    corners(mask, x, cells, shares);
    for (size_t j = 0; j < mask->features; j++) {
        weights[j] = 0.0;
        for (size_t i = 0; i < power(2, mask->dim); i++)
            weights[j] += shares[i] * mask->smoothed[cells[i] * mask->features + j];
    }
}
