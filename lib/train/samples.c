/* SPDX-License-Identifier: MIT */
#include "train/samples.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/random.h"
#include "train/loss.h"

size_t sape_held_out_count(double share, size_t n) {
    if (share == 0.0) return 0;
    const size_t count = (size_t)round(share * (double)n);
    return count < 1 ? 1 : count < n ? count : n - 1;
}

/* One pass, in which every sample has the chance that makes the number right (Knuth, algorithm S). */
void sape_held_out_draw(const struct sape_samples *samples, uint64_t seed, size_t *order) {
    struct sape_random random;
    const size_t n = samples->count;
    size_t trained = 0, held = samples->num_training;
    sape_random_init(&random, seed, SAPE_STREAM_VALIDATION);
    for (size_t i = 0; i < n; i++) {
        const bool out = held < n && sape_random_below(&random, n - i) < n - held;
        order[out ? held++ : trained++] = i;
    }
}

/* Rows that are asked for ahead: they lie anywhere among the samples. */
#define AHEAD 16

/* Rows of an array; nothing where there is none. They are short, and copied value by value. */
static void gather(size_t size, const float *rows, size_t count, const size_t *which, float *out) {
    if (rows == NULL) return;
    for (size_t i = 0; i < count; i++) {
        const float *row = rows + which[i] * size;
        if (i + AHEAD < count) __builtin_prefetch(rows + which[i + AHEAD] * size);
        for (size_t k = 0; k < size; k++) out[i * size + k] = row[k];
    }
}

void sape_samples_gather(const struct sape_samples *samples, size_t count, const size_t *which, float *x,
                         float *targets) {
    gather(samples->d, samples->x, count, which, x);
    gather(samples->o, samples->targets, count, which, targets);
}

void sape_samples_gather_caller(const struct sape_samples *samples, size_t count, const size_t *which, float *x,
                                float *targets) {
    gather(samples->d, samples->caller_x, count, which, x);
    gather(samples->o, samples->caller_targets, count, which, targets);
}

/* Further out than this a field has no grid, and its features vary too fast. */
#define FAR_OUTSIDE 2.0f

size_t sape_samples_outside(size_t n, size_t d, const float *x) {
    size_t count = 0;
    for (size_t i = 0; i < n; i++) {
        bool outside = false;
        for (size_t a = 0; a < d; a++) outside = outside || fabsf(x[i * d + a]) > FAR_OUTSIDE;
        count += outside;
    }
    return count;
}

sape_status sape_samples_normalize(struct sape_samples *samples, const struct sape_normalization *normalization) {
    const size_t n = samples->count;
    samples->caller_x = samples->x;
    samples->caller_targets = samples->targets;
    if (normalization->coordinates) {
        samples->x = samples->own_x = SAPE_NEW_ARRAY(float, n * samples->d);
        if (samples->own_x == NULL) return sape_fail(SAPE_ERROR_MEMORY, "no memory for %zu samples", n);
        sape_normalize_coordinates(normalization, n, samples->caller_x, samples->own_x);
    }
    if (normalization->outputs && samples->targets != NULL) {
        samples->targets = samples->own_targets = SAPE_NEW_ARRAY(float, n * samples->o);
        if (samples->own_targets == NULL) return sape_fail(SAPE_ERROR_MEMORY, "no memory for %zu samples", n);
        SAPE_TRY(sape_normalize_targets(normalization, n, samples->caller_targets, samples->own_targets));
    }
    samples->num_outside = sape_samples_outside(n, samples->d, samples->x);
    return SAPE_OK;
}

void sape_samples_close(struct sape_samples *samples) {
    sape_release(samples->own_x);
    sape_release(samples->own_targets);
}

/* Whether one of these samples counts. */
static bool any_counts(const float *weights, const size_t *order, size_t begin, size_t end) {
    for (size_t i = begin; i < end; i++)
        if (weights[order == NULL ? i : order[i]] > 0.0f) return true;
    return false;
}

sape_status sape_samples_check_weights(const struct sape_samples *samples, const float *weights, const size_t *order) {
    double sum;
    const size_t n = samples->count, trained = samples->num_training;
    SAPE_TRY(sape_loss_check_weights(weights, n, &sum));
    SAPE_REQUIRE(any_counts(weights, order, 0, trained), "weights are 0 for every sample that is trained on");
    SAPE_REQUIRE(trained == n || any_counts(weights, order, trained, n), "weights are 0 for every held-out sample");
    return SAPE_OK;
}

sape_status sape_training_samples_open(const struct sape_samples *samples, uint64_t seed,
                                       struct sape_training_samples *training) {
    const size_t n = samples->count, count = samples->num_training;
    *training = (struct sape_training_samples){.n = count, .x = samples->x, .targets = samples->targets};
    if (count == n) return SAPE_OK;
    size_t *order = SAPE_NEW_ARRAY(size_t, n);
    float *x = training->copies[0] = SAPE_NEW_ARRAY(float, count * samples->d);
    float *targets = training->copies[1] = SAPE_NEW_ARRAY(float, count * samples->o);
    const bool complete = order != NULL && x != NULL && targets != NULL;
    if (complete) {
        sape_held_out_draw(samples, seed, order);
        sape_samples_gather(samples, count, order, x, targets);
    }
    sape_release(order);
    training->x = x;
    training->targets = targets;
    return complete ? SAPE_OK : sape_fail(SAPE_ERROR_MEMORY, "no memory for %zu samples", count);
}

void sape_training_samples_close(struct sape_training_samples *training) {
    sape_release(training->copies[0]);
    sape_release(training->copies[1]);
}
