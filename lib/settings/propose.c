/* SPDX-License-Identifier: MIT */
/* What a field is made of, and how long it trains. docs/mathematics.md has the formulas, docs/quality.md the reasons.
 */
#include <math.h>
#include <stdbool.h>

#include "encoder/encoding.h"
#include "mask/policy.h"
#include "settings/settings.h"
#include "state/state.h"

/* A curve's std where nothing is known of its points: the published one. */
#define CURVE_STD 5.0
/* Between samples: how much of what the bandwidth proposes, where all axes have one scale; and of the Nyquist frequency
   at most. */
#define STD_BETWEEN 1.5
#define HIGHEST_STD 0.5
/* Powers of two reach the Nyquist frequency: 2^i / 2 <= nyquist. */
#define MAX_POSITIONAL 16
#define FEWEST_CELLS 12
/* Samples have no gaps if they fill this share of a regular grid; they are drawn anew if there are that many sets. */
#define FILLED 0.55
#define MANY_SETS 4
/* Grids: the finest resolution, and the factor between levels, in 3D and below; levels and rows of a table at most. */
#define FINEST 2048.0
#define LOG2_GROWTH_3D 0.5
#define LOG2_GROWTH 0.75
#define MOST_LEVELS 16.0
#define ROWS_2D 20.0
#define ROWS_3D 17.0
/* A cell of the mask holds this many samples, as a mean. */
#define SAMPLES_PER_CELL 4.0

/* Batches of one field. */
#define LEAST_BATCH 512
#define LARGEST_BATCH 4096
#define LARGEST_GRID_BATCH 2048
/* Of several fields: their mean takes the noise of small batches away. */
#define SMALLEST_BATCH 256
#define SMALL_BATCH 512
/* Iterations that go once through a set that is larger, at least; grids learn from a few samples as much. */
#define BATCHES_PER_SET 8
#define GRID_BATCHES_PER_SET 32

/* The training goes through the samples this often, in no fewer and no more iterations. */
#define PASSES 200.0
#define GRID_PASSES 1.0
#define FEWEST_ITERATIONS 1000.0
#define MOST_ITERATIONS 20000.0

/* Fields whose mean is taken at most, and multiply-adds of all their trainings where no time is given. */
#define MOST_MEMBERS 16.0
#define USUAL_COST 6e12

/* Multiply-adds a second of a thread, and those of a sample's training step for one of its prediction. */
#define ASSUMED_SPEED 3e10
#define STEP_COST 3.0

SAPE_DEFINE_NAMES(task_name, "regression", "occupancy", "curve")

const char *sape_task_name(sape_task task) {
    return task_name((unsigned)task);
}

bool sape_settings_fill_gaps(const sape_settings_query *query, const struct sape_settings *settings) {
    return query->task == SAPE_TASK_REGRESSION && query->targets != NULL &&
           (query->domain_dim > 1 || query->n <= SAPE_FEW_SAMPLES) && query->num_sets == 1 &&
           settings->encoder.kind == SAPE_ENCODING_FOURIER;
}

bool sape_settings_are_several(const sape_settings_query *query, const struct sape_settings *settings) {
    return sape_settings_fill_gaps(query, settings) && query->iterations == 0 && query->epochs == 0;
}

/* The geometric mean of the scales. Scaled coordinates have a higher signal frequency. */
static double mean_scale(const sape_settings_query *query, const struct sape_settings *settings) {
    double product = 1.0;
    for (size_t a = 0; a < query->domain_dim; a++) product *= settings->scale[a];
    return pow(product, 1.0 / (double)query->domain_dim);
}

static void propose_std(const sape_settings_query *query, const struct sape_facts *facts,
                        struct sape_settings *settings) {
    const sape_bandwidth *known = &facts->bandwidth;
    sape_encoder_params *encoder = &settings->encoder;
    if (query->task == SAPE_TASK_CURVE && query->targets == NULL) {
        encoder->std = CURVE_STD;
        sape_settings_say_real(settings, "std", encoder->std, "the published one, as a curve has no targets");
        return;
    }
    encoder->std = known->std;
    if (sape_settings_fill_gaps(query, settings) && known->signal_frequency > 0.0)
        encoder->std =
            fmin(fmax(STD_BETWEEN / mean_scale(query, settings), 1.0) * known->std, HIGHEST_STD * known->nyquist);
    if (known->signal_frequency > 0.0)
        sape_settings_say_real(settings, "std", encoder->std,
                               "neighbouring targets differ as at %.3g cycles per unit; the samples can hold %.3g",
                               known->signal_frequency, known->nyquist);
    else
        sape_settings_say_real(settings, "std", encoder->std, "a fifth of the %.3g cycles per unit of the samples",
                               known->nyquist);
}

bool sape_facts_no_gaps(const sape_settings_query *query, const struct sape_facts *facts) {
    return query->domain_dim > 1 && facts->lattice.gap > 0.0 && facts->lattice.filled >= FILLED;
}

/* Grids know nothing between samples: they are for samples without gaps, and for those that are drawn anew. */
static sape_encoding choose_encoding(const sape_settings_query *query, const struct sape_facts *facts,
                                     const char **reason) {
    const bool no_gaps = sape_facts_no_gaps(query, facts);
    const bool drawn_anew = query->num_sets >= MANY_SETS;
    *reason = query->encoding != SAPE_CHOOSE   ? "as asked for"
              : query->task == SAPE_TASK_CURVE ? "the one for curves"
              : query->domain_dim == 1         ? "the one for one variable"
              : no_gaps                        ? "the fastest one, as the samples are a regular grid"
              : drawn_anew                     ? "the fastest one, as samples are drawn anew"
                                               : "the one for samples with gaps";
    if (query->encoding != SAPE_CHOOSE) return (sape_encoding)query->encoding;
    const bool grid = query->task != SAPE_TASK_CURVE && query->domain_dim > 1 && (no_gaps || drawn_anew);
    return grid ? SAPE_ENCODING_GRID : SAPE_ENCODING_FOURIER;
}

/* As many cells along an axis as there are samples: along the axis that has the most of them where that is known. */
static double cells_along(const sape_settings_query *query, const struct sape_facts *facts) {
    if (sape_facts_no_gaps(query, facts)) return round(2.0 / facts->lattice.gap);
    return floor(pow((double)query->n * (double)query->num_sets, 1.0 / (double)query->domain_dim)) - 1.0;
}

static void propose_grid(const sape_settings_query *query, const struct sape_facts *facts,
                         struct sape_settings *settings) {
    sape_encoder_params *encoder = &settings->encoder;
    const double finest = fmin(fmax(cells_along(query, facts), (double)encoder->base_resolution), FINEST);
    const double growth = query->domain_dim == 3 ? LOG2_GROWTH_3D : LOG2_GROWTH;
    const double levels = ceil(log2(finest / (double)encoder->base_resolution) / growth) + 1.0;
    const double rows = ceil((double)query->domain_dim * log2(finest + 1.0));
    encoder->finest_resolution = (size_t)finest;
    encoder->num_levels = (size_t)fmin(levels, MOST_LEVELS);
    encoder->log2_table_size = (size_t)fmin(rows, query->domain_dim == 3 ? ROWS_3D : ROWS_2D);
    sape_settings_say_count(settings, "finest-resolution", encoder->finest_resolution,
                            "cells along an axis, about as many as samples");
    sape_settings_say_count(settings, "levels", encoder->num_levels, "from %zu cells along an axis up",
                            encoder->base_resolution);
    sape_settings_say_count(settings, "log2-table-size", encoder->log2_table_size,
                            rows <= ROWS_2D ? "all corners of the finest level, as far as the cache likes"
                                            : "as large as the cache likes");
}

void sape_propose_encoding(const sape_settings_query *query, const struct sape_facts *facts,
                           struct sape_settings *settings) {
    const char *reason;
    settings->encoder.kind = choose_encoding(query, facts, &reason);
    sape_settings_say_text(settings, "encoding", sape_encoding_name(settings->encoder.kind), "%s", reason);
}

static void propose_encoder(const sape_settings_query *query, const struct sape_facts *facts,
                            struct sape_settings *settings) {
    sape_encoder_params *encoder = &settings->encoder;
    if (encoder->kind == SAPE_ENCODING_IDENTITY) return;
    if (encoder->kind == SAPE_ENCODING_GRID) {
        propose_grid(query, facts, settings);
        return;
    }
    if (encoder->kind == SAPE_ENCODING_POSITIONAL) {
        const double highest = floor(log2(fmax(2.0 * facts->bandwidth.nyquist, 1.0)));
        encoder->num_frequencies =
            query->num_frequencies > 0 ? query->num_frequencies : (size_t)fmin(highest, MAX_POSITIONAL - 1) + 1;
        sape_settings_say_count(settings, "num-frequencies", encoder->num_frequencies,
                                "up to the %.3g cycles per unit that the samples can hold", facts->bandwidth.nyquist);
        return;
    }
    if (query->num_frequencies > 0) encoder->num_frequencies = query->num_frequencies;
    sape_settings_say_count(settings, "num-frequencies", encoder->num_frequencies,
                            query->num_frequencies > 0 ? "as asked for" : "the published number");
    propose_std(query, facts, settings);
    encoder->draw = SAPE_DRAW_STRATIFIED;
    sape_settings_say_text(settings, "draw", "stratified", "fits depend less on the seed");
}

/* Coordinates that never change have no cells of their own. */
static void propose_resolution(const sape_settings_query *query, struct sape_settings *settings) {
    static const double most[] = {0.0, 1024.0, 128.0, 64.0};
    const size_t d = query->domain_dim;
    double density = (double)query->n;
    for (size_t a = 0; a < d; a++) density *= settings->scale[a];
    const double wanted = pow(density / SAMPLES_PER_CELL, 1.0 / (double)d);
    settings->mask.resolution = (size_t)fmin(fmax(wanted, FEWEST_CELLS), most[d]);
    sape_settings_say_count(settings, "resolution", settings->mask.resolution,
                            "%.0f samples or more in a cell, %.0f cells an axis at most", SAMPLES_PER_CELL, most[d]);
}

static void propose_policy(const sape_settings_query *query, const struct sape_facts *facts,
                           struct sape_settings *settings) {
    sape_mask_params *mask = &settings->mask;
    mask->policy = query->policy == SAPE_CHOOSE ? SAPE_POLICY_SPATIAL : (sape_policy)query->policy;
    const bool without = settings->encoder.kind == SAPE_ENCODING_IDENTITY;
    if (without) mask->policy = SAPE_POLICY_NONE;
    sape_settings_say_text(settings, "policy", sape_policy_name(mask->policy),
                           without                        ? "coordinates have no frequencies to reveal"
                           : query->policy == SAPE_CHOOSE ? "features are revealed where the loss is high"
                                                          : "as asked for");
    if (mask->policy == SAPE_POLICY_SPATIAL_FIXED) {
        mask->samples = query->x;
        mask->num_samples = query->n;
    }
    if (mask->policy == SAPE_POLICY_VARIANCE) {
        settings->cutoff.c_max = facts->bandwidth.c_max;
        sape_settings_say_real(settings, "c-max", settings->cutoff.c_max,
                               "half of the %.3g cycles per unit that the samples can hold", facts->bandwidth.nyquist);
    }
    if (mask->policy == SAPE_POLICY_SPATIAL || mask->policy == SAPE_POLICY_VARIANCE)
        propose_resolution(query, settings);
}

static void propose_network(const sape_settings_query *query, struct sape_settings *settings) {
    sape_network_params *network = &settings->network;
    const bool narrow = query->task == SAPE_TASK_REGRESSION && query->domain_dim == 1;
    const bool several = sape_settings_are_several(query, settings);
    if (settings->encoder.kind == SAPE_ENCODING_GRID) {
        network->hidden_dim = 64;
        network->num_layers = 1;
        sape_settings_say_count(settings, "hidden", network->hidden_dim, "enough behind grids");
        sape_settings_say_count(settings, "layers", network->num_layers, "enough behind grids");
        return;
    }
    network->hidden_dim = narrow ? 64 : several ? 128 : 256;
    network->num_layers = query->task == SAPE_TASK_OCCUPANCY ? 4 : query->domain_dim == 1 ? 2 : 3;
    sape_settings_say_count(settings, "hidden", network->hidden_dim,
                            narrow    ? "enough for one variable"
                            : several ? "several narrow fields are worth more than a wide one"
                                      : "the published width");
    sape_settings_say_count(settings, "layers", network->num_layers, "the published depth for such a task");
}

void sape_propose_field(const sape_settings_query *query, const struct sape_facts *facts,
                        struct sape_settings *settings) {
    propose_encoder(query, facts, settings);
    propose_policy(query, facts, settings);
    propose_network(query, settings);
}

/* Multiply-adds of a sample's training step. */
static double cost_of_sample(const struct sape_settings *settings) {
    const double hidden = (double)settings->network.hidden_dim, layers = (double)settings->network.num_layers;
    const double features = settings->encoder.kind == SAPE_ENCODING_GRID
                                ? (double)(settings->encoder.num_levels * settings->encoder.features_per_level)
                                : 2.0 * (double)settings->encoder.num_frequencies;
    return STEP_COST *
           (features * hidden + (layers - 1.0) * hidden * hidden + hidden * (double)settings->network.output_dim);
}

/* Of a set that is not small. */
static size_t usual_batch(const sape_settings_query *query, const struct sape_settings *settings, size_t batches) {
    const bool grid = settings->encoder.kind == SAPE_ENCODING_GRID,
               several = sape_settings_are_several(query, settings);
    const size_t least = several ? SMALLEST_BATCH : LEAST_BATCH, wanted = query->n / batches;
    const size_t most = several ? SMALL_BATCH : grid ? LARGEST_GRID_BATCH : LARGEST_BATCH;
    return wanted < least ? least : wanted > most ? most : wanted;
}

static void propose_batch(const sape_settings_query *query, struct sape_settings *settings) {
    const size_t batches = settings->encoder.kind == SAPE_ENCODING_GRID ? GRID_BATCHES_PER_SET : BATCHES_PER_SET;
    size_t *batch = &settings->trainer.batch_size;
    *batch = query->batch_size < query->n ? query->batch_size : 0;
    if (query->batch_size > 0) {
        sape_settings_say_count(settings, "batch", query->batch_size, "as asked for");
    } else if (query->n <= SAPE_FEW_SAMPLES || query->task == SAPE_TASK_CURVE) {
        sape_settings_say_count(settings, "batch", query->n, "all samples, as they are few");
    } else {
        *batch = usual_batch(query, settings, batches);
        sape_settings_say_count(settings, "batch", *batch, "%zu iterations or more go through all samples", batches);
    }
}

/* Iterations of the query's length; 0 where it gives none. */
static double asked_for(const sape_settings_query *query, size_t batch) {
    if (query->iterations > 0) return (double)query->iterations;
    return (double)query->epochs * (double)(batch < query->n ? query->n / batch : 1);
}

void sape_propose_length(const sape_settings_query *query, struct sape_facts *facts, struct sape_settings *settings) {
    propose_batch(query, settings);
    const size_t batch = settings->trainer.batch_size == 0 ? query->n : settings->trainer.batch_size;
    const size_t threads = query->num_threads == 0 ? 1 : query->num_threads;
    const double samples = (double)query->n * (double)query->num_sets;
    const double passes = settings->encoder.kind == SAPE_ENCODING_GRID ? GRID_PASSES : PASSES;
    const double asked = asked_for(query, batch);
    const double wanted =
        asked > 0.0 ? asked : fmin(fmax(ceil(passes * samples / (double)batch), FEWEST_ITERATIONS), MOST_ITERATIONS);
    const double cost = cost_of_sample(settings) * (double)batch;
    const double possible = floor(query->seconds * ASSUMED_SPEED * (double)threads / cost);
    const bool limited = query->seconds > 0.0 && possible < wanted;
    settings->iterations = (uint64_t)(limited ? fmax(possible, 1.0) : wanted);
    facts->epochs = (double)settings->iterations * (double)batch / samples;
    sape_settings_say_count(settings, "iterations", settings->iterations,
                            limited        ? "%.3g times through the samples; more would not fit the seconds"
                            : asked == 0.0 ? "%.3g times through the samples"
                                           : "as asked for, %.3g times through the samples",
                            facts->epochs);
}

void sape_propose_members(const sape_settings_query *query, struct sape_settings *settings) {
    const size_t batch = settings->trainer.batch_size == 0 ? query->n : settings->trainer.batch_size;
    const double threads = query->num_threads == 0 ? 1.0 : (double)query->num_threads;
    const double cost = cost_of_sample(settings) * (double)batch * (double)settings->iterations;
    const double possible = query->seconds > 0.0 ? query->seconds * ASSUMED_SPEED * threads : USUAL_COST;
    const bool several = sape_settings_are_several(query, settings);
    settings->members = several ? (size_t)fmin(fmax(possible / cost, 1.0), MOST_MEMBERS) : 1;
    if (!sape_settings_fill_gaps(query, settings)) return;
    sape_settings_say_count(settings, "members", settings->members,
                            several ? "fields whose mean is better between samples, as the time allows"
                                    : "as the length of the training is given");
}
