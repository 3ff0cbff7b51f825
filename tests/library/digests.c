/* SPDX-License-Identifier: MIT */
/*
 * Prints a digest of what every kind of training run leads to: the bytes of its checkpoint, a prediction, gradients, a
 * run that is resumed. Two builds that print the same lines on one machine compute the same bits:
 *   diff <(OLD/tests/digests) <(NEW/tests/digests)
 * Only the public interface is used, so that the program builds against any version.
 */
#include <math.h>
#include <sape/sape.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SAMPLES 300
#define OUTPUTS 2
#define STEPS 24
#define MORE_STEPS 8

/* What kinds are made of; the names stand in the printed lines. */
static const char *const policies[] = {"none", "global", "spatial", "spatial_fixed", "variance"};
static const char *const encodings[] = {"identity", "fourier", "positional", "rbf", "periodic_rbf", "grid"};
static const char *const losses[] = {"mse", "bce", "custom", "chamfer", "custom_jacobian"};
static const char *const variants[] = {"plain", "batches", "validation", "adaptive", "sampler", "sgd", "patience"};

enum variant { PLAIN, BATCHES, VALIDATION, ADAPTIVE, SAMPLER, SGD, PATIENCE, NUM_VARIANTS };

struct kind {
    sape_policy policy;
    sape_encoding encoding;
    sape_loss loss;
    enum variant variant;
    size_t dim, threads;
    sape_instruction_set instructions;
    sape_product_backend product;
};

static float x[SAMPLES * 3], targets[SAMPLES * OUTPUTS], points[64 * OUTPUTS];

static void require(sape_status status) {
    if (status == SAPE_OK) return;
    fprintf(stderr, "%s: %s\n", sape_status_string(status), sape_last_error());
    exit(1);
}

static float next_random(uint32_t *state) {
    *state = *state * 1664525u + 1013904223u;
    return (float)(*state >> 8) / 8388608.0f - 1.0f;
}

static void draw_samples(void) {
    uint32_t state = 1;
    for (size_t i = 0; i < SAMPLES * 3; i++) x[i] = next_random(&state);
    for (size_t i = 0; i < SAMPLES * OUTPUTS; i++) targets[i] = 0.5f + 0.5f * next_random(&state);
    for (size_t i = 0; i < 64 * OUTPUTS; i++) points[i] = next_random(&state);
}

static uint64_t add(uint64_t hash, const void *data, size_t size) {
    const unsigned char *bytes = data;
    for (size_t i = 0; i < size; i++) hash = (hash ^ bytes[i]) * UINT64_C(0x100000001B3);
    return hash;
}

static int squared_loss(void *user, size_t n, const float *at, size_t o, const float *outputs, const float *wanted,
                        float *d_outputs, float *sample_loss, double *loss) {
    (void)user;
    (void)at;
    *loss = 0.0;
    for (size_t i = 0; i < n; i++) {
        sample_loss[i] = 0.0f;
        for (size_t k = 0; k < o; k++) {
            const float e = outputs[i * o + k] - wanted[i * o + k];
            d_outputs[i * o + k] = 2.0f * e / (float)(n * o);
            sample_loss[i] += e * e / (float)o;
        }
        *loss += (double)sample_loss[i] / (double)n;
    }
    return 0;
}

static int jacobian_loss(void *user, size_t n, size_t d, const float *at, size_t o, const float *outputs,
                         const float *jacobian, const float *wanted, float *d_outputs, float *d_jacobian,
                         float *sample_loss, double *loss) {
    squared_loss(user, n, at, o, outputs, wanted, d_outputs, sample_loss, loss);
    for (size_t i = 0; i < n * o * d; i++) d_jacobian[i] = 1e-3f * jacobian[i] / (float)n;
    return 0;
}

static int sample(void *user, uint64_t iteration, size_t n, float *at, float *wanted) {
    const struct kind *kind = user;
    uint32_t state = (uint32_t)iteration + 7;
    for (size_t i = 0; i < n * kind->dim; i++) at[i] = next_random(&state);
    if (wanted != NULL)
        for (size_t i = 0; i < n * OUTPUTS; i++) wanted[i] = 0.5f + 0.5f * next_random(&state);
    return 0;
}

static sape_field *make_field(const struct kind *kind) {
    sape_encoder_params encoder;
    sape_mask_params mask;
    sape_network_params network;
    sape_field *field;
    sape_encoder_params_init(&encoder, sizeof encoder);
    sape_mask_params_init(&mask, sizeof mask);
    sape_network_params_init(&network, sizeof network);
    encoder.kind = kind->encoding;
    encoder.domain_dim = kind->dim;
    encoder.num_frequencies = 40;
    encoder.std = 4.0;
    encoder.num_levels = 6;
    encoder.growth = 1.6;
    encoder.log2_table_size = 7;
    encoder.interpolation = (sape_interpolation)(kind->dim % 2);
    encoder.instructions = network.instructions = kind->instructions;
    mask.policy = kind->policy;
    mask.resolution = 9;
    mask.num_blocks = kind->encoding == SAPE_ENCODING_IDENTITY ? 1 : 6;
    mask.num_iterations = STEPS + MORE_STEPS;
    mask.epsilon = 0.08;
    mask.samples = x;
    mask.num_samples = SAMPLES;
    network.product = kind->product;
    network.hidden_dim = 48;
    network.num_layers = 3;
    network.output_dim = OUTPUTS;
    require(sape_field_create(&encoder, &mask, &network, &field));
    return field;
}

static void give_samples(sape_trainer *trainer, struct kind *kind) {
    if (kind->variant == ADAPTIVE) require(sape_trainer_set_adaptive_rate(trainer, NULL));
    if (kind->loss == SAPE_LOSS_CUSTOM_JACOBIAN) require(sape_trainer_set_jacobian_loss(trainer, jacobian_loss, NULL));
    if (kind->loss == SAPE_LOSS_CHAMFER) require(sape_trainer_set_target_points(trainer, 64, points, 40));
    if (kind->variant == SAMPLER)
        require(sape_trainer_set_sampler(trainer, 150, sample, kind));
    else
        require(sape_trainer_set_data(trainer, SAMPLES, x, kind->loss == SAPE_LOSS_CHAMFER ? NULL : targets));
}

static sape_trainer *make_trainer(struct kind *kind, sape_field *field) {
    sape_trainer_params params;
    sape_optimizer_params optimizer;
    sape_trainer *trainer;
    sape_trainer_params_init(&params, sizeof params);
    sape_optimizer_params_init(&optimizer, sizeof optimizer);
    params.loss = kind->loss;
    params.loss_fn = kind->loss == SAPE_LOSS_CUSTOM ? squared_loss : NULL;
    params.num_threads = kind->threads;
    if (kind->variant == BATCHES) params.batch_size = 128;
    if (kind->variant == VALIDATION) params.validation_share = 0.2;
    params.validation_every = 5;
    if (kind->variant == PATIENCE) params.patience = 1000;
    if (kind->variant == SGD) optimizer.kind = SAPE_OPTIMIZER_SGD;
    optimizer.momentum = 0.9;
    optimizer.weight_decay = kind->variant == SGD ? 1e-3 : 0.0;
    optimizer.learning_rate = 2e-3;
    require(sape_trainer_create(&params, &optimizer, field, &trainer));
    give_samples(trainer, kind);
    return trainer;
}

/* The refusals that are documented: kinds that do not exist. */
static bool exists(const struct kind *kind) {
    if (kind->policy == SAPE_POLICY_SPATIAL_FIXED && (kind->dim != 1 || kind->variant == VALIDATION)) return false;
    if (kind->variant == VALIDATION) return kind->loss != SAPE_LOSS_CHAMFER && kind->loss != SAPE_LOSS_CUSTOM_JACOBIAN;
    if (kind->variant == ADAPTIVE) return kind->loss == SAPE_LOSS_MSE || kind->loss == SAPE_LOSS_BCE;
    if (kind->variant == SAMPLER)
        return kind->policy != SAPE_POLICY_SPATIAL_FIXED && kind->policy != SAPE_POLICY_VARIANCE;
    return true;
}

static uint64_t add_predictions(uint64_t hash, const sape_field *field, const struct kind *kind) {
    static float outputs[SAMPLES * OUTPUTS], jacobian[SAMPLES * OUTPUTS * 3], d_x[SAMPLES * 3], norms[SAMPLES];
    require(sape_field_jacobian(field, SAMPLES, x, outputs, jacobian));
    hash = add(hash, jacobian, SAMPLES * OUTPUTS * kind->dim * sizeof *jacobian);
    require(sape_field_predict(field, SAMPLES, x, outputs));
    hash = add(hash, outputs, sizeof outputs);
    require(sape_field_backward(field, SAMPLES, x, targets, NULL, d_x));
    hash = add(hash, d_x, SAMPLES * kind->dim * sizeof *d_x);
    require(sape_field_gradient_norms(field, SAMPLES, x, targets, norms));
    return add(hash, norms, sizeof norms);
}

static uint64_t add_checkpoint(uint64_t hash, const sape_trainer *trainer) {
    sape_safetensors *checkpoint;
    size_t size;
    require(sape_trainer_checkpoint(trainer, &checkpoint));
    const void *bytes = sape_safetensors_bytes(checkpoint, &size);
    hash = add(hash, bytes, size);
    sape_safetensors_free(checkpoint);
    return hash;
}

/* A second trainer goes on from the first one's checkpoint. */
static uint64_t add_resumed(uint64_t hash, const sape_trainer *trainer, struct kind *kind) {
    sape_safetensors *checkpoint;
    sape_field *field = make_field(kind);
    sape_trainer *other = make_trainer(kind, field);
    require(sape_trainer_checkpoint(trainer, &checkpoint));
    require(sape_trainer_restore(other, checkpoint));
    require(sape_trainer_run(other, MORE_STEPS, NULL, NULL, NULL));
    hash = add_checkpoint(hash, other);
    sape_safetensors_free(checkpoint);
    sape_trainer_free(other);
    sape_field_free(field);
    return hash;
}

static void print_kind(struct kind kind) {
    if (!exists(&kind)) return;
    sape_field *field = make_field(&kind);
    sape_trainer *trainer = make_trainer(&kind, field);
    uint64_t run = UINT64_C(0xCBF29CE484222325);
    const sape_status status = sape_trainer_run(trainer, STEPS, NULL, NULL, NULL);
    require(status);
    run = add_checkpoint(run, trainer);
    const uint64_t predicted = add_predictions(run, field, &kind), resumed = add_resumed(run, trainer, &kind);
    printf("%s %s %s %s %zuD threads=%zu %d %d: %016llx %016llx %016llx\n", policies[kind.policy],
           encodings[kind.encoding], losses[kind.loss], variants[kind.variant], kind.dim, kind.threads,
           (int)kind.instructions, (int)kind.product, (unsigned long long)run, (unsigned long long)predicted,
           (unsigned long long)resumed);
    sape_trainer_free(trainer);
    sape_field_free(field);
}

static void print_variants(struct kind kind) {
    for (kind.variant = PLAIN; kind.variant < NUM_VARIANTS; kind.variant++) {
        for (kind.loss = SAPE_LOSS_MSE; kind.loss <= SAPE_LOSS_CUSTOM_JACOBIAN; kind.loss++) {
            kind.threads = 1 + (size_t)kind.loss % 2;
            print_kind(kind);
        }
    }
}

int main(void) {
    struct kind kind = {.encoding = SAPE_ENCODING_FOURIER, .instructions = SAPE_INSTRUCTIONS_AUTO};
    draw_samples();
    for (kind.policy = SAPE_POLICY_NONE; kind.policy <= SAPE_POLICY_VARIANCE; kind.policy++)
        for (kind.dim = 1; kind.dim <= 3; kind.dim++) print_variants(kind);
    kind = (struct kind){.policy = SAPE_POLICY_SPATIAL, .dim = 2, .threads = 2};
    for (; kind.encoding <= SAPE_ENCODING_PERIODIC_RBF; kind.encoding++)
        for (kind.product = SAPE_PRODUCT_PACKED; kind.product <= SAPE_PRODUCT_CBLAS; kind.product++)
            for (kind.instructions = SAPE_INSTRUCTIONS_AUTO; kind.instructions <= SAPE_INSTRUCTIONS_BASELINE;
                 kind.instructions++)
                print_kind(kind);
    kind = (struct kind){.encoding = SAPE_ENCODING_GRID};
    for (kind.policy = SAPE_POLICY_NONE; kind.policy <= SAPE_POLICY_VARIANCE; kind.policy++)
        for (kind.dim = 1; kind.dim <= 3; kind.dim++) print_variants(kind);
    kind = (struct kind){.encoding = SAPE_ENCODING_GRID, .policy = SAPE_POLICY_SPATIAL, .dim = 2, .threads = 2};
    for (kind.product = SAPE_PRODUCT_PACKED; kind.product <= SAPE_PRODUCT_CBLAS; kind.product++)
        for (kind.instructions = SAPE_INSTRUCTIONS_AUTO; kind.instructions <= SAPE_INSTRUCTIONS_BASELINE;
             kind.instructions++)
            print_kind(kind);
    return 0;
}
