/* SPDX-License-Identifier: MIT */
#include "allocation_calls.h"

#include "tiny.h"

/* A loss of the caller's own, so that all of a batch's outputs are kept. */
static int half_square(void *user, size_t n, const float *x, size_t output_dim, const float *outputs,
                       const float *targets, float *d_outputs, float *sample_loss, double *loss) {
    (void)user;
    (void)x;
    for (size_t i = 0; i < n; i++) {
        const float error = outputs[i * output_dim] - targets[i * output_dim];
        d_outputs[i * output_dim] = error / (float)n;
        sample_loss[i] = 0.5f * error * error;
        *loss += (double)(sample_loss[i] / (float)n);
    }
    return 0;
}

sape_trainer_params world_trainer_params(const struct world *world, sape_loss loss, size_t batch_size) {
    sape_trainer_params params;
    sape_trainer_params_init(&params, sizeof params);
    params.num_threads = world->threads;
    params.loss = loss;
    params.loss_fn = loss == SAPE_LOSS_CUSTOM ? half_square : NULL;
    params.batch_size = batch_size;
    return params;
}

/* A call that makes a handle gives one, or says why not. */
static sape_status checked(const void *made, sape_status status) {
    return (made == NULL) == (status != SAPE_OK) ? status : SAPE_ERROR_STATE;
}

/* The calls. Each frees what it has made and leaves the world's handles such that it can be made again. */

static sape_status create_encoder(struct world *world, sape_encoding kind) {
    (void)world;
    sape_encoder_params params;
    sape_encoder *made;
    sape_encoder_params_init(&params, sizeof params);
    params.kind = kind;
    params.num_frequencies = 4;
    sape_status status = sape_encoder_create(&params, &made);
    status = checked(made, status);
    sape_encoder_free(made);
    return status;
}

static sape_status create_fourier(struct world *world) {
    return create_encoder(world, SAPE_ENCODING_FOURIER);
}

static sape_status create_positional(struct world *world) {
    return create_encoder(world, SAPE_ENCODING_POSITIONAL);
}

static sape_status create_rbf(struct world *world) {
    return create_encoder(world, SAPE_ENCODING_RBF);
}

static sape_status create_periodic_rbf(struct world *world) {
    return create_encoder(world, SAPE_ENCODING_PERIODIC_RBF);
}

static sape_status create_grid(struct world *world) {
    return create_encoder(world, SAPE_ENCODING_GRID);
}

static sape_status encode(struct world *world) {
    return sape_encoder_encode(world->encoder, SAMPLES, world->x, world->features);
}

static sape_status encode_backward(struct world *world) {
    return sape_encoder_backward(world->encoder, SAMPLES, world->x, world->features, world->values);
}

static sape_status encode_backward_parameters(struct world *world) {
    if (world->encoding != SAPE_ENCODING_GRID) return SAPE_OK;
    return sape_encoder_backward_parameters(world->encoder, SAMPLES, world->x, world->features, world->values);
}

static sape_status create_mask(struct world *world) {
    static const double frequencies[5] = {0.0, 1.0, 1.0, 2.0, 2.0};
    sape_mask_params params;
    sape_mask *made;
    sape_mask_params_init(&params, sizeof params);
    params.policy = world->policy;
    params.domain_dim = 1;
    params.encoding_dim = 5;
    params.resolution = 3;
    params.samples = tiny_x;
    params.num_samples = TINY_SAMPLES;
    params.frequencies = frequencies;
    sape_status status = sape_mask_create(&params, &made);
    status = checked(made, status);
    sape_mask_free(made);
    return status;
}

static sape_status mask_weights(struct world *world) {
    return sape_mask_weights(world->mask, SAMPLES, world->x, world->features);
}

static sape_status mask_revealed(struct world *world) {
    return sape_mask_revealed(world->mask, SAMPLES, world->x, world->values);
}

static sape_status mask_record_and_advance(struct world *world) {
    sape_status status = sape_mask_record(world->mask, SAMPLES, world->x, world->targets);
    if (status == SAPE_OK) status = sape_mask_step(world->mask);
    return status == SAPE_OK ? sape_mask_advance(world->mask) : status;
}

static sape_status mask_smoothed_loss(struct world *world) {
    if (world->policy != SAPE_POLICY_SPATIAL) return SAPE_OK;
    return sape_mask_smoothed_loss(world->mask, world->values, 3);
}

static sape_status create_network(struct world *world) {
    (void)world;
    sape_network_params params;
    sape_network *made;
    sape_network_params_init(&params, sizeof params);
    params.input_dim = 5;
    params.hidden_dim = 3;
    sape_status status = sape_network_create(&params, &made);
    status = checked(made, status);
    sape_network_free(made);
    return status;
}

static sape_status network_forward(struct world *world) {
    return sape_network_forward(world->network, SAMPLES, world->features, world->values);
}

static sape_status network_backward(struct world *world) {
    float d_inputs[SAMPLES * 8], d_parameters[64];
    return sape_network_backward(world->network, SAMPLES, world->features, world->values, d_parameters, d_inputs);
}

static sape_status create_optimizer(struct world *world) {
    (void)world;
    sape_optimizer *made;
    sape_status status = sape_optimizer_create(NULL, 100, &made);
    status = checked(made, status);
    sape_optimizer_free(made);
    return status;
}

static sape_status create_field(struct world *world) {
    sape_field *made = tiny_field(world->policy, world->encoding);
    sape_field_free(made);
    return made == NULL ? SAPE_ERROR_MEMORY : SAPE_OK;
}

sape_status world_predict(struct world *world) {
    return sape_field_predict(world->field, SAMPLES, world->x, world->values);
}

static sape_status predict_with(struct world *world) {
    sape_predict_options options;
    sape_predict_options_init(&options, sizeof options);
    options.mask_by = world->x;
    options.weights = world->features;
    return sape_field_predict_with(world->field, &options, SAMPLES, world->x, world->values);
}

sape_status world_field_backward(struct world *world) {
    float d_x[SAMPLES], d_parameters[64];
    return sape_field_backward(world->field, SAMPLES, world->x, world->targets, d_parameters, d_x);
}

static sape_status jacobian(struct world *world) {
    float values[SAMPLES], d_parameters[64];
    sape_status status = sape_field_jacobian(world->field, SAMPLES, world->x, world->values, values);
    if (status == SAPE_OK)
        status = sape_field_jacobian_backward(world->field, SAMPLES, world->x, NULL, values, d_parameters);
    return status;
}

/* With functions that have derivatives of their own. */
static sape_status curved(struct world *world) {
    sape_encoder_params encoder;
    sape_network_params network;
    sape_field *made;
    float values[SAMPLES], d_parameters[64];
    sape_encoder_params_init(&encoder, sizeof encoder);
    sape_network_params_init(&network, sizeof network);
    encoder.kind = SAPE_ENCODING_IDENTITY;
    encoder.domain_dim = network.output_dim = 1;
    network.hidden_dim = 3;
    network.activation = SAPE_ACTIVATION_GELU;
    network.output_activation = SAPE_OUTPUT_ACTIVATION_EXP;
    sape_status status = sape_field_create(&encoder, NULL, &network, &made);
    status = checked(made, status);
    if (status == SAPE_OK) status = sape_field_jacobian(made, SAMPLES, world->x, NULL, values);
    if (status == SAPE_OK) status = sape_field_jacobian_backward(made, SAMPLES, world->x, values, values, d_parameters);
    sape_field_free(made);
    return status;
}

static sape_status predict_grid(struct world *world) {
    const size_t size[] = {SAMPLES};
    return sape_field_predict_grid(world->field, size, world->x, world->x + 1, world->values);
}

static int half_square_of_jacobian(void *user, size_t n, size_t domain_dim, const float *x, size_t output_dim,
                                   const float *outputs, const float *derivatives, const float *targets,
                                   float *d_outputs, float *d_jacobian, float *sample_loss, double *loss) {
    memcpy(d_jacobian, derivatives, n * output_dim * domain_dim * sizeof *d_jacobian);
    return half_square(user, n, x, output_dim, outputs, targets, d_outputs, sample_loss, loss);
}

/* What a trainer may have besides. */
enum extra { NOTHING, ADAPTIVE_RATE, VALIDATION, RANKS };

/* A single rank: the sums are its own values. */
static int keep_sums(void *user, sape_dtype dtype, size_t count, void *values) {
    (void)user;
    (void)dtype;
    (void)count;
    (void)values;
    return 0;
}

static sape_status give_extra(sape_trainer *trainer, enum extra extra) {
    if (extra == RANKS) return sape_trainer_set_reduce(trainer, keep_sums, NULL);
    if (extra != ADAPTIVE_RATE) return SAPE_OK;
    sape_adaptive_rate_params params;
    sape_adaptive_rate_params_init(&params, sizeof params);
    params.resolution = 3;
    return sape_trainer_set_adaptive_rate(trainer, &params);
}

static sape_status give_samples(struct world *world, sape_trainer *trainer, sape_loss loss) {
    const bool chamfer = loss == SAPE_LOSS_CHAMFER;
    sape_status status = sape_trainer_set_data(trainer, SAMPLES, world->x, chamfer ? NULL : world->targets);
    if (status == SAPE_OK && loss == SAPE_LOSS_CUSTOM_JACOBIAN)
        status = sape_trainer_set_jacobian_loss(trainer, half_square_of_jacobian, NULL);
    if (status == SAPE_OK && chamfer) status = sape_trainer_set_target_points(trainer, SAMPLES, world->targets, 20);
    return status;
}

static sape_status checkpoint_and_restore(sape_trainer *trainer) {
    sape_safetensors *made;
    sape_status status = sape_trainer_checkpoint(trainer, &made);
    status = checked(made, status);
    if (status == SAPE_OK) status = sape_trainer_restore(trainer, made);
    sape_safetensors_free(made);
    return status;
}

/* A trainer of a second field, from its making to its end. */
static sape_status train_with(struct world *world, sape_loss loss, size_t batch_size, enum extra extra) {
    sape_trainer_params params = world_trainer_params(world, loss, batch_size);
    sape_result result = {.struct_size = sizeof result};
    sape_trainer *made;
    if (extra == VALIDATION) params.validation_share = 0.2;
    params.validation_every = 2;
    sape_status status = sape_trainer_create(&params, NULL, world->second_field, &made);
    status = checked(made, status);
    if (status == SAPE_OK) status = give_extra(made, extra);
    if (status == SAPE_OK) status = give_samples(world, made, loss);
    if (status == SAPE_OK) status = sape_trainer_run(made, 4, NULL, NULL, &result);
    if (status == SAPE_OK && extra != NOTHING) status = checkpoint_and_restore(made);
    sape_trainer_free(made);
    return status;
}

static sape_status train(struct world *world, sape_loss loss, size_t batch_size) {
    return train_with(world, loss, batch_size, NOTHING);
}

sape_status world_train_full(struct world *world) {
    return train(world, SAPE_LOSS_MSE, 0);
}

static sape_status train_batches(struct world *world) {
    return train(world, SAPE_LOSS_BCE, 50);
}

sape_status world_train_custom(struct world *world) {
    return train(world, SAPE_LOSS_CUSTOM, 0);
}

static sape_status train_chamfer(struct world *world) {
    return train(world, SAPE_LOSS_CHAMFER, 0);
}

static sape_status train_jacobian(struct world *world) {
    return train(world, SAPE_LOSS_CUSTOM_JACOBIAN, 0);
}

/* Weights, batches that accumulate, clipping, averages and a history, in the caller's units. */
static sape_status train_options(struct world *world) {
    sape_trainer_params params = world_trainer_params(world, SAPE_LOSS_HUBER, 30);
    sape_optimizer_params optimizer;
    sape_trainer *trainer;
    sape_field *average = NULL;
    sape_optimizer_params_init(&optimizer, sizeof optimizer);
    optimizer.clip_norm = 0.1;
    params.accumulate = 2;
    params.average_decay = 0.5;
    params.history = 4;
    params.validation_share = world->policy == SAPE_POLICY_SPATIAL_FIXED ? 0.0 : 0.2;
    sape_status status = sape_field_fit_normalization(world->second_field, SAMPLES, world->x, world->targets);
    if (status == SAPE_OK) status = sape_trainer_create(&params, &optimizer, world->second_field, &trainer);
    if (status != SAPE_OK) return status;
    status = sape_trainer_set_data(trainer, SAMPLES, world->x, world->targets);
    for (size_t i = 0; i < SAMPLES; i++) world->values[i] = 1.0f;
    if (status == SAPE_OK) status = sape_trainer_set_weights(trainer, SAMPLES, world->values);
    if (status == SAPE_OK) status = sape_trainer_run(trainer, 2, NULL, NULL, NULL);
    if (status == SAPE_OK) status = sape_trainer_average(trainer, &average);
    sape_field_free(average);
    sape_trainer_free(trainer);
    return status;
}

/* Gradients in the caller's units go through copies. */
static sape_status scaled_gradients(struct world *world) {
    float *d_jacobian = world->features;
    memset(d_jacobian, 0, SAMPLES * sizeof *d_jacobian);
    sape_status status = sape_field_fit_normalization(world->second_field, SAMPLES, world->x, world->targets);
    static float gradient[1 << 16];

    if (status == SAPE_OK)
        status =
            sape_field_jacobian_backward(world->second_field, SAMPLES, world->x, world->targets, d_jacobian, gradient);
    return status;
}

static sape_status train_adaptive(struct world *world) {
    return train_with(world, SAPE_LOSS_MSE, 50, ADAPTIVE_RATE);
}

/* Spatial_fixed has none of these. */
static sape_status train_validation(struct world *world) {
    if (world->policy == SAPE_POLICY_SPATIAL_FIXED) return SAPE_OK;
    return train_with(world, SAPE_LOSS_MSE, 50, VALIDATION);
}

static sape_status train_custom_validation(struct world *world) {
    if (world->policy == SAPE_POLICY_SPATIAL_FIXED) return SAPE_OK;
    return train_with(world, SAPE_LOSS_CUSTOM, 50, VALIDATION);
}

static sape_status train_on_ranks(struct world *world) {
    if (world->policy == SAPE_POLICY_SPATIAL_FIXED) return SAPE_OK;
    return train_with(world, SAPE_LOSS_MSE, 0, RANKS);
}

static sape_status loss_chamfer(struct world *world) {
    return sape_loss_chamfer(1, SAMPLES, world->values, SAMPLES, world->targets, NULL, NULL, NULL);
}

/* Of a trainer that lives on. */
static int copy_samples(void *user, uint64_t iteration, size_t n, float *x, float *targets) {
    const struct world *world = user;
    (void)iteration;
    memcpy(x, world->x, n * sizeof *x);
    memcpy(targets, world->targets, n * sizeof *targets);
    return 0;
}

static sape_status set_sampler(struct world *world) {
    const sape_status status = sape_trainer_set_sampler(world->trainer, SAMPLES, copy_samples, world);
    return status == SAPE_OK ? sape_trainer_step(world->trainer, NULL) : status;
}

static sape_status set_data(struct world *world) {
    return sape_trainer_set_data(world->trainer, SAMPLES, world->x, world->targets);
}

static sape_status save(struct world *world) {
    return sape_trainer_save(world->trainer, "world.safetensors");
}

static sape_status load(struct world *world) {
    (void)world;
    sape_field *made;
    sape_status status = sape_field_load("world.safetensors", &made);
    status = checked(made, status);
    sape_field_free(made);
    return status;
}

static sape_status parse(struct world *world) {
    size_t size;
    sape_safetensors *made;
    const void *bytes = sape_safetensors_bytes(world->checkpoint, &size);
    sape_status status = sape_safetensors_parse(bytes, size, &made);
    status = checked(made, status);
    sape_safetensors_free(made);
    return status;
}

static sape_status annotate(struct world *world) {
    const char *const key = "note", *const value = "text";
    sape_safetensors *made;
    sape_status status = sape_safetensors_annotate(world->checkpoint, 1, &key, &value, &made);
    status = checked(made, status);
    sape_safetensors_free(made);
    return status;
}

static sape_status restore(struct world *world) {
    return sape_field_restore(world->field, world->checkpoint);
}

static sape_status restore_trainer(struct world *world) {
    return sape_trainer_restore(world->trainer, world->checkpoint);
}

/* The variance policy's mask follows the frequencies. */
static sape_status field_set_tensor(struct world *world) {
    sape_tensor_info info = {.struct_size = sizeof info};
    sape_status status = sape_field_tensor_info(world->field, 0, &info);
    if (status == SAPE_OK) status = sape_field_get_tensor(world->field, info.name, world->values, info.count);
    return status == SAPE_OK ? sape_field_set_tensor(world->field, info.name, world->values, info.count) : status;
}

static sape_status gradient_norms(struct world *world) {
    return sape_field_gradient_norms(world->field, SAMPLES, world->x, world->targets, world->values);
}

static sape_status mask_set_signal(struct world *world) {
    if (world->policy != SAPE_POLICY_VARIANCE) return SAPE_OK;
    return sape_mask_set_signal(world->mask, SAMPLES, world->x, 1, world->targets);
}

static sape_status window_statistics(struct world *world) {
    sape_window_params params;
    sape_window_params_init(&params, sizeof params);
    params.dim = 2;
    params.size[0] = 30;
    params.size[1] = SAMPLES / 30;
    return sape_window_statistics(&params, world->targets, world->values, world->features);
}

static sape_status filter(struct world *world) {
    sape_filter_params params;
    sape_filter_params_init(&params, sizeof params);
    params.dim = 2;
    params.size[0] = params.size[1] = 8;
    return sape_filter_apply(&params, world->targets, world->features, world->values);
}

static sape_status propose_bandwidth(struct world *world) {
    sape_bandwidth proposal = {.struct_size = sizeof proposal};
    return sape_bandwidth_propose(SAMPLES, 1, world->x, 1, world->targets, &proposal);
}

static sape_status propose_settings(struct world *world) {
    enum { MANY = 80 };
    float x[MANY], targets[MANY];
    sape_settings_query query;
    sape_settings *made;
    for (int i = 0; i < MANY; i++) {
        x[i] = (float)i / MANY;
        targets[i] = world->targets[i % SAMPLES];
    }
    sape_settings_query_init(&query, sizeof query);
    query.domain_dim = query.output_dim = 1;
    query.n = MANY;
    query.x = x;
    query.targets = targets;
    sape_status status = sape_settings_propose(&query, &made);
    status = checked(made, status);
    sape_settings_free(made);
    return status;
}

const struct world_call world_calls[] = {
    {"create_fourier", create_fourier, true, 2},
    {"create_positional", create_positional, true, 1},
    {"create_rbf", create_rbf, true, 2},
    {"create_periodic_rbf", create_periodic_rbf, true, 2},
    {"create_grid", create_grid, true, 3},
    {"encode", encode, true, 0},
    {"encode_backward", encode_backward, true, 0},
    {"encode_backward_parameters", encode_backward_parameters, false, 0},
    {"create_mask", create_mask, false, 3},
    {"mask_weights", mask_weights, false, 1},
    {"mask_revealed", mask_revealed, false, 1},
    {"mask_record_and_advance", mask_record_and_advance, false, 0},
    {"mask_smoothed_loss", mask_smoothed_loss, false, 0},
    {"create_network", create_network, true, 3},
    {"network_forward", network_forward, true, 1},
    {"network_backward", network_backward, true, 1},
    {"create_optimizer", create_optimizer, true, 2},
    {"create_field", create_field, false, 8},
    {"predict", world_predict, false, 2},
    {"predict_with", predict_with, false, 2},
    {"field_backward", world_field_backward, false, 3},
    {"jacobian", jacobian, false, 6},
    {"curved", curved, true, 14},
    {"predict_grid", predict_grid, false, 2},
    {"train_full", world_train_full, false, 8},
    {"train_batches", train_batches, false, 8},
    {"train_custom", world_train_custom, false, 8},
    {"train_chamfer", train_chamfer, false, 12},
    {"train_jacobian", train_jacobian, false, 12},
    {"loss_chamfer", loss_chamfer, true, 5},
    {"set_sampler", set_sampler, false, 3},
    {"set_data", set_data, false, 3},
    {"save", save, false, 10},
    {"load", load, false, 10},
    {"parse", parse, true, 5},
    {"annotate", annotate, true, 5},
    {"restore", restore, false, 5},
    {"restore_trainer", restore_trainer, false, 10},
    {"field_set_tensor", field_set_tensor, false, 0},
    {"train_adaptive", train_adaptive, false, 20},
    {"train_options", train_options, false, 30},
    {"scaled_gradients", scaled_gradients, false, 8},
    {"train_validation", train_validation, false, 0},
    {"train_custom_validation", train_custom_validation, false, 0},
    {"train_on_ranks", train_on_ranks, false, 0},
    {"gradient_norms", gradient_norms, false, 3},
    {"mask_set_signal", mask_set_signal, false, 0},
    {"window_statistics", window_statistics, true, 1},
    {"filter", filter, true, 3},
    {"propose_bandwidth", propose_bandwidth, true, 1},
    {"propose_settings", propose_settings, true, 5},
};
const int num_world_calls = (int)(sizeof world_calls / sizeof *world_calls);

void open_world(struct world *world, int kind, size_t threads) {
    const bool grid = kind == NUM_WORLDS - 1;
    *world = (struct world){.policy = grid ? SAPE_POLICY_SPATIAL : (sape_policy)kind,
                            .encoding = grid ? SAPE_ENCODING_GRID : SAPE_ENCODING_FOURIER,
                            .threads = threads};
    random_array(1, SAMPLES, -1.0f, 1.0f, world->x);
    random_array(2, SAMPLES, 0.0f, 1.0f, world->targets);
    random_array(3, SAMPLES * 8, 0.0f, 1.0f, world->features);
    world->field = tiny_field(world->policy, world->encoding);
    world->second_field = tiny_field(world->policy, world->encoding);
    ck_assert(world->field != NULL && world->second_field != NULL);
    CHECK_OK(sape_field_set_num_threads(world->field, threads));
    world->encoder = sape_field_encoder(world->field);
    world->mask = sape_field_mask(world->field);
    world->network = sape_field_network(world->field);
    const sape_trainer_params params = world_trainer_params(world, SAPE_LOSS_MSE, 50);
    CHECK_OK(sape_trainer_create(&params, NULL, world->field, &world->trainer));
    CHECK_OK(set_data(world));
    CHECK_OK(sape_trainer_run(world->trainer, 3, NULL, NULL, NULL));
    CHECK_OK(sape_trainer_checkpoint(world->trainer, &world->checkpoint));
    CHECK_OK(save(world));
}

void close_world(struct world *world) {
    sape_safetensors_free(world->checkpoint);
    sape_trainer_free(world->trainer);
    sape_field_free(world->field);
    sape_field_free(world->second_field);
}
