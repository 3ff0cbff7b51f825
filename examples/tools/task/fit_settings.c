/* SPDX-License-Identifier: MIT */
#include "task/fit_settings.h"

#include "cli/message.h"

#include <math.h>
#include <stdio.h>

static sape_task task_of(sape_loss loss) {
    return loss == SAPE_LOSS_BCE       ? SAPE_TASK_OCCUPANCY
           : loss == SAPE_LOSS_CHAMFER ? SAPE_TASK_CURVE
                                       : SAPE_TASK_REGRESSION;
}

static bool make_query(const struct settings *settings, const struct fit_problem *problem, uint64_t epochs,
                       sape_settings_query *query) {
    sape_settings_query_init(query, sizeof *query);
    query->task = task_of(problem->loss);
    query->policy = settings->policy;
    query->encoding = settings->encoding;
    if (settings->num_frequencies != OPTION_OPEN) query->num_frequencies = settings->num_frequencies;
    query->domain_dim = problem->domain_dim;
    query->output_dim = problem->output_dim;
    query->n = problem->n;
    query->x = problem->x;
    query->targets = problem->targets;
    if (problem->epoch && !problem->epoch(problem->epoch_user, 0, &query->x, &query->targets)) return false;
    query->num_sets = problem->num_sets > 0 ? problem->num_sets : 1;
    if (settings->iterations != OPTION_OPEN) query->iterations = settings->iterations;
    if (epochs != OPTION_OPEN) query->epochs = epochs;
    query->seconds = settings->seconds;
    if ((uint64_t)problem->batch_size != (size_t)OPTION_OPEN)
        query->batch_size = problem->batch_size == 0 ? problem->n : problem->batch_size;
    query->num_threads = settings->threads;
    query->seed = settings->seed;
    return true;
}

/* What the proposal says, as settings. */
static struct settings settings_of(const sape_settings *proposal, size_t *batch_size) {
    sape_encoder_params encoder = {.struct_size = sizeof encoder};
    sape_mask_params mask = {.struct_size = sizeof mask};
    sape_network_params network = {.struct_size = sizeof network};
    sape_optimizer_params optimizer = {.struct_size = sizeof optimizer};
    sape_trainer_params trainer = {.struct_size = sizeof trainer};
    sape_settings_get(proposal, &encoder, &mask, &network, &optimizer, &trainer);
    *batch_size = trainer.batch_size;
    return (struct settings){.encoding = (int)encoder.kind,
                             .num_frequencies = encoder.num_frequencies,
                             .std = encoder.std,
                             .draw = (int)encoder.draw,
                             .hidden = network.hidden_dim,
                             .layers = network.num_layers,
                             .policy = (int)mask.policy,
                             .epsilon = mask.epsilon,
                             .resolution = mask.resolution,
                             .num_blocks = mask.num_blocks,
                             .iterations = sape_settings_iterations(proposal),
                             .learning_rate = optimizer.learning_rate};
}

/* Calls a function with every setting that was proposed rather than given: those whose option has no value yet. */
static void for_each_word(const struct settings *settings, void (*each)(void *user, const sape_setting *word),
                          void *user) {
    for (size_t i = 0; i < sape_settings_count(settings->proposal); i++) {
        sape_setting word = {.struct_size = sizeof word};
        if (sape_settings_item(settings->proposal, i, &word) == SAPE_OK) each(user, &word);
    }
}

static void tell(void *user, const sape_setting *word) {
    (void)user;
    fprintf(stderr, "%s %s: %s\n", word->name, word->value, word->reason);
}

bool fit_settle(struct settings *settings, struct fit_problem *problem, uint64_t epochs) {
    sape_settings_query query;
    size_t batch_size;
    settings->proposal = NULL;
    if (settings->preset == SETTINGS_PAPER) return true;
    if (!make_query(settings, problem, epochs, &query)) return false;
    if (sape_settings_propose(&query, &settings->proposal) != SAPE_OK) return message_sape_error();
    const struct settings values = settings_of(settings->proposal, &batch_size);
    settings_close(settings, &values);
    if ((uint64_t)problem->batch_size == (size_t)OPTION_OPEN) problem->batch_size = batch_size;
    if (settings->verbose) for_each_word(settings, tell, NULL);
    return true;
}

void fit_settings_free(struct settings *settings) {
    sape_settings_free(settings->proposal);
    settings->proposal = NULL;
}

sape_status fit_set_scale(const sape_settings *proposal, sape_field *field) {
    double scale[3];
    if (!proposal) return SAPE_OK;
    const sape_status status = sape_settings_get_scale(proposal, scale);
    return status == SAPE_OK ? sape_field_set_normalization(field, NULL, scale, NULL, NULL) : status;
}

static void add_word(void *user, const sape_setting *word) {
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "value", word->value);
    cJSON_AddStringToObject(object, "reason", word->reason);
    cJSON_AddItemToObject(user, word->name, object);
}

void fit_settings_report(const struct settings *settings, cJSON *report) {
    cJSON_AddStringToObject(report, "preset", settings->preset == SETTINGS_PAPER ? "paper" : "proposed");
    if (settings->proposal) for_each_word(settings, add_word, cJSON_AddObjectToObject(report, "proposed"));
}
