/* SPDX-License-Identifier: MIT */
#include "train/table_updater.h"

#include <string.h>

#include "base/error.h"
#include "base/memory.h"

/* Where a level's rows are listed: there is room for all rows of the levels before it. */
static uint32_t *rows_of(const struct sape_table_updater *updater, const struct sape_field *field, size_t level) {
    return updater->rows +
           sape_encoder_level_offset(field->encoder, level) / sape_encoder_level_features(field->encoder);
}

sape_status sape_table_updater_open(const sape_optimizer_params *params, const struct sape_field *field,
                                    struct sape_table_updater *updater) {
    const size_t count = sape_encoder_num_parameters(field->encoder);
    if (count == 0) return SAPE_OK;
    const sape_optimizer_params own = sape_optimizer_table_params(params);
    SAPE_TRY(sape_optimizer_make(&own, field->network->kernels, count, &updater->optimizer));
    updater->previous = SAPE_NEW_ARRAY(float, count);
    updater->rows = SAPE_NEW_ARRAY(uint32_t, count / sape_encoder_level_features(field->encoder));
    updater->counts = SAPE_NEW_ARRAY(size_t, sape_encoder_num_levels(field->encoder));
    updater->all = true;
    if (updater->previous && updater->rows && updater->counts) return SAPE_OK;
    return sape_fail(SAPE_ERROR_MEMORY, "no memory for tables of %zu values", count);
}

void sape_table_updater_close(struct sape_table_updater *updater) {
    sape_optimizer_free(updater->optimizer);
    sape_release(updater->previous);
    sape_release(updater->rows);
    sape_release(updater->counts);
}

void sape_table_updater_begin(struct sape_table_updater *updater, const sape_optimizer *network_optimizer) {
    updater->optimizer->params = sape_optimizer_table_params(&network_optimizer->params);
    updater->optimizer->num_steps = network_optimizer->num_steps - 1;
    sape_optimizer_begin(updater->optimizer);
}

/* A level's rows in a step; what they are before it is kept in their order from the level's own place on. */
static struct sape_rows_step step_of(const struct sape_table_updater *updater, const struct sape_field *field,
                                     size_t level, const struct sape_tables *tables) {
    const sape_optimizer *optimizer = updater->optimizer;
    const size_t offset = sape_encoder_level_offset(field->encoder, level);
    struct sape_rows_step step = {.features = sape_encoder_level_features(field->encoder),
                                  .count = tables->touched[level].count,
                                  .rows = tables->touched[level].rows,
                                  .gradient = tables->gradient + offset,
                                  .parameters = sape_encoder_tables(field->encoder) + offset,
                                  .first = optimizer->first + offset,
                                  .kept_parameters = optimizer->kept_parameters + offset,
                                  .kept_first = optimizer->kept_first + offset};
    if (optimizer->second == NULL) return step;
    step.second = optimizer->second + offset;
    step.kept_second = optimizer->kept_second + offset;
    return step;
}

bool sape_table_updater_step(struct sape_table_updater *updater, const struct sape_field *field, size_t level,
                             const struct sape_tables *tables) {
    struct sape_rows_step step = step_of(updater, field, level, tables);
    return sape_optimizer_rows(updater->optimizer, sape_encoder_level_offset(field->encoder, level), &step);
}

/* Rows to their places in a table, from an array of them one after the other; or from another table. Of a constant size
   they are moved without a call. */
#define PUT_ROWS(FEATURES)                                                                                             \
    for (size_t i = 0; i < count; i++)                                                                                 \
    memcpy(table + (size_t)rows[i] * (FEATURES), kept + i * (FEATURES), (FEATURES) * sizeof *table)
#define COPY_ROWS(FEATURES)                                                                                            \
    for (size_t i = 0; i < count; i++)                                                                                 \
    memcpy(to + (size_t)rows[i] * (FEATURES), from + (size_t)rows[i] * (FEATURES), (FEATURES) * sizeof *to)

static void put_rows(size_t features, size_t count, const uint32_t *rows, const float *kept, float *table) {
    if (features == 2)
        PUT_ROWS(2);
    else
        PUT_ROWS(features);
}

static void copy_rows(size_t features, size_t count, const uint32_t *rows, const float *from, float *to) {
    if (features == 2)
        COPY_ROWS(2);
    else
        COPY_ROWS(features);
}

/* A level of previous: first as the tables are, but for what this step has changed, and that as it was before. */
void sape_table_updater_end_level(struct sape_table_updater *updater, const struct sape_field *field, size_t level,
                                  struct sape_tables *tables) {
    const struct sape_rows_step step = step_of(updater, field, level, tables);
    uint32_t *rows = rows_of(updater, field, level);
    float *previous = updater->previous + sape_encoder_level_offset(field->encoder, level);
    if (!updater->all) copy_rows(step.features, updater->counts[level], rows, step.parameters, previous);
    put_rows(step.features, step.count, step.rows, step.kept_parameters, previous);
    memcpy(rows, step.rows, step.count * sizeof *rows);
    updater->counts[level] = step.count;
    tables->touched[level].count = 0;
}

void sape_table_updater_begin_end(struct sape_table_updater *updater, const struct sape_field *field) {
    updater->all = updater->all || updater->version != sape_encoder_version(field->encoder);
    if (updater->all)
        memcpy(updater->previous, sape_encoder_tables(field->encoder),
               sape_encoder_num_parameters(field->encoder) * sizeof(float));
}

void sape_table_updater_end(struct sape_table_updater *updater, struct sape_field *field) {
    sape_encoder_changed(field->encoder);
    updater->version = sape_encoder_version(field->encoder);
    updater->all = false;
}

void sape_table_updater_take_back(struct sape_table_updater *updater, struct sape_field *field,
                                  struct sape_tables *tables) {
    for (size_t l = 0; l < tables->num_levels; l++) {
        const struct sape_rows_step step = step_of(updater, field, l, tables);
        put_rows(step.features, step.count, step.rows, step.kept_parameters, step.parameters);
        put_rows(step.features, step.count, step.rows, step.kept_first, step.first);
        if (step.second != NULL) put_rows(step.features, step.count, step.rows, step.kept_second, step.second);
    }
    sape_tables_clear(tables, field);
}

void sape_table_updater_put_back(struct sape_table_updater *updater, struct sape_field *field) {
    const size_t count = sape_encoder_num_parameters(field->encoder);
    const bool known = !updater->all && updater->version == sape_encoder_version(field->encoder);
    for (size_t l = 0; known && l < sape_encoder_num_levels(field->encoder); l++) {
        const size_t offset = sape_encoder_level_offset(field->encoder, l);
        copy_rows(sape_encoder_level_features(field->encoder), updater->counts[l], rows_of(updater, field, l),
                  updater->previous + offset, sape_encoder_tables(field->encoder) + offset);
        updater->counts[l] = 0;
    }
    if (!known) memcpy(sape_encoder_tables(field->encoder), updater->previous, count * sizeof(float));
    sape_encoder_changed(field->encoder);
    updater->version = sape_encoder_version(field->encoder);
}

void sape_table_updater_changed(struct sape_table_updater *updater) {
    updater->all = true;
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
