/* SPDX-License-Identifier: MIT */
/* Training on several ranks: what they compare before a run, and what they sum in an iteration. */
#include <math.h>
#include <string.h>

#include "call.h"
#include "error.h"
#include "loss.h"
#include "memory.h"
#include "trainer.h"

/* Parameters that a thread adds up at a time. */
#define CHUNK 16384

/* Behind the gradient: this rank's part of the means, and how many ranks have failed or want to stop. */
enum header { LOSS, SAMPLE_LOSS, FAILED, STOP, HEADER };

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

static uint64_t digest(uint64_t hash, const void *data, size_t size) {
    const unsigned char *bytes = data;
    for (; size >= sizeof(uint64_t); size -= sizeof(uint64_t), bytes += sizeof(uint64_t)) {
        uint64_t word;
        memcpy(&word, bytes, sizeof word);
        hash = (hash ^ word) * UINT64_C(0x9E3779B97F4A7C15);
        hash ^= hash >> 32;
    }
    for (; size > 0; size--) hash = (hash ^ *bytes++) * UINT64_C(0x100000001B3);
    return hash;
}

/* Ranks that watch convergence must come to the same end: with the same wishes, epochs and losses so far. */
static uint64_t digest_of_convergence(uint64_t hash, const sape_trainer *trainer) {
    const sape_trainer_params *params = &trainer->params;
    const struct sape_convergence *seen = &trainer->convergence;
    const double numbers[] = {params->tolerance, params->min_improvement, seen->sum, seen->best};
    const uint64_t counts[] = {params->patience, seen->batches, seen->since,
                               trainer->has_data ? trainer->num_training / trainer->batch_size : 0};
    if (params->tolerance == 0.0 && params->patience == 0) return hash;
    hash = digest(hash, numbers, sizeof numbers);
    return digest(hash, counts, sizeof counts);
}

/* The constants of the variance policy. */
static uint64_t digest_of_cutoff(uint64_t hash, const struct sape_cutoff *cutoff) {
    if (cutoff == NULL) return hash;
    const sape_cutoff_params *p = &cutoff->params;
    const double numbers[] = {p->c_min, p->c_max, p->beta, p->gamma, p->steepness, p->midpoint, p->width};
    const uint64_t counts[] = {(uint64_t)p->rescale, p->boundary, p->shape,
                               p->start_iteration,   p->window,   cutoff->end_iteration};
    hash = digest(hash, numbers, sizeof numbers);
    return digest(hash, counts, sizeof counts);
}

static uint64_t digest_of_encoder(uint64_t hash, const sape_encoder *encoder) {
    for (size_t i = 0; i < sape_encoder_tensor_count(encoder); i++) {
        size_t count;
        const float *values = sape_encoder_tensor(encoder, i, &count);
        hash = digest(hash, values, count * sizeof *values);
    }
    return hash;
}

static uint64_t digest_of_settings(const sape_trainer *trainer) {
    const struct sape_mask *mask = trainer->field->mask;
    const sape_network *network = trainer->field->network;
    const uint64_t numbers[] = {sape_encoder_kind(trainer->field->encoder),
                                mask->policy,
                                mask->grid.cells,
                                mask->grid.dim,
                                mask->block,
                                mask->num_blocks,
                                mask->encoding_dim,
                                mask->block_iterations,
                                network->size,
                                network->input_dim,
                                network->num_layers,
                                trainer->params.loss};
    uint64_t hash = digest(0, numbers, sizeof numbers);
    hash = digest(hash, &mask->epsilon, sizeof mask->epsilon);
    hash = digest_of_cutoff(hash, mask->cutoff);
    hash = digest_of_convergence(hash, trainer);
    return digest(hash, &trainer->optimizer->params, sizeof trainer->optimizer->params);
}

/* Parameters (the encoder's too), optimizer and mask, but for the mask's log, which is every rank's own until it is
 * summed. */
static uint64_t digest_of_state(const sape_trainer *trainer) {
    const struct sape_mask *mask = trainer->field->mask;
    const struct sape_optimizer *optimizer = trainer->optimizer;
    const size_t bytes = trainer->field->network->size * sizeof(float), cells = mask->grid.cells;
    const uint64_t numbers[] = {optimizer->num_steps, mask->iteration, mask->current, mask->next};
    uint64_t hash = digest(0, numbers, sizeof numbers);
    hash = digest_of_encoder(hash, trainer->field->encoder);
    hash = digest(hash, trainer->field->network->parameters, bytes);
    hash = digest(hash, optimizer->first, bytes);
    if (optimizer->second != NULL) hash = digest(hash, optimizer->second, bytes);
    if (mask->cutoff != NULL) {
        hash = digest(hash, &mask->cutoff->highest, sizeof mask->cutoff->highest);
        return digest(hash, mask->cutoff->rise, cells * sizeof *mask->cutoff->rise);
    }
    hash = digest(hash, mask->level, cells * sizeof *mask->level);
    hash = digest(hash, mask->in_progress, cells * sizeof *mask->in_progress);
    hash = digest(hash, mask->center, sizeof mask->center);
    return digest(hash, mask->scale, sizeof mask->scale);
}

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

static sape_status call_reduce(const char *function, const sape_trainer *trainer, sape_dtype dtype, size_t count,
                               void *values) {
    const int result = trainer->ranks.reduce(trainer->ranks.user, dtype, count, values);
    sape_call_resume();
    if (result == 0) return SAPE_OK;
    return sape_fail(SAPE_ERROR_CALLBACK, function, "the reduce function returned %d", result);
}

static sape_status other_rank_failed(const char *function) {
    return sape_fail(SAPE_ERROR_CALLBACK, function, "another rank has failed; its own message says why");
}

static sape_status compare(const char *function, const struct greeting *greeting) {
    if (greeting->failed > 0.0) return other_rank_failed(function);
    if (!same_everywhere(greeting, SETTINGS))
        return sape_fail(SAPE_ERROR_STATE, function, "the %.0f ranks differ in their settings", greeting->ranks);
    if (!same_everywhere(greeting, LENGTH))
        return sape_fail(SAPE_ERROR_STATE, function, "the %.0f ranks differ in num_iterations", greeting->ranks);
    if (!same_everywhere(greeting, STATE))
        return sape_fail(SAPE_ERROR_STATE, function, "the %.0f ranks differ in their parameters, optimizer or mask",
                         greeting->ranks);
    return SAPE_OK;
}

sape_status sape_ranks_begin(const char *function, sape_trainer *trainer, sape_status status, uint64_t num_iterations) {
    struct sape_ranks *ranks = &trainer->ranks;
    if (ranks->reduce == NULL) return status;
    struct greeting greeting = {.ranks = 1.0, .failed = status != SAPE_OK, .samples = (double)trainer->batch_size};
    add_digest(&greeting, SETTINGS, digest_of_settings(trainer));
    add_digest(&greeting, STATE, digest_of_state(trainer));
    add_digest(&greeting, LENGTH, digest(0, &num_iterations, sizeof num_iterations));
    ranks->agreed = false;
    ranks->stop_wanted = ranks->stop = false;
    const sape_status reduced =
        call_reduce(function, trainer, SAPE_DTYPE_F64, sizeof greeting / sizeof(double), &greeting);
    if (status != SAPE_OK) return status;
    SAPE_TRY(reduced);
    SAPE_TRY(compare(function, &greeting));
    trainer->union_size = (size_t)greeting.samples;
    ranks->agreed = true;
    return SAPE_OK;
}

/* The slots' sum into the first of them. */
static void sum_slots(void *context, size_t chunk, size_t worker) {
    (void)worker;
    sape_trainer *trainer = context;
    const size_t size = trainer->field->network->size, begin = chunk * CHUNK;
    const size_t end = begin + CHUNK < size ? begin + CHUNK : size;
    sape_slots_sum(trainer->slots, trainer->plan.slots, size, begin, end);
}

/* The mean of this rank's per-sample losses. */
static double mean_sample_loss(const sape_trainer *trainer) {
    double sum = 0.0;
    for (size_t i = 0; i < trainer->batch_size; i++) sum += (double)trainer->sample_loss[i];
    return sum / (double)trainer->batch_size;
}

/* Rows of the first layer behind the furthest feature that the mask reveals anywhere have no gradient on any rank. */
static size_t rows_in_use(const sape_trainer *trainer) {
    const struct sape_mask *mask = trainer->field->mask;
    const size_t revealed =
        mask->cutoff != NULL ? sape_cutoff_active(mask->cutoff, &mask->grid) : mask->distinct[mask->num_distinct - 1];
    return revealed > trainer->touched ? revealed : trainer->touched;
}

/* The gradient is sent as it is: the rows of the first layer in use, then all behind its weights. */
sape_status sape_ranks_reduce(const char *function, sape_trainer *trainer, sape_status status, double *loss) {
    struct sape_ranks *ranks = &trainer->ranks;
    if (ranks->reduce == NULL) return status;
    const sape_network *network = trainer->field->network;
    const size_t rows = rows_in_use(trainer), bias = network->layers[0].bias;
    const size_t weights = rows * network->layers[0].stride, rest = network->size - bias;
    float *gradient = trainer->slots, *buffer = ranks->buffer, *header = buffer + weights + rest;
    memset(header, 0, HEADER * sizeof *header);
    sape_trainer_clear_rows(trainer, trainer->touched, rows);
    trainer->touched = rows;
    if (status == SAPE_OK) {
        const double share = (double)trainer->batch_size / (double)trainer->union_size;
        sape_trainer_parallel(trainer, (network->size + CHUNK - 1) / CHUNK, sum_slots);
        memcpy(buffer, gradient, weights * sizeof *buffer);
        memcpy(buffer + weights, gradient + bias, rest * sizeof *buffer);
        header[LOSS] = (float)(share * *loss);
        header[SAMPLE_LOSS] = (float)(share * mean_sample_loss(trainer));
    } else {
        memset(buffer, 0, (weights + rest) * sizeof *buffer);
        header[FAILED] = 1.0f;
    }
    header[STOP] = ranks->stop_wanted ? 1.0f : 0.0f;
    const sape_status reduced = call_reduce(function, trainer, SAPE_DTYPE_F32, weights + rest + HEADER, buffer);
    if (status != SAPE_OK) return status;
    SAPE_TRY(reduced);
    if (header[FAILED] > 0.0f) return other_rank_failed(function);
    memcpy(gradient, buffer, weights * sizeof *buffer);
    memcpy(gradient + bias, buffer + weights, rest * sizeof *buffer);
    ranks->sample_loss = (double)header[SAMPLE_LOSS];
    ranks->stop = header[STOP] > 0.0f;
    /* A sample's loss that is not finite must be seen by all. */
    *loss = isfinite(header[SAMPLE_LOSS]) ? (double)header[LOSS] : (double)header[SAMPLE_LOSS];
    return SAPE_OK;
}

sape_status sape_ranks_reduce_mask(const char *function, sape_trainer *trainer) {
    struct sape_mask *mask = trainer->field->mask;
    if (trainer->ranks.reduce == NULL) return SAPE_OK;
    if (mask->policy == SAPE_POLICY_GLOBAL) {
        mask->loss_sum = trainer->ranks.sample_loss;
        mask->loss_count = 1.0;
    }
    if (!sape_mask_reads_log(mask)) return SAPE_OK;
    const size_t cells = mask->grid.cells;
    float *both = mask->scratch;
    memcpy(both, mask->log, cells * sizeof *both);
    memcpy(both + cells, mask->counter, cells * sizeof *both);
    SAPE_TRY(call_reduce(function, trainer, SAPE_DTYPE_F32, 2 * cells, both));
    memcpy(mask->log, both, cells * sizeof *both);
    memcpy(mask->counter, both + cells, cells * sizeof *both);
    return SAPE_OK;
}

bool sape_ranks_stop(sape_trainer *trainer, bool wanted) {
    if (trainer->ranks.reduce == NULL) return wanted;
    trainer->ranks.stop_wanted = trainer->ranks.stop_wanted || wanted;
    return trainer->ranks.stop;
}

sape_status sape_trainer_set_reduce(sape_trainer *trainer, sape_reduce_fn reduce, void *user) {
    SAPE_BEGIN_CALL();
    SAPE_REQUIRE_POINTER(trainer);
    SAPE_TRY(sape_trainer_check_outside(__func__, trainer));
    struct sape_ranks *ranks = &trainer->ranks;
    if (reduce != NULL && trainer->field->mask->policy == SAPE_POLICY_SPATIAL_FIXED)
        return SAPE_FAIL(SAPE_ERROR_UNSUPPORTED, "the policy is spatial_fixed, whose rows cannot be shared by ranks");
    if (reduce != NULL && trainer->params.validation_share > 0.0)
        return SAPE_FAIL(SAPE_ERROR_UNSUPPORTED,
                         "validation_share is %g: ranks do not see each other's held-out samples",
                         trainer->params.validation_share);
    if (reduce != NULL && trainer->rate != NULL)
        return SAPE_FAIL(SAPE_ERROR_UNSUPPORTED, "the adaptive rate knows the samples of one rank only");
    if (reduce != NULL && ranks->buffer == NULL) {
        const size_t size = trainer->field->network->size + HEADER;
        ranks->buffer = SAPE_NEW_ARRAY(float, size);
        if (ranks->buffer == NULL) return SAPE_FAIL(SAPE_ERROR_MEMORY, "no memory for %zu parameters", size);
    }
    ranks->reduce = reduce;
    ranks->user = user;
    ranks->agreed = false;
    trainer->union_size = trainer->batch_size;
    return SAPE_OK;
}
