/* SPDX-License-Identifier: MIT */
/* When features are revealed, and how the parameters are trained. */
#include <math.h>
#include <stdbool.h>

#include "settings/settings.h"

/* Steps in which features are revealed, and the share of the training that they take: little where the samples are seen
   too rarely to be overfitted, most of it from MANY_EPOCHS on. Few samples are overfitted by whatever comes first;
   where they hardly hold the signal's frequencies, all must be there at once. */
#define NUM_BLOCKS 16
#define CURVE_BLOCKS 6
#define LONGEST_SHARE 0.75
#define MANY_EPOCHS 100.0
#define SHARE_OF_FEW 0.1
#define WELL_RESOLVED 2.4
/* Without gaps between the samples nothing is overfitted, and what comes late has less time. */
#define SHARE_WITHOUT_GAPS 0.01
/* Loss at which a location is good enough: the noise's, or this share of the targets' variance; the latter where the
   error between samples is greater anyway. */
#define LEAST_OF_VARIANCE 1e-4
#define LEAST_BETWEEN 1e-3
#define OCCUPANCY_EPSILON 0.01
#define CURVE_EPSILON 1e-4
#define RATE 1e-3
#define GRID_RATE 1e-2
#define SEVERAL_RATE 3e-3

static void propose_epsilon(const sape_settings_query *query, const struct sape_facts *facts,
                            struct sape_settings *settings) {
    double *epsilon = &settings->mask.epsilon;
    const double share = sape_settings_fill_gaps(query, settings) ? LEAST_BETWEEN : LEAST_OF_VARIANCE;
    const double least = share * facts->neighbours.variance;
    if (query->task == SAPE_TASK_REGRESSION && query->targets == NULL) {
        *epsilon = 0.0;
        sape_settings_say_real(settings, "epsilon", *epsilon, "all is revealed, as nothing is known of the targets");
    } else if (query->task == SAPE_TASK_OCCUPANCY) {
        *epsilon = OCCUPANCY_EPSILON;
        sape_settings_say_real(settings, "epsilon", *epsilon, "the loss of a location that is 99 %% right");
    } else if (query->task == SAPE_TASK_CURVE) {
        *epsilon = CURVE_EPSILON;
        sape_settings_say_real(settings, "epsilon", *epsilon, "a distance that cannot be seen");
    } else if (facts->neighbours.noise > least) {
        *epsilon = facts->neighbours.noise;
        sape_settings_say_real(settings, "epsilon", *epsilon, "the variance that near targets do not share");
    } else {
        *epsilon = least;
        sape_settings_say_real(settings, "epsilon", *epsilon,
                               "a %.0fth of the targets' variance, as they have no noise", 1.0 / share);
    }
}

static size_t features_of(const struct sape_settings *settings) {
    const sape_encoder_params *encoder = &settings->encoder;
    const size_t axes = encoder->kind == SAPE_ENCODING_POSITIONAL ? encoder->domain_dim : 1;
    return 2 * axes * encoder->num_frequencies + encoder->domain_dim;
}

static double share_of(const sape_settings_query *query, const struct sape_facts *facts) {
    const double share = LONGEST_SHARE * fmin(facts->epochs / MANY_EPOCHS, 1.0);
    if (sape_facts_no_gaps(query, facts)) return fmin(share, SHARE_WITHOUT_GAPS);
    if (query->task != SAPE_TASK_REGRESSION || query->n > SAPE_FEW_SAMPLES) return share;
    const bool resolved = facts->bandwidth.nyquist >= WELL_RESOLVED * facts->bandwidth.signal_frequency;
    return resolved ? fmin(share, SHARE_OF_FEW) : 0.0;
}

static void propose_pace(const sape_settings_query *query, const struct sape_facts *facts,
                         struct sape_settings *settings) {
    sape_mask_params *mask = &settings->mask;
    const double share = share_of(query, facts);
    const bool levels = settings->encoder.kind == SAPE_ENCODING_GRID;
    const size_t most = levels ? settings->encoder.num_levels : features_of(settings) / 2;
    const size_t wanted = share == 0.0 ? 1 : query->task == SAPE_TASK_CURVE ? CURVE_BLOCKS : NUM_BLOCKS;
    mask->num_blocks = levels || most < wanted ? most : wanted;
    if (mask->policy == SAPE_POLICY_SPATIAL && !levels) {
        mask->gradual = 1;
        sape_settings_say_text(settings, "reveal", "gradual", "a block that comes with a jump disturbs the fit");
    }
    const double each = share * (double)settings->iterations / (double)mask->num_blocks;
    mask->block_iterations = (size_t)fmax(floor(each), 1.0);
    sape_settings_say_count(settings, "num-blocks", mask->num_blocks,
                            levels ? "a level each"
                            : share == 0.0
                                ? "all features from the start, as the samples hardly hold the signal's frequencies"
                                : "few enough for a short training");
    sape_settings_say_count(settings, "block-iterations", mask->block_iterations,
                            "all is revealed after %.2g of the training, which sees each of %zu samples %.3g times",
                            share, query->n, facts->epochs);
}

static void propose_optimizer(const sape_settings_query *query, struct sape_settings *settings) {
    sape_optimizer_params *optimizer = &settings->optimizer;
    const bool grid = settings->encoder.kind == SAPE_ENCODING_GRID;
    const bool several = sape_settings_are_several(query, settings);
    optimizer->learning_rate = grid ? GRID_RATE : several ? SEVERAL_RATE : RATE;
    optimizer->schedule = SAPE_SCHEDULE_COSINE;
    if (grid) {
        /* Few samples come by an entry, whose gradient is small. */
        optimizer->beta2 = 0.99;
        optimizer->epsilon = 1e-15;
    }
    optimizer->decay_iterations = settings->iterations;
    sape_settings_say_real(settings, "lr", optimizer->learning_rate,
                           grid      ? "the usual one of grids"
                           : several ? "high, as it falls to 0 and the fields' mean is taken"
                                     : "Adam's usual one");
    sape_settings_say_text(settings, "decay", "cosine",
                           "to 0 at the end, so that it does not end in a rise of the loss");
}

void sape_propose_schedule(const sape_settings_query *query, const struct sape_facts *facts,
                           struct sape_settings *settings) {
    static const sape_loss losses[] = {SAPE_LOSS_MSE, SAPE_LOSS_BCE, SAPE_LOSS_CHAMFER};
    settings->trainer.loss = losses[query->task];
    settings->mask.num_iterations = (size_t)settings->iterations;
    if (settings->mask.policy == SAPE_POLICY_GLOBAL || settings->mask.policy == SAPE_POLICY_SPATIAL ||
        settings->mask.policy == SAPE_POLICY_SPATIAL_FIXED) {
        propose_epsilon(query, facts, settings);
        propose_pace(query, facts, settings);
    }
    propose_optimizer(query, settings);
}
