/* SPDX-License-Identifier: MIT */
/*
 * Convergence and validation in checkpoints. The field in its other state, at its best or as training has left it, is a
 * checkpoint in the checkpoint: a tensor of bytes.
 */
#include <math.h>
#include <string.h>

#include "checkpoint.h"
#include "error.h"
#include "memory.h"
#include "metadata.h"
#include "safetensors.h"
#include "trainer.h"

static const char best_name[] = "sape.validation.best", latest_name[] = "sape.validation.latest";
static const char lowest_name[] = "sape.validation.lowest_sample_loss";

#define NUM_CONVERGENCE 4

static void list_convergence(struct sape_convergence *c, struct sape_entry entries[NUM_CONVERGENCE]) {
    const struct sape_entry all[NUM_CONVERGENCE] = {{"sape.convergence.sum", SAPE_ENTRY_REAL, &c->sum, NULL},
                                                    {"sape.convergence.batches", SAPE_ENTRY_INTEGER, &c->batches, NULL},
                                                    {"sape.convergence.best", SAPE_ENTRY_REAL, &c->best, NULL},
                                                    {"sape.convergence.since", SAPE_ENTRY_INTEGER, &c->since, NULL}};
    memcpy(entries, all, sizeof all);
}

#define NUM_SETTINGS 4
#define NUM_VALIDATION 9

/* The settings, which must be the same, first. */
static void list_validation(sape_trainer_params *params, struct sape_validation *v,
                            struct sape_entry entries[NUM_VALIDATION]) {
    const struct sape_entry all[NUM_VALIDATION] = {
        {"sape.validation.share", SAPE_ENTRY_REAL, &params->validation_share, NULL},
        {"sape.validation.seed", SAPE_ENTRY_INTEGER, &params->seed, NULL},
        {"sape.validation.every", SAPE_ENTRY_INTEGER, &params->validation_every, NULL},
        {"sape.validation.margin", SAPE_ENTRY_REAL, &params->validation_margin, NULL},
        {"sape.validation.loss", SAPE_ENTRY_REAL, &v->loss, NULL},
        {"sape.validation.lowest_loss", SAPE_ENTRY_REAL, &v->lowest_loss, NULL},
        {"sape.validation.best_loss", SAPE_ENTRY_REAL, &v->best_loss, NULL},
        {"sape.validation.best_iteration", SAPE_ENTRY_INTEGER, &v->best_iteration, NULL},
        {"sape.validation.since", SAPE_ENTRY_INTEGER, &v->since, NULL}};
    memcpy(entries, all, sizeof all);
}

static bool watches_convergence(const sape_trainer *trainer) {
    return trainer->params.tolerance > 0.0 || trainer->params.patience > 0;
}

static sape_status add_file(const sape_safetensors *file, const char *name, sape_safetensors_writer *writer) {
    size_t size;
    const void *bytes = sape_safetensors_bytes(file, &size);
    return sape_safetensors_writer_add(writer, name, SAPE_DTYPE_U8, 1, &size, bytes);
}

sape_status sape_checkpoint_add_progress(const sape_trainer *trainer, sape_safetensors_writer *writer) {
    sape_trainer_params params = trainer->params;
    struct sape_convergence convergence = trainer->convergence;
    struct sape_validation validation = trainer->validation;
    struct sape_entry entries[NUM_VALIDATION];
    if (watches_convergence(trainer)) {
        list_convergence(&convergence, entries);
        SAPE_TRY(sape_entries_write(writer, entries, NUM_CONVERGENCE));
    }
    if (params.validation_share == 0.0) return SAPE_OK;
    list_validation(&params, &validation, entries);
    SAPE_TRY(sape_entries_write(writer, entries, NUM_VALIDATION));
    if (!isinf(validation.lowest_loss))
        SAPE_TRY(sape_safetensors_writer_add(writer, lowest_name, SAPE_DTYPE_F32, 1, &validation.count,
                                             validation.lowest_sample_loss));
    if (validation.latest != NULL) return add_file(validation.latest, latest_name, writer);
    return validation.best == NULL ? SAPE_OK : add_file(validation.best, best_name, writer);
}

/* The checkpoint in the checkpoint; *out stays NULL where there is none. */
static sape_status read_file(const char *function, const sape_safetensors *file, const char *name,
                             const sape_field *field, sape_safetensors **out) {
    size_t size;
    bool metadata;
    const void *bytes = sape_contents_tensor(file, name, &size);
    if (bytes == NULL) return SAPE_OK;
    SAPE_TRY(sape_contents_parse(function, bytes, size, out));
    SAPE_TRY(sape_checkpoint_has_metadata(function, *out, &metadata));
    if (!metadata) return sape_fail(SAPE_ERROR_FORMAT, function, "%s has no metadata of libsape", name);
    SAPE_TRY(sape_checkpoint_match_mask(function, *out, field->mask));
    return sape_checkpoint_check_field(function, *out, field);
}

/* The field in the file, without the trainer's tensors. */
static sape_status extract_field(const char *function, const sape_safetensors *file, sape_safetensors **out) {
    sape_field *field;
    SAPE_TRY(sape_checkpoint_make_field(function, file, &field));
    const sape_status status = sape_field_checkpoint(field, out);
    sape_field_free(field);
    return status;
}

/* The samples' losses when their mean was lowest, where there has been one. */
static sape_status read_lowest(const char *function, const sape_safetensors *file, const sape_trainer *trainer,
                               struct sape_validation *validation) {
    const size_t count = validation->count = trainer->validation.count;
    if (isinf(validation->lowest_loss)) return SAPE_OK;
    validation->lowest_sample_loss = SAPE_NEW_ARRAY(float, count);
    if (validation->lowest_sample_loss == NULL)
        return sape_fail(SAPE_ERROR_MEMORY, function, "no memory for %zu held-out samples", count);
    return sape_checkpoint_read_row(function, file, lowest_name, validation->lowest_sample_loss, count);
}

static sape_status read_validation(const char *function, const sape_safetensors *file, const sape_trainer *trainer,
                                   struct sape_validation *validation) {
    sape_trainer_params params = trainer->params;
    struct sape_entry entries[NUM_VALIDATION];
    const bool stored = sape_safetensors_metadata(file, "sape.validation.share") != NULL;
    if (stored != (params.validation_share > 0.0))
        return sape_fail(SAPE_ERROR_ARGUMENT, function,
                         "validation_share is %g, but the checkpoint is of a training %s validation",
                         params.validation_share, stored ? "with" : "without");
    if (!stored) return SAPE_OK;
    list_validation(&params, validation, entries);
    SAPE_TRY(sape_entries_match(function, file, entries, NUM_SETTINGS));
    SAPE_TRY(sape_entries_read(function, file, entries, NUM_VALIDATION));
    SAPE_TRY(read_lowest(function, file, trainer, validation));
    SAPE_TRY(read_file(function, file, best_name, trainer->field, &validation->best));
    SAPE_TRY(read_file(function, file, latest_name, trainer->field, &validation->latest));
    if (validation->best != NULL && validation->latest != NULL)
        return sape_fail(SAPE_ERROR_FORMAT, function, "the checkpoint has both %s and %s", best_name, latest_name);
    return validation->latest == NULL ? SAPE_OK : extract_field(function, file, &validation->best);
}

sape_status sape_checkpoint_read_progress(const char *function, const sape_safetensors *file,
                                          const sape_trainer *trainer, struct sape_checkpoint_progress *progress) {
    struct sape_entry entries[NUM_CONVERGENCE];
    sape_convergence_begin(&progress->convergence);
    sape_validation_begin(&progress->validation);
    /* Without it, in a file of a training that had no such wish, convergence is watched from here on. */
    if (watches_convergence(trainer) && sape_safetensors_metadata(file, "sape.convergence.best") != NULL) {
        list_convergence(&progress->convergence, entries);
        SAPE_TRY(sape_entries_read(function, file, entries, NUM_CONVERGENCE));
    }
    return read_validation(function, file, trainer, &progress->validation);
}

void sape_checkpoint_take_progress(sape_trainer *trainer, struct sape_checkpoint_progress *progress) {
    struct sape_validation *validation = &trainer->validation, *incoming = &progress->validation;
    trainer->convergence = progress->convergence;
    sape_safetensors_free(validation->best);
    sape_safetensors_free(validation->latest);
    validation->loss = incoming->loss;
    validation->lowest_loss = incoming->lowest_loss;
    validation->best_loss = incoming->best_loss;
    validation->best_iteration = incoming->best_iteration;
    validation->since = incoming->since;
    validation->best = incoming->best;
    validation->latest = incoming->latest;
    incoming->best = incoming->latest = NULL;
    if (incoming->lowest_sample_loss != NULL)
        memcpy(validation->lowest_sample_loss, incoming->lowest_sample_loss, validation->count * sizeof(float));
}

void sape_checkpoint_drop_progress(struct sape_checkpoint_progress *progress) {
    sape_validation_free(&progress->validation);
}
