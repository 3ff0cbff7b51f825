/* SPDX-License-Identifier: MIT */
#include "settings/settings.h"

#include <math.h>
#include <string.h>

#include "base/call.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/params.h"
#include "encoder/encoding.h"

#define MAX_ITERATIONS 1000000000000u

static const sape_settings_query defaults = {.struct_size = sizeof(sape_settings_query),
                                             .task = SAPE_TASK_REGRESSION,
                                             .policy = SAPE_CHOOSE,
                                             .encoding = SAPE_CHOOSE,
                                             .domain_dim = 2,
                                             .output_dim = 3,
                                             .num_sets = 1};

void sape_settings_query_init(sape_settings_query *query, size_t size) {
    sape_params_init(query, size, &defaults, sizeof defaults);
}

/* What the proposal reads; the samples themselves are checked by sape_bandwidth_propose(). */
static sape_status check_query(const sape_settings_query *query) {
    SAPE_REQUIRE((unsigned)query->task <= SAPE_TASK_CURVE, "task is %d, not a sape_task", (int)query->task);
    SAPE_REQUIRE(query->policy >= SAPE_CHOOSE && query->policy <= (int32_t)SAPE_POLICY_VARIANCE,
                 "policy is %d, neither a sape_policy nor SAPE_CHOOSE", (int)query->policy);
    SAPE_REQUIRE(query->encoding >= SAPE_CHOOSE && query->encoding <= (int32_t)SAPE_ENCODING_GRID,
                 "encoding is %d, neither a sape_encoding nor SAPE_CHOOSE", (int)query->encoding);
    SAPE_REQUIRE(query->num_frequencies <= SAPE_MAX_FREQUENCIES, "num_frequencies is %zu, must be at most %d",
                 query->num_frequencies, SAPE_MAX_FREQUENCIES);
    SAPE_REQUIRE(query->num_sets >= 1, "num_sets is 0, must be at least 1");
    SAPE_REQUIRE(query->iterations <= MAX_ITERATIONS, "iterations is %llu, must be at most 10^12",
                 (unsigned long long)query->iterations);
    SAPE_REQUIRE(query->epochs <= MAX_ITERATIONS, "epochs is %llu, must be at most 10^12",
                 (unsigned long long)query->epochs);
    SAPE_REQUIRE(query->seconds >= 0.0 && isfinite(query->seconds), "seconds is %g, must be finite and >= 0",
                 query->seconds);
    SAPE_REQUIRE(query->num_threads <= 256, "num_threads is %zu, must be at most 256", query->num_threads);
    return SAPE_OK;
}

static void start(const sape_settings_query *query, struct sape_settings *settings) {
    sape_encoder_params_init(&settings->encoder, sizeof settings->encoder);
    sape_mask_params_init(&settings->mask, sizeof settings->mask);
    sape_cutoff_params_init(&settings->cutoff, sizeof settings->cutoff);
    sape_network_params_init(&settings->network, sizeof settings->network);
    sape_optimizer_params_init(&settings->optimizer, sizeof settings->optimizer);
    sape_trainer_params_init(&settings->trainer, sizeof settings->trainer);
    settings->encoder.domain_dim = query->domain_dim;
    settings->network.output_dim = query->output_dim;
    settings->encoder.seed = settings->network.seed = settings->trainer.seed = query->seed;
    settings->trainer.num_threads = query->num_threads;
}

sape_status sape_settings_propose(const sape_settings_query *query, sape_settings **out) {
    SAPE_BEGIN_CALL();
    SAPE_REQUIRE_POINTER(out);
    *out = NULL;
    SAPE_REQUIRE_POINTER(query);
    sape_settings_query known = defaults;
    struct sape_facts facts;
    SAPE_TRY(sape_params_read(&known, sizeof known, query));
    SAPE_TRY(check_query(&known));
    SAPE_TRY(sape_facts_find(&known, known.x, &facts));
    struct sape_settings *settings = SAPE_NEW(struct sape_settings);
    if (settings == NULL) return sape_fail(SAPE_ERROR_MEMORY, "no memory for settings");
    start(&known, settings);
    sape_propose_encoding(&known, &facts, settings);
    const sape_status status = sape_propose_scale(&known, &facts, settings);
    if (status != SAPE_OK) {
        sape_release(settings);
        return status;
    }
    sape_propose_field(&known, &facts, settings);
    sape_propose_length(&known, &facts, settings);
    sape_propose_members(&known, settings);
    sape_propose_schedule(&known, &facts, settings);
    *out = settings;
    return SAPE_OK;
}

void sape_settings_free(sape_settings *settings) {
    sape_release(settings);
}

static sape_status check_outputs(const void *const *outputs, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (outputs[i] != NULL) SAPE_TRY(sape_params_check_output(outputs[i]));
    return SAPE_OK;
}

sape_status sape_settings_get(const sape_settings *settings, sape_encoder_params *encoder, sape_mask_params *mask,
                              sape_network_params *network, sape_optimizer_params *optimizer,
                              sape_trainer_params *trainer) {
    SAPE_BEGIN_CALL();
    SAPE_REQUIRE_POINTER(settings);
    const void *const outputs[] = {encoder, mask, network, optimizer, trainer};
    SAPE_TRY(check_outputs(outputs, sizeof outputs / sizeof *outputs));
    sape_mask_params with_cutoff = settings->mask;
    with_cutoff.cutoff = &settings->cutoff;
    if (encoder != NULL) SAPE_TRY(sape_params_write(encoder, &settings->encoder, sizeof settings->encoder));
    if (mask != NULL) SAPE_TRY(sape_params_write(mask, &with_cutoff, sizeof with_cutoff));
    if (network != NULL) SAPE_TRY(sape_params_write(network, &settings->network, sizeof settings->network));
    if (optimizer != NULL) SAPE_TRY(sape_params_write(optimizer, &settings->optimizer, sizeof settings->optimizer));
    if (trainer != NULL) SAPE_TRY(sape_params_write(trainer, &settings->trainer, sizeof settings->trainer));
    return SAPE_OK;
}

uint64_t sape_settings_iterations(const sape_settings *settings) {
    return settings == NULL ? 0 : settings->iterations;
}

size_t sape_settings_members(const sape_settings *settings) {
    return settings == NULL ? 0 : settings->members;
}

sape_status sape_settings_get_scale(const sape_settings *settings, double *scale) {
    SAPE_BEGIN_CALL();
    SAPE_REQUIRE_POINTER(settings);
    SAPE_REQUIRE_POINTER(scale);
    memcpy(scale, settings->scale, settings->encoder.domain_dim * sizeof *scale);
    return SAPE_OK;
}

size_t sape_settings_count(const sape_settings *settings) {
    return settings == NULL ? 0 : settings->num_words;
}

sape_status sape_settings_item(const sape_settings *settings, size_t index, sape_setting *setting) {
    SAPE_BEGIN_CALL();
    SAPE_REQUIRE_POINTER(settings);
    SAPE_REQUIRE_POINTER(setting);
    SAPE_REQUIRE(index < settings->num_words, "index is %zu, must be below %zu", index, settings->num_words);
    const struct sape_words *words = &settings->words[index];
    const sape_setting known = {
        .struct_size = sizeof known, .name = words->name, .value = words->value, .reason = words->reason};
    return sape_params_write(setting, &known, sizeof known);
}
