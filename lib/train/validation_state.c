/* SPDX-License-Identifier: MIT */
/*
 * Validation in checkpoints. The field in its other state, at its best or as training has left it, is a checkpoint in
 * the checkpoint: a tensor of bytes.
 */
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "files/safetensors.h"
#include "state/claims.h"
#include "state/file.h"
#include "train/validation.h"

static const char best_name[] = "sape.validation.best", latest_name[] = "sape.validation.latest";

/* The losses when their mean was lowest are in the file where that mean is finite. */
static void list(sape_trainer_params *params, struct sape_validation *v, bool lowest, struct sape_state *state) {
    const struct sape_entry all[] = {
        {"sape.validation.share", SAPE_ENTRY_REAL, SAPE_SETTING, &params->validation_share, NULL},
        {"sape.validation.seed", SAPE_ENTRY_INTEGER, SAPE_SETTING, &params->seed, NULL},
        {"sape.validation.every", SAPE_ENTRY_INTEGER, SAPE_SETTING, &params->validation_every, NULL},
        {"sape.validation.margin", SAPE_ENTRY_REAL, SAPE_SETTING, &params->validation_margin, NULL},
        {"sape.validation.loss", SAPE_ENTRY_REAL, SAPE_OWN_STATE, &v->loss, NULL},
        {"sape.validation.lowest_loss", SAPE_ENTRY_REAL, SAPE_OWN_STATE, &v->lowest_loss, NULL},
        {"sape.validation.best_loss", SAPE_ENTRY_REAL, SAPE_OWN_STATE, &v->best_loss, NULL},
        {"sape.validation.best_iteration", SAPE_ENTRY_INTEGER, SAPE_OWN_STATE, &v->best_iteration, NULL},
        {"sape.validation.since", SAPE_ENTRY_INTEGER, SAPE_OWN_STATE, &v->since, NULL}};
    const struct sape_rows rows = SAPE_ROWS("sape.validation.lowest_sample_loss", &sape_float_rows, SAPE_OWN_STATE,
                                            &v->lowest_sample_loss, v->count);
    sape_state_add(state, sizeof all / sizeof *all, all);
    if (lowest) sape_state_add_rows(state, 1, &rows);
}

/* Adds a checkpoint of the copy to the checkpoint; the writer keeps the bytes. */
static sape_status write_copy(const sape_field *field, const struct sape_field_copy *copy, const char *name,
                              sape_safetensors_writer *writer) {
    struct sape_buffer buffer;
    SAPE_TRY(sape_field_copy_file(field, copy, &buffer));
    SAPE_TRY(sape_safetensors_writer_keep(writer, buffer.bytes));
    return sape_safetensors_writer_add(writer, name, SAPE_DTYPE_U8, 1, &buffer.size, buffer.bytes);
}

sape_status sape_validation_write(const struct sape_validation *validation, const sape_trainer_params *params,
                                  const sape_field *field, sape_safetensors_writer *writer) {
    sape_trainer_params settings = *params;
    struct sape_validation listed = *validation;
    struct sape_state state = {.num_entries = 0};
    if (params->validation_share == 0.0) return SAPE_OK;
    list(&settings, &listed, !isinf(validation->lowest_loss), &state);
    SAPE_TRY(sape_state_write(&state, writer));
    if (validation->has_latest) return write_copy(field, validation->latest, latest_name, writer);
    return validation->has_best ? write_copy(field, validation->best, best_name, writer) : SAPE_OK;
}

/* The checkpoint in the checkpoint; *found says whether there is one. */
static sape_status read_copy(const sape_safetensors *file, const char *name, const sape_field *field,
                             struct sape_field_copy *copy, bool *found) {
    sape_safetensors *inner;
    size_t size;
    bool metadata;
    const void *bytes = sape_contents_tensor(file, name, &size);
    *found = bytes != NULL;
    if (!*found) return SAPE_OK;
    SAPE_TRY(sape_contents_parse(bytes, size, &inner));
    sape_status status = sape_file_has_metadata(inner, &metadata);
    if (status == SAPE_OK && !metadata) status = sape_fail(SAPE_ERROR_FORMAT, "%s has no libsape metadata", name);
    if (status == SAPE_OK) status = sape_field_match(inner, field);
    if (status == SAPE_OK) status = sape_field_copy_read(inner, field, copy);
    sape_safetensors_free(inner);
    return status;
}

/* Once there has been a loss there is a best state, and nothing of it before. */
static sape_status check(const struct sape_validation *v, uint64_t every, uint64_t num_steps) {
    const bool begun = v->lowest_loss < (double)INFINITY;
    const struct sape_claim claims[] = {
        {"sape.validation.since", v->since <= num_steps},
        {"sape.validation.best_iteration",
         v->best_iteration <= num_steps && v->best_iteration % every == 0 && begun == (v->best_iteration > 0)},
        {"sape.validation.lowest_loss", v->lowest_loss <= v->loss && (!begun || v->count > 0)},
        {"sape.validation.best_loss", v->best_loss >= v->lowest_loss && begun == (v->best_loss < (double)INFINITY)},
        {"sape.validation.best", begun == v->has_best},
        {"sape.validation.latest", begun || !v->has_latest}};
    return SAPE_CHECK_CLAIMS(claims);
}

/* Where the field itself is at its best, the file's field is that state. */
static sape_status read_copies(const sape_safetensors *file, const sape_field *field,
                               struct sape_validation *validation) {
    SAPE_TRY(sape_field_copy_create(field, &validation->best));
    SAPE_TRY(sape_field_copy_create(field, &validation->latest));
    SAPE_TRY(read_copy(file, best_name, field, validation->best, &validation->has_best));
    SAPE_TRY(read_copy(file, latest_name, field, validation->latest, &validation->has_latest));
    if (validation->has_best && validation->has_latest)
        return sape_fail(SAPE_ERROR_FORMAT, "the checkpoint has both %s and %s", best_name, latest_name);
    if (!validation->has_latest) return SAPE_OK;
    validation->has_best = true;
    return sape_field_copy_read(file, field, validation->best);
}

sape_status sape_validation_match(const sape_safetensors *file, const sape_trainer_params *params) {
    sape_trainer_params settings = *params;
    struct sape_validation none = {.count = 0};
    struct sape_state state = {.num_entries = 0};
    const bool stored = sape_safetensors_metadata(file, "sape.validation.share") != NULL;
    SAPE_REQUIRE(stored == (params->validation_share > 0.0),
                 "validation_share is %g, but the checkpoint is of a training run %s validation",
                 params->validation_share, stored ? "with" : "without");
    list(&settings, &none, false, &state);
    return stored ? sape_state_match(&state, file) : SAPE_OK;
}

sape_status sape_validation_read(const sape_safetensors *file, const sape_trainer_params *params,
                                 const sape_field *field, uint64_t num_steps, struct sape_validation *validation) {
    sape_trainer_params settings = *params;
    struct sape_state state = {.num_entries = 0}, rows = {.num_entries = 0};
    if (params->validation_share == 0.0) return SAPE_OK;
    list(&settings, validation, false, &state);
    SAPE_TRY(sape_state_read_entries(&state, file));
    list(&settings, validation, !isinf(validation->lowest_loss), &rows);
    SAPE_TRY(sape_state_open(&rows));
    SAPE_TRY(sape_state_read_rows(&rows, file));
    SAPE_TRY(read_copies(file, field, validation));
    return check(validation, params->validation_every, num_steps);
}

static void swap(struct sape_field_copy **a, struct sape_field_copy **b) {
    struct sape_field_copy *kept = *a;
    *a = *b;
    *b = kept;
}

void sape_validation_take(struct sape_validation *validation, struct sape_validation *read) {
    validation->loss = read->loss;
    validation->lowest_loss = read->lowest_loss;
    validation->best_loss = read->best_loss;
    validation->best_iteration = read->best_iteration;
    validation->since = read->since;
    validation->has_best = read->has_best;
    validation->has_latest = read->has_latest;
    swap(&validation->best, &read->best);
    swap(&validation->latest, &read->latest);
    if (read->lowest_sample_loss != NULL)
        memcpy(validation->lowest_sample_loss, read->lowest_sample_loss, read->count * sizeof(float));
}
