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
/* Powers of two reach the Nyquist frequency: 2^i / 2 <= nyquist. */
#define MAX_POSITIONAL 16
#define FEWEST_CELLS 12
/* A cell of the mask holds this many samples, as a mean. */
#define SAMPLES_PER_CELL 4.0

/* Up to this many samples an iteration takes all of them, and at most that many where there are more. */
#define SMALL_SET 512
#define LARGEST_BATCH 4096
/* Iterations that go once through a set that is larger. */
#define BATCHES_PER_SET 8

/* The training goes through the samples this often, in no fewer and no more iterations. */
#define PASSES 200.0
#define FEWEST_ITERATIONS 1000.0
#define MOST_ITERATIONS 20000.0

/* Multiply-adds a second of a thread, and those of a sample's training step for one of its prediction. */
#define ASSUMED_SPEED 3e10
#define STEP_COST 3.0

SAPE_DEFINE_NAMES(task_name, "regression", "occupancy", "curve")

const char *sape_task_name(sape_task task) {
    return task_name((unsigned)task);
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
    if (known->signal_frequency > 0.0)
        sape_settings_say_real(settings, "std", encoder->std,
                               "neighbouring targets differ as at %.3g cycles per unit; the samples can hold %.3g",
                               known->signal_frequency, known->nyquist);
    else
        sape_settings_say_real(settings, "std", encoder->std, "a fifth of the %.3g cycles per unit of the samples",
                               known->nyquist);
}

static void propose_encoder(const sape_settings_query *query, const struct sape_facts *facts,
                            struct sape_settings *settings) {
    sape_encoder_params *encoder = &settings->encoder;
    encoder->kind = query->encoding == SAPE_CHOOSE ? SAPE_ENCODING_FOURIER : (sape_encoding)query->encoding;
    sape_settings_say_text(settings, "encoding", sape_encoding_name(encoder->kind),
                           query->encoding == SAPE_CHOOSE ? "the one for samples with gaps" : "as asked for");
    if (encoder->kind == SAPE_ENCODING_IDENTITY) return;
    if (encoder->kind == SAPE_ENCODING_POSITIONAL) {
        const double highest = floor(log2(fmax(2.0 * facts->bandwidth.nyquist, 1.0)));
        encoder->num_frequencies = (size_t)fmin(highest, MAX_POSITIONAL - 1) + 1;
        sape_settings_say_count(settings, "num-frequencies", encoder->num_frequencies,
                                "up to the %.3g cycles per unit that the samples can hold", facts->bandwidth.nyquist);
        return;
    }
    sape_settings_say_count(settings, "num-frequencies", encoder->num_frequencies, "the published number");
    propose_std(query, facts, settings);
    encoder->draw = SAPE_DRAW_STRATIFIED;
    sape_settings_say_text(settings, "draw", "stratified", "fits depend less on the seed");
}

/* Coordinates that never change have no cells of their own. */
static void propose_resolution(const sape_settings_query *query, struct sape_settings *settings) {
    static const double most[] = {0.0, 1024.0, 128.0, 64.0};
    const size_t d = query->domain_dim;
    const double wanted = pow((double)query->n / SAMPLES_PER_CELL, 1.0 / (double)d);
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
    network->hidden_dim = narrow ? 64 : 256;
    network->num_layers = query->task == SAPE_TASK_OCCUPANCY ? 4 : query->domain_dim == 1 ? 2 : 3;
    sape_settings_say_count(settings, "hidden", network->hidden_dim,
                            narrow ? "enough for one variable" : "the published width");
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
    const double features = 2.0 * (double)settings->encoder.num_frequencies;
    return STEP_COST *
           (features * hidden + (layers - 1.0) * hidden * hidden + hidden * (double)settings->network.output_dim);
}

static void propose_batch(const sape_settings_query *query, struct sape_settings *settings) {
    size_t *batch = &settings->trainer.batch_size;
    *batch = query->batch_size < query->n ? query->batch_size : 0;
    if (query->batch_size > 0) {
        sape_settings_say_count(settings, "batch", query->batch_size, "as asked for");
    } else if (query->n <= SMALL_SET || query->task == SAPE_TASK_CURVE) {
        sape_settings_say_count(settings, "batch", query->n, "all samples, as they are few");
    } else {
        const size_t wanted = query->n / BATCHES_PER_SET;
        *batch = wanted < SMALL_SET ? SMALL_SET : wanted > LARGEST_BATCH ? LARGEST_BATCH : wanted;
        sape_settings_say_count(settings, "batch", *batch, "%d iterations or more go through all samples",
                                BATCHES_PER_SET);
    }
}

void sape_propose_length(const sape_settings_query *query, struct sape_facts *facts, struct sape_settings *settings) {
    propose_batch(query, settings);
    const size_t batch = settings->trainer.batch_size == 0 ? query->n : settings->trainer.batch_size;
    const double samples = (double)query->n * (double)query->num_sets;
    const size_t threads = query->num_threads == 0 ? 1 : query->num_threads;
    double wanted = (double)query->iterations;
    if (query->iterations == 0)
        wanted = fmin(fmax(ceil(PASSES * samples / (double)batch), FEWEST_ITERATIONS), MOST_ITERATIONS);
    const double possible =
        floor(query->seconds * ASSUMED_SPEED * (double)threads / (cost_of_sample(settings) * (double)batch));
    const bool limited = query->seconds > 0.0 && possible < wanted;
    settings->iterations = (uint64_t)(limited ? fmax(possible, 1.0) : wanted);
    facts->epochs = (double)settings->iterations * (double)batch / samples;
    sape_settings_say_count(settings, "iterations", settings->iterations,
                            limited                  ? "%.3g times through the samples; more would not fit the seconds"
                            : query->iterations == 0 ? "%.3g times through the samples"
                                                     : "as asked for, %.3g times through the samples",
                            facts->epochs);
}
