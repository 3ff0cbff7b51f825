/* SPDX-License-Identifier: MIT */
/* Optimizer steps of the rows of a table that have a gradient: gathered, stepped as vectors, and put back. */
#include "optimize.h"

/* Floats that are gathered at a time, and rows that are asked for ahead. */
#define CHUNK 256
#define AHEAD 16

static inline __attribute__((always_inline)) size_t row_at(const struct sape_rows_step *step, size_t i) {
    return step->rows == NULL ? i : step->rows[i];
}

/* Values of a chunk of rows, one row after the other. Behind the last row the gradient is zero. */
struct chunk {
    float gradient[CHUNK], parameters[CHUNK], first[CHUNK], second[CHUNK];
};

static inline __attribute__((always_inline)) void ask_for(const struct sape_rows_step *step, size_t i,
                                                          size_t features) {
    if (i >= step->count) return;
    const size_t at = row_at(step, i) * features;
    __builtin_prefetch(step->gradient + at, 1);
    __builtin_prefetch(step->parameters + at, 1);
    __builtin_prefetch(step->first + at, 1);
    if (step->second != NULL) __builtin_prefetch(step->second + at, 1);
}

static inline __attribute__((always_inline)) void gather_rows(const struct sape_rows_step *step, size_t first,
                                                              size_t count, size_t features, struct chunk *chunk) {
    for (size_t i = 0; i < count; i++) {
        const size_t from = row_at(step, first + i) * features, to = i * features, bytes = features * sizeof(float);
        ask_for(step, first + i + AHEAD, features);
        memcpy(chunk->gradient + to, step->gradient + from, bytes);
        memset(step->gradient + from, 0, bytes);
        memcpy(chunk->parameters + to, step->parameters + from, bytes);
        memcpy(chunk->first + to, step->first + from, bytes);
        if (step->second != NULL) memcpy(chunk->second + to, step->second + from, bytes);
    }
}

static inline __attribute__((always_inline)) void put_rows(const struct sape_rows_step *step, size_t first,
                                                           size_t count, size_t features, const struct chunk *chunk) {
    for (size_t i = 0; i < count; i++) {
        const size_t to = row_at(step, first + i) * features, from = i * features, bytes = features * sizeof(float);
        memcpy(step->parameters + to, chunk->parameters + from, bytes);
        memcpy(step->first + to, chunk->first + from, bytes);
        if (step->second != NULL) memcpy(step->second + to, chunk->second + from, bytes);
    }
}

/* Rows from `first` on that fit into a chunk. */
static size_t rows_at(const struct sape_rows_step *step, size_t first) {
    const size_t most = CHUNK / step->features;
    return step->count - first < most ? step->count - first : most;
}

/* Takes rows out of their tables, and keeps what they are. The copies' sizes are constants, which counts. */
static void take(const struct sape_rows_step *step, size_t first, size_t rows, struct chunk *chunk) {
    const size_t at = first * step->features, count = rows * step->features;
    if (step->features == 1) gather_rows(step, first, rows, 1, chunk);
    if (step->features == 2) gather_rows(step, first, rows, 2, chunk);
    if (step->features == 4) gather_rows(step, first, rows, 4, chunk);
    if (step->features == 8) gather_rows(step, first, rows, 8, chunk);
    memset(chunk->gradient + count, 0, (CHUNK - count) * sizeof(float));
    memcpy(step->kept_parameters + at, chunk->parameters, count * sizeof(float));
    memcpy(step->kept_first + at, chunk->first, count * sizeof(float));
    if (step->second != NULL) memcpy(step->kept_second + at, chunk->second, count * sizeof(float));
}

static void put(const struct sape_rows_step *step, size_t first, size_t rows, const struct chunk *chunk) {
    if (step->features == 1) put_rows(step, first, rows, 1, chunk);
    if (step->features == 2) put_rows(step, first, rows, 2, chunk);
    if (step->features == 4) put_rows(step, first, rows, 4, chunk);
    if (step->features == 8) put_rows(step, first, rows, 8, chunk);
}

bool VARIANT(adam_rows)(const struct sape_adam *adam, const struct sape_rows_step *step) {
    const struct sape_adam n = *adam;
    struct chunk c = {.gradient = {0}};
    vi bad = {0};
    for (size_t first = 0, rows; first < step->count; first += rows) {
        rows = rows_at(step, first);
        take(step, first, rows, &c);
        for (size_t i = 0; i < rows * step->features; i += LANES) {
            const vf g = vf_load(c.gradient + i), old_p = vf_load(c.parameters + i);
            const vf old_m = vf_load(c.first + i), old_v = vf_load(c.second + i);
            const vi idle = g == vf_set(0.0f);
            const vf m = settle(n.beta1 * old_m + n.one_minus_beta1 * g);
            const vf v = settle(n.beta2 * old_v + n.one_minus_beta2 * (g * g));
            const vf root = vf_sqrt(v) * n.root_scale + n.epsilon;
            const vf p = old_p * n.decay - n.step * m / root;
            vf_store(c.first + i, vf_select(idle, old_m, m));
            vf_store(c.second + i, vf_select(idle, old_v, v));
            vf_store(c.parameters + i, vf_select(idle, old_p, p));
            bad |= ~idle & (unless_finite(v) | unless_finite(p));
        }
        put(step, first, rows, &c);
    }
    return all_finite(bad);
}

bool VARIANT(sgd_rows)(float rate, float momentum, float decay, const struct sape_rows_step *step) {
    struct chunk c = {.gradient = {0}};
    vi bad = {0};
    for (size_t first = 0, rows; first < step->count; first += rows) {
        rows = rows_at(step, first);
        take(step, first, rows, &c);
        for (size_t i = 0; i < rows * step->features; i += LANES) {
            const vf g = vf_load(c.gradient + i), old_p = vf_load(c.parameters + i), old_v = vf_load(c.first + i);
            const vi idle = g == vf_set(0.0f);
            const vf v = settle(momentum * old_v + g);
            const vf p = old_p * decay - rate * v;
            vf_store(c.first + i, vf_select(idle, old_v, v));
            vf_store(c.parameters + i, vf_select(idle, old_p, p));
            bad |= ~idle & unless_finite(p);
        }
        put(step, first, rows, &c);
    }
    return all_finite(bad);
}
