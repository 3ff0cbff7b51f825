/* SPDX-License-Identifier: MIT */
/* What can be asked of a trainer. */
#include "base/call.h"
#include "base/error.h"
#include "base/params.h"
#include "files/safetensors.h"
#include "train/trainer.h"

sape_status sape_trainer_get_indices(const sape_trainer *trainer, size_t n, size_t *indices) {
    SAPE_BEGIN_CALL();
    SAPE_REQUIRE_POINTER(trainer);
    SAPE_REQUIRE_POINTER(indices);
    const struct sape_shown *shown = &trainer->session->gradients.whole.shown;
    if (shown->count == 0) return sape_fail(SAPE_ERROR_STATE, "no loss function of the caller's is running");
    SAPE_REQUIRE(n == shown->count, "n is %zu, but the loss function has %zu samples", n, shown->count);
    for (size_t i = 0; i < n; i++)
        indices[i] = shown->which == NULL ? shown->first + i : shown->which[shown->first + i];
    return SAPE_OK;
}

sape_status sape_trainer_get_params(const sape_trainer *trainer, sape_trainer_params *params) {
    SAPE_BEGIN_CALL();
    SAPE_REQUIRE_POINTER(trainer);
    SAPE_REQUIRE_POINTER(params);
    return sape_params_write(params, &trainer->params, sizeof trainer->params);
}

sape_status sape_trainer_get_optimizer_params(const sape_trainer *trainer, sape_optimizer_params *params) {
    SAPE_BEGIN_CALL();
    SAPE_REQUIRE_POINTER(trainer);
    return sape_optimizer_get_params(trainer->updater.optimizer, params);
}

size_t sape_trainer_num_outside(const sape_trainer *trainer) {
    return trainer == NULL ? 0 : trainer->session->samples.num_outside + trainer->session->batches.num_outside;
}

double sape_trainer_learning_rate(const sape_trainer *trainer) {
    SAPE_BEGIN_CALL();
    return trainer == NULL ? 0.0 : sape_optimizer_learning_rate(trainer->updater.optimizer);
}

size_t sape_trainer_history_count(const sape_trainer *trainer) {
    return trainer == NULL ? 0 : sape_history_count(&trainer->history);
}

sape_status sape_trainer_get_history(const sape_trainer *trainer, size_t count, uint64_t *iterations, double *loss,
                                     double *validation_loss) {
    SAPE_BEGIN_CALL();
    SAPE_REQUIRE_POINTER(trainer);
    SAPE_REQUIRE(count == sape_history_count(&trainer->history), "count is %zu, but there are %zu entries", count,
                 sape_history_count(&trainer->history));
    sape_history_read(&trainer->history, iterations, loss, validation_loss);
    return SAPE_OK;
}

/* A new field as the file of the copy describes it. */
static sape_status build(const sape_field *field, const struct sape_field_copy *copy, sape_field **out) {
    struct sape_buffer buffer;
    sape_safetensors *file;
    SAPE_TRY(sape_field_copy_file(field, copy, &buffer));
    sape_status status = sape_contents_parse(buffer.bytes, buffer.size, &file);
    sape_buffer_clear(&buffer);
    SAPE_TRY(status);
    status = sape_field_from_file(file, out);
    sape_safetensors_free(file);
    return status;
}

/* The state in which training has left the field, with other parameters. */
static sape_status build_average(const sape_trainer *trainer, sape_field **out) {
    const struct sape_validation *validation = &trainer->session->validation;
    const struct sape_average *average = &trainer->average;
    struct sape_field_copy *copy;
    SAPE_TRY(sape_field_copy_create(trainer->field, &copy));
    struct sape_field_copy averaged = validation->has_latest ? *validation->latest : *copy;
    if (average->begun) averaged.parameters = average->network.values;
    if (average->begun && average->tables.size > 0) averaged.encoder.tables = average->tables.values;
    const sape_status status = build(trainer->field, &averaged, out);
    sape_field_copy_free(trainer->field, copy);
    return status;
}

sape_status sape_trainer_average(const sape_trainer *trainer, sape_field **out) {
    SAPE_BEGIN_CALL();
    SAPE_REQUIRE_POINTER(out);
    *out = NULL;
    SAPE_REQUIRE_POINTER(trainer);
    if (trainer->average.decay == 0.0) return sape_fail(SAPE_ERROR_STATE, "average_decay is 0: there are no averages");
    SAPE_TRY(build_average(trainer, out));
    (*out)->num_threads = trainer->field->num_threads;
    return SAPE_OK;
}
