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

/* Values that are stepped as vectors: copies of a chunk, or rows that lie one after the other in their tables. Those
   keep what they were: a chunk has been kept before, and has no places for it. */
struct span {
    float *gradient, *parameters, *first, *second;
    float *kept_parameters, *kept_first, *kept_second;
};

/* Steps the values that have a gradient, which ends as zero, up to the end of the last one's vector. The result is not
   zero but for its signs where one is not finite then. */
typedef vi (*step_fn)(const void *numbers, const struct span *span, size_t count);

static vi adam_span(const void *numbers, const struct span *span, size_t count) {
    const struct sape_adam n = *(const struct sape_adam *)numbers;
    const struct span c = *span;
    vi bad = {0};
    for (size_t i = 0; i < count; i += LANES) {
        const vf g = vf_load(c.gradient + i), old_p = vf_load(c.parameters + i);
        const vf old_m = vf_load(c.first + i), old_v = vf_load(c.second + i);
        const vi idle = g == vf_set(0.0f);
        if (c.kept_parameters != NULL) {
            vf_store(c.kept_parameters + i, old_p);
            vf_store(c.kept_first + i, old_m);
            vf_store(c.kept_second + i, old_v);
        }
        const vf m = settle(n.beta1 * old_m + n.one_minus_beta1 * g);
        const vf v = settle(n.beta2 * old_v + n.one_minus_beta2 * (g * g));
        const vf root = vf_sqrt(v) * n.root_scale + n.epsilon;
        const vf p = old_p * n.decay - n.step * m / root;
        vf_store(c.gradient + i, vf_set(0.0f));
        vf_store(c.first + i, vf_select(idle, old_m, m));
        vf_store(c.second + i, vf_select(idle, old_v, v));
        vf_store(c.parameters + i, vf_select(idle, old_p, p));
        bad |= ~idle & (unless_finite(v) | unless_finite(p));
    }
    return bad;
}

struct sgd {
    float rate, momentum, decay;
};

static vi sgd_span(const void *numbers, const struct span *span, size_t count) {
    const struct sgd n = *(const struct sgd *)numbers;
    const struct span c = *span;
    vi bad = {0};
    for (size_t i = 0; i < count; i += LANES) {
        const vf g = vf_load(c.gradient + i), old_p = vf_load(c.parameters + i), old_v = vf_load(c.first + i);
        const vi idle = g == vf_set(0.0f);
        if (c.kept_parameters != NULL) {
            vf_store(c.kept_parameters + i, old_p);
            vf_store(c.kept_first + i, old_v);
        }
        const vf v = settle(n.momentum * old_v + g);
        const vf p = old_p * n.decay - n.rate * v;
        vf_store(c.gradient + i, vf_set(0.0f));
        vf_store(c.first + i, vf_select(idle, old_v, v));
        vf_store(c.parameters + i, vf_select(idle, old_p, p));
        bad |= ~idle & unless_finite(p);
    }
    return bad;
}

/* Takes rows out of their tables. The copies' sizes are constants, which counts. */
static void take(const struct sape_rows_step *step, size_t first, size_t rows, struct chunk *chunk) {
    const size_t count = rows * step->features;
    if (step->features == 1) gather_rows(step, first, rows, 1, chunk);
    if (step->features == 2) gather_rows(step, first, rows, 2, chunk);
    if (step->features == 4) gather_rows(step, first, rows, 4, chunk);
    if (step->features == 8) gather_rows(step, first, rows, 8, chunk);
    memset(chunk->gradient + count, 0, (CHUNK - count) * sizeof(float));
}

static void put(const struct sape_rows_step *step, size_t first, size_t rows, const struct chunk *chunk) {
    if (step->features == 1) put_rows(step, first, rows, 1, chunk);
    if (step->features == 2) put_rows(step, first, rows, 2, chunk);
    if (step->features == 4) put_rows(step, first, rows, 4, chunk);
    if (step->features == 8) put_rows(step, first, rows, 8, chunk);
}

/* Keeps a chunk's rows, from the step's row `first` on. */
static void keep(const struct sape_rows_step *step, size_t first, size_t rows, const struct chunk *chunk) {
    const size_t at = first * step->features, bytes = rows * step->features * sizeof(float);
    memcpy(step->kept_parameters + at, chunk->parameters, bytes);
    memcpy(step->kept_first + at, chunk->first, bytes);
    if (step->second != NULL) memcpy(step->kept_second + at, chunk->second, bytes);
}

/* Rows that are not listed lie one after the other: as many as fill vectors are stepped where they are. Returns how
   many these are. */
static size_t step_in_place(const struct sape_rows_step *step, step_fn step_span, const void *numbers, vi *bad) {
    const struct span span = {step->gradient,        step->parameters, step->first,      step->second,
                              step->kept_parameters, step->kept_first, step->kept_second};
    const size_t count = step->count * step->features / LANES * LANES;
    *bad = step_span(numbers, &span, count);
    return count / step->features;
}

static bool step_rows(const struct sape_rows_step *step, step_fn step_span, const void *numbers) {
    struct chunk c = {.gradient = {0}};
    const struct span span = {.gradient = c.gradient, .parameters = c.parameters, .first = c.first, .second = c.second};
    vi bad = {0};
    size_t first = step->rows == NULL ? step_in_place(step, step_span, numbers, &bad) : 0;
    for (size_t rows; first < step->count; first += rows) {
        rows = rows_at(step, first);
        take(step, first, rows, &c);
        keep(step, first, rows, &c);
        bad |= step_span(numbers, &span, rows * step->features);
        put(step, first, rows, &c);
    }
    return all_finite(bad);
}

bool VARIANT(adam_rows)(const struct sape_adam *adam, const struct sape_rows_step *step) {
    return step_rows(step, adam_span, adam);
}

bool VARIANT(sgd_rows)(float rate, float momentum, float decay, const struct sape_rows_step *step) {
    const struct sgd sgd = {rate, momentum, decay};
    return step_rows(step, sgd_span, &sgd);
}
