/* SPDX-License-Identifier: MIT */
/* Proposed settings: what is known of the samples, and what is made of it, setting by setting. */
#ifndef SAPE_LIB_SETTINGS_H
#define SAPE_LIB_SETTINGS_H

#include <sape/bandwidth.h>
#include <sape/settings.h>
#include <stdbool.h>

#include "base/error.h"
#include "signal/lattice.h"
#include "signal/nearest.h"
#include "signal/neighbours.h"

#define SAPE_MAX_WORDS 24

/* Up to this many samples are few: an iteration takes all of them, and what comes early overfits them. */
#define SAPE_FEW_SAMPLES 512

/* One setting in words. */
struct sape_words {
    const char *name;
    char value[32], reason[160];
};

struct sape_settings {
    sape_encoder_params encoder;
    sape_mask_params mask;
    sape_cutoff_params cutoff;
    sape_network_params network;
    sape_optimizer_params optimizer;
    sape_trainer_params trainer;
    /* What the field divides each coordinate by. */
    double scale[SAPE_NEAREST_MAX_DIM];
    uint64_t iterations;
    /* Fields to fit, whose mean output is the best one. */
    size_t members;
    size_t num_words;
    struct sape_words words[SAPE_MAX_WORDS];
};

/* What the samples say, in the field's units once its scale is known. */
struct sape_facts {
    sape_bandwidth bandwidth;
    struct sape_neighbours neighbours;
    struct sape_lattice lattice;
    /* How often the training goes through all samples; known once batch and iterations are. */
    double epochs;
};

/* Adds words to the settings: a value and the reason for it, which is a format. */
void sape_settings_say_text(struct sape_settings *settings, const char *name, const char *value, const char *reason,
                            ...) SAPE_PRINTF(4, 5);
void sape_settings_say_count(struct sape_settings *settings, const char *name, uint64_t value, const char *reason, ...)
    SAPE_PRINTF(4, 5);
void sape_settings_say_real(struct sape_settings *settings, const char *name, double value, const char *reason, ...)
    SAPE_PRINTF(4, 5);

/* The facts of samples at the query's places, or at others. */
sape_status sape_facts_find(const sape_settings_query *query, const float *x, struct sape_facts *facts);

/* Whether the samples are a regular grid, so that the fit has nothing to make up between them. */
bool sape_facts_no_gaps(const sape_settings_query *query, const struct sape_facts *facts);

/* Whether values are to be found between scattered samples, or few samples along a line. */
bool sape_settings_fill_gaps(const sape_settings_query *query, const struct sape_settings *settings);

/* Whether several fields are to be fitted for it: where the length of a training is given, there is one. */
bool sape_settings_are_several(const sape_settings_query *query, const struct sape_settings *settings);

/* The parts of a proposal, in this order: each may read what those before it have set. */
void sape_propose_encoding(const sape_settings_query *query, const struct sape_facts *facts,
                           struct sape_settings *settings);
sape_status sape_propose_scale(const sape_settings_query *query, struct sape_facts *facts,
                               struct sape_settings *settings);
void sape_propose_field(const sape_settings_query *query, const struct sape_facts *facts,
                        struct sape_settings *settings);
void sape_propose_length(const sape_settings_query *query, struct sape_facts *facts, struct sape_settings *settings);
void sape_propose_members(const sape_settings_query *query, struct sape_settings *settings);
void sape_propose_schedule(const sape_settings_query *query, const struct sape_facts *facts,
                           struct sape_settings *settings);

#endif
