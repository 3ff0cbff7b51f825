/* SPDX-License-Identifier: MIT */
#include "train/batch.h"

#include <string.h>

#include "base/call.h"
#include "base/error.h"
#include "base/memory.h"
#include "state/claims.h"
#include "train/loss.h"

static const char epoch_name[] = "sape.epoch";

/* Memory for what the caller's functions see, where that is not what the tiles read. */
static bool allocate_caller(struct sape_batches *batches) {
    const struct sape_samples *samples = batches->samples;
    const size_t n = batches->size;
    batches->gathered_caller_x = batches->gathered_x;
    batches->gathered_caller_targets = batches->gathered_targets;
    if (batches->normalization->coordinates) batches->gathered_caller_x = SAPE_NEW_ARRAY(float, n * samples->d);
    if (batches->normalization->outputs) batches->gathered_caller_targets = SAPE_NEW_ARRAY(float, n * samples->o);
    return batches->gathered_caller_x != NULL && batches->gathered_caller_targets != NULL;
}

static bool allocate(struct sape_batches *batches, const sape_field *field) {
    const struct sape_samples *samples = batches->samples;
    const size_t n = batches->size;
    const bool drawn = n < samples->count;
    batches->places = SAPE_NEW_ARRAY(struct sape_place, n);
    batches->order = SAPE_NEW_ARRAY(size_t, n);
    batches->bounds = SAPE_NEW_ARRAY(uint16_t, n);
    batches->starts = SAPE_NEW_ARRAY(size_t, field->mask->encoding_dim + 1);
    bool complete = batches->places && batches->order && batches->bounds && batches->starts;
    if (drawn) {
        batches->epoch = SAPE_NEW_ARRAY(size_t, samples->count);
        complete = complete && batches->epoch;
    }
    if (drawn || samples->sampler != NULL) {
        batches->gathered_x = SAPE_NEW_ARRAY(float, n * samples->d);
        batches->gathered_targets = SAPE_NEW_ARRAY(float, n * samples->o);
        complete = complete && batches->gathered_x && batches->gathered_targets;
        complete = allocate_caller(batches) && complete;
    }
    return complete;
}

static void gather(struct sape_batches *batches, const size_t *which) {
    const struct sape_samples *samples = batches->samples;
    sape_samples_gather(samples, batches->size, which, batches->gathered_x, batches->gathered_targets);
    if (batches->normalization->coordinates || batches->normalization->outputs)
        sape_samples_gather_caller(samples, batches->size, which, batches->gathered_caller_x,
                                   batches->gathered_caller_targets);
}

/* Samples of an iteration, as many as there are at most. */
static size_t iteration_size(const struct sape_samples *samples, const sape_trainer_params *params) {
    const size_t n = samples->num_training, size = params->batch_size;
    if (samples->sampler != NULL || size == 0 || size > n / params->accumulate) return n;
    return size * params->accumulate;
}

/* Samples of one of its batches. */
static size_t slice_size(const struct sape_samples *samples, const sape_trainer_params *params) {
    const size_t n = samples->num_training, size = params->batch_size;
    if (samples->sampler != NULL) return n / params->accumulate;
    return size == 0 || size > n ? n : size;
}

sape_status sape_batches_open(const struct sape_samples *samples, const sape_trainer_params *params,
                              const sape_field *field, struct sape_batches *batches) {
    const size_t n = samples->num_training;
    *batches = (struct sape_batches){.samples = samples,
                                     .size = iteration_size(samples, params),
                                     .slice = slice_size(samples, params),
                                     .used = n,
                                     .normalization = &field->normalization};
    if (!allocate(batches, field))
        return sape_fail(SAPE_ERROR_MEMORY, "no memory for batches of %zu samples", batches->size);
    if (batches->epoch == NULL) return SAPE_OK;
    sape_held_out_draw(samples, params->seed, batches->epoch);
    if (batches->size == n) gather(batches, batches->epoch);
    return SAPE_OK;
}

sape_status sape_batches_set_weights(struct sape_batches *batches, struct sape_samples *samples, const float *weights) {
    if (weights != NULL) SAPE_TRY(sape_samples_check_weights(samples, weights, batches->epoch));
    if (weights != NULL && batches->epoch != NULL && batches->gathered_weights == NULL) {
        batches->gathered_weights = SAPE_NEW_ARRAY(float, batches->size);
        if (batches->gathered_weights == NULL)
            return sape_fail(SAPE_ERROR_MEMORY, "no memory for %zu weights", batches->size);
    }
    samples->weights = weights;
    batches->weighted = weights != NULL;
    return SAPE_OK;
}

void sape_batches_close(struct sape_batches *batches) {
    if (batches->gathered_caller_x != batches->gathered_x) sape_release(batches->gathered_caller_x);
    if (batches->gathered_caller_targets != batches->gathered_targets) sape_release(batches->gathered_caller_targets);
    sape_release(batches->epoch);
    sape_release(batches->gathered_x);
    sape_release(batches->gathered_targets);
    sape_release(batches->gathered_weights);
    sape_release(batches->places);
    sape_release(batches->order);
    sape_release(batches->bounds);
    sape_release(batches->starts);
}

uint64_t sape_batches_of_epoch(const struct sape_batches *batches) {
    return batches->samples->count > 0 ? batches->samples->num_training / batches->size : 1;
}

uint64_t sape_batches_used(const struct sape_batches *batches) {
    return batches->samples->count > 0 ? batches->used / batches->size : 0;
}

/* Fisher and Yates. Iterations that failed have used up batches, but are not counted. */
static void shuffle(struct sape_batches *batches, struct sape_random *random) {
    for (size_t i = batches->samples->num_training; i > 1; i--) {
        const size_t j = (size_t)sape_random_below(random, i);
        const size_t kept = batches->epoch[i - 1];
        batches->epoch[i - 1] = batches->epoch[j];
        batches->epoch[j] = kept;
    }
    batches->used = 0;
}

/* Lets the sampler fill the iteration's batches, one after the other. */
static int call_sampler(struct sape_batches *batches, uint64_t iteration, bool targets) {
    const struct sape_samples *samples = batches->samples;
    const size_t n = batches->slice, count = batches->size / n;
    const char *name = sape_call_pause();
    int result = 0;
    for (size_t i = 0; i < count && result == 0; i++)
        result = samples->sampler(samples->sampler_user, iteration * count + i, n,
                                  batches->gathered_caller_x + i * n * samples->d,
                                  targets ? batches->gathered_caller_targets + i * n * samples->o : NULL);
    sape_call_resume(name);
    return result;
}

static sape_status sample(struct sape_batches *batches, const struct sape_batch_call *call, bool *ended) {
    const struct sape_samples *samples = batches->samples;
    const size_t n = batches->size;
    const struct sape_normalization *normalization = batches->normalization;
    const float *x = batches->gathered_caller_x;
    const float *targets = call->loss == SAPE_LOSS_CHAMFER ? NULL : batches->gathered_caller_targets;
    const int result = call_sampler(batches, call->iteration, targets != NULL);
    *ended = result == SAPE_SAMPLER_END;
    if (*ended) return SAPE_OK;
    if (result != 0) return sape_fail(SAPE_ERROR_CALLBACK, "the sampler returned %d", result);
    SAPE_TRY(sape_normalization_check(normalization, "the sampler's x", x, n));
    if (targets != NULL) SAPE_TRY(sape_loss_check_targets(call->loss, targets, n * samples->o));
    if (normalization->coordinates) sape_normalize_coordinates(normalization, n, x, batches->gathered_x);
    if (normalization->outputs && targets != NULL)
        SAPE_TRY(sape_normalize_targets(normalization, n, targets, batches->gathered_targets));
    batches->x = batches->gathered_x;
    batches->targets = targets == NULL ? NULL : batches->gathered_targets;
    batches->caller_x = x;
    batches->caller_targets = targets;
    batches->num_outside += sape_samples_outside(n, samples->d, batches->x);
    batches->placed = false;
    return SAPE_OK;
}

/* Takes the next of the caller's samples. */
static void take(struct sape_batches *batches, struct sape_random *random, bool *new_epoch) {
    const struct sape_samples *samples = batches->samples;
    const bool gathered = batches->epoch != NULL;
    if (batches->size < samples->num_training) {
        *new_epoch = samples->num_training - batches->used < batches->size;
        if (*new_epoch) shuffle(batches, random);
        batches->which = batches->epoch + batches->used;
        gather(batches, batches->which);
        batches->used += batches->size;
        batches->placed = false;
    }
    if (gathered && batches->size == samples->num_training) batches->which = batches->epoch;
    batches->x = gathered ? batches->gathered_x : samples->x;
    batches->targets = gathered && samples->targets != NULL ? batches->gathered_targets : samples->targets;
    batches->caller_x = gathered ? batches->gathered_caller_x : samples->caller_x;
    batches->caller_targets =
        gathered && samples->targets != NULL ? batches->gathered_caller_targets : samples->caller_targets;
}

/* The batch's weights; a sampler may have changed them. */
static sape_status weigh(struct sape_batches *batches) {
    const float *weights = batches->samples->weights;
    batches->weights = weights;
    if (weights == NULL) return SAPE_OK;
    if (batches->which != NULL) {
        for (size_t i = 0; i < batches->size; i++) batches->gathered_weights[i] = weights[batches->which[i]];
        batches->weights = batches->gathered_weights;
    }
    return sape_loss_check_weights(batches->weights, batches->size, &batches->weight);
}

/* Without axes all places are the first, as they are from the beginning. */
static void find_places(struct sape_batches *batches, const struct sape_grid *grid) {
    const size_t d = batches->samples->d;
    if (grid->dim == 0) return;
    for (size_t i = 0; i < batches->size; i++) batches->places[i] = sape_grid_place(grid, batches->x + i * d, 1);
}

/* Counting sort: samples with the most features first, otherwise as they come. */
static void sort_by_bounds(struct sape_batches *batches, const struct sape_mask *mask) {
    const size_t n = batches->size, dim = mask->encoding_dim;
    size_t *starts = batches->starts, start = 0;
    memset(starts, 0, (dim + 1) * sizeof *starts);
    sape_mask_bounds(mask, n, batches->places, batches->bounds);
    for (size_t i = 0; i < n; i++) starts[batches->bounds[i]]++;
    for (size_t bound = dim + 1; bound-- > 0;) {
        const size_t count = starts[bound];
        starts[bound] = start;
        start += count;
    }
    for (size_t i = 0; i < n; i++) batches->order[starts[batches->bounds[i]]++] = i;
}

/* Places and order, where samples or mask have changed. */
static void place(struct sape_batches *batches, const struct sape_mask *mask, bool sort) {
    if (batches->placed && batches->placed_version == mask->version) return;
    find_places(batches, &mask->grid);
    if (sort) sort_by_bounds(batches, mask);
    batches->placed = true;
    batches->placed_version = mask->version;
}

sape_status sape_batches_next(struct sape_batches *batches, const struct sape_batch_call *call,
                              struct sape_batch_event *event) {
    const struct sape_mask *mask = call->field->mask;
    const struct sape_samples *samples = batches->samples;
    const bool sort = call->sort && mask->grid.dim > 0;
    *event = (struct sape_batch_event){.new_epoch = false};
    if (samples->sampler != NULL)
        SAPE_TRY(sample(batches, call, &event->ended));
    else
        take(batches, call->random, &event->new_epoch);
    if (event->ended) return SAPE_OK;
    SAPE_TRY(weigh(batches));
    place(batches, mask, sort);
    batches->batch = (struct sape_batch){.x = batches->x,
                                         .order = sort ? batches->order : NULL,
                                         .places = batches->places,
                                         .lasting = samples->sampler == NULL && batches->x == samples->x};
    return SAPE_OK;
}

void sape_batches_list_state(struct sape_batches *batches, struct sape_state *state) {
    const struct sape_entry used = {"sape.trainer.samples_used", SAPE_ENTRY_SIZE, SAPE_OWN_STATE, &batches->used, NULL};
    const struct sape_rows epoch =
        SAPE_ROWS(epoch_name, &sape_order_rows, SAPE_OWN_STATE, &batches->epoch, batches->samples->count);
    static const bool without = false;
    const struct sape_usual_entry weighted = {
        {"sape.trainer.weighted", SAPE_ENTRY_BOOL, SAPE_SETTING, &batches->weighted, NULL}, &without};
    sape_state_add(state, 1, &used);
    sape_state_add_usual(state, 1, &weighted);
    if (batches->epoch != NULL) sape_state_add_rows(state, 1, &epoch);
}

/* Where not all samples are in every batch, an epoch has used a number of batches, or has not begun. */
static bool used_holds(const struct sape_batches *batches) {
    const size_t n = batches->samples->num_training;
    if (batches->used == n) return true;
    return batches->size < n && batches->used < n && batches->used % batches->size == 0;
}

/* Held-out samples, and those of batches that have all of them, keep their places. */
sape_status sape_batches_check_state(const struct sape_batches *batches, const struct sape_batches *drawn) {
    const struct sape_samples *samples = batches->samples;
    const struct sape_claim claims[] = {{"sape.trainer.samples_used", used_holds(batches)}};
    SAPE_TRY(SAPE_CHECK_CLAIMS(claims));
    const size_t first = batches->size < samples->num_training ? samples->num_training : 0;
    for (size_t i = first; batches->epoch != NULL && i < samples->count; i++)
        if (batches->epoch[i] != drawn->epoch[i])
            return sape_fail(SAPE_ERROR_FORMAT, "%s[%zu] is %zu, which contradicts the seed", epoch_name, i,
                             batches->epoch[i]);
    return SAPE_OK;
}
