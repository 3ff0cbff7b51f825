/* SPDX-License-Identifier: MIT */
/* The handles of a fit, made as the settings say. */
#include "cli/message.h"
#include "task/fit_parts.h"
#include "task/fit_settings.h"

#include <math.h>
#include <stdio.h>

/* Adam's for grids: an entry is stepped only when a sample comes by, and its gradient is small. */
#define GRID_BETA2 0.99
#define GRID_EPSILON 1e-15

/* All blocks of another number, or in another length of training, are to take the share of it that was proposed. */
static size_t follow_pace(const sape_mask_params *proposed, const struct settings *settings) {
    const bool same = settings->num_blocks == proposed->num_blocks;
    if (proposed->block_iterations == 0 || (settings->num_blocks == 0 && !same)) return 0;
    const double blocks = same ? 1.0 : (double)proposed->num_blocks / (double)settings->num_blocks;
    const double length = (double)settings->iterations / (double)proposed->num_iterations;
    return (size_t)fmax(floor((double)proposed->block_iterations * blocks * length), 1.0);
}

enum { LEVELS = 12, SOLID_LEVELS = 8, GRID_REVEAL = 6 };

static size_t num_levels(const struct settings *settings, size_t domain_dim) {
    if (settings->grid.levels > 0) return settings->grid.levels;
    return domain_dim > 2 ? SOLID_LEVELS : LEVELS;
}

/* Levels learn fast: all of them are revealed in a sixth of the iterations, where the loss asks for them. */
static size_t grid_block_iterations(const struct settings *settings, const struct fit_problem *problem) {
    const uint64_t iterations = settings->iterations / (GRID_REVEAL * num_levels(settings, problem->domain_dim));
    return iterations > 0 ? iterations : 1;
}

sape_mask_params fit_mask_params(const struct settings *settings, const struct fit_problem *problem) {
    sape_mask_params mask;
    sape_mask_params_init(&mask, sizeof mask);
    if (settings->proposal) sape_settings_get(settings->proposal, NULL, &mask, NULL, NULL, NULL);
    mask.block_iterations = follow_pace(&mask, settings);
    mask.policy = (sape_policy)settings->policy;
    mask.resolution = settings->resolution;
    mask.num_blocks = settings->num_blocks;
    mask.num_iterations = settings->iterations;
    mask.epsilon = settings->epsilon;
    if (mask.policy == SAPE_POLICY_SPATIAL && settings->encoding == SAPE_ENCODING_GRID && !settings->proposal)
        mask.block_iterations = grid_block_iterations(settings, problem);
    else if (mask.policy == SAPE_POLICY_SPATIAL && problem->advance_by_epoch && !settings->proposal)
        mask.block_iterations = fit_epoch_iterations(problem);
    if (mask.policy == SAPE_POLICY_SPATIAL_FIXED) {
        mask.samples = problem->x;
        mask.num_samples = problem->n;
    }
    return mask;
}

bool fit_choose_bandwidth(const struct fit_problem *problem, struct settings *settings) {
    sape_bandwidth proposed = {.struct_size = sizeof proposed};
    const bool ranks = problem->num_signal > 0;
    const size_t n = ranks ? problem->num_signal : problem->n;
    const float *x = ranks ? problem->signal_x : problem->x, *targets = ranks ? problem->signal : problem->targets;
    if (!isnan(settings->std) || settings->encoding == SAPE_ENCODING_GRID) return true;
    if (problem->epoch && !problem->epoch(problem->epoch_user, 0, &x, &targets)) return false;
    if (sape_bandwidth_propose(n, problem->domain_dim, x, problem->output_dim, targets, &proposed) != SAPE_OK)
        return message_sape_error();
    settings->std = proposed.std;
    notes_set_real(&settings->options, "option.std", proposed.std);
    settings->c_max = proposed.c_max;
    if (problem->metric != PROGRESS_SILENT)
        fprintf(stderr, "std %.3g (the samples can hold %.3g cycles per unit, the target has %.3g)\n", proposed.std,
                proposed.nyquist, proposed.signal_frequency);
    return true;
}

/* Rows for all corners of the finest level, as far as that is no burden. */
static size_t log2_table_size(const struct settings *settings, size_t dim, size_t finest) {
    enum { LEAST = 17, MOST = 19 };
    size_t log2_rows = LEAST;
    if (settings->grid.log2_table > 0) return settings->grid.log2_table;
    while (log2_rows < MOST && ldexp(1.0, (int)log2_rows) < pow((double)finest + 1.0, (double)dim)) log2_rows++;
    return dim > 2 ? LEAST : log2_rows;
}

/* What is given in place of what was proposed. */
static void change_grid(const struct grid_settings *grid, sape_encoder_params *encoder) {
    if (grid->levels > 0) encoder->num_levels = grid->levels;
    if (grid->features > 0) encoder->features_per_level = grid->features;
    if (grid->base > 0) encoder->base_resolution = grid->base;
    if (grid->finest > 0) encoder->finest_resolution = grid->finest;
    if (encoder->finest_resolution < encoder->base_resolution) encoder->finest_resolution = encoder->base_resolution;
    if (grid->growth > 0) {
        encoder->growth = grid->growth;
        encoder->finest_resolution = 0;
    }
    if (grid->log2_table > 0) encoder->log2_table_size = grid->log2_table;
    if (grid->smooth) encoder->interpolation = SAPE_INTERPOLATION_SMOOTH;
}

static void set_grid(const struct settings *settings, const struct fit_problem *problem, sape_encoder_params *encoder) {
    const struct grid_settings *grid = &settings->grid;
    enum { SOLID_FINEST = 136, FINEST = 255 };
    const size_t usual = problem->domain_dim > 2 ? SOLID_FINEST : FINEST;
    const size_t suits = problem->finest_resolution > grid->base ? problem->finest_resolution : usual;
    encoder->num_levels = num_levels(settings, problem->domain_dim);
    encoder->features_per_level = grid->features;
    encoder->base_resolution = grid->base;
    if (grid->growth > 0)
        encoder->growth = grid->growth;
    else
        encoder->finest_resolution = grid->finest > 0 ? grid->finest : suits > grid->base ? suits : grid->base;
    encoder->log2_table_size = log2_table_size(settings, problem->domain_dim, encoder->finest_resolution);
    encoder->interpolation = grid->smooth ? SAPE_INTERPOLATION_SMOOTH : SAPE_INTERPOLATION_LINEAR;
}

bool fit_create_field(const struct settings *settings, const struct fit_problem *problem, sape_field **field) {
    sape_encoder_params encoder;
    sape_encoder_params_init(&encoder, sizeof encoder);
    if (settings->proposal) sape_settings_get(settings->proposal, &encoder, NULL, NULL, NULL, NULL);
    encoder.kind = (sape_encoding)settings->encoding;
    encoder.domain_dim = problem->domain_dim;
    encoder.num_frequencies = settings->num_frequencies;
    encoder.std = settings->std;
    encoder.draw = (sape_draw)settings->draw;
    encoder.seed = settings->seed;
    if (encoder.kind == SAPE_ENCODING_GRID) {
        if (settings->proposal)
            change_grid(&settings->grid, &encoder);
        else
            set_grid(settings, problem, &encoder);
    }
    sape_cutoff_params cutoff;
    sape_cutoff_params_init(&cutoff, sizeof cutoff);
    cutoff.c_max = settings->c_max;
    sape_mask_params mask = fit_mask_params(settings, problem);
    if (!settings->proposal) mask.cutoff = &cutoff;

    sape_network_params network;
    sape_network_params_init(&network, sizeof network);
    if (settings->proposal) sape_settings_get(settings->proposal, NULL, NULL, &network, NULL, NULL);
    network.output_dim = problem->output_dim;
    network.hidden_dim = settings->hidden;
    network.num_layers = settings->layers;
    network.activation = (sape_activation)settings->activation;
    network.activation_parameter = settings->activation_parameter;
    network.output_activation = (sape_output_activation)settings->output_activation;
    network.seed = settings->seed;
    network.precision = (sape_precision)settings->precision;

    if (sape_field_create(&encoder, &mask, &network, field) != SAPE_OK) return message_sape_error();
    if (fit_set_scale(settings->proposal, *field) == SAPE_OK &&
        sape_field_set_num_threads(*field, settings->threads) == SAPE_OK)
        return true;
    sape_field_free(*field);
    return message_sape_error();
}

static sape_status give_samples(const struct fit_problem *problem, sape_trainer *trainer) {
    if (problem->epoch) return SAPE_OK;
    const sape_status status = sape_trainer_set_data(trainer, problem->n, problem->x, problem->targets);
    if (status != SAPE_OK || problem->loss != SAPE_LOSS_CHAMFER) return status;
    return sape_trainer_set_target_points(trainer, problem->num_target_points, problem->target_points,
                                          problem->target_points_drawn);
}

static sape_status set_adaptive_rate(sape_trainer *trainer) {
    sape_adaptive_rate_params params;
    sape_adaptive_rate_params_init(&params, sizeof params);
    return sape_trainer_set_adaptive_rate(trainer, &params);
}

/* A trainer makes the variance policy's cut-offs from its own samples: ranks need those from all samples. */
static bool set_signal(const struct fit_problem *problem, sape_field *field) {
    sape_mask *mask = sape_field_mask(field);
    if (problem->num_signal == 0 || sape_mask_policy(mask) != SAPE_POLICY_VARIANCE) return true;
    return sape_mask_set_signal(mask, problem->num_signal, problem->signal_x, problem->output_dim, problem->signal) ==
           SAPE_OK;
}

sape_trainer *fit_create_trainer(const struct settings *settings, const struct fit_problem *problem,
                                 sape_field *field) {
    sape_trainer_params params;
    sape_trainer_params_init(&params, sizeof params);
    sape_optimizer_params optimizer;
    sape_optimizer_params_init(&optimizer, sizeof optimizer);
    if (settings->proposal) sape_settings_get(settings->proposal, NULL, NULL, NULL, &optimizer, &params);
    params.loss = problem->loss;
    params.loss_fn = problem->loss_fn;
    params.loss_user = problem->loss_user;
    params.batch_size = problem->batch_size;
    params.num_threads = settings->threads;
    params.seed = settings->seed;
    params.validation_share = settings->validation;
    optimizer.learning_rate = settings->learning_rate;
    if (settings->encoding == SAPE_ENCODING_GRID) {
        optimizer.beta2 = GRID_BETA2;
        optimizer.epsilon = GRID_EPSILON;
    }

    sape_trainer *trainer = NULL;
    if (sape_trainer_create(&params, &optimizer, field, &trainer) == SAPE_OK &&
        (!problem->reduce || sape_trainer_set_reduce(trainer, problem->reduce, problem->ranks_user) == SAPE_OK) &&
        (!settings->adaptive_rate || set_adaptive_rate(trainer) == SAPE_OK) &&
        give_samples(problem, trainer) == SAPE_OK && set_signal(problem, field))
        return trainer;
    message_sape_error();
    sape_trainer_free(trainer);
    return NULL;
}
