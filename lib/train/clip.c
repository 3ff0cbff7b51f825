/* SPDX-License-Identifier: MIT */
#include "train/clip.h"

#include "base/error.h"
#include "base/memory.h"
#include "train/chunks.h"
#include "train/updater.h"

sape_status sape_clip_open(double clip_norm, const sape_network *network, struct sape_clip *clip) {
    if (clip_norm == 0.0) return SAPE_OK;
    clip->squares = SAPE_NEW_ARRAY(double, sape_num_chunks(network->size));
    if (clip->squares != NULL) return SAPE_OK;
    return sape_fail(SAPE_ERROR_MEMORY, "no memory for the norms of %zu parameters", network->size);
}

void sape_clip_close(struct sape_clip *clip) {
    sape_release(clip->squares);
}

/* What the tasks of a pool work on. */
struct pass {
    const struct sape_clip_call *call;
    double *squares;
    float factor;
};

static void square_chunk(void *context, size_t chunk, size_t worker) {
    (void)worker;
    const struct pass *pass = context;
    const struct sape_clip_call *call = pass->call;
    const size_t size = call->field->network->size;
    const struct sape_chunk part = sape_chunk_at(size, chunk);
    double sum = 0.0;
    sape_slots_sum(call->slots, call->num_slots, size, part.begin, part.end);
    for (size_t i = part.begin; i < part.end; i++) sum += (double)call->slots[i] * (double)call->slots[i];
    pass->squares[chunk] = sum;
}

/* A row of a table's gradient that is not zero. */
static float *touched_row(const struct sape_clip_call *call, size_t level, size_t i) {
    const sape_encoder *encoder = call->field->encoder;
    return call->tables->gradient + sape_encoder_level_offset(encoder, level) +
           sape_touched_row(&call->tables->touched[level], i) * sape_encoder_level_features(encoder);
}

static double table_squares(const struct sape_clip_call *call) {
    double sum = 0.0;
    for (size_t l = 0; l < call->tables->num_levels; l++) {
        const size_t features = sape_encoder_level_features(call->field->encoder);
        for (size_t i = 0; i < call->tables->touched[l].count; i++) {
            const float *row = touched_row(call, l, i);
            for (size_t k = 0; k < features; k++) sum += (double)row[k] * (double)row[k];
        }
    }
    return sum;
}

double sape_clip_squares(struct sape_clip *clip, const struct sape_clip_call *call) {
    struct pass pass = {.call = call, .squares = clip->squares};
    const size_t chunks = sape_num_chunks(call->field->network->size);
    double sum = table_squares(call);
    sape_updater_parallel(call->pool, call->field->network, chunks, square_chunk, &pass);
    for (size_t i = 0; i < chunks; i++) sum += clip->squares[i];
    return sum;
}

static void scale_chunk(void *context, size_t chunk, size_t worker) {
    (void)worker;
    const struct pass *pass = context;
    const struct sape_clip_call *call = pass->call;
    const struct sape_chunk part = sape_chunk_at(call->field->network->size, chunk);
    for (size_t i = part.begin; i < part.end; i++) call->slots[i] *= pass->factor;
}

static void scale_tables(const struct sape_clip_call *call, float factor) {
    for (size_t l = 0; l < call->tables->num_levels; l++) {
        const size_t features = sape_encoder_level_features(call->field->encoder);
        for (size_t i = 0; i < call->tables->touched[l].count; i++) {
            float *row = touched_row(call, l, i);
            for (size_t k = 0; k < features; k++) row[k] *= factor;
        }
    }
}

void sape_clip_scale(const struct sape_clip_call *call, double factor) {
    struct pass pass = {.call = call, .factor = (float)factor};
    if (factor == 1.0) return;
    sape_updater_parallel(call->pool, call->field->network, sape_num_chunks(call->field->network->size), scale_chunk,
                          &pass);
    scale_tables(call, pass.factor);
}
