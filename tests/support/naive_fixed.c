/* SPDX-License-Identifier: MIT */
#include "naive_fixed.h"

#include <math.h>
#include <stdbool.h>

void naive_fixed_init(struct naive_fixed *mask) {
    mask->cells = mask->size[0] * mask->size[1];
    mask->iteration = 0;
    mask->current = mask->block;
    mask->next = 2 * mask->block;
    for (size_t c = 0; c < mask->cells; c++) {
        mask->level[c] = mask->end[c] = mask->block;
        mask->ramp[c] = 0.0;
        mask->active[c] = 1;
        mask->quiet[c] = 0;
    }
}

static size_t neighbour(size_t at, int offset, size_t size) {
    const long moved = (long)at + offset;
    return moved < 0 ? 0 : moved >= (long)size ? size - 1 : (size_t)moved;
}

/* The mean of value(c) over the three by three cells round a cell, borders replicated. */
static double blurred(const struct naive_fixed *mask, size_t cell, double (*value)(const void *, size_t),
                      const void *context) {
    double sum = 0.0;
    for (int j = -1; j <= 1; j++)
        for (int i = -1; i <= 1; i++)
            sum += value(context, neighbour(cell / mask->size[0], j, mask->size[1]) * mask->size[0] +
                                      neighbour(cell % mask->size[0], i, mask->size[0]));
    return sum / 9.0;
}

static double loss_of(const void *context, size_t cell) {
    return ((const double *)context)[cell];
}

static void judge(struct naive_fixed *mask, const double *loss) {
    for (size_t c = 0; c < mask->cells; c++) {
        mask->quiet[c] = blurred(mask, c, loss_of, loss) > mask->epsilon ? 0 : mask->quiet[c] + 1;
        if (2 * mask->quiet[c] >= mask->block_iterations) mask->active[c] = 0;
    }
}

void naive_fixed_step(struct naive_fixed *mask, const double *loss) {
    bool any = false;
    judge(mask, loss);
    mask->iteration++;
    for (size_t c = 0; c < mask->cells; c++) any = any || mask->active[c];
    if (!any || mask->iteration > mask->block_iterations * mask->num_blocks) return;
    const size_t phase = mask->iteration % mask->block_iterations;
    for (size_t c = 0; c < mask->cells; c++) {
        if (!mask->active[c]) continue;
        mask->level[c] = phase == 0 ? mask->next : mask->current;
        mask->end[c] = mask->next;
        mask->ramp[c] = fmin(1.0, 2.0 * (double)phase / (double)mask->block_iterations);
    }
    if (phase != 0) return;
    mask->current = mask->next;
    mask->next += mask->block;
    if (mask->next + mask->block > mask->features) mask->next = mask->features;
}

struct feature_of {
    const struct naive_fixed *mask;
    size_t feature;
};

static double weight_of(const void *context, size_t cell) {
    const struct feature_of *of = context;
    if (of->feature < of->mask->level[cell]) return 1.0;
    return of->feature < of->mask->end[cell] ? of->mask->ramp[cell] : 0.0;
}

double naive_fixed_weight(const struct naive_fixed *mask, const double *place, size_t feature) {
    const struct feature_of of = {mask, feature};
    double sum = 0.0;
    for (size_t corner = 0; corner < 4; corner++) {
        double share = 1.0;
        size_t at[2];
        for (size_t a = 0; a < 2; a++) {
            const double low = floor(place[a]);
            const size_t upper = corner >> a & 1;
            at[a] = (size_t)low + upper;
            share *= upper ? place[a] - low : low + 1.0 - place[a];
        }
        if (share > 0.0) sum += share * blurred(mask, at[1] * mask->size[0] + at[0], weight_of, &of);
    }
    return sum;
}
