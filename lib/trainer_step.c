/* SPDX-License-Identifier: MIT */
/* The optimizer's step in a training: taken by chunks of the parameters, and taken back. */
#include <string.h>

#include "error.h"
#include "trainer.h"

/* Parameters that a thread steps at a time. */
#define CHUNK 16384

static size_t num_chunks(const sape_trainer *trainer) {
    return (trainer->field->network->size + CHUNK - 1) / CHUNK;
}

/* What is to be stepped of a chunk that ends at *end; false: nothing. Rows of the first layer without a gradient so far
   have moments of zero, and a step would not move them. */
static bool stepped_part(const sape_trainer *trainer, size_t begin, size_t *end) {
    const struct sape_layer *first = &trainer->field->network->layers[0];
    const size_t idle = first->weight + trainer->touched * first->stride;
    if (trainer->optimizer->params.weight_decay != 0.0 || *end > first->bias || *end <= idle) return true;
    if (begin >= idle) return false;
    *end = idle;
    return true;
}

/* The range of a chunk. */
static size_t chunk_of(const sape_trainer *trainer, size_t chunk, size_t *end) {
    const size_t begin = chunk * CHUNK, size = trainer->field->network->size;
    *end = begin + CHUNK < size ? begin + CHUNK : size;
    return begin;
}

static void step_chunk(void *context, size_t chunk, size_t worker) {
    (void)worker;
    sape_trainer *trainer = context;
    float *parameters = trainer->field->network->parameters;
    size_t end;
    const size_t begin = chunk_of(trainer, chunk, &end);
    const size_t whole = end, stepped = stepped_part(trainer, begin, &end) ? end : begin;
    memcpy(trainer->optimizer->kept_parameters + stepped, parameters + stepped, (whole - stepped) * sizeof *parameters);
    if (stepped == begin) return;
    const size_t slots = trainer->ranks.reduce == NULL ? trainer->plan.slots : 1;
    if (!sape_optimizer_range(trainer->optimizer, begin, end, parameters, slots, trainer->gradients))
        atomic_store(&trainer->step_failed, true);
}

static void restore_chunk(void *context, size_t chunk, size_t worker) {
    (void)worker;
    sape_trainer *trainer = context;
    size_t end;
    const size_t begin = chunk_of(trainer, chunk, &end);
    if (stepped_part(trainer, begin, &end)) sape_optimizer_restore_range(trainer->optimizer, begin, end);
}

static void pack_part(void *context, size_t part, size_t worker) {
    (void)worker;
    sape_network_pack_part(((sape_trainer *)context)->field->network, part);
}

/* Puts parameters in place that were kept. */
static void put_back(sape_trainer *trainer, const float *kept) {
    const sape_network *network = trainer->field->network;
    memcpy(network->parameters, kept, network->size * sizeof *kept);
    sape_trainer_parallel(trainer, sape_network_pack_parts(network), pack_part);
}

static sape_status take_back(const char *function, sape_trainer *trainer, size_t touched) {
    sape_trainer_parallel(trainer, num_chunks(trainer), restore_chunk);
    sape_optimizer_cancel(trainer->optimizer);
    put_back(trainer, trainer->optimizer->kept_parameters);
    sape_trainer_clear_rows(trainer, touched, trainer->touched);
    trainer->touched = touched;
    return sape_fail(SAPE_ERROR_DIVERGED, function, SAPE_STEP_TAKEN_BACK);
}

sape_status sape_trainer_update(const char *function, sape_trainer *trainer, size_t touched) {
    struct sape_optimizer *optimizer = trainer->optimizer;
    atomic_store(&trainer->step_failed, false);
    sape_optimizer_begin(optimizer);
    sape_trainer_parallel(trainer, num_chunks(trainer), step_chunk);
    if (atomic_load(&trainer->step_failed)) return take_back(function, trainer, touched);
    sape_trainer_parallel(trainer, sape_network_pack_parts(trainer->field->network), pack_part);
    float *kept = optimizer->kept_parameters;
    optimizer->kept_parameters = trainer->previous;
    trainer->previous = kept;
    trainer->has_previous = true;
    return SAPE_OK;
}

sape_status sape_trainer_diverged(const char *function, sape_trainer *trainer, double loss) {
    if (trainer->has_previous) put_back(trainer, trainer->previous);
    trainer->has_previous = false;
    return sape_fail(SAPE_ERROR_DIVERGED, function, "the loss is %g", loss);
}

void sape_trainer_clear_rows(sape_trainer *trainer, size_t begin, size_t end) {
    const size_t stride = trainer->field->network->layers[0].stride;
    for (size_t slot = 0; slot < trainer->plan.slots; slot++)
        memset(trainer->slots + slot * trainer->field->network->size + begin * stride, 0,
               (end - begin) * stride * sizeof(float));
}
