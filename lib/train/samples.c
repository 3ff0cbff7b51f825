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

void sape_samples_gather(const struct sape_samples *samples, size_t count, const size_t *which, float *x,
                         float *targets) {
    const size_t d = samples->d, o = samples->o;
    for (size_t i = 0; i < count; i++) {
        memcpy(x + i * d, samples->x + which[i] * d, d * sizeof *x);
        if (samples->targets != NULL) memcpy(targets + i * o, samples->targets + which[i] * o, o * sizeof *targets);
    }
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
