/* SPDX-License-Identifier: MIT */
/*
 * Windows that slide along lines, one axis after the other. A line is cut into blocks of the window's length; with the
 * moments from every block's beginning to each cell, and from each cell to its block's end, any window is one of the
 * one and one of the other merged. So a cell costs the same whatever the window, as with running sums, but no large
 * sum is ever subtracted from another.
 */
#include "signal/moments.h"

struct line {
    /* The cells, how many, and the length of a block. */
    struct sape_moments *cells;
    size_t count, block;
    /* From the block's beginning to the cell, from the cell to the block's end. */
    struct sape_moments *head, *tail;
};

static size_t smaller(size_t a, size_t b) {
    return a < b ? a : b;
}

static void sum_blocks(struct line *line) {
    for (size_t begin = 0; begin < line->count; begin += line->block) {
        const size_t end = smaller(begin + line->block, line->count);
        line->head[begin] = line->cells[begin];
        for (size_t i = begin + 1; i < end; i++) line->head[i] = sape_moments_merge(line->head[i - 1], line->cells[i]);
        line->tail[end - 1] = line->cells[end - 1];
        for (size_t i = end - 1; i-- > begin;) line->tail[i] = sape_moments_merge(line->cells[i], line->tail[i + 1]);
    }
}

/* The cells first .. end - 1: a block's length of them, or fewer where they reach the line's beginning or end. */
static struct sape_moments range(const struct line *line, size_t first, size_t end) {
    if (first % line->block == 0) return line->head[end - 1];
    if (end <= (first / line->block + 1) * line->block) return line->tail[first];
    return sape_moments_merge(line->tail[first], line->head[end - 1]);
}

static struct sape_moments times(struct sape_moments moments, size_t count) {
    return (struct sape_moments){moments.weight * (double)count, moments.mean, moments.squares * (double)count};
}

/* Replicate and zero: what lies beyond the border counts as often as the window reaches there. */
static void slide_open(struct line *line, size_t window, struct sape_moments before, struct sape_moments after,
                       size_t step, struct sape_moments *out) {
    const size_t reach = window / 2;
    line->block = smaller(window, line->count);
    sum_blocks(line);
    for (size_t i = 0; i < line->count; i++) {
        const size_t missing = i < reach ? reach - i : 0, end = i + window - reach;
        const size_t excess = end > line->count ? end - line->count : 0;
        const struct sape_moments inside = range(line, i + missing - reach, end - excess);
        const struct sape_moments begun = sape_moments_merge(times(before, missing), inside);
        out[i * step] = sape_moments_merge(begun, times(after, excess));
    }
}

/* The line is a ring: a window is a number of whole turns and a rest. */
static void slide_round(struct line *line, size_t window, size_t count, size_t step, struct sape_moments *out) {
    const size_t turns = window / line->count, rest = window % line->count;
    line->block = line->count;
    sum_blocks(line);
    const struct sape_moments whole = times(line->head[line->count - 1], turns);
    if (rest > 0) {
        line->block = rest;
        sum_blocks(line);
    }
    const size_t start = line->count - window / 2 % line->count;
    for (size_t i = 0; i < count; i++) {
        const size_t first = (start + i) % line->count, end = first + rest;
        struct sape_moments part = {0};
        if (rest > 0) part = range(line, first, smaller(end, line->count));
        if (end > line->count) part = sape_moments_merge(part, range(line, 0, end - line->count));
        out[i * step] = sape_moments_merge(whole, part);
    }
}

static void slide_line(const struct sape_moments_grid *grid, size_t axis, double outside_weight, size_t step,
                       struct sape_moments *cells, struct sape_moments *scratch) {
    const size_t size = grid->size[axis], window = grid->window[axis];
    struct line line = {scratch, size, 1, scratch + 2 * size, scratch + 4 * size};
    for (size_t i = 0; i < size; i++) line.cells[i] = line.cells[2 * size - 1 - i] = cells[i * step];
    const struct sape_moments nothing = {outside_weight, 0.0, 0.0};
    switch (grid->boundary) {
    case SAPE_BOUNDARY_REPLICATE:
        slide_open(&line, window, line.cells[0], line.cells[size - 1], step, cells);
        break;
    case SAPE_BOUNDARY_ZERO:
        slide_open(&line, window, nothing, nothing, step, cells);
        break;
    case SAPE_BOUNDARY_REFLECT:
        line.count = 2 * size;
        slide_round(&line, window, size, step, cells);
        break;
    case SAPE_BOUNDARY_PERIODIC:
        slide_round(&line, window, size, step, cells);
        break;
    }
}

size_t sape_moments_scratch(const struct sape_moments_grid *grid) {
    size_t longest = 0;
    for (size_t a = 0; a < grid->dim; a++)
        if (grid->size[a] > longest) longest = grid->size[a];
    return 6 * longest;
}

void sape_moments_slide(const struct sape_moments_grid *grid, struct sape_moments *cells,
                        struct sape_moments *scratch) {
    size_t count = 1, step = 1;
    double outside_weight = grid->outside_weight;
    for (size_t a = 0; a < grid->dim; a++) count *= grid->size[a];
    for (size_t a = 0; a < grid->dim; a++) {
        for (size_t outer = 0; outer < count; outer += step * grid->size[a])
            for (size_t first = outer; first < outer + step; first++)
                slide_line(grid, a, outside_weight, step, cells + first, scratch);
        step *= grid->size[a];
        outside_weight *= (double)grid->window[a];
    }
}
