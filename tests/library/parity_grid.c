/* SPDX-License-Identifier: MIT */
#include "parity_grid.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(call) ck_assert_msg((call) == SAPE_OK, "%s: %s", fixture->name, sape_last_error())

/* Prints the error and holds it against what is allowed. */
static void expect(const struct fixture *fixture, const char *what, double error, double allowed) {
    printf("%s: %s %.2g\n", fixture->name, what, error);
    ck_assert_msg(error <= allowed, "%s: %s off by %g, allowed are %g", fixture->name, what, error, allowed);
}

static double largest_difference(const float *values, const struct tensor *expected) {
    double largest = 0.0;
    for (size_t i = 0; i < expected->count; i++) {
        const double difference = fabs((double)values[i] - expected->values[i]);
        if (!(difference <= largest)) largest = difference;
    }
    return largest;
}

/* The same, by the largest of the expected values where that is above 1. */
static double relative_difference(const float *values, const struct tensor *expected) {
    double largest = 1.0;
    for (size_t i = 0; i < expected->count; i++) largest = fmax(largest, fabs(expected->values[i]));
    return largest_difference(values, expected) / largest;
}

static sape_encoder_params params_of(const struct fixture *fixture) {
    const char *smooth = sape_safetensors_metadata(fixture->file, "smooth");
    sape_encoder_params params;
    sape_encoder_params_init(&params, sizeof params);
    ck_assert_ptr_nonnull(smooth);
    params.kind = SAPE_ENCODING_GRID;
    params.domain_dim = (size_t)fixture_number(fixture, "domain_dim", 0);
    params.num_levels = (size_t)fixture_number(fixture, "levels", 0);
    params.features_per_level = (size_t)fixture_number(fixture, "features", 0);
    params.base_resolution = (size_t)fixture_number(fixture, "base", 0);
    params.growth = fixture_number(fixture, "growth", 0);
    params.log2_table_size = (size_t)fixture_number(fixture, "log2_table", 0);
    params.interpolation = strcmp(smooth, "true") == 0 ? SAPE_INTERPOLATION_SMOOTH : SAPE_INTERPOLATION_LINEAR;
    return params;
}

static void set_levels(const struct fixture *fixture, sape_encoder *encoder) {
    const size_t levels = (size_t)fixture_number(fixture, "levels", 0);
    ck_assert_uint_eq(sape_encoder_tensor_count(encoder), levels);
    for (size_t l = 0; l < levels; l++) {
        char name[32];
        snprintf(name, sizeof name, "level_%zu", l);
        struct tensor values = fixture_tensor(fixture, "%s", name);
        CHECK(sape_encoder_set_tensor(encoder, name, values.floats, values.count));
        tensor_free(&values);
    }
}

/* Features, and their gradient, which leads to coordinates and tables. */
void check_grid_encoding(const struct fixture *fixture) {
    const sape_encoder_params params = params_of(fixture);
    struct tensor x = fixture_tensor(fixture, "x"), features = fixture_tensor(fixture, "features");
    struct tensor upstream = fixture_tensor(fixture, "upstream"), d_x = fixture_tensor(fixture, "d_x");
    sape_encoder *encoder;
    CHECK(sape_encoder_create(&params, &encoder));
    set_levels(fixture, encoder);
    ck_assert_uint_eq(sape_encoder_encoding_dim(encoder), features.shape[1]);
    float *result = malloc(features.count * sizeof *result), *gradient = malloc(d_x.count * sizeof *gradient);
    float *d_tables = malloc(sape_encoder_num_parameters(encoder) * sizeof *d_tables), *part = d_tables;
    CHECK(sape_encoder_encode(encoder, x.shape[0], x.floats, result));
    expect(fixture, "features", largest_difference(result, &features), 1e-5);
    CHECK(sape_encoder_backward(encoder, x.shape[0], x.floats, upstream.floats, gradient));
    expect(fixture, "gradient of x (relative)", relative_difference(gradient, &d_x), 1e-5);
    CHECK(sape_encoder_backward_parameters(encoder, x.shape[0], x.floats, upstream.floats, d_tables));
    double worst = 0.0;
    for (size_t l = 0; l < params.num_levels; l++) {
        struct tensor expected = fixture_tensor(fixture, "d_level_%zu", l);
        worst = fmax(worst, largest_difference(part, &expected));
        part += expected.count;
        tensor_free(&expected);
    }
    expect(fixture, "gradient of the tables", worst, 1e-5);
    ck_assert_uint_eq((size_t)(part - d_tables), sape_encoder_num_parameters(encoder));
    struct tensor *const all[] = {&x, &features, &upstream, &d_x};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) tensor_free(all[i]);
    free(result);
    free(gradient);
    free(d_tables);
    sape_encoder_free(encoder);
}

/* What a fixture calls a field's tensor: the encoder's go without their prefix. */
static const char *stored_name(const char *name) {
    static const char prefix[] = "model.encode.";
    return strncmp(name, prefix, strlen(prefix)) == 0 ? name + strlen(prefix) : name;
}

static void load_initial(const struct fixture *fixture, sape_field *field) {
    for (size_t i = 0; i < sape_field_tensor_count(field); i++) {
        sape_tensor_info info = {.struct_size = sizeof info};
        CHECK(sape_field_tensor_info(field, i, &info));
        struct tensor values = fixture_tensor(fixture, "initial.%s", stored_name(info.name));
        CHECK(sape_field_set_tensor(field, info.name, values.floats, values.count));
        tensor_free(&values);
    }
}

static double parameters_off(const struct fixture *fixture, const sape_field *field, size_t step) {
    double worst = 0.0;
    for (size_t i = 0; i < sape_field_tensor_count(field); i++) {
        sape_tensor_info info = {.struct_size = sizeof info};
        CHECK(sape_field_tensor_info(field, i, &info));
        struct tensor expected = fixture_tensor(fixture, "after_%zu.%s", step, stored_name(info.name));
        float *values = malloc(expected.count * sizeof *values);
        CHECK(sape_field_get_tensor(field, info.name, values, expected.count));
        worst = fmax(worst, largest_difference(values, &expected));
        free(values);
        tensor_free(&expected);
    }
    return worst;
}

/* The network's parameters come first, the encoder's tables behind them. */
static double gradient_off(const struct fixture *fixture, const sape_field *field, const float *gradient) {
    const size_t network = sape_network_num_parameters(sape_field_network(field));
    const float *parts[] = {gradient + network, gradient};
    double worst = 0.0;
    for (size_t i = 0; i < sape_field_tensor_count(field); i++) {
        sape_tensor_info info = {.struct_size = sizeof info};
        CHECK(sape_field_tensor_info(field, i, &info));
        const char *name = stored_name(info.name);
        const float **part = &parts[name == info.name];
        struct tensor expected = fixture_tensor(fixture, "gradient.%s", name);
        worst = fmax(worst, largest_difference(*part, &expected));
        *part += expected.count;
        tensor_free(&expected);
    }
    return worst;
}

static void check_gradient(const struct fixture *fixture, const sape_field *field, const struct tensor *x,
                           const struct tensor *y) {
    float *outputs = malloc(y->count * sizeof *outputs), *d_outputs = malloc(y->count * sizeof *d_outputs);
    float *gradient = malloc(sape_field_num_parameters(field) * sizeof *gradient);
    CHECK(sape_field_predict(field, x->shape[0], x->floats, outputs));
    CHECK(sape_loss_evaluate(SAPE_LOSS_MSE, x->shape[0], y->shape[1], outputs, y->floats, d_outputs, NULL, NULL));
    CHECK(sape_field_backward(field, x->shape[0], x->floats, d_outputs, gradient, NULL));
    expect(fixture, "gradient", gradient_off(fixture, field, gradient), 1e-5);
    free(outputs);
    free(d_outputs);
    free(gradient);
}

static sape_field *create_field(const struct fixture *fixture) {
    const sape_encoder_params encoder = params_of(fixture);
    sape_mask_params mask;
    sape_network_params network;
    sape_field *field;
    sape_mask_params_init(&mask, sizeof mask);
    sape_network_params_init(&network, sizeof network);
    mask.policy = SAPE_POLICY_NONE;
    network.hidden_dim = (size_t)fixture_number(fixture, "hidden_dim", 0);
    network.num_layers = (size_t)fixture_number(fixture, "num_layers", 0);
    network.output_dim = (size_t)fixture_number(fixture, "output_dim", 0);
    CHECK(sape_field_create(&encoder, &mask, &network, &field));
    return field;
}

static void check_steps(const struct fixture *fixture, const sape_field *field, sape_trainer *trainer) {
    struct tensor losses = fixture_tensor(fixture, "loss");
    double worst = 0.0;
    for (size_t step = 1; step <= losses.count; step++) {
        double loss;
        CHECK(sape_trainer_step(trainer, &loss));
        worst = fmax(worst, fabs(loss / losses.values[step - 1] - 1.0));
        if (step == 1) expect(fixture, "parameters after 1 step", parameters_off(fixture, field, 1), 1e-5);
        if (step == 10) expect(fixture, "parameters after 10 steps", parameters_off(fixture, field, 10), 1e-5);
    }
    expect(fixture, "loss of every step (relative)", worst, 1e-4);
    tensor_free(&losses);
}

static void check_outputs(const struct fixture *fixture, const sape_field *field, const struct tensor *x) {
    struct tensor expected = fixture_tensor(fixture, "final_output");
    float *outputs = malloc(expected.count * sizeof *outputs);
    CHECK(sape_field_predict(field, x->shape[0], x->floats, outputs));
    expect(fixture, "outputs after all steps", largest_difference(outputs, &expected), 1e-3);
    free(outputs);
    tensor_free(&expected);
}

void check_grid_training(const struct fixture *fixture) {
    char optimizer_text[64];
    double beta1 = 0.0, beta2 = 0.0, epsilon = 0.0;
    struct tensor x = fixture_tensor(fixture, "x"), y = fixture_tensor(fixture, "y");
    sape_optimizer_params optimizer;
    sape_trainer *trainer;
    sape_optimizer_params_init(&optimizer, sizeof optimizer);
    fixture_text(fixture, "optimizer", optimizer_text, sizeof optimizer_text);
    ck_assert_int_eq(sscanf(optimizer_text, "Adam %lf %lf %lf", &beta1, &beta2, &epsilon), 3);
    optimizer.beta1 = beta1;
    optimizer.beta2 = beta2;
    optimizer.epsilon = epsilon;
    optimizer.learning_rate = fixture_number(fixture, "learning_rate", 0);
    sape_field *field = create_field(fixture);
    load_initial(fixture, field);
    check_gradient(fixture, field, &x, &y);
    CHECK(sape_trainer_create(NULL, &optimizer, field, &trainer));
    CHECK(sape_trainer_set_data(trainer, x.shape[0], x.floats, y.floats));
    check_steps(fixture, field, trainer);
    check_outputs(fixture, field, &x);
    sape_trainer_free(trainer);
    sape_field_free(field);
    tensor_free(&x);
    tensor_free(&y);
}
