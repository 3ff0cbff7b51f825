/* SPDX-License-Identifier: MIT */
#include "train/updater.h"

#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "state/claims.h"
#include "train/chunks.h"

/* Networks of fewer parameters are stepped faster than threads are woken. */
#define SMALL_NETWORK 65536

SAPE_DEFINE_NAMES(kind_name, "adam", "sgd")
SAPE_DEFINE_NAMES(schedule_name, "constant", "exponential", "cosine")

const char *sape_optimizer_kind_name(sape_optimizer_kind kind) {
    return kind_name((unsigned)kind);
}

const char *sape_schedule_name(sape_schedule schedule) {
    return schedule_name((unsigned)schedule);
}

sape_status sape_updater_open(const sape_optimizer_params *params, const sape_field *field,
                              struct sape_updater *updater) {
    const sape_network *network = field->network;
    SAPE_TRY(sape_optimizer_make(params, network->kernels, network->size, &updater->optimizer));
    updater->previous = SAPE_NEW_ARRAY(float, network->size);
    if (updater->previous == NULL) return sape_fail(SAPE_ERROR_MEMORY, "no memory for %zu parameters", network->size);
    return sape_table_updater_open(&updater->optimizer->params, field, &updater->tables);
}

void sape_updater_close(struct sape_updater *updater) {
    sape_optimizer_free(updater->optimizer);
    sape_table_updater_close(&updater->tables);
    sape_release(updater->previous);
}

void sape_updater_parallel(struct sape_pool *pool, const sape_network *network, size_t count, sape_pool_task task,
                           void *context) {
    if (network->size >= SMALL_NETWORK)
        sape_pool_run(pool, count, task, context);
    else
        for (size_t i = 0; i < count; i++) task(context, i, 0);
}

/* What the tasks of a pool work on. */
struct step {
    struct sape_updater *updater;
    sape_network *network;
    size_t num_gradients;
    const float *const *gradients;
    const sape_field *field;
    const struct sape_tables *tables;
    size_t table_parts;
};

/* What is to be stepped of a chunk that ends at *end; false: nothing. Rows of the first layer without a gradient so far
   have moments of zero, and a step would not move them. */
static bool stepped_part(const struct step *step, size_t begin, size_t *end) {
    const struct sape_layer *first = &step->network->layers[0];
    const size_t idle = first->weight + step->updater->touched * first->stride;
    if (step->updater->optimizer->params.weight_decay != 0.0 || *end > first->bias || *end <= idle) return true;
    if (begin >= idle) return false;
    *end = idle;
    return true;
}

static void step_chunk(void *context, size_t chunk, size_t worker) {
    (void)worker;
    const struct step *step = context;
    struct sape_optimizer *optimizer = step->updater->optimizer;
    float *parameters = step->network->parameters;
    const struct sape_chunk whole = sape_chunk_at(step->network->size, chunk);
    size_t end = whole.end;
    if (!stepped_part(step, whole.begin, &end)) end = whole.begin;
    memcpy(optimizer->kept_parameters + end, parameters + end, (whole.end - end) * sizeof *parameters);
    if (end == whole.begin) return;
    if (!sape_optimizer_range(optimizer, whole.begin, end, parameters, step->num_gradients, step->gradients))
        atomic_store(&step->updater->failed, true);
}

/* Parts of the tables first, which are most of the step where there are any; then the network's chunks. */
static void step_part_or_chunk(void *context, size_t index, size_t worker) {
    const struct step *step = context;
    if (index >= step->table_parts)
        step_chunk(context, index - step->table_parts, worker);
    else if (!sape_table_updater_step(&step->updater->tables, step->field, step->tables, index))
        atomic_store(&step->updater->failed, true);
}

static void pack_part(void *context, size_t part, size_t worker) {
    (void)worker;
    sape_network_pack_part(((const struct step *)context)->network, part);
}

static void restore_chunk(void *context, size_t chunk, size_t worker) {
    (void)worker;
    const struct step *step = context;
    struct sape_chunk part = sape_chunk_at(step->network->size, chunk);
    if (stepped_part(step, part.begin, &part.end))
        sape_optimizer_restore_range(step->updater->optimizer, part.begin, part.end);
}

/* Puts parameters in place that were kept. */
static void put_back(sape_network *network, const float *kept) {
    memcpy(network->parameters, kept, network->size * sizeof *kept);
    sape_network_pack(network);
}

static sape_status take_back(struct step *step, struct sape_pool *pool) {
    struct sape_optimizer *optimizer = step->updater->optimizer;
    sape_updater_parallel(pool, step->network, sape_num_chunks(step->network->size), restore_chunk, step);
    sape_optimizer_cancel(optimizer);
    put_back(step->network, optimizer->kept_parameters);
    return sape_fail(SAPE_ERROR_DIVERGED, SAPE_STEP_TAKEN_BACK);
}

/* All of the step, side by side. */
static void step_parts(struct step *step, struct sape_pool *pool) {
    struct sape_updater *updater = step->updater;
    const size_t chunks = sape_num_chunks(step->network->size);
    if (step->tables->num_levels == 0) {
        sape_updater_parallel(pool, step->network, chunks, step_chunk, step);
        return;
    }
    sape_table_updater_begin(&updater->tables, updater->optimizer);
    step->table_parts = sape_table_updater_num_parts(step->tables);
    sape_pool_run(pool, step->table_parts + chunks, step_part_or_chunk, step);
}

sape_status sape_updater_step(struct sape_updater *updater, sape_field *field, struct sape_pool *pool,
                              size_t num_gradients, const float *const *gradients, struct sape_tables *tables) {
    sape_network *network = field->network;
    struct step step = {updater, network, num_gradients, gradients, field, tables, 0};
    struct sape_optimizer *optimizer = updater->optimizer;
    atomic_store(&updater->failed, false);
    sape_optimizer_begin(optimizer);
    step_parts(&step, pool);
    if (atomic_load(&updater->failed)) {
        if (tables->num_levels > 0) sape_table_updater_take_back(&updater->tables, field, tables);
        return take_back(&step, pool);
    }
    sape_updater_parallel(pool, network, sape_network_pack_parts(network), pack_part, &step);
    float *kept = optimizer->kept_parameters;
    optimizer->kept_parameters = updater->previous;
    updater->previous = kept;
    updater->has_previous = true;
    if (tables->num_levels > 0) sape_table_updater_end(&updater->tables, field, tables);
    return SAPE_OK;
}

sape_status sape_updater_diverged(struct sape_updater *updater, sape_field *field, double loss) {
    if (updater->has_previous) {
        put_back(field->network, updater->previous);
        if (updater->tables.optimizer != NULL) sape_table_updater_put_back(&updater->tables, field);
    }
    updater->has_previous = false;
    return sape_fail(SAPE_ERROR_DIVERGED, "the loss is %g", loss);
}

/* Of which files do not tell. */
static const double usual_clip_norm = 0.0, usual_rate_factor = 1.0, usual_weight_decay = 0.0;

static void list_entries(struct sape_updater *updater, struct sape_state *state) {
    sape_optimizer_params *p = &updater->optimizer->params;
    const struct sape_entry all[] = {
        {"sape.optimizer.kind", SAPE_ENTRY_CHOICE, SAPE_SETTING, &p->kind, kind_name},
        {"sape.optimizer.schedule", SAPE_ENTRY_CHOICE, SAPE_SETTING, &p->schedule, schedule_name},
        {"sape.optimizer.learning_rate", SAPE_ENTRY_REAL, SAPE_STATE, &p->learning_rate, NULL},
        {"sape.optimizer.beta1", SAPE_ENTRY_REAL, SAPE_SETTING, &p->beta1, NULL},
        {"sape.optimizer.beta2", SAPE_ENTRY_REAL, SAPE_SETTING, &p->beta2, NULL},
        {"sape.optimizer.epsilon", SAPE_ENTRY_REAL, SAPE_SETTING, &p->epsilon, NULL},
        {"sape.optimizer.momentum", SAPE_ENTRY_REAL, SAPE_SETTING, &p->momentum, NULL},
        {"sape.optimizer.weight_decay", SAPE_ENTRY_REAL, SAPE_SETTING, &p->weight_decay, NULL},
        {"sape.optimizer.decay_rate", SAPE_ENTRY_REAL, SAPE_SETTING, &p->decay_rate, NULL},
        {"sape.optimizer.final_factor", SAPE_ENTRY_REAL, SAPE_SETTING, &p->final_factor, NULL},
        {"sape.optimizer.decay_iterations", SAPE_ENTRY_INTEGER, SAPE_SETTING, &p->decay_iterations, NULL},
        {"sape.optimizer.warmup_iterations", SAPE_ENTRY_INTEGER, SAPE_SETTING, &p->warmup_iterations, NULL},
        {"sape.optimizer.num_steps", SAPE_ENTRY_INTEGER, SAPE_STATE, &updater->optimizer->num_steps, NULL},
        {"sape.trainer.features_touched", SAPE_ENTRY_SIZE, SAPE_OWN_STATE, &updater->touched, NULL},
        {"sape.trainer.has_previous", SAPE_ENTRY_BOOL, SAPE_OWN_STATE, &updater->has_previous, NULL}};
    sape_state_add(state, sizeof all / sizeof *all, all);
    const struct sape_usual_entry usual[] = {
        {{"sape.optimizer.clip_norm", SAPE_ENTRY_REAL, SAPE_SETTING, &p->clip_norm, NULL}, &usual_clip_norm},
        {{"sape.optimizer.encoder_rate_factor", SAPE_ENTRY_REAL, SAPE_SETTING, &p->encoder_rate_factor, NULL},
         &usual_rate_factor},
        {{"sape.optimizer.encoder_weight_decay", SAPE_ENTRY_REAL, SAPE_SETTING, &p->encoder_weight_decay, NULL},
         &usual_weight_decay}};
    sape_state_add_usual(state, sizeof usual / sizeof *usual, usual);
}

void sape_updater_list_state(struct sape_updater *updater, const sape_field *field, bool has_previous,
                             struct sape_state *state) {
    const sape_network *network = field->network;
    struct sape_optimizer *optimizer = updater->optimizer;
    list_entries(updater, state);
    if (optimizer->params.kind == SAPE_OPTIMIZER_ADAM) {
        sape_network_list(network, "optimizer.exp_avg." SAPE_NETWORK_PREFIX, SAPE_STATE, &optimizer->first, state);
        sape_network_list(network, "optimizer.exp_avg_sq." SAPE_NETWORK_PREFIX, SAPE_STATE, &optimizer->second, state);
    } else {
        sape_network_list(network, "optimizer.momentum_buffer." SAPE_NETWORK_PREFIX, SAPE_STATE, &optimizer->first,
                          state);
    }
    sape_network_list(network, has_previous ? "sape.previous." SAPE_NETWORK_PREFIX : NULL, SAPE_OWN_STATE,
                      &updater->previous, state);
    sape_table_updater_list_state(&updater->tables, field, has_previous, state);
}

/* Rows of the first layer without a gradient so far are not stepped: they must not need to be. */
static bool untouched_rows_hold(const struct sape_updater *updater, const sape_network *network) {
    const struct sape_optimizer *optimizer = updater->optimizer;
    const struct sape_layer *first = &network->layers[0];
    if (updater->touched > network->input_dim) return false;
    for (size_t i = first->weight + updater->touched * first->stride; i < first->bias; i++)
        if (optimizer->first[i] != 0.0f || (optimizer->second != NULL && optimizer->second[i] != 0.0f)) return false;
    return true;
}

sape_status sape_updater_check_state(const struct sape_updater *updater, const sape_network *network) {
    const struct sape_claim claims[] = {
        {"sape.trainer.features_touched", untouched_rows_hold(updater, network)},
        {"sape.trainer.has_previous", !updater->has_previous || updater->optimizer->num_steps > 0}};
    SAPE_TRY(SAPE_CHECK_CLAIMS(claims));
    if (updater->tables.optimizer != NULL) {
        updater->tables.optimizer->num_steps = updater->optimizer->num_steps;
        SAPE_TRY(sape_optimizer_check_state(updater->tables.optimizer));
    }
    return sape_optimizer_check_state(updater->optimizer);
}
