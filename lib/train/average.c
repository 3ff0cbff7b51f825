/* SPDX-License-Identifier: MIT */
#include "train/average.h"

#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "train/chunks.h"
#include "train/updater.h"

sape_status sape_average_check_decay(double decay) {
    SAPE_REQUIRE(decay >= 0.0 && decay < 1.0, "average_decay is %g, must be in [0, 1)", decay);
    return SAPE_OK;
}

static sape_status open_part(size_t size, struct sape_average_part *part) {
    part->size = size;
    if (size == 0) return SAPE_OK;
    part->values = SAPE_NEW_ARRAY(float, size);
    part->previous = SAPE_NEW_ARRAY(float, size);
    if (part->values != NULL && part->previous != NULL) return SAPE_OK;
    return sape_fail(SAPE_ERROR_MEMORY, "no memory for the average of %zu parameters", size);
}

sape_status sape_average_open(double decay, const sape_field *field, struct sape_average *average) {
    average->decay = decay;
    if (decay == 0.0) return SAPE_OK;
    SAPE_TRY(open_part(field->network->size, &average->network));
    return open_part(sape_encoder_num_parameters(field->encoder), &average->tables);
}

void sape_average_close(struct sape_average *average) {
    sape_release(average->network.values);
    sape_release(average->network.previous);
    sape_release(average->tables.values);
    sape_release(average->tables.previous);
}

static void swap(struct sape_average_part *part) {
    float *kept = part->values;
    part->values = part->previous;
    part->previous = kept;
}

/* What the tasks of a pool work on. */
struct pass {
    const struct sape_average_part *part;
    double decay;
    const float *now;
};

/* Into the older of the two arrays. */
static void average_chunk(void *context, size_t chunk, size_t worker) {
    (void)worker;
    const struct pass *pass = context;
    const struct sape_average_part *part = pass->part;
    const struct sape_chunk range = sape_chunk_at(part->size, chunk);
    for (size_t i = range.begin; i < range.end; i++)
        part->previous[i] = (float)(pass->decay * (double)part->values[i] + (1.0 - pass->decay) * (double)pass->now[i]);
}

static void step_part(const struct sape_average *average, struct sape_average_part *part, const sape_network *network,
                      struct sape_pool *pool, const float *before, const float *now) {
    struct pass pass = {part, average->decay, now};
    const size_t chunks = sape_num_chunks(part->size);
    if (part->size == 0) return;
    if (!average->begun) memcpy(part->values, before, part->size * sizeof *before);
    if (part->size > network->size)
        sape_pool_run(pool, chunks, average_chunk, &pass);
    else
        sape_updater_parallel(pool, network, chunks, average_chunk, &pass);
    swap(part);
}

void sape_average_step(struct sape_average *average, const sape_field *field, struct sape_pool *pool,
                       const float *parameters_before, const float *tables_before) {
    const sape_network *network = field->network;
    if (average->decay == 0.0) return;
    step_part(average, &average->network, network, pool, parameters_before, network->parameters);
    step_part(average, &average->tables, network, pool, tables_before, sape_encoder_tables(field->encoder));
    average->begun = true;
}

void sape_average_take_back(struct sape_average *average) {
    if (!average->begun) return;
    swap(&average->network);
    swap(&average->tables);
}

void sape_average_list_state(struct sape_average *average, const sape_field *field, bool has_previous,
                             struct sape_state *state) {
    static const bool not_begun = false;
    const struct sape_usual_entry begun = {{"sape.average.begun", SAPE_ENTRY_BOOL, SAPE_STATE, &average->begun, NULL},
                                           &not_begun};
    const bool previous = average->begun && has_previous;
    if (average->decay == 0.0) return;
    sape_state_add_usual(state, 1, &begun);
    sape_network_list(field->network, average->begun ? "sape.average." SAPE_NETWORK_PREFIX : NULL, SAPE_STATE,
                      &average->network.values, state);
    sape_network_list(field->network, previous ? "sape.previous_average." SAPE_NETWORK_PREFIX : NULL, SAPE_OWN_STATE,
                      &average->network.previous, state);
    if (average->tables.size == 0) return;
    sape_encoder_list_levels(field->encoder, average->begun ? "sape.average." SAPE_ENCODER_PREFIX : NULL, SAPE_STATE,
                             &average->tables.values, state);
    sape_encoder_list_levels(field->encoder, previous ? "sape.previous_average." SAPE_ENCODER_PREFIX : NULL,
                             SAPE_OWN_STATE, &average->tables.previous, state);
}
