/* SPDX-License-Identifier: MIT */
#include "train/table_updater.h"

#include <string.h>

#include "base/error.h"
#include "base/memory.h"

/* Rows that a thread steps at a time. */
#define PART ((size_t)8192)

static size_t num_levels(const struct sape_field *field) {
    return sape_encoder_num_levels(field->encoder);
}

/* Lists as long as a step's, with which they change places. */
static bool open_last(const struct sape_field *field, struct sape_table_updater *updater) {
    updater->last = SAPE_NEW_ARRAY(struct sape_last_step, num_levels(field));
    updater->num_levels = updater->last == NULL ? 0 : num_levels(field);
    for (size_t l = 0; l < updater->num_levels; l++) {
        updater->last[l].rows = SAPE_NEW_ARRAY(uint32_t, sape_encoder_level_rows(field->encoder, l));
        if (updater->last[l].rows == NULL) return false;
    }
    return updater->last != NULL;
}

sape_status sape_table_updater_open(const sape_optimizer_params *params, const struct sape_field *field,
                                    struct sape_table_updater *updater) {
    const size_t count = sape_encoder_num_parameters(field->encoder);
    if (count == 0) return SAPE_OK;
    const sape_optimizer_params own = sape_optimizer_table_params(params);
    SAPE_TRY(sape_optimizer_make(&own, field->network->kernels, count, &updater->optimizer));
    updater->previous = SAPE_NEW_ARRAY(float, count);
    if (updater->previous != NULL && open_last(field, updater)) return SAPE_OK;
    return sape_fail(SAPE_ERROR_MEMORY, "no memory for tables of %zu values", count);
}

void sape_table_updater_close(struct sape_table_updater *updater) {
    sape_optimizer_free(updater->optimizer);
    sape_release(updater->previous);
    for (size_t l = 0; l < updater->num_levels; l++) sape_release(updater->last[l].rows);
    sape_release(updater->last);
}

void sape_table_updater_begin(struct sape_table_updater *updater, const sape_optimizer *network_optimizer) {
    updater->optimizer->params = sape_optimizer_table_params(&network_optimizer->params);
    updater->optimizer->num_steps = network_optimizer->num_steps - 1;
    sape_optimizer_begin(updater->optimizer);
}

/* Rows of a step from `begin` on; what they are before it is kept in their order from the level's own place on. */
static struct sape_rows_step step_of(const struct sape_table_updater *updater, const struct sape_field *field,
                                     const struct sape_tables *tables, size_t level, size_t begin) {
    const sape_optimizer *optimizer = updater->optimizer;
    const struct sape_touched *touched = &tables->touched[level];
    const size_t features = sape_encoder_level_features(field->encoder);
    const size_t offset = sape_encoder_level_offset(field->encoder, level), kept = offset + begin * features;
    const size_t at = touched->whole ? kept : offset;
    struct sape_rows_step step = {.features = features,
                                  .count = touched->count - begin,
                                  .rows = touched->whole ? NULL : touched->rows + begin,
                                  .gradient = tables->gradient + at,
                                  .parameters = sape_encoder_tables(field->encoder) + at,
                                  .first = optimizer->first + at,
                                  .kept_parameters = optimizer->kept_parameters + kept,
                                  .kept_first = optimizer->kept_first + kept};
    if (optimizer->second == NULL) return step;
    step.second = optimizer->second + at;
    step.kept_second = optimizer->kept_second + kept;
    return step;
}

static size_t num_parts(const struct sape_touched *touched) {
    return (touched->count + PART - 1) / PART;
}

size_t sape_table_updater_num_parts(const struct sape_tables *tables) {
    size_t parts = 0;
    for (size_t l = 0; l < tables->num_levels; l++) parts += num_parts(&tables->touched[l]);
    return parts;
}

bool sape_table_updater_step(const struct sape_table_updater *updater, const struct sape_field *field,
                             const struct sape_tables *tables, size_t part) {
    size_t level = tables->num_levels - 1;
    for (; part >= num_parts(&tables->touched[level]); level--) part -= num_parts(&tables->touched[level]);
    struct sape_rows_step step = step_of(updater, field, tables, level, part * PART);
    if (step.count > PART) step.count = PART;
    return sape_optimizer_rows(updater->optimizer, &step);
}

/* Rows from an array of them one after the other to their places in a table; all of it where they are not listed. */
static void put_rows(size_t features, size_t count, const uint32_t *rows, const float *kept, float *table) {
    const size_t bytes = features * sizeof *table;
    if (rows == NULL)
        memcpy(table, kept, count * bytes);
    else
        for (size_t i = 0; i < count; i++) memcpy(table + rows[i] * features, kept + i * features, bytes);
}

void sape_table_updater_end(struct sape_table_updater *updater, struct sape_field *field, struct sape_tables *tables) {
    float *kept = updater->optimizer->kept_parameters;
    updater->optimizer->kept_parameters = updater->previous;
    updater->previous = kept;
    for (size_t l = 0; l < tables->num_levels; l++) {
        struct sape_touched *touched = &tables->touched[l];
        const struct sape_last_step last = {touched->rows, touched->count, touched->whole};
        touched->rows = updater->last[l].rows;
        touched->count = 0;
        updater->last[l] = last;
    }
    sape_encoder_changed(field->encoder);
    updater->version = sape_encoder_version(field->encoder);
    updater->whole = false;
}

void sape_table_updater_take_back(struct sape_table_updater *updater, struct sape_field *field,
                                  struct sape_tables *tables) {
    for (size_t l = 0; l < tables->num_levels; l++) {
        const struct sape_rows_step step = step_of(updater, field, tables, l, 0);
        put_rows(step.features, step.count, step.rows, step.kept_parameters, step.parameters);
        put_rows(step.features, step.count, step.rows, step.kept_first, step.first);
        if (step.second != NULL) put_rows(step.features, step.count, step.rows, step.kept_second, step.second);
    }
    sape_tables_clear(tables, field);
}

/* The rows that the last step has changed become what they were, in a copy of the tables or in themselves. */
static void put_last(const struct sape_table_updater *updater, const struct sape_field *field, float *tables) {
    for (size_t l = 0; l < updater->num_levels; l++) {
        const struct sape_last_step *last = &updater->last[l];
        const size_t offset = sape_encoder_level_offset(field->encoder, l);
        put_rows(sape_encoder_level_features(field->encoder), last->count, last->whole ? NULL : last->rows,
                 updater->previous + offset, tables + offset);
    }
}

static bool is_last(const struct sape_table_updater *updater, const struct sape_field *field) {
    return updater->version == sape_encoder_version(field->encoder);
}

void sape_table_updater_put_back(struct sape_table_updater *updater, struct sape_field *field) {
    float *tables = sape_encoder_tables(field->encoder);
    if (updater->whole)
        memcpy(tables, updater->previous, sape_encoder_num_parameters(field->encoder) * sizeof *tables);
    else if (is_last(updater, field))
        put_last(updater, field, tables);
    sape_encoder_changed(field->encoder);
}

void sape_table_updater_unpack(struct sape_table_updater *updater, const struct sape_field *field) {
    if (updater->optimizer == NULL || updater->whole) return;
    float *whole = updater->optimizer->kept_parameters;
    memcpy(whole, sape_encoder_tables(field->encoder), sape_encoder_num_parameters(field->encoder) * sizeof *whole);
    if (is_last(updater, field)) put_last(updater, field, whole);
    updater->optimizer->kept_parameters = updater->previous;
    updater->previous = whole;
    updater->whole = true;
}

void sape_table_updater_list_state(struct sape_table_updater *updater, const struct sape_field *field,
                                   bool has_previous, struct sape_state *state) {
    const sape_encoder *encoder = field->encoder;
    struct sape_optimizer *optimizer = updater->optimizer;
    if (optimizer == NULL) return;
    if (optimizer->params.kind == SAPE_OPTIMIZER_ADAM) {
        sape_encoder_list_levels(encoder, "optimizer.exp_avg." SAPE_ENCODER_PREFIX, SAPE_STATE, &optimizer->first,
                                 state);
        sape_encoder_list_levels(encoder, "optimizer.exp_avg_sq." SAPE_ENCODER_PREFIX, SAPE_STATE, &optimizer->second,
                                 state);
    } else {
        sape_encoder_list_levels(encoder, "optimizer.momentum_buffer." SAPE_ENCODER_PREFIX, SAPE_STATE,
                                 &optimizer->first, state);
    }
    sape_encoder_list_levels(encoder, has_previous ? "sape.previous." SAPE_ENCODER_PREFIX : NULL, SAPE_OWN_STATE,
                             &updater->previous, state);
}
