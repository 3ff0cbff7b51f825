/* SPDX-License-Identifier: MIT */
/* Trainers in checkpoints: their field, and what the optimizer and the batches have come to. */
#include <stdio.h>
#include <string.h>

#include "checkpoint.h"
#include "error.h"
#include "memory.h"
#include "metadata.h"
#include "trainer.h"

static const char *const losses[] = {"mse", "bce", "custom", "chamfer", "custom_jacobian", NULL};
static const char *const kinds[] = {"adam", "sgd", NULL};
static const char *const schedules[] = {"constant", "exponential", "cosine", NULL};

static const char epoch_name[] = "sape.epoch";

/* The entries' variables: a copy of the trainer's, which is changed only when all is known to be good. */
struct state {
    size_t loss, batch_size, num_samples;
    size_t kind, schedule;
    sape_optimizer_params optimizer;
    uint64_t num_steps;
    size_t used, touched, has_previous;
    struct sape_random random;
    size_t num_points, points_drawn;
};

#define NUM_SETTINGS 15
#define NUM_ENTRIES 23
#define NUM_POINT_SETTINGS 2

static struct state state_of(const sape_trainer *trainer) {
    const sape_optimizer_params *optimizer = &trainer->optimizer->params;
    return (struct state){.loss = trainer->params.loss,
                          .batch_size = trainer->batch_size,
                          .num_samples = trainer->num_samples,
                          .kind = optimizer->kind,
                          .schedule = optimizer->schedule,
                          .optimizer = *optimizer,
                          .num_steps = trainer->optimizer->num_steps,
                          .used = trainer->used,
                          .touched = trainer->touched,
                          .has_previous = trainer->has_previous,
                          .random = trainer->random,
                          .num_points = trainer->target_points.count,
                          .points_drawn = trainer->target_points.per_iteration};
}

/* The settings, which must be the same, first. */
static void list_entries(struct state *s, struct sape_entry entries[NUM_ENTRIES]) {
    sape_optimizer_params *optimizer = &s->optimizer;
    const struct sape_entry all[NUM_ENTRIES] = {
        {"sape.trainer.loss", SAPE_ENTRY_CHOICE, &s->loss, losses},
        {"sape.trainer.num_samples", SAPE_ENTRY_SIZE, &s->num_samples, NULL},
        {"sape.trainer.batch_size", SAPE_ENTRY_SIZE, &s->batch_size, NULL},
        {"sape.optimizer.kind", SAPE_ENTRY_CHOICE, &s->kind, kinds},
        {"sape.optimizer.schedule", SAPE_ENTRY_CHOICE, &s->schedule, schedules},
        {"sape.optimizer.learning_rate", SAPE_ENTRY_REAL, &optimizer->learning_rate, NULL},
        {"sape.optimizer.beta1", SAPE_ENTRY_REAL, &optimizer->beta1, NULL},
        {"sape.optimizer.beta2", SAPE_ENTRY_REAL, &optimizer->beta2, NULL},
        {"sape.optimizer.epsilon", SAPE_ENTRY_REAL, &optimizer->epsilon, NULL},
        {"sape.optimizer.momentum", SAPE_ENTRY_REAL, &optimizer->momentum, NULL},
        {"sape.optimizer.weight_decay", SAPE_ENTRY_REAL, &optimizer->weight_decay, NULL},
        {"sape.optimizer.decay_rate", SAPE_ENTRY_REAL, &optimizer->decay_rate, NULL},
        {"sape.optimizer.final_factor", SAPE_ENTRY_REAL, &optimizer->final_factor, NULL},
        {"sape.optimizer.decay_iterations", SAPE_ENTRY_INTEGER, &optimizer->decay_iterations, NULL},
        {"sape.optimizer.warmup_iterations", SAPE_ENTRY_INTEGER, &optimizer->warmup_iterations, NULL},
        {"sape.optimizer.num_steps", SAPE_ENTRY_INTEGER, &s->num_steps, NULL},
        {"sape.trainer.samples_used", SAPE_ENTRY_SIZE, &s->used, NULL},
        {"sape.trainer.features_touched", SAPE_ENTRY_SIZE, &s->touched, NULL},
        {"sape.trainer.has_previous", SAPE_ENTRY_FLAG, &s->has_previous, NULL},
        {"sape.trainer.random.0", SAPE_ENTRY_INTEGER, &s->random.state[0], NULL},
        {"sape.trainer.random.1", SAPE_ENTRY_INTEGER, &s->random.state[1], NULL},
        {"sape.trainer.random.2", SAPE_ENTRY_INTEGER, &s->random.state[2], NULL},
        {"sape.trainer.random.3", SAPE_ENTRY_INTEGER, &s->random.state[3], NULL}};
    memcpy(entries, all, sizeof all);
}

/* More settings, which only a Chamfer loss has; returns how many. */
static size_t list_point_settings(struct state *s, struct sape_entry entries[NUM_POINT_SETTINGS]) {
    const struct sape_entry all[NUM_POINT_SETTINGS] = {
        {"sape.trainer.num_target_points", SAPE_ENTRY_SIZE, &s->num_points, NULL},
        {"sape.trainer.target_points_drawn", SAPE_ENTRY_SIZE, &s->points_drawn, NULL}};
    memcpy(entries, all, sizeof all);
    return s->loss == SAPE_LOSS_CHAMFER ? NUM_POINT_SETTINGS : 0;
}

/* Arrays of the parameters' shape, whose tensors are called after the parameters with a prefix. */
struct array {
    const char *prefix;
    float *values;
};

#define MAX_ARRAYS 3

static size_t list_arrays(const sape_trainer *trainer, bool has_previous, struct array arrays[MAX_ARRAYS]) {
    const struct sape_optimizer *optimizer = trainer->optimizer;
    size_t count = 0;
    if (optimizer->params.kind == SAPE_OPTIMIZER_ADAM) {
        arrays[count++] = (struct array){"optimizer.exp_avg.", optimizer->first};
        arrays[count++] = (struct array){"optimizer.exp_avg_sq.", optimizer->second};
    } else {
        arrays[count++] = (struct array){"optimizer.momentum_buffer.", optimizer->first};
    }
    if (has_previous) arrays[count++] = (struct array){"sape.previous.", trainer->previous};
    return count;
}

/* The name of an array's index-th tensor, and its shape. */
static sape_status describe(const sape_network *network, const char *prefix, size_t index, char *name, size_t size,
                            sape_tensor_info *info) {
    *info = (sape_tensor_info){.struct_size = sizeof *info};
    SAPE_TRY(sape_network_tensor_info(network, index, info));
    snprintf(name, size, "%smodel.model.model.%s", prefix, info->name);
    return SAPE_OK;
}

static sape_status add_array(const char *function, const sape_network *network, const struct array *array,
                             sape_safetensors_writer *writer) {
    char name[80];
    sape_tensor_info info;
    float *flat = SAPE_NEW_ARRAY(float, network->num_parameters);
    if (flat == NULL)
        return sape_fail(SAPE_ERROR_MEMORY, function, "no memory for %zu parameters", network->num_parameters);
    SAPE_TRY(sape_safetensors_writer_keep(writer, flat));
    sape_network_export(network, array->values, flat);
    for (size_t i = 0; i < sape_network_tensor_count(network); i++) {
        SAPE_TRY(describe(network, array->prefix, i, name, sizeof name, &info));
        SAPE_TRY(sape_check_finite(function, name, flat, info.count));
        SAPE_TRY(sape_safetensors_writer_add(writer, name, SAPE_DTYPE_F32, info.rank, info.shape, flat));
        flat += info.count;
    }
    return SAPE_OK;
}

static sape_status add_epoch(const char *function, const sape_trainer *trainer, sape_safetensors_writer *writer) {
    const size_t count = trainer->num_samples;
    int64_t *epoch = SAPE_NEW_ARRAY(int64_t, count);
    if (epoch == NULL) return sape_fail(SAPE_ERROR_MEMORY, function, "no memory for %zu samples", count);
    SAPE_TRY(sape_safetensors_writer_keep(writer, epoch));
    for (size_t i = 0; i < count; i++) epoch[i] = (int64_t)trainer->epoch[i];
    return sape_safetensors_writer_add(writer, epoch_name, SAPE_DTYPE_I64, 1, &count, epoch);
}

sape_status sape_checkpoint_add_trainer(const char *function, const sape_trainer *trainer,
                                        sape_safetensors_writer *writer) {
    struct state state = state_of(trainer);
    struct sape_entry entries[NUM_ENTRIES], point_settings[NUM_POINT_SETTINGS];
    struct array arrays[MAX_ARRAYS];
    SAPE_TRY(sape_trainer_check_state(function, trainer));
    SAPE_TRY(sape_checkpoint_add_field(function, trainer->field, writer));
    list_entries(&state, entries);
    SAPE_TRY(sape_entries_write(writer, entries, NUM_ENTRIES));
    SAPE_TRY(sape_entries_write(writer, point_settings, list_point_settings(&state, point_settings)));
    const size_t count = list_arrays(trainer, trainer->has_previous, arrays);
    for (size_t i = 0; i < count; i++) SAPE_TRY(add_array(function, trainer->field->network, &arrays[i], writer));
    SAPE_TRY(sape_checkpoint_add_progress(trainer, writer));
    SAPE_TRY(sape_checkpoint_add_rate(function, trainer, writer));
    return trainer->epoch == NULL ? SAPE_OK : add_epoch(function, trainer, writer);
}

/* What a checkpoint brings, to be taken over or dropped as a whole. */
struct incoming {
    struct state state;
    float *arrays[MAX_ARRAYS];
    size_t *epoch;
    struct sape_checkpoint_progress progress;
    struct sape_checkpoint_rate rate;
};

static void drop(struct incoming *incoming) {
    sape_checkpoint_drop_progress(&incoming->progress);
    sape_release(incoming->rate.rows);
    for (size_t i = 0; i < MAX_ARRAYS; i++) sape_release(incoming->arrays[i]);
    sape_release(incoming->epoch);
}

/* An array in the public order. */
static sape_status read_flat(const char *function, const sape_safetensors *file, const sape_network *network,
                             const char *prefix, float *flat) {
    char name[80];
    sape_tensor_info info;
    for (size_t i = 0; i < sape_network_tensor_count(network); i++) {
        SAPE_TRY(describe(network, prefix, i, name, sizeof name, &info));
        SAPE_TRY(sape_checkpoint_expect(function, file, name, info.rank, info.shape));
        SAPE_TRY(sape_safetensors_read(file, name, flat, info.count));
        SAPE_TRY(sape_check_finite(function, name, flat, info.count));
        flat += info.count;
    }
    return SAPE_OK;
}

static sape_status read_array(const char *function, const sape_safetensors *file, const sape_network *network,
                              const char *prefix, float **out) {
    float *flat = SAPE_NEW_ARRAY(float, network->num_parameters);
    *out = SAPE_NEW_ARRAY(float, network->size);
    sape_status status =
        flat == NULL || *out == NULL
            ? sape_fail(SAPE_ERROR_MEMORY, function, "no memory for %zu parameters", network->num_parameters)
            : read_flat(function, file, network, prefix, flat);
    if (status == SAPE_OK) sape_network_import(network, flat, *out);
    sape_release(flat);
    return status;
}

/* The order of the samples: each of them once. On the way, epoch[s] says where s has been seen, count for nowhere. */
static sape_status check_order(const char *function, const double *order, size_t count, size_t *epoch) {
    for (size_t i = 0; i < count; i++) epoch[i] = count;
    for (size_t i = 0; i < count; i++) {
        const bool inside = order[i] >= 0.0 && order[i] < (double)count;
        if (!inside || epoch[(size_t)order[i]] != count)
            return sape_fail(SAPE_ERROR_FORMAT, function, "%s[%zu] is %.0f: not every sample is there once", epoch_name,
                             i, order[i]);
        epoch[(size_t)order[i]] = i;
    }
    for (size_t i = 0; i < count; i++) epoch[i] = (size_t)order[i];
    return SAPE_OK;
}

/* Held-out samples, and those of batches that have all of them, keep their places. */
static sape_status check_fixed(const char *function, const sape_trainer *trainer, const size_t *epoch) {
    const size_t first = trainer->batch_size < trainer->num_training ? trainer->num_training : 0;
    for (size_t i = first; i < trainer->num_samples; i++)
        if (epoch[i] != trainer->epoch[i])
            return sape_fail(SAPE_ERROR_FORMAT, function, "%s[%zu] is %zu, which the seed has put elsewhere",
                             epoch_name, i, epoch[i]);
    return SAPE_OK;
}

static sape_status read_epoch(const char *function, const sape_safetensors *file, const sape_trainer *trainer,
                              size_t **out) {
    const size_t count = trainer->num_samples;
    SAPE_TRY(sape_checkpoint_expect(function, file, epoch_name, 1, &count));
    double *order = SAPE_NEW_ARRAY(double, count);
    *out = SAPE_NEW_ARRAY(size_t, count);
    sape_status status = SAPE_OK;
    if (order == NULL || *out == NULL)
        status = sape_fail(SAPE_ERROR_MEMORY, function, "no memory for %zu samples", count);
    if (status == SAPE_OK) status = sape_safetensors_read_double(file, epoch_name, order, count);
    if (status == SAPE_OK) status = check_order(function, order, count, *out);
    if (status == SAPE_OK) status = check_fixed(function, trainer, *out);
    sape_release(order);
    return status;
}

static sape_status read_state(const char *function, const sape_safetensors *file, const sape_trainer *trainer,
                              struct state *state) {
    struct sape_entry entries[NUM_ENTRIES], point_settings[NUM_POINT_SETTINGS];
    *state = state_of(trainer);
    list_entries(state, entries);
    SAPE_TRY(sape_entries_match(function, file, entries, NUM_SETTINGS));
    SAPE_TRY(sape_entries_match(function, file, point_settings, list_point_settings(state, point_settings)));
    return sape_entries_read(function, file, entries, NUM_ENTRIES);
}

/* Whether a trainer with the checkpoint's state would be one. */
static sape_status check_incoming(const char *function, const sape_trainer *trainer, const struct incoming *incoming) {
    const struct state *state = &incoming->state;
    struct sape_optimizer optimizer = *trainer->optimizer;
    struct sape_rate rate;
    sape_trainer candidate = *trainer;
    optimizer.num_steps = state->num_steps;
    optimizer.first = incoming->arrays[0];
    optimizer.second = optimizer.second == NULL ? NULL : incoming->arrays[1];
    candidate.optimizer = &optimizer;
    candidate.used = state->used;
    candidate.touched = state->touched;
    candidate.has_previous = state->has_previous != 0;
    candidate.random = state->random;
    candidate.convergence = incoming->progress.convergence;
    candidate.validation = incoming->progress.validation;
    if (trainer->rate != NULL) {
        rate = *trainer->rate;
        sape_checkpoint_show_rate(&incoming->rate, &rate);
        candidate.rate = &rate;
    }
    return sape_trainer_check_state(function, &candidate);
}

static sape_status read_incoming(const char *function, const sape_safetensors *file, const sape_trainer *trainer,
                                 struct incoming *incoming) {
    struct array arrays[MAX_ARRAYS];
    SAPE_TRY(read_state(function, file, trainer, &incoming->state));
    const size_t count = list_arrays(trainer, incoming->state.has_previous, arrays);
    for (size_t i = 0; i < count; i++)
        SAPE_TRY(read_array(function, file, trainer->field->network, arrays[i].prefix, &incoming->arrays[i]));
    SAPE_TRY(sape_checkpoint_read_progress(function, file, trainer, &incoming->progress));
    SAPE_TRY(sape_checkpoint_read_rate(function, file, trainer, &incoming->rate));
    if (trainer->epoch != NULL) SAPE_TRY(read_epoch(function, file, trainer, &incoming->epoch));
    return check_incoming(function, trainer, incoming);
}

static void take_over(sape_trainer *trainer, struct incoming *incoming) {
    const struct state *state = &incoming->state;
    struct array arrays[MAX_ARRAYS];
    const size_t count = list_arrays(trainer, state->has_previous, arrays);
    for (size_t i = 0; i < count; i++)
        memcpy(arrays[i].values, incoming->arrays[i], trainer->field->network->size * sizeof(float));
    if (trainer->epoch != NULL) memcpy(trainer->epoch, incoming->epoch, trainer->num_samples * sizeof *trainer->epoch);
    /* Rows behind the new touched may have a gradient from before. */
    sape_trainer_clear_rows(trainer, state->touched, trainer->field->network->input_dim);
    trainer->optimizer->num_steps = state->num_steps;
    trainer->used = state->used;
    trainer->touched = state->touched;
    trainer->has_previous = state->has_previous;
    trainer->random = state->random;
    trainer->sorted = false;
    trainer->ranks.agreed = false;
    sape_checkpoint_take_progress(trainer, &incoming->progress);
    sape_checkpoint_take_rate(trainer, &incoming->rate);
}

sape_status sape_checkpoint_restore_trainer(const char *function, const sape_safetensors *file, sape_trainer *trainer) {
    bool metadata;
    struct incoming incoming = {.epoch = NULL};
    SAPE_TRY(sape_trainer_check_outside(function, trainer));
    SAPE_TRY(sape_checkpoint_has_metadata(function, file, &metadata));
    if (!metadata || sape_safetensors_metadata(file, "sape.trainer.loss") == NULL)
        return sape_fail(SAPE_ERROR_NOT_FOUND, function, "the checkpoint is not that of a trainer");
    SAPE_TRY(sape_checkpoint_match_mask(function, file, trainer->field->mask));
    sape_status status = read_incoming(function, file, trainer, &incoming);
    if (status == SAPE_OK) status = sape_checkpoint_restore_field(function, file, trainer->field);
    if (status == SAPE_OK) take_over(trainer, &incoming);
    drop(&incoming);
    return status;
}
