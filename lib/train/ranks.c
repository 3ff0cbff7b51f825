/* SPDX-License-Identifier: MIT */
#include "train/ranks.h"

#include <math.h>
#include <string.h>

#include "base/call.h"
#include "base/error.h"
#include "base/memory.h"
#include "train/chunks.h"

/* Behind the gradient: this rank's part of the means and of the weights' sum, and how many ranks have failed, want to
   stop, or have no more samples. */
enum header { LOSS, SAMPLE_LOSS, WEIGHT, FAILED, STOP, ENDED, HEADER };

/*
 * Whether a number is the same on all ranks can be seen from sums alone: P sum(v^2) = sum(v)^2 if and only if all P
 * values are equal. Digests are cut into pieces that are small enough for these sums to be exact in double precision
 * with up to 2^14 ranks.
 */
#define PIECES 4
#define PIECE_BITS 12

enum digest { SETTINGS, STATE, LENGTH, DIGESTS };

/* What ranks exchange before a run. All are sums. */
struct greeting {
    double ranks, failed, samples;
    double sums[DIGESTS][PIECES], squares[DIGESTS][PIECES];
};

static void add_digest(struct greeting *greeting, enum digest which, uint64_t hash) {
    for (size_t i = 0; i < PIECES; i++) {
        const double piece = (double)(hash >> (i * PIECE_BITS) & ((1u << PIECE_BITS) - 1));
        greeting->sums[which][i] = piece;
        greeting->squares[which][i] = piece * piece;
    }
}

static bool same_everywhere(const struct greeting *greeting, enum digest which) {
    for (size_t i = 0; i < PIECES; i++)
        if (greeting->ranks * greeting->squares[which][i] != greeting->sums[which][i] * greeting->sums[which][i])
            return false;
    return true;
}

static sape_status call_reduce(const struct sape_ranks *ranks, sape_dtype dtype, size_t count, void *values) {
    const char *name = sape_call_pause();
    const int result = ranks->reduce(ranks->user, dtype, count, values);
    sape_call_resume(name);
    if (result == 0) return SAPE_OK;
    return sape_fail(SAPE_ERROR_CALLBACK, "the reduce function returned %d", result);
}

static sape_status other_rank_failed(void) {
    return sape_fail(SAPE_ERROR_CALLBACK, "another rank has failed; its own message says why");
}

static sape_status compare(const struct greeting *greeting) {
    if (greeting->failed > 0.0) return other_rank_failed();
    if (!same_everywhere(greeting, SETTINGS))
        return sape_fail(SAPE_ERROR_STATE, "the %.0f ranks differ in their settings", greeting->ranks);
    if (!same_everywhere(greeting, LENGTH))
        return sape_fail(SAPE_ERROR_STATE, "the %.0f ranks differ in num_iterations", greeting->ranks);
    if (!same_everywhere(greeting, STATE))
        return sape_fail(SAPE_ERROR_STATE, "the %.0f ranks differ in their parameters, optimizer or mask",
                         greeting->ranks);
    return SAPE_OK;
}

sape_status sape_ranks_begin(struct sape_ranks *ranks, const struct sape_rank_digests *digests, size_t batch_size,
                             sape_status status) {
    if (ranks->reduce == NULL) return status;
    struct greeting greeting = {.ranks = 1.0, .failed = status != SAPE_OK, .samples = (double)batch_size};
    add_digest(&greeting, SETTINGS, digests->settings);
    add_digest(&greeting, STATE, digests->state);
    add_digest(&greeting, LENGTH, digests->num_iterations);
    ranks->agreed = false;
    ranks->stop_wanted = ranks->stop = false;
    const sape_status reduced = call_reduce(ranks, SAPE_DTYPE_F64, sizeof greeting / sizeof(double), &greeting);
    if (status != SAPE_OK) return status;
    SAPE_TRY(reduced);
    SAPE_TRY(compare(&greeting));
    ranks->union_size = (size_t)greeting.samples;
    ranks->agreed = true;
    return SAPE_OK;
}

/* The slots of a network's gradient. */
struct slots {
    struct sape_gradients *gradients;
    size_t size;
};

/* The slots' sum into the first of them. */
static void sum_slots(void *context, size_t chunk, size_t worker) {
    (void)worker;
    const struct slots *slots = context;
    const struct sape_chunk part = sape_chunk_at(slots->size, chunk);
    sape_slots_sum(slots->gradients->slots, slots->gradients->plan.slots, slots->size, part.begin, part.end);
}

/* Rows of the first layer behind the furthest feature that the mask reveals anywhere have no gradient on any rank. */
static void touch_rows(struct sape_gradients *gradients, const sape_field *field, size_t *touched) {
    const size_t revealed = sape_mask_revealed_features(field->mask);
    if (revealed <= *touched) return;
    sape_gradients_clear_rows(gradients, field->network, *touched, revealed);
    *touched = revealed;
}

/* Where the parts of a message are in the buffer: the gradient is sent as it is, the rows of the first layer in use,
   then all behind its weights; then that of the encoder's tables, and behind these the header. */
struct message {
    size_t weights, rest, bias, tables;
    float *buffer, *header;
};

static struct message message_of(const struct sape_ranks *ranks, const sape_field *field, size_t touched) {
    const sape_network *network = field->network;
    struct message message = {.weights = touched * network->layers[0].stride,
                              .bias = network->layers[0].bias,
                              .rest = network->size - network->layers[0].bias,
                              .tables = sape_encoder_num_parameters(field->encoder),
                              .buffer = ranks->buffer};
    message.header = message.buffer + message.weights + message.rest + message.tables;
    memset(message.header, 0, HEADER * sizeof *message.header);
    return message;
}

static void fill(const struct message *message, const struct sape_ranks *ranks, const struct sape_reduce_call *call,
                 const struct sape_rank_part *part, double loss) {
    struct sape_gradients *gradients = call->gradients;
    const sape_network *network = call->field->network;
    const double union_size = (double)ranks->union_size, share = (double)gradients->plan.samples / union_size;
    const double weight = part->weight / union_size;
    struct slots slots = {gradients, network->size};
    sape_updater_parallel(call->pool, network, sape_num_chunks(network->size), sum_slots, &slots);
    memcpy(message->buffer, gradients->slots, message->weights * sizeof(float));
    memcpy(message->buffer + message->weights, gradients->slots + message->bias, message->rest * sizeof(float));
    if (message->tables > 0)
        memcpy(message->header - message->tables, gradients->tables.gradient, message->tables * sizeof(float));
    message->header[LOSS] = (float)((part->weighted ? weight : share) * loss);
    message->header[SAMPLE_LOSS] = (float)(share * sape_gradients_mean_loss(gradients));
    message->header[WEIGHT] = (float)weight;
}

/* Divides what the ranks have summed by the sum of their weights; where that is 0, so is all else. */
static void divide_by_weight(const struct message *message) {
    const float weight = message->header[WEIGHT];
    if (!(weight > 0.0f)) return;
    for (float *value = message->buffer; value < message->header; value++) *value /= weight;
    message->header[LOSS] /= weight;
}

/* The sum over all ranks, which may have touched other rows. */
static void take_tables(const struct message *message, const sape_field *field, struct sape_gradients *gradients) {
    if (message->tables == 0) return;
    memcpy(gradients->tables.gradient, message->header - message->tables, message->tables * sizeof(float));
    sape_tables_find_touched(&gradients->tables, field);
}

/* What the sums say. */
static void take_sums(const struct message *message, struct sape_ranks *ranks, const sape_field *field,
                      struct sape_gradients *gradients, double *loss) {
    memcpy(gradients->slots, message->buffer, message->weights * sizeof(float));
    memcpy(gradients->slots + message->bias, message->buffer + message->weights, message->rest * sizeof(float));
    take_tables(message, field, gradients);
    const double sample_loss = (double)message->header[SAMPLE_LOSS];
    ranks->sample_loss = sample_loss;
    /* A sample's loss that is not finite must be seen by all. */
    *loss = isfinite(sample_loss) ? (double)message->header[LOSS] : sample_loss;
}

sape_status sape_ranks_reduce(struct sape_ranks *ranks, const struct sape_reduce_call *call,
                              struct sape_rank_part *part, double *loss) {
    if (ranks->reduce == NULL) return part->status;
    touch_rows(call->gradients, call->field, call->touched);
    const struct message message = message_of(ranks, call->field, *call->touched);
    const size_t values = message.weights + message.rest + message.tables;
    if (part->status == SAPE_OK && !part->ended)
        fill(&message, ranks, call, part, *loss);
    else
        memset(message.buffer, 0, values * sizeof(float));
    message.header[FAILED] = part->status == SAPE_OK ? 0.0f : 1.0f;
    message.header[STOP] = ranks->stop_wanted ? 1.0f : 0.0f;
    message.header[ENDED] = part->ended ? 1.0f : 0.0f;
    const sape_status reduced = call_reduce(ranks, SAPE_DTYPE_F32, values + HEADER, message.buffer);
    if (part->status != SAPE_OK) return part->status;
    SAPE_TRY(reduced);
    if (message.header[FAILED] > 0.0f) return other_rank_failed();
    ranks->stop = message.header[STOP] > 0.0f;
    part->ended = message.header[ENDED] > 0.0f;
    if (part->ended) return SAPE_OK;
    if (part->weighted) divide_by_weight(&message);
    take_sums(&message, ranks, call->field, call->gradients, loss);
    return SAPE_OK;
}

sape_status sape_ranks_reduce_mask(const struct sape_ranks *ranks, struct sape_mask *mask) {
    if (ranks->reduce == NULL) return SAPE_OK;
    if (mask->policy == SAPE_POLICY_GLOBAL) {
        mask->loss_sum = ranks->sample_loss;
        mask->loss_count = 1.0;
    }
    if (!sape_mask_reads_log(mask)) return SAPE_OK;
    const size_t cells = mask->grid.cells;
    float *both = mask->scratch;
    memcpy(both, mask->log, cells * sizeof *both);
    memcpy(both + cells, mask->counter, cells * sizeof *both);
    SAPE_TRY(call_reduce(ranks, SAPE_DTYPE_F32, 2 * cells, both));
    memcpy(mask->log, both, cells * sizeof *both);
    memcpy(mask->counter, both + cells, cells * sizeof *both);
    return SAPE_OK;
}

bool sape_ranks_stop(struct sape_ranks *ranks, bool wanted) {
    if (ranks->reduce == NULL) return wanted;
    ranks->stop_wanted = ranks->stop_wanted || wanted;
    return ranks->stop;
}

sape_status sape_ranks_set(struct sape_ranks *ranks, const sape_field *field, sape_reduce_fn reduce, void *user) {
    if (reduce != NULL && ranks->buffer == NULL) {
        const size_t size = field->network->size + sape_encoder_num_parameters(field->encoder) + HEADER;
        ranks->buffer = SAPE_NEW_ARRAY(float, size);
        if (ranks->buffer == NULL) return sape_fail(SAPE_ERROR_MEMORY, "no memory for %zu parameters", size);
    }
    ranks->reduce = reduce;
    ranks->user = user;
    return SAPE_OK;
}

void sape_ranks_close(struct sape_ranks *ranks) {
    sape_release(ranks->buffer);
}

void sape_ranks_forget(struct sape_ranks *ranks, size_t batch_size) {
    ranks->agreed = false;
    ranks->union_size = batch_size;
}
