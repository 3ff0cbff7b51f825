/* SPDX-License-Identifier: MIT */
#include "kinds.h"

#include <stdlib.h>

const struct kind kinds[NUM_KINDS] = {
    {.policy = SAPE_POLICY_NONE, .encoding = SAPE_ENCODING_FOURIER, .batch_size = 10, .validation = true, .rate = true},
    {.policy = SAPE_POLICY_GLOBAL, .encoding = SAPE_ENCODING_RBF, .optimizer = SAPE_OPTIMIZER_SGD, .batch_size = 7},
    {.policy = SAPE_POLICY_GLOBAL, .encoding = SAPE_ENCODING_POSITIONAL, .loss = SAPE_LOSS_CHAMFER},
    {.policy = SAPE_POLICY_SPATIAL,
     .encoding = SAPE_ENCODING_FOURIER,
     .batch_size = 10,
     .validation = true,
     .rate = true,
     .convergence = true,
     .run = true},
    {.policy = SAPE_POLICY_SPATIAL,
     .encoding = SAPE_ENCODING_PERIODIC_RBF,
     .loss = SAPE_LOSS_BCE,
     .batch_size = 7,
     .validation = true,
     .optimizer = SAPE_OPTIMIZER_SGD},
    {.policy = SAPE_POLICY_SPATIAL_FIXED, .encoding = SAPE_ENCODING_FOURIER, .rate = true},
    {.policy = SAPE_POLICY_SPATIAL_FIXED,
     .encoding = SAPE_ENCODING_POSITIONAL,
     .batch_size = 10,
     .optimizer = SAPE_OPTIMIZER_SGD,
     .convergence = true},
    {.policy = SAPE_POLICY_VARIANCE,
     .encoding = SAPE_ENCODING_FOURIER,
     .batch_size = 7,
     .validation = true,
     .rate = true,
     .run = true},
    {.policy = SAPE_POLICY_SPATIAL,
     .encoding = SAPE_ENCODING_FOURIER,
     .loss = SAPE_LOSS_HUBER,
     .batch_size = 5,
     .validation = true,
     .run = true,
     .extras = true},
    {.policy = SAPE_POLICY_SPATIAL, .encoding = SAPE_ENCODING_GRID, .batch_size = 10, .validation = true, .run = true},
    {.policy = SAPE_POLICY_NONE, .encoding = SAPE_ENCODING_GRID, .optimizer = SAPE_OPTIMIZER_SGD, .rate = true},
};

static void make_field(struct training *t, const struct kind *kind) {
    sape_encoder_params encoder;
    sape_mask_params mask;
    sape_network_params network;
    sape_encoder_params_init(&encoder, sizeof encoder);
    sape_mask_params_init(&mask, sizeof mask);
    sape_network_params_init(&network, sizeof network);
    encoder.kind = kind->encoding;
    encoder.domain_dim = 1;
    encoder.num_frequencies = 6;
    encoder.std = 2.0;
    encoder.num_levels = 3;
    encoder.base_resolution = 2;
    encoder.growth = 2.0;
    encoder.log2_table_size = 3;
    mask.policy = kind->policy;
    mask.resolution = 5;
    mask.num_blocks = 4;
    mask.block_iterations = 3;
    mask.epsilon = 1e-4;
    mask.samples = t->x;
    mask.num_samples = KIND_SAMPLES;
    network.hidden_dim = 9;
    network.num_layers = 2;
    network.output_dim = KIND_OUTPUTS;
    CHECK_OK(sape_field_create(&encoder, &mask, &network, &t->field));
}

static void make_trainer(struct training *t, const struct kind *kind) {
    sape_trainer_params params;
    sape_optimizer_params optimizer;
    sape_adaptive_rate_params rate;
    sape_trainer_params_init(&params, sizeof params);
    sape_optimizer_params_init(&optimizer, sizeof optimizer);
    sape_adaptive_rate_params_init(&rate, sizeof rate);
    params.loss = kind->loss;
    params.batch_size = kind->batch_size;
    params.num_threads = 1;
    params.validation_share = kind->validation ? 0.3 : 0.0;
    params.validation_every = 1;
    params.tolerance = kind->convergence ? 1e-12 : 0.0;
    params.patience = kind->convergence ? 100 : 0;
    optimizer.kind = kind->optimizer;
    if (kind->extras) {
        params.huber_delta = 0.2;
        params.accumulate = 2;
        params.average_decay = 0.5;
        params.plateau_patience = 2;
        params.history = 4;
        optimizer.clip_norm = 0.1;
    }
    CHECK_OK(sape_trainer_create(&params, &optimizer, t->field, &t->trainer));
    rate.resolution = 5;
    if (kind->rate) CHECK_OK(sape_trainer_set_adaptive_rate(t->trainer, &rate));
    const bool chamfer = kind->loss == SAPE_LOSS_CHAMFER;
    CHECK_OK(sape_trainer_set_data(t->trainer, KIND_SAMPLES, t->x, chamfer ? NULL : t->y));
    if (chamfer) CHECK_OK(sape_trainer_set_target_points(t->trainer, KIND_SAMPLES, t->y, 9));
    if (kind->extras) CHECK_OK(sape_trainer_set_weights(t->trainer, KIND_SAMPLES, t->weights));
}

struct training *new_training(const struct kind *kind) {
    struct training *t = malloc(sizeof *t);
    ck_assert_ptr_nonnull(t);
    for (size_t i = 0; i < KIND_SAMPLES; i++) t->x[i] = -1.0f + 2.0f * (float)i / KIND_SAMPLES;
    random_array(5, KIND_SAMPLES * KIND_OUTPUTS, 0.0f, 1.0f, t->y);
    random_array(6, KIND_SAMPLES, 0.1f, 2.0f, t->weights);
    make_field(t, kind);
    make_trainer(t, kind);
    return t;
}

void free_training(struct training *t) {
    sape_trainer_free(t->trainer);
    sape_field_free(t->field);
    free(t);
}

sape_safetensors *training_checkpoint(const struct training *t) {
    sape_safetensors *checkpoint;
    CHECK_OK(sape_trainer_checkpoint(t->trainer, &checkpoint));
    return checkpoint;
}

sape_safetensors *honest_checkpoint(const struct kind *kind) {
    struct training *t = new_training(kind);
    for (size_t i = 0; i < 5; i++) CHECK_OK(sape_trainer_step(t->trainer, NULL));
    if (kind->run) CHECK_OK(sape_trainer_run(t->trainer, 3, NULL, NULL, NULL));
    sape_safetensors *checkpoint = training_checkpoint(t);
    free_training(t);
    return checkpoint;
}

void use_mask(sape_field *field, const float *x) {
    sape_mask *mask = sape_field_mask(field);
    sape_tensor_info info = {.struct_size = sizeof info};
    float loss[KIND_SAMPLES], outputs[KIND_SAMPLES * KIND_OUTPUTS], ones[KIND_SAMPLES];
    for (size_t i = 0; i < KIND_SAMPLES; i++) loss[i] = 1e3f * (float)i, ones[i] = 1.0f;
    if (sape_mask_tensor_count(mask) > 1) {
        CHECK_OK(sape_mask_tensor_info(mask, 1, &info));
        CHECK_OK(sape_field_set_tensor(field, "in_progress", ones, info.count));
    }
    for (size_t i = 0; i < 4; i++) {
        CHECK_OK(sape_mask_record(mask, KIND_SAMPLES, x, loss));
        CHECK_OK(sape_mask_step(mask));
        CHECK_OK(sape_field_predict(field, KIND_SAMPLES, x, outputs));
    }
    CHECK_OK(sape_mask_advance(mask));
    CHECK_OK(sape_field_predict(field, KIND_SAMPLES, x, outputs));
}

void save_and_restore(const struct training *t, const struct kind *kind) {
    sape_safetensors *again;
    const sape_status status = sape_trainer_checkpoint(t->trainer, &again);
    ck_assert_msg(status == SAPE_OK || status == SAPE_ERROR_NOT_FINITE, "%s", sape_last_error());
    if (status != SAPE_OK) return;
    struct training *other = new_training(kind);
    CHECK_OK(sape_trainer_restore(other->trainer, again));
    free_training(other);
    sape_safetensors_free(again);
}
