/* SPDX-License-Identifier: MIT */
#include "kinds.h"

#include <string.h>

#include "insist.h"

#define FEW_SAMPLES 9
#define NUM_POINTS 7
#define NUM_CHOICES 12

static float coordinates[KIND_MAX_DIM + 1][KIND_SAMPLES * KIND_MAX_DIM];
static float grids[2][KIND_SAMPLES * 2];
static float targets[KIND_SAMPLES * 2], weights[KIND_SAMPLES * 2], points[NUM_POINTS * 2];

static void fill(void) {
    for (size_t d = 1; d <= KIND_MAX_DIM; d++)
        for (size_t i = 0; i < KIND_SAMPLES * d; i++)
            coordinates[d][i] = (float)((i * 2654435761u + d * 97u) % 1999u) / 999.0f - 1.0f;
    for (size_t many = 0; many < 2; many++)
        for (size_t i = 0; i < KIND_SAMPLES; i++) {
            const size_t width = many ? 10 : 3;
            grids[many][2 * i] = (float)(i % width) / (float)width;
            grids[many][2 * i + 1] = (float)(i / width) / (float)width;
        }
    for (size_t i = 0; i < KIND_SAMPLES * 2; i++) targets[i] = (float)(i * 7 % 5) / 4.0f;
    for (size_t i = 0; i < KIND_SAMPLES * 2; i++) weights[i] = (float)(i % 3 + 1) / 2.0f;
    for (size_t i = 0; i < NUM_POINTS * 2; i++) points[i] = (float)(i * 5 % 7) / 3.0f - 1.0f;
}

size_t kind_num_samples(const struct kind *kind) {
    return kind->many ? KIND_SAMPLES : FEW_SAMPLES;
}

const float *kind_coordinates(const struct kind *kind) {
    static bool filled;
    if (!filled) fill();
    filled = true;
    /* Spatial_fixed wants a full grid. */
    if (kind->policy == SAPE_POLICY_SPATIAL_FIXED && kind->domain_dim == 2) return grids[kind->many];
    return coordinates[kind->domain_dim];
}

static void choose(struct kind *kind, const uint8_t *b) {
    kind->policy = b[0] % 5;
    kind->encoding = b[1] % 6;
    kind->loss = b[2] % 8;
    kind->optimizer = b[3] % 2;
    kind->schedule = b[3] / 2 % 3;
    kind->data = b[4] % 3;
    kind->many = b[4] / 3 % 16 == 15;
    kind->validation = b[5] & 1;
    kind->rate = b[5] >> 1 & 1;
    kind->convergence = b[5] >> 2 & 1;
    kind->published = b[5] >> 3 & 1;
    kind->weights = b[5] >> 4 & 1;
    kind->clip = b[5] >> 5 & 1;
    kind->average = b[5] >> 6 & 1;
    kind->history = b[5] >> 7 & 1;
    kind->domain_dim = (uint8_t)(b[6] % 3 + 1);
    kind->mask_dim = (uint8_t)(b[6] / 3 % 4);
    kind->output_dim = (uint8_t)(b[7] % 2 + 1);
    kind->num_frequencies = (uint8_t)(b[7] / 2 % 4 + 1);
    kind->hidden_dim = (uint8_t)(b[8] % 4 + 1);
    kind->num_layers = (uint8_t)(b[8] / 4 % 2 + 1);
    kind->activation = b[8] / 8 % 8;
    kind->scaled = b[8] / 64 % 2;
    kind->accumulate = b[8] / 128;
    kind->resolution = (uint8_t)(b[9] % 2 + 3);
    kind->num_blocks = b[9] / 2 % 4;
    kind->block_iterations = b[10] % 4;
    kind->epsilon = b[10] / 4 % 3;
    kind->output_activation = b[10] / 12 % 5;
    kind->iterations = b[11] % 8;
    kind->run = b[11] / 8 % 2;
}

static void repair(struct kind *kind) {
    if (kind->policy == SAPE_POLICY_SPATIAL_FIXED && kind->domain_dim == 3) kind->domain_dim = 2;
    if (kind->policy == SAPE_POLICY_SPATIAL_FIXED || kind->mask_dim > kind->domain_dim) kind->mask_dim = 0;
    const size_t features = kind->encoding == SAPE_ENCODING_IDENTITY ? kind->domain_dim : 2u * kind->num_frequencies;
    if (kind->num_blocks > features) kind->num_blocks = 0;
    if (kind->loss == SAPE_LOSS_BCE) kind->scaled = 0;
    if (kind->loss == SAPE_LOSS_CUSTOM_JACOBIAN) kind->rate = 0;
    if (kind->data == KIND_SAMPLER || kind->policy == SAPE_POLICY_SPATIAL_FIXED || kind->loss == SAPE_LOSS_CHAMFER ||
        kind->loss == SAPE_LOSS_CUSTOM_JACOBIAN)
        kind->validation = 0;
}

struct kind take_kind(struct bytes *bytes) {
    uint8_t choices[NUM_CHOICES];
    struct kind kind;
    memset(&kind, 0, sizeof kind);
    for (size_t i = 0; i < NUM_CHOICES; i++) choices[i] = take_byte(bytes);
    choose(&kind, choices);
    repair(&kind);
    return kind;
}

struct kind take_neighbour(struct bytes *bytes, const struct kind *kind) {
    struct kind neighbour = *kind, other;
    uint8_t choices[NUM_CHOICES] = {0};
    const size_t which = take_below(bytes, sizeof neighbour);
    memset(choices, take_byte(bytes), sizeof choices);
    memset(&other, 0, sizeof other);
    choose(&other, choices);
    ((uint8_t *)&neighbour)[which] = ((const uint8_t *)&other)[which];
    repair(&neighbour);
    return neighbour;
}

static sape_mask_params mask_params(const struct kind *kind, sape_cutoff_params *cutoff) {
    static const double epsilons[] = {1e-9, 0.3, 1e3};
    sape_mask_params mask;
    sape_mask_params_init(&mask, sizeof mask);
    mask.policy = (sape_policy)kind->policy;
    mask.mask_dim = kind->mask_dim;
    mask.resolution = kind->resolution;
    mask.num_blocks = kind->num_blocks;
    mask.num_iterations = 20;
    mask.block_iterations = kind->block_iterations;
    mask.epsilon = epsilons[kind->epsilon];
    sape_cutoff_params_init(cutoff, sizeof *cutoff);
    if (kind->published) sape_cutoff_params_init_published(cutoff, sizeof *cutoff);
    mask.cutoff = cutoff;
    if (kind->policy == SAPE_POLICY_SPATIAL_FIXED) {
        mask.samples = kind_coordinates(kind);
        mask.num_samples = kind_num_samples(kind);
    }
    return mask;
}

/* Centre and scale alike. */
static const double scales[KIND_MAX_DIM] = {0.5, 0.25, 1.0};

sape_field *kind_field(const struct kind *kind) {
    sape_encoder_params encoder;
    sape_cutoff_params cutoff;
    sape_network_params network;
    sape_field *field;
    sape_encoder_params_init(&encoder, sizeof encoder);
    encoder.kind = (sape_encoding)kind->encoding;
    encoder.domain_dim = kind->domain_dim;
    encoder.num_frequencies = kind->num_frequencies;
    encoder.std = 2.0;
    encoder.num_levels = kind->num_frequencies;
    encoder.base_resolution = 2;
    encoder.log2_table_size = 3;
    encoder.include_identity = kind->published;
    const sape_mask_params mask = mask_params(kind, &cutoff);
    sape_network_params_init(&network, sizeof network);
    network.hidden_dim = kind->hidden_dim;
    network.num_layers = kind->num_layers;
    network.output_dim = kind->output_dim;
    network.activation = (sape_activation)kind->activation;
    network.output_activation = (sape_output_activation)kind->output_activation;
    insist(sape_field_create(&encoder, &mask, &network, &field) == SAPE_OK, "sape_field_create");
    if (kind->scaled)
        insist(sape_field_set_normalization(field, scales, scales, scales, scales) == SAPE_OK, "a normalization");
    return field;
}

static int square_loss(void *user, size_t n, const float *x, size_t output_dim, const float *outputs,
                       const float *wanted, float *d_outputs, float *sample_loss, double *loss) {
    (void)user;
    (void)x;
    *loss = 0.0;
    for (size_t i = 0; i < n; i++) {
        sample_loss[i] = 0.0f;
        for (size_t k = i * output_dim; k < (i + 1) * output_dim; k++) {
            const float difference = outputs[k] - wanted[k];
            d_outputs[k] = 2.0f * difference / (float)n;
            sample_loss[i] += difference * difference;
        }
        *loss += (double)sample_loss[i] / (double)n;
    }
    return 0;
}

static int slope_loss(void *user, size_t n, size_t domain_dim, const float *x, size_t output_dim, const float *outputs,
                      const float *jacobian, const float *wanted, float *d_outputs, float *d_jacobian,
                      float *sample_loss, double *loss) {
    const int result = square_loss(user, n, x, output_dim, outputs, wanted, d_outputs, sample_loss, loss);
    for (size_t i = 0; i < n * output_dim * domain_dim; i++) {
        d_jacobian[i] = 0.02f * jacobian[i] / (float)n;
        *loss += 0.01 * (double)jacobian[i] * (double)jacobian[i] / (double)n;
    }
    return result;
}

/* user is the field. */
static int sample(void *user, uint64_t iteration, size_t n, float *x, float *wanted) {
    const size_t d = sape_mask_domain_dim(sape_field_mask(user));
    const size_t o = sape_network_output_dim(sape_field_network(user));
    for (size_t i = 0; i < n * d; i++) x[i] = (float)((i * 37 + iteration * 11) % 64) / 32.0f - 1.0f;
    for (size_t i = 0; wanted != NULL && i < n * o; i++) wanted[i] = (float)((i + iteration) % 4) / 3.0f;
    return 0;
}

sape_status kind_set_data(const struct kind *kind, sape_trainer *trainer) {
    const size_t n = kind_num_samples(kind);
    const float *wanted = kind->loss == SAPE_LOSS_CHAMFER ? NULL : targets;
    const sape_status status = sape_trainer_set_data(trainer, n, kind_coordinates(kind), wanted);
    return status == SAPE_OK && kind->weights ? sape_trainer_set_weights(trainer, n, weights) : status;
}

static sape_trainer_params trainer_params(const struct kind *kind, size_t num_threads) {
    sape_trainer_params params;
    sape_trainer_params_init(&params, sizeof params);
    params.loss = (sape_loss)kind->loss;
    params.loss_fn = kind->loss == SAPE_LOSS_CUSTOM ? square_loss : NULL;
    params.num_threads = num_threads;
    if (kind->data == KIND_BATCHES) params.batch_size = kind->many ? 129 : 4;
    params.tolerance = kind->convergence ? 1e-3 : 0.0;
    params.patience = kind->convergence ? 4 : 0;
    params.validation_share = kind->validation ? 0.3 : 0.0;
    params.validation_every = kind->published ? 1 : 2;
    params.validation_patience = kind->convergence ? 5 : 0;
    params.plateau_patience = kind->convergence ? 2 : 0;
    params.average_decay = kind->average ? 0.75 : 0.0;
    params.accumulate = kind->accumulate ? 2 : 1;
    params.history = kind->history ? 4 : 0;
    return params;
}

static sape_optimizer_params optimizer_params(const struct kind *kind) {
    sape_optimizer_params params;
    sape_optimizer_params_init(&params, sizeof params);
    params.kind = (sape_optimizer_kind)kind->optimizer;
    params.schedule = (sape_schedule)kind->schedule;
    params.learning_rate = 0.05;
    params.decay_rate = 0.99;
    params.decay_iterations = 9;
    params.warmup_iterations = kind->schedule;
    params.weight_decay = kind->published ? 0.01 : 0.0;
    params.clip_norm = kind->clip ? 0.1 : 0.0;
    params.encoder_weight_decay = kind->clip ? 0.01 : 0.0;
    return params;
}

static sape_status give_data(const struct kind *kind, const struct pair *pair) {
    if (kind->data != KIND_SAMPLER) return kind_set_data(kind, pair->trainer);
    const size_t n = kind_num_samples(kind);
    const sape_status status = sape_trainer_set_sampler(pair->trainer, n, sample, pair->field);
    if (status != SAPE_OK || !kind->weights) return status;
    return sape_trainer_set_weights(pair->trainer, n * (kind->accumulate ? 2 : 1), weights);
}

struct pair kind_pair(const struct kind *kind, size_t num_threads) {
    const sape_trainer_params params = trainer_params(kind, num_threads);
    const sape_optimizer_params optimizer = optimizer_params(kind);
    struct pair pair = {.field = kind_field(kind)};
    bool good = sape_trainer_create(&params, &optimizer, pair.field, &pair.trainer) == SAPE_OK;
    if (kind->rate) {
        sape_adaptive_rate_params rate;
        sape_adaptive_rate_params_init(&rate, sizeof rate);
        rate.resolution = 3;
        good = good && sape_trainer_set_adaptive_rate(pair.trainer, &rate) == SAPE_OK;
    }
    good = good && give_data(kind, &pair) == SAPE_OK;
    if (kind->loss == SAPE_LOSS_CHAMFER)
        good = good &&
               sape_trainer_set_target_points(pair.trainer, NUM_POINTS, points, kind->published ? 4 : 0) == SAPE_OK;
    if (kind->loss == SAPE_LOSS_CUSTOM_JACOBIAN)
        good = good && sape_trainer_set_jacobian_loss(pair.trainer, slope_loss, NULL) == SAPE_OK;
    insist(good, "a trainer");
    return pair;
}

void pair_free(struct pair *pair) {
    sape_trainer_free(pair->trainer);
    sape_field_free(pair->field);
    *pair = (struct pair){NULL, NULL};
}
