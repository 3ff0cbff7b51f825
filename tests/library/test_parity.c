/* SPDX-License-Identifier: MIT */
/*
 * Compares the library with numbers of the public SAPE code, and of PyTorch for what that code does not have: every
 * fixture of a directory, SAPE_FIXTURE_DIR or the repository's own. Sizes and settings come from the files.
 */
#include <check.h>
#include <dirent.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"
#include "parity_grid.h"

#define MAX_FILES 256

static const char *directory;
static char files[MAX_FILES][256];
static int num_files;

static double largest_difference(const float *values, const struct tensor *expected, size_t offset, size_t count) {
    double largest = 0.0;
    for (size_t i = 0; i < count; i++) {
        const double difference = fabs((double)values[i] - expected->values[offset + i]);
        if (!(difference <= largest)) largest = difference;
    }
    return largest;
}

#define CHECK(call) ck_assert_msg((call) == SAPE_OK, "%s: %s", files[_i], sape_last_error())

/* Prints the error and holds it against what is allowed. */
#define EXPECT(what, error, allowed)                                                                                   \
    do {                                                                                                               \
        printf("%s: %s %.2g\n", files[_i], what, error);                                                               \
        ck_assert_msg((error) <= (allowed), "%s: %s off by %g, allowed are %g", files[_i], what, (double)(error),      \
                      (double)(allowed));                                                                              \
    } while (0)

static sape_encoding encoding_named(const char *name) {
    static const char *const names[] = {"identity", "fourier", "positional", "rbf", "periodic_rbf"};
    for (int i = 0; i < 5; i++)
        if (strcmp(names[i], name) == 0) return (sape_encoding)i;
    ck_abort_msg("no encoding is called %s", name);
}

static sape_loss loss_named(const char *name) {
    static const char *const names[] = {"mse", "bce", "", "chamfer", "", "l1", "huber", "relative_l2"};
    for (int i = 0; i < 8; i++)
        if (strcmp(names[i], name) == 0) return (sape_loss)i;
    ck_abort_msg("no loss is called %s", name);
}

static sape_policy policy_named(const char *name) {
    static const char *const names[] = {"none", "global", "spatial"};
    for (int i = 0; i < 3; i++)
        if (strcmp(names[i], name) == 0) return (sape_policy)i;
    ck_abort_msg("no policy is called %s", name);
}

static void check_encoding(int _i, const struct fixture *fixture) {
    char kind[32];
    sape_encoder_params params;
    sape_encoder *encoder;
    fixture_text(fixture, "kind", kind, sizeof kind);
    sape_encoder_params_init(&params, sizeof params);
    params.kind = encoding_named(kind);
    params.include_identity = 1;
    params.domain_dim = (size_t)fixture_number(fixture, "domain_dim", 0);
    params.num_frequencies = (size_t)fixture_number(fixture, "num_frequencies", 0);
    params.std = fixture_number(fixture, "std", 0);
    CHECK(sape_encoder_create(&params, &encoder));
    for (size_t i = 0; i < sape_encoder_tensor_count(encoder); i++) {
        sape_tensor_info info = {.struct_size = sizeof info};
        CHECK(sape_encoder_tensor_info(encoder, i, &info));
        struct tensor values = fixture_tensor(fixture, "%s", info.name);
        CHECK(sape_encoder_set_tensor(encoder, info.name, values.floats, values.count));
        tensor_free(&values);
    }
    struct tensor x = fixture_tensor(fixture, "x"), features = fixture_tensor(fixture, "features");
    float *result = malloc(features.count * sizeof *result);
    ck_assert_uint_eq(sape_encoder_encoding_dim(encoder), features.shape[1]);
    CHECK(sape_encoder_encode(encoder, x.shape[0], x.floats, result));
    EXPECT("features", largest_difference(result, &features, 0, features.count), 3e-5);
    free(result);
    tensor_free(&x);
    tensor_free(&features);
    sape_encoder_free(encoder);
}

static sape_mask *create_mask(int _i, const struct fixture *fixture) {
    sape_mask_params params;
    sape_mask_state state = {.struct_size = sizeof state};
    sape_mask *mask;
    sape_mask_params_init(&params, sizeof params);
    params.domain_dim = (size_t)fixture_number(fixture, "domain_dim", 0);
    params.encoding_dim = (size_t)fixture_number(fixture, "encoding_dim", 0);
    params.resolution = (size_t)fixture_number(fixture, "resolution", 0);
    params.num_blocks = (size_t)fixture_number(fixture, "num_blocks", 0);
    params.epsilon = fixture_number(fixture, "epsilon", 0);
    params.block_iterations = 1000000; /* the test advances by hand */
    CHECK(sape_mask_create(&params, &mask));
    CHECK(sape_mask_get_state(mask, &state));
    ck_assert_uint_eq(state.block_size, (size_t)fixture_number(fixture, "block_size", 0));
    return mask;
}

static void check_mask(int _i, const struct fixture *fixture) {
    sape_mask *mask = create_mask(_i, fixture);
    struct tensor x = fixture_tensor(fixture, "x"), loss = fixture_tensor(fixture, "loss");
    struct tensor query = fixture_tensor(fixture, "query"), expected = fixture_tensor(fixture, "mask");
    struct tensor smoothed = fixture_tensor(fixture, "smoothed_loss"), revealed = fixture_tensor(fixture, "revealed");
    struct tensor in_progress = fixture_tensor(fixture, "in_progress");
    const size_t batch = x.shape[1], d = x.shape[2], cells = smoothed.shape[1],
                 size = expected.count / expected.shape[0];
    const size_t batches = (size_t)fixture_number(fixture, "batches_per_update", 0);
    float *weights = malloc(size * sizeof *weights), *cell = malloc(cells * sizeof *cell);
    double worst_mask = 0.0, worst_loss = 0.0;
    for (size_t update = 0; update < expected.shape[0]; update++) {
        for (size_t b = update * batches; b < (update + 1) * batches; b++) {
            CHECK(sape_mask_record(mask, batch, x.floats + b * batch * d, loss.floats + b * batch));
            CHECK(sape_mask_step(mask));
        }
        CHECK(sape_mask_smoothed_loss(mask, cell, cells));
        worst_loss = fmax(worst_loss, largest_difference(cell, &smoothed, update * cells, cells));
        CHECK(sape_mask_advance(mask));
        CHECK(sape_mask_weights(mask, query.shape[0], query.floats, weights));
        worst_mask = fmax(worst_mask, largest_difference(weights, &expected, update * size, size));
        CHECK(sape_mask_get_tensor(mask, "in_progress", cell, cells));
        ck_assert(largest_difference(cell, &in_progress, update * cells, cells) == 0.0);
    }
    CHECK(sape_mask_get_tensor(mask, "mask_stashed", cell, cells));
    ck_assert(largest_difference(cell, &revealed, 0, cells) == 0.0);
    EXPECT("mask", worst_mask, 1e-5);
    EXPECT("smoothed loss", worst_loss, 1e-5);
    struct tensor *const all[] = {&x, &loss, &query, &expected, &smoothed, &revealed, &in_progress};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) tensor_free(all[i]);
    free(weights);
    free(cell);
    sape_mask_free(mask);
}

static void check_progression(int _i, const struct fixture *fixture) {
    struct tensor expected = fixture_tensor(fixture, "mask");
    const size_t iterations = expected.shape[0], dim = expected.shape[1];
    sape_mask_params params;
    sape_mask_state state = {.struct_size = sizeof state};
    sape_mask *mask;
    sape_mask_params_init(&params, sizeof params);
    params.policy = SAPE_POLICY_GLOBAL;
    params.domain_dim = (size_t)fixture_number(fixture, "domain_dim", 0);
    params.encoding_dim = (size_t)fixture_number(fixture, "encoding_dim", 0);
    params.num_iterations = (size_t)fixture_number(fixture, "num_iterations", 0);
    params.epsilon = fixture_number(fixture, "epsilon", 0);
    CHECK(sape_mask_create(&params, &mask));
    CHECK(sape_mask_get_state(mask, &state));
    ck_assert_uint_eq(state.block_size, (size_t)fixture_number(fixture, "block_size", 0));
    ck_assert_uint_eq(state.block_iterations, (size_t)fixture_number(fixture, "block_iterations", 0));
    const float origin[3] = {0};
    float *weights = malloc(dim * sizeof *weights);
    double worst = 0.0;
    for (size_t i = 0; i < iterations; i++) {
        /* The fixture's losses: from 1 to 1e-4 in even steps. */
        const float loss = (float)(1.0 + (1e-4 - 1.0) * (double)i / (double)(iterations - 1));
        CHECK(sape_mask_record(mask, 1, origin, &loss));
        CHECK(sape_mask_step(mask));
        CHECK(sape_mask_weights(mask, 1, origin, weights));
        worst = fmax(worst, largest_difference(weights, &expected, i * dim, dim));
    }
    EXPECT("mask", worst, 1e-5);
    free(weights);
    tensor_free(&expected);
    sape_mask_free(mask);
}

/* A field of the architecture that metadata entries describe. */
static sape_field *create_field(int _i, const struct fixture *fixture) {
    char control[32];
    sape_encoder_params encoder;
    sape_mask_params mask;
    sape_network_params network;
    sape_field *field;
    sape_encoder_params_init(&encoder, sizeof encoder);
    sape_mask_params_init(&mask, sizeof mask);
    sape_network_params_init(&network, sizeof network);
    fixture_text(fixture, "control", control, sizeof control);
    encoder.domain_dim = (size_t)fixture_number(fixture, "model.domain_dim", 0);
    encoder.num_frequencies = (size_t)fixture_number(fixture, "model.num_frequencies", 0);
    encoder.std = fixture_number(fixture, "model.std", 0);
    mask.policy = policy_named(control);
    mask.num_iterations = (size_t)fixture_number(fixture, "controls.num_iterations", 0);
    mask.epsilon = fixture_number(fixture, "controls.epsilon", 0);
    mask.resolution = (size_t)fixture_number(fixture, "controls.res", 0);
    mask.num_blocks = (size_t)fixture_number(fixture, "controls.num_blocks", 0);
    network.output_dim = (size_t)fixture_number(fixture, "model.output_channels", 0);
    network.hidden_dim = (size_t)fixture_number(fixture, "model.hidden_dim", 0);
    network.num_layers = (size_t)fixture_number(fixture, "model.num_layers", 0);
    CHECK(sape_field_create(&encoder, &mask, &network, &field));
    return field;
}

/* The member of an enum whose names sape_..._name() gives. */
#define NAMED(type, names, text)                                                                                       \
    ({                                                                                                                 \
        type named_value = (type)0;                                                                                    \
        while (names(named_value) != NULL && strcmp(names(named_value), text) != 0) named_value++;                     \
        ck_assert_msg(names(named_value) != NULL, "%s knows no %s", #names, text);                                     \
        named_value;                                                                                                   \
    })

static sape_network_params network_of(const struct fixture *fixture) {
    char text[32];
    sape_network_params network;
    sape_network_params_init(&network, sizeof network);
    network.output_dim = (size_t)fixture_number(fixture, "output_dim", 0);
    network.hidden_dim = (size_t)fixture_number(fixture, "hidden_dim", 0);
    network.num_layers = (size_t)fixture_number(fixture, "num_layers", 0);
    fixture_text(fixture, "activation", text, sizeof text);
    network.activation = NAMED(sape_activation, sape_activation_name, text);
    if (network.activation == SAPE_ACTIVATION_SINE || network.activation == SAPE_ACTIVATION_SOFTPLUS ||
        network.activation == SAPE_ACTIVATION_GAUSSIAN)
        network.activation_parameter = fixture_number(fixture, "activation_scale", 0);
    fixture_text(fixture, "output_activation", text, sizeof text);
    network.output_activation = NAMED(sape_output_activation, sape_output_activation_name, text);
    return network;
}

/* A field of the library's own fixtures, whose mask reveals everything. */
static sape_field *create_plain_field(int _i, const struct fixture *fixture) {
    char kind[32];
    sape_encoder_params encoder;
    sape_mask_params mask;
    const sape_network_params network = network_of(fixture);
    sape_field *field;
    sape_encoder_params_init(&encoder, sizeof encoder);
    sape_mask_params_init(&mask, sizeof mask);
    fixture_text(fixture, "encoding", kind, sizeof kind);
    encoder.kind = encoding_named(kind);
    encoder.domain_dim = (size_t)fixture_number(fixture, "domain_dim", 0);
    encoder.num_frequencies = (size_t)fixture_number(fixture, "num_frequencies", 0);
    encoder.std = fixture_number(fixture, "std", 0);
    mask.policy = SAPE_POLICY_NONE;
    CHECK(sape_field_create(&encoder, &mask, &network, &field));
    return field;
}

static void check_checkpoint(int _i, const struct fixture *fixture) {
    char expected_name[300];
    snprintf(expected_name, sizeof expected_name, "%.*s_expected.safetensors",
             (int)(strlen(fixture->name) - strlen(".safetensors")), fixture->name);
    struct fixture expected = fixture_open(directory, expected_name);
    sape_field *field = create_field(_i, &expected);
    ck_assert_uint_eq(sape_field_tensor_count(field), sape_safetensors_count(fixture->file));
    for (size_t i = 0; i < sape_field_tensor_count(field); i++) {
        sape_tensor_info info = {.struct_size = sizeof info}, stored = {.struct_size = sizeof stored};
        CHECK(sape_field_tensor_info(field, i, &info));
        CHECK(sape_safetensors_find(fixture->file, info.name, &stored));
        ck_assert_uint_eq(info.rank, stored.rank);
        ck_assert_int_eq(info.dtype, stored.dtype);
        for (size_t a = 0; a < info.rank; a++) ck_assert_uint_eq(info.shape[a], stored.shape[a]);
        struct tensor values = fixture_tensor(fixture, "%s", info.name);
        CHECK(sape_field_set_tensor(field, info.name, values.floats, values.count));
        tensor_free(&values);
    }
    struct tensor query = fixture_tensor(&expected, "query"), prediction = fixture_tensor(&expected, "prediction");
    float *outputs = malloc(prediction.count * sizeof *outputs);
    CHECK(sape_field_predict(field, query.shape[0], query.floats, outputs));
    EXPECT("prediction", largest_difference(outputs, &prediction, 0, prediction.count), 1e-5);
    free(outputs);
    tensor_free(&query);
    tensor_free(&prediction);
    sape_field_free(field);
    fixture_close(&expected);
}

static void load_initial(int _i, const struct fixture *fixture, sape_field *field) {
    for (size_t i = 0; i < sape_field_tensor_count(field); i++) {
        sape_tensor_info info = {.struct_size = sizeof info};
        CHECK(sape_field_tensor_info(field, i, &info));
        /* Before a training run the mask is at its start; the public code has not computed its stash yet. */
        if (strcmp(info.name, "mask_stashed") == 0) continue;
        struct tensor values = fixture_tensor(fixture, "initial.%s", info.name);
        CHECK(sape_field_set_tensor(field, info.name, values.floats, values.count));
        tensor_free(&values);
    }
}

/* What a training run is on and for; weights is NULL where the samples have none. */
struct data {
    sape_loss loss;
    double delta;
    struct tensor x, y, weights;
};

static bool weighted(const struct fixture *fixture) {
    return fixture_flag(fixture, "sample_weights");
}

static struct data data_of(const struct fixture *fixture) {
    char loss[32];
    fixture_text(fixture, "loss", loss, sizeof loss);
    struct data data = {.loss = loss_named(loss),
                        .delta = fixture_number(fixture, "loss_parameter", 0),
                        .x = fixture_tensor(fixture, "x"),
                        .y = fixture_tensor(fixture, "y")};
    if (weighted(fixture)) data.weights = fixture_tensor(fixture, "weights");
    return data;
}

static void free_data(struct data *data) {
    tensor_free(&data->x);
    tensor_free(&data->y);
    tensor_free(&data->weights);
}

/* The loss's gradient with respect to the outputs of the field as it is. */
static void output_gradient(int _i, const struct data *data, size_t o, const float *outputs, float *d_outputs) {
    const size_t n = data->x.shape[0];
    if (data->loss == SAPE_LOSS_CHAMFER)
        CHECK(sape_loss_chamfer(o, n, outputs, data->y.shape[0], data->y.floats, d_outputs, NULL, NULL));
    else
        CHECK(sape_loss_evaluate_weighted(data->loss, data->delta, n, o, outputs, data->y.floats, data->weights.floats,
                                          d_outputs, NULL, NULL));
}

static void check_gradients(int _i, const struct fixture *fixture, sape_field *field, const struct data *data) {
    const struct tensor *x = &data->x;
    sape_network *network = sape_field_network(field);
    const size_t n = x->shape[0], o = sape_network_output_dim(network);
    float *outputs = malloc(n * o * sizeof *outputs), *d_outputs = malloc(n * o * sizeof *d_outputs);
    float *gradient = malloc(sape_network_num_parameters(network) * sizeof *gradient);
    CHECK(sape_field_predict(field, n, x->floats, outputs));
    output_gradient(_i, data, o, outputs, d_outputs);
    CHECK(sape_field_backward(field, n, x->floats, d_outputs, gradient, NULL));
    const float *part = gradient;
    double worst = 0.0;
    for (size_t i = 0; i < sape_network_tensor_count(network); i++) {
        sape_tensor_info info = {.struct_size = sizeof info};
        CHECK(sape_network_tensor_info(network, i, &info));
        struct tensor expected = fixture_tensor(fixture, "gradient.model.model.model.%s", info.name);
        double largest = 0.0;
        for (size_t k = 0; k < expected.count; k++) largest = fmax(largest, fabs(expected.values[k]));
        worst = fmax(worst, largest_difference(part, &expected, 0, expected.count) / largest);
        part += expected.count;
        tensor_free(&expected);
    }
    EXPECT("gradient (relative)", worst, 1e-4);
    free(outputs);
    free(d_outputs);
    free(gradient);
}

/* The field's parameters against tensors whose names begin so. */
static double parameters_off(int _i, const struct fixture *fixture, sape_field *field, const char *what, size_t step) {
    sape_network *network = sape_field_network(field);
    double worst = 0.0;
    for (size_t i = 0; i < sape_network_tensor_count(network); i++) {
        sape_tensor_info info = {.struct_size = sizeof info};
        CHECK(sape_network_tensor_info(network, i, &info));
        struct tensor expected = fixture_tensor(fixture, "%s_%zu.model.model.model.%s", what, step, info.name);
        float *values = malloc(expected.count * sizeof *values);
        CHECK(sape_network_get_tensor(network, info.name, values, expected.count));
        worst = fmax(worst, largest_difference(values, &expected, 0, expected.count));
        free(values);
        tensor_free(&expected);
    }
    return worst;
}

static void check_schedule(int _i, const struct fixture *fixture, const sape_field *field) {
    sape_mask_state state = {.struct_size = sizeof state};
    CHECK(sape_mask_get_state(sape_field_mask(field), &state));
    if (sape_mask_policy(sape_field_mask(field)) == SAPE_POLICY_NONE) return;
    ck_assert_uint_eq(state.block_size, (size_t)fixture_number(fixture, "block_size", 0));
    ck_assert_uint_eq(state.block_iterations, (size_t)fixture_number(fixture, "block_iterations", 0));
}

/* The field's outputs at the samples against a tensor of the fixture. */
static double outputs_off(int _i, const struct fixture *fixture, const sape_field *field, const char *name) {
    struct tensor x = fixture_tensor(fixture, "x"), expected = fixture_tensor(fixture, "%s", name);
    float *outputs = malloc(expected.count * sizeof *outputs);
    CHECK(sape_field_predict(field, x.shape[0], x.floats, outputs));
    const double worst = largest_difference(outputs, &expected, 0, expected.count);
    free(outputs);
    tensor_free(&x);
    tensor_free(&expected);
    return worst;
}

/* The mean over the rows of the sum of their weights, before smoothing. */
static double mean_revealed(int _i, const sape_field *field) {
    const sape_mask *mask = sape_field_mask(field);
    sape_mask_state state = {.struct_size = sizeof state};
    CHECK(sape_mask_get_state(mask, &state));
    return state.revealed * (double)sape_mask_encoding_dim(mask);
}

static void check_revealed(int _i, const struct fixture *fixture, const sape_field *field, size_t step) {
    if (sape_mask_policy(sape_field_mask(field)) == SAPE_POLICY_NONE) return;
    struct tensor revealed = fixture_tensor(fixture, "mean_revealed");
    const double difference = fabs(mean_revealed(_i, field) - revealed.values[step - 1]);
    ck_assert_msg(difference <= 1e-5, "%s: revealed features after %zu steps off by %g", files[_i], step, difference);
    tensor_free(&revealed);
}

static void check_parameters(int _i, const struct fixture *fixture, sape_field *field, const sape_trainer *trainer,
                             size_t step) {
    sape_field *average;
    EXPECT("parameters after 1 or 10 steps", parameters_off(_i, fixture, field, "after", step), 1e-5);
    if (fixture_number(fixture, "average_decay", 0) == 0.0) return;
    CHECK(sape_trainer_average(trainer, &average));
    EXPECT("averages after 1 or 10 steps", parameters_off(_i, fixture, average, "average", step), 1e-5);
    sape_field_free(average);
}

static void check_steps(int _i, const struct fixture *fixture, sape_field *field, sape_trainer *trainer) {
    struct tensor losses = fixture_tensor(fixture, "loss");
    double worst = 0.0;
    for (size_t step = 1; step <= losses.count; step++) {
        double loss;
        CHECK(sape_trainer_step(trainer, &loss));
        worst = fmax(worst, fabs(loss / losses.values[step - 1] - 1.0));
        if (step == 1 || step == 10) check_parameters(_i, fixture, field, trainer, step);
        check_revealed(_i, fixture, field, step);
    }
    EXPECT("loss of every step (relative)", worst, 1e-4);
    EXPECT("outputs after all steps", outputs_off(_i, fixture, field, "final_output"), 1e-3);
    tensor_free(&losses);
}

static void give_data(int _i, const struct data *data, sape_trainer *trainer) {
    const bool chamfer = data->loss == SAPE_LOSS_CHAMFER;
    CHECK(sape_trainer_set_data(trainer, data->x.shape[0], data->x.floats, chamfer ? NULL : data->y.floats));
    if (chamfer) CHECK(sape_trainer_set_target_points(trainer, data->y.shape[0], data->y.floats, 0));
    if (data->weights.floats != NULL)
        CHECK(sape_trainer_set_weights(trainer, data->weights.count, data->weights.floats));
}

static void check_training(int _i, const struct fixture *fixture, sape_field *field, const char *rate) {
    struct data data = data_of(fixture);
    sape_trainer_params params;
    sape_optimizer_params optimizer;
    sape_trainer *trainer;
    sape_trainer_params_init(&params, sizeof params);
    sape_optimizer_params_init(&optimizer, sizeof optimizer);
    params.loss = data.loss;
    if (data.loss == SAPE_LOSS_HUBER) params.huber_delta = data.delta;
    params.average_decay = fixture_number(fixture, "average_decay", 0);
    optimizer.learning_rate = fixture_number(fixture, rate, 0);
    optimizer.clip_norm = fixture_number(fixture, "clip_norm", 0);
    load_initial(_i, fixture, field);
    check_schedule(_i, fixture, field);
    EXPECT("outputs before any step", outputs_off(_i, fixture, field, "first_output"), 1e-5);
    check_gradients(_i, fixture, field, &data);
    CHECK(sape_trainer_create(&params, &optimizer, field, &trainer));
    give_data(_i, &data, trainer);
    check_steps(_i, fixture, field, trainer);
    sape_trainer_free(trainer);
    sape_field_free(field);
    free_data(&data);
}

static bool has_prefix(const char *name, const char *prefix) {
    return strncmp(name, prefix, strlen(prefix)) == 0;
}

START_TEST(test_file) {
    const char *name = files[_i];
    struct fixture fixture = fixture_open(directory, name);
    if (has_prefix(name, "encoding_"))
        check_encoding(_i, &fixture);
    else if (has_prefix(name, "mask_"))
        check_mask(_i, &fixture);
    else if (has_prefix(name, "progression_"))
        check_progression(_i, &fixture);
    else if (has_prefix(name, "checkpoint_"))
        check_checkpoint(_i, &fixture);
    else if (has_prefix(name, "grid_"))
        check_grid_encoding(&fixture);
    else if (has_prefix(name, "train_grid_"))
        check_grid_training(&fixture);
    else if (has_prefix(name, "train_"))
        check_training(_i, &fixture, create_field(_i, &fixture), "lr");
    else if (has_prefix(name, "activation_") || has_prefix(name, "output_") || has_prefix(name, "sine_") ||
             has_prefix(name, "loss_") || has_prefix(name, "weighted_") || has_prefix(name, "clipped") ||
             has_prefix(name, "averaged"))
        check_training(_i, &fixture, create_plain_field(_i, &fixture), "learning_rate");
    else
        ck_abort_msg("%s: nothing is known of fixtures of this name", name);
    fixture_close(&fixture);
}
END_TEST

static int has_suffix(const char *name, const char *suffix) {
    const size_t length = strlen(name), wanted = strlen(suffix);
    return length >= wanted && strcmp(name + length - wanted, suffix) == 0;
}

static bool is_asked_for(const char *name, int num_prefixes, char **prefixes) {
    for (int i = 0; i < num_prefixes; i++)
        if (has_prefix(name, prefixes[i])) return true;
    return num_prefixes == 0;
}

/* Expectations belong to their checkpoints; winding numbers are the meshes' affair. */
static void list_files(int num_prefixes, char **prefixes) {
    DIR *folder = opendir(directory);
    const struct dirent *entry;
    while (folder != NULL && (entry = readdir(folder)) != NULL) {
        const char *name = entry->d_name;
        if (!has_suffix(name, ".safetensors") || has_suffix(name, "_expected.safetensors")) continue;
        if (has_prefix(name, "winding_") || !is_asked_for(name, num_prefixes, prefixes)) continue;
        if (num_files < MAX_FILES) snprintf(files[num_files], sizeof files[0], "%s", name);
        num_files++;
    }
    if (folder != NULL) closedir(folder);
}

/* test_parity [PREFIX...]: the fixtures whose names begin with one of these, or all. */
int main(int argc, char **argv) {
    /* Meson takes 77 for skipped: SAPE_BACKEND asks for what this processor does not have. */
    sape_description description = {.struct_size = sizeof description};
    if (sape_describe(&description) == SAPE_ERROR_UNSUPPORTED) return 77;
    directory = getenv("SAPE_FIXTURE_DIR");
    if (directory == NULL) directory = FIXTURE_DIR;
    list_files(argc - 1, argv + 1);
    if (num_files == 0) {
        fprintf(stderr, "no fixture in %s\n", directory);
        return 1;
    }
    if (num_files > MAX_FILES) {
        fprintf(stderr, "%d fixtures in %s; at most %d can be looked at\n", num_files, directory, MAX_FILES);
        return 1;
    }
    Suite *suite = suite_create("parity");
    TCase *tcase = tcase_create("fixtures");
    tcase_set_timeout(tcase, 120);
    tcase_add_loop_test(tcase, test_file, 0, num_files);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
