/* SPDX-License-Identifier: MIT */
/* Fields: composition, gradients against central differences, options, threads, bad input. */
#include <math.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

#include "precision.h"
#include "reference_network.h"
#include "support.h"

#define OUTPUTS 2
#define HIDDEN 20
#define LAYERS 2

struct setting {
    sape_encoding kind;
    sape_policy policy;
    size_t d;
    /* Spatial: the grid has one dimension less, where there is one to spare, and lies over another domain. */
    bool shifted;
};

#define ROWS 5

/* Samples of an uneven grid; how many. */
static size_t place_rows(size_t d, float *samples) {
    static const float axis[ROWS] = {-1.0f, -0.6f, 0.1f, 0.5f, 1.0f};
    const size_t rows = d == 1 ? ROWS : ROWS * ROWS;
    for (size_t i = 0; i < rows; i++) {
        samples[d == 1 ? i : 2 * i] = axis[i % ROWS];
        if (d > 1) samples[2 * i + 1] = axis[i / ROWS];
    }
    return rows;
}

/* Every row somewhere on its way. */
static void reveal_rows(sape_field *field, size_t rows) {
    float values[ROWS * ROWS];
    random_array(11, rows, 0.0f, (float)sape_mask_encoding_dim(sape_field_mask(field)), values);
    CHECK_OK(sape_mask_set_tensor(sape_field_mask(field), "mask_stashed", values, rows));
}

/* A small field whose mask, where it has one, is in the middle of revealing, differently from place to place. */
static sape_field *make(struct setting setting) {
    static const float center[] = {0.2f, -0.1f, 0.05f}, scale[] = {1.4f, 0.8f, -1.2f};
    sape_encoder_params encoder;
    sape_mask_params mask;
    sape_cutoff_params cutoff;
    sape_network_params network;
    sape_field *field;
    sape_encoder_params_init(&encoder, sizeof encoder);
    sape_mask_params_init(&mask, sizeof mask);
    sape_network_params_init(&network, sizeof network);
    encoder.kind = setting.kind;
    encoder.domain_dim = setting.d;
    encoder.num_frequencies = setting.kind == SAPE_ENCODING_POSITIONAL ? 3 : 10;
    encoder.std = 1.5;
    mask.policy = setting.policy;
    mask.resolution = 5;
    mask.mask_dim = setting.shifted && setting.d > 1 ? setting.d - 1 : 0;
    mask.num_blocks = setting.kind == SAPE_ENCODING_IDENTITY ? 1 : 2;
    mask.epsilon = 0.5;
    sape_cutoff_params_init(&cutoff, sizeof cutoff);
    mask.cutoff = &cutoff;
    cutoff.c_max = 2.0;
    cutoff.shape = setting.d == 2 ? SAPE_FILTER_COSINE : SAPE_FILTER_LINEAR;
    network.output_dim = OUTPUTS;
    network.hidden_dim = HIDDEN;
    network.num_layers = LAYERS;
    float samples[2 * ROWS * ROWS];
    mask.samples = samples;
    mask.num_samples = place_rows(setting.d, samples);
    CHECK_OK(sape_field_create(&encoder, &mask, &network, &field));
    if (setting.policy == SAPE_POLICY_SPATIAL_FIXED) reveal_rows(field, mask.num_samples);
    if (setting.shifted) CHECK_OK(sape_mask_set_domain(sape_field_mask(field), center, scale));
    float *x = new_random_array(5, 300 * setting.d, -1.0f, 1.0f), *loss = new_random_array(6, 300, 0.0f, 1.0f);
    CHECK_OK(sape_mask_record(sape_field_mask(field), 300, x, loss));
    for (int i = 0; i < (setting.policy == SAPE_POLICY_GLOBAL ? 100 : 0); i++)
        CHECK_OK(sape_mask_step(sape_field_mask(field)));
    if (setting.policy == SAPE_POLICY_SPATIAL) CHECK_OK(sape_mask_advance(sape_field_mask(field)));
    if (setting.policy == SAPE_POLICY_VARIANCE) CHECK_OK(sape_mask_set_signal(sape_field_mask(field), 300, x, 1, loss));
    free(x);
    free(loss);
    return field;
}

/* Encoder, mask and network put together by hand. */
static void by_hand(const sape_field *field, size_t n, const float *x, float *outputs) {
    const size_t dim = sape_encoder_encoding_dim(sape_field_encoder(field));
    float *features = new_array(n * dim), *weights = new_array(n * dim);
    CHECK_OK(sape_encoder_encode(sape_field_encoder(field), n, x, features));
    CHECK_OK(sape_mask_weights(sape_field_mask(field), n, x, weights));
    for (size_t i = 0; i < n * dim; i++) features[i] *= weights[i];
    CHECK_OK(sape_network_forward(sape_field_network(field), n, features, outputs));
    free(features);
    free(weights);
}

#define NUM_SETTINGS 85

static struct setting setting_of(int i) {
    const struct setting setting = {.kind = (sape_encoding)(i % 5), .d = (size_t)(i / 5 % 3 + 1)};
    static const sape_policy policies[] = {SAPE_POLICY_NONE, SAPE_POLICY_GLOBAL, SAPE_POLICY_SPATIAL};
    if (i >= 75) return (struct setting){setting.kind, SAPE_POLICY_SPATIAL_FIXED, setting.d, false};
    if (i >= 60) return (struct setting){setting.kind, SAPE_POLICY_VARIANCE, setting.d, false};
    if (i >= 45) return (struct setting){setting.kind, SAPE_POLICY_SPATIAL, setting.d, true};
    return (struct setting){setting.kind, policies[i / 15], setting.d, false};
}

START_TEST(test_composition) {
    const struct setting setting = setting_of(_i);
    sape_field *field = make(setting);
    const size_t counts[] = {1, 26, 127, 300, 700};
    for (size_t i = 0; i < 5; i++) {
        const size_t n = counts[i];
        float *x = new_random_array(i, n * setting.d, -1.3f, 1.3f), *y = new_array(n * OUTPUTS);
        float *expected = new_array(n * OUTPUTS);
        CHECK_OK(sape_field_predict(field, n, x, y));
        by_hand(field, n, x, expected);
        ck_assert_double_lt(largest_difference(n * OUTPUTS, y, expected), 1e-5);
        free(x);
        free(y);
        free(expected);
    }
    sape_field_free(field);
}
END_TEST

/* The loss of the field as it is, in double where it is summed. */
static double total_loss(const sape_field *field, sape_loss kind, size_t n, const float *x, const float *targets) {
    float *y = new_array(n * OUTPUTS);
    double loss;
    CHECK_OK(sape_field_predict(field, n, x, y));
    CHECK_OK(sape_loss_evaluate(kind, n, OUTPUTS, y, targets, NULL, NULL, &loss));
    free(y);
    return loss;
}

/* With respect to the parameters, in directions drawn at random: float outputs allow no single differences. */
START_TEST(test_parameter_gradient) {
    const struct setting setting = setting_of(_i / 2);
    const sape_loss kind = (sape_loss)(_i % 2);
    const size_t n = 150;
    sape_field *field = make(setting);
    sape_network *network = sape_field_network(field);
    const size_t count = sape_network_num_parameters(network);
    float *x = new_random_array(7, n * setting.d, -1.0f, 1.0f), *targets = new_random_array(8, n * OUTPUTS, 0.0f, 1.0f);
    float *y = new_array(n * OUTPUTS), *d_y = new_array(n * OUTPUTS), *gradient = new_array(count);
    float *parameters = new_array(count), *moved = new_array(count), *direction = new_array(count);
    CHECK_OK(sape_field_predict(field, n, x, y));
    CHECK_OK(sape_loss_evaluate(kind, n, OUTPUTS, y, targets, d_y, NULL, NULL));
    CHECK_OK(sape_field_backward(field, n, x, d_y, gradient, NULL));
    CHECK_OK(sape_network_get_parameters(network, parameters, count));
    for (uint64_t trial = 0; trial < 4; trial++) {
        const double h = 5e-5;
        double side[2], slope = 0.0, length = 0.0;
        random_array(trial + 20, count, -1.0f, 1.0f, direction);
        for (size_t i = 0; i < count; i++) slope += (double)gradient[i] * (double)direction[i];
        for (size_t i = 0; i < count; i++) length += (double)gradient[i] * (double)gradient[i];
        for (int s = 0; s < 2; s++) {
            for (size_t i = 0; i < count; i++)
                moved[i] = (float)((double)parameters[i] + (s == 0 ? -h : h) * (double)direction[i]);
            CHECK_OK(sape_network_set_parameters(network, moved, count));
            side[s] = total_loss(field, kind, n, x, targets);
        }
        CHECK_OK(sape_network_set_parameters(network, parameters, count));
        ck_assert_double_eq_tol((side[1] - side[0]) / (2 * h), slope, 0.02 * sqrt(length) + 2e-4);
    }
    float *const all[] = {x, targets, y, d_y, gradient, parameters, moved, direction};
    for (size_t i = 0; i < 8; i++) free(all[i]);
    sape_field_free(field);
}
END_TEST

/* With respect to the coordinates, the mask's slope included; kinks of ReLU and of the mask's cells are left out. */
START_TEST(test_coordinate_gradient) {
    const struct setting setting = setting_of(_i);
    const size_t n = 200, d = setting.d;
    const float h = 1.0f / 4096.0f;
    sape_field *field = make(setting);
    float *x = new_random_array(9, n * d, -0.95f, 0.95f), *d_y = new_random_array(10, n * OUTPUTS, -1.0f, 1.0f);
    float *d_x = new_array(n * d), *moved = new_array(n * d), *y[3];
    CHECK_OK(sape_field_backward(field, n, x, d_y, NULL, d_x));
    size_t compared = 0;
    const double largest = largest_magnitude(n * d, d_x), tolerance = by_precision(0.02, 0.08, NAN);
    ck_assert_double_gt(largest, 0.0);
    for (size_t a = 0; a < d; a++) {
        for (int side = 0; side < 3; side++) {
            y[side] = new_array(n * OUTPUTS);
            for (size_t i = 0; i < n * d; i++) moved[i] = x[i] + (i % d == a ? (float)(side - 1) * h : 0.0f);
            CHECK_OK(sape_field_predict(field, n, moved, y[side]));
        }
        for (size_t s = 0; s < n; s++) {
            double left = 0.0, right = 0.0;
            for (size_t k = s * OUTPUTS; k < (s + 1) * OUTPUTS; k++) {
                left += (double)d_y[k] * ((double)y[1][k] - (double)y[0][k]) / (double)h;
                right += (double)d_y[k] * ((double)y[2][k] - (double)y[1][k]) / (double)h;
            }
            if (fabs(left - right) > 0.02 * largest) continue;
            ck_assert_double_eq_tol((double)d_x[s * d + a], 0.5 * (left + right), tolerance * largest);
            compared++;
        }
        for (int side = 0; side < 3; side++) free(y[side]);
    }
    ck_assert_uint_gt(compared, n * d / 3);
    free(x);
    free(d_y);
    free(d_x);
    free(moved);
    sape_field_free(field);
}
END_TEST

/* The chain rule through the parts, each of which has tests of its own. */
struct gradients {
    float *features, *weights, *d_inputs, *d_parameters, *d_x;
};

static struct gradients gradients_by_hand(const sape_field *field, size_t n, const float *x, float *d_y) {
    const sape_encoder *encoder = sape_field_encoder(field);
    const sape_network *network = sape_field_network(field);
    const size_t dim = sape_encoder_encoding_dim(encoder), count = sape_network_num_parameters(network);
    struct gradients g = {new_array(n * dim), new_array(n * dim), new_array(n * dim), new_array(count),
                          new_array(n * sape_encoder_domain_dim(encoder))};
    float *inputs = new_array(n * dim), *d_features = new_array(n * dim), *parameters = new_array(count);
    CHECK_OK(sape_network_get_parameters(network, parameters, count));
    CHECK_OK(sape_encoder_encode(encoder, n, x, g.features));
    CHECK_OK(sape_mask_weights(sape_field_mask(field), n, x, g.weights));
    for (size_t i = 0; i < n * dim; i++) inputs[i] = g.features[i] * g.weights[i];
    const struct reference_network reference = {
        .inputs = dim, .hidden = HIDDEN, .hidden_layers = LAYERS, .outputs = OUTPUTS, .parameters = parameters};
    reference_network_skip_kinks(&reference, n, inputs, d_y);
    CHECK_OK(sape_network_backward(network, n, inputs, d_y, g.d_parameters, g.d_inputs));
    for (size_t i = 0; i < n * dim; i++) d_features[i] = g.d_inputs[i] * g.weights[i];
    CHECK_OK(sape_encoder_backward(encoder, n, x, d_features, g.d_x));
    free(inputs);
    free(d_features);
    free(parameters);
    return g;
}

static void gradients_free(struct gradients *g) {
    float *const all[] = {g->features, g->weights, g->d_inputs, g->d_parameters, g->d_x};
    for (size_t i = 0; i < 5; i++) free(all[i]);
}

/* What the mask's slope along one axis adds to every sample's coordinate gradient. Inside a cell the weights are
   linear, and a difference over a wide step is exact; NAN where the two sides lie in different cells. */
static double *mask_share(const sape_field *field, const struct gradients *g, size_t n, size_t axis, const float *x) {
    const size_t d = sape_encoder_domain_dim(sape_field_encoder(field));
    const size_t dim = sape_encoder_encoding_dim(sape_field_encoder(field));
    const float h = 1.0f / 64.0f;
    double *share = calloc(n, sizeof *share);
    float *moved = new_array(n * d), *side[2] = {new_array(n * dim), new_array(n * dim)};
    for (int k = 0; k < 2; k++) {
        for (size_t i = 0; i < n * d; i++) moved[i] = x[i] + (i % d == axis ? (k == 0 ? -h : h) : 0.0f);
        CHECK_OK(sape_mask_weights(sape_field_mask(field), n, moved, side[k]));
    }
    for (size_t i = 0; i < n * dim; i++) {
        const double left = (double)(g->weights[i] - side[0][i]), right = (double)(side[1][i] - g->weights[i]);
        if (fabs(left - right) > 2e-6) share[i / dim] = NAN;
        share[i / dim] += (double)(g->d_inputs[i] * g->features[i]) * 0.5 * (left + right) / (double)h;
    }
    free(moved);
    free(side[0]);
    free(side[1]);
    return share;
}

START_TEST(test_gradients_by_hand) {
    const struct setting setting = setting_of(_i);
    const size_t n = 300, d = setting.d;
    sape_field *field = make(setting);
    const size_t count = sape_network_num_parameters(sape_field_network(field));
    float *x = new_random_array(11, n * d, -1.2f, 1.2f), *d_y = new_random_array(12, n * OUTPUTS, -1.0f, 1.0f);
    float *d_parameters = new_array(count), *d_x = new_array(n * d);
    struct gradients g = gradients_by_hand(field, n, x, d_y);
    CHECK_OK(sape_field_backward(field, n, x, d_y, d_parameters, d_x));
    ck_assert_double_le(largest_difference(count, d_parameters, g.d_parameters),
                        1e-5 * largest_magnitude(count, g.d_parameters));
    const double allowed = 1e-4 * largest_magnitude(n * d, d_x);
    size_t compared = 0;
    for (size_t a = 0; a < d; a++) {
        double *share = mask_share(field, &g, n, a, x);
        for (size_t s = 0; s < n; s++) {
            if (isnan(share[s])) continue;
            ck_assert_double_eq_tol((double)d_x[s * d + a], (double)g.d_x[s * d + a] + share[s], allowed);
            compared++;
        }
        free(share);
    }
    ck_assert_uint_gt(compared, n * d * 8 / 10);
    free(x);
    free(d_y);
    free(d_parameters);
    free(d_x);
    gradients_free(&g);
    sape_field_free(field);
}
END_TEST

START_TEST(test_threads) {
    const struct setting setting = {SAPE_ENCODING_FOURIER, (sape_policy)_i, 2, false};
    sape_field *field = make(setting);
    const size_t counts[] = {26, 128, 257, 1000, 5000}, threads[] = {1, 2, 3, 5};
    const size_t count = sape_network_num_parameters(sape_field_network(field));
    for (size_t i = 0; i < 5; i++) {
        const size_t n = counts[i];
        float *x = new_random_array(i, n * 2, -1.0f, 1.0f), *d_y = new_random_array(i + 9, n * OUTPUTS, -1.0f, 1.0f);
        float *y[2], *d_p[2], *d_x[2];
        for (size_t t = 0; t < 4; t++) {
            const size_t k = t == 0 ? 0 : 1;
            y[k] = new_array(n * OUTPUTS);
            d_p[k] = new_array(count);
            d_x[k] = new_array(n * 2);
            CHECK_OK(sape_field_set_num_threads(field, threads[t]));
            CHECK_OK(sape_field_predict(field, n, x, y[k]));
            CHECK_OK(sape_field_backward(field, n, x, d_y, d_p[k], d_x[k]));
            if (k == 0) continue;
            ck_assert(memcmp(y[0], y[1], n * OUTPUTS * sizeof(float)) == 0);
            ck_assert(memcmp(d_p[0], d_p[1], count * sizeof(float)) == 0);
            ck_assert(memcmp(d_x[0], d_x[1], n * 2 * sizeof(float)) == 0);
            free(y[1]);
            free(d_p[1]);
            free(d_x[1]);
        }
        float *const all[] = {x, d_y, y[0], d_p[0], d_x[0]};
        for (size_t k = 0; k < 5; k++) free(all[k]);
    }
    sape_field_free(field);
}
END_TEST

struct caller {
    pthread_t thread;
    const sape_field *field;
    const float *x;
    float *y;
    size_t n;
    sape_status status;
};

static void *predict_often(void *argument) {
    struct caller *caller = argument;
    for (int i = 0; i < 20 && caller->status == SAPE_OK; i++)
        caller->status = sape_field_predict(caller->field, caller->n, caller->x, caller->y);
    return NULL;
}

/* Many callers of one field at once get what one gets. */
START_TEST(test_concurrent_calls) {
    enum { CALLERS = 6, N = 400 };
    sape_field *field = make((struct setting){SAPE_ENCODING_RBF, SAPE_POLICY_SPATIAL, 2, false});
    struct caller callers[CALLERS];
    float *x = new_random_array(1, N * 2, -1.0f, 1.0f), *expected = new_array(N * OUTPUTS);
    CHECK_OK(sape_field_predict(field, N, x, expected));
    for (int i = 0; i < CALLERS; i++) {
        callers[i] = (struct caller){.field = field, .x = x, .y = new_array(N * OUTPUTS), .n = N};
        ck_assert_int_eq(pthread_create(&callers[i].thread, NULL, predict_often, &callers[i]), 0);
    }
    for (int i = 0; i < CALLERS; i++) {
        pthread_join(callers[i].thread, NULL);
        ck_assert_int_eq(callers[i].status, SAPE_OK);
        ck_assert(memcmp(callers[i].y, expected, N * OUTPUTS * sizeof(float)) == 0);
        free(callers[i].y);
    }
    free(x);
    free(expected);
    sape_field_free(field);
}
END_TEST

START_TEST(test_predict_options) {
    enum { N = 90 };
    sape_field *field = make((struct setting){SAPE_ENCODING_FOURIER, SAPE_POLICY_SPATIAL, 2, false});
    const size_t dim = sape_encoder_encoding_dim(sape_field_encoder(field));
    float *x = new_random_array(1, N * 2, -1.0f, 1.0f), *other = new_random_array(2, N * 2, -1.0f, 1.0f);
    float *features = new_array(N * dim), *weights = new_array(N * dim), *used = new_array(N * dim);
    float *expected = new_array(N * OUTPUTS), *y = new_array(N * OUTPUTS);
    for (int mode = 0; mode < 3; mode++) {
        sape_predict_options options;
        sape_predict_options_init(&options, sizeof options);
        options.weights = used;
        if (mode == 0) {
            options.mask_by = other;
            CHECK_OK(sape_mask_weights(sape_field_mask(field), N, other, weights));
        } else {
            random_array(3, N * dim, 0.0f, 1.0f, weights);
            for (size_t i = dim; i < N * dim && mode == 1; i++) weights[i] = weights[i % dim];
            options.override_mask = weights;
            options.override_rows = mode == 1 ? 1 : N;
        }
        CHECK_OK(sape_encoder_encode(sape_field_encoder(field), N, x, features));
        for (size_t i = 0; i < N * dim; i++) features[i] *= weights[i];
        CHECK_OK(sape_network_forward(sape_field_network(field), N, features, expected));
        CHECK_OK(sape_field_predict_with(field, &options, N, x, y));
        ck_assert_double_lt(largest_difference(N * OUTPUTS, y, expected), 1e-5);
        ck_assert_double_lt(largest_difference(N * dim, used, weights), 1e-6);
    }
    float *const all[] = {x, other, features, weights, used, expected, y};
    for (size_t i = 0; i < 7; i++) free(all[i]);
    sape_field_free(field);
}
END_TEST

START_TEST(test_tensors) {
    sape_field *field = make((struct setting){SAPE_ENCODING_PERIODIC_RBF, SAPE_POLICY_SPATIAL, 2, false});
    sape_field *copy = make((struct setting){SAPE_ENCODING_PERIODIC_RBF, SAPE_POLICY_SPATIAL, 2, false});
    float x[] = {0.1f, 0.2f, -0.7f, 0.9f}, y[4], same[4], zero[1000] = {0};
    static const char *const names[] = {"mask_stashed",
                                        "in_progress",
                                        "log_buffer",
                                        "log_counter",
                                        "model.encode.offsets",
                                        "model.encode.sigma",
                                        "model.model.model.0.weight"};
    for (size_t i = 0; i < sape_field_tensor_count(field); i++) {
        sape_tensor_info info = {.struct_size = sizeof info};
        CHECK_OK(sape_field_tensor_info(field, i, &info));
        if (i < 7) ck_assert_str_eq(info.name, names[i]);
        float *values = new_array(info.count);
        CHECK_OK(sape_field_get_tensor(field, info.name, values, info.count));
        if (strstr(info.name, "weight") != NULL) CHECK_OK(sape_field_set_tensor(copy, info.name, zero, info.count));
        CHECK_OK(sape_field_set_tensor(copy, info.name, values, info.count));
        free(values);
    }
    CHECK_OK(sape_field_predict(field, 2, x, y));
    CHECK_OK(sape_field_predict(copy, 2, x, same));
    ck_assert(memcmp(y, same, sizeof y) == 0);
    EXPECT_ERROR(sape_field_get_tensor(field, "model.sigma", y, 4), SAPE_ERROR_NOT_FOUND, "model.sigma", "no tensor");
    EXPECT_ERROR(sape_field_get_tensor(field, "mask_stashed", y, 4), SAPE_ERROR_SHAPE, "4", "25");
    sape_field_free(field);
    sape_field_free(copy);
}
END_TEST

START_TEST(test_bad_input) {
    sape_field *field = NULL;
    sape_encoder_params encoder;
    sape_mask_params mask;
    sape_encoder_params_init(&encoder, sizeof encoder);
    sape_mask_params_init(&mask, sizeof mask);
    encoder.domain_dim = 9;
    EXPECT_ERROR(sape_field_create(&encoder, NULL, NULL, &field), SAPE_ERROR_ARGUMENT, "domain_dim", "9");
    ck_assert_ptr_null(field);
    mask.resolution = 2;
    EXPECT_ERROR(sape_field_create(NULL, &mask, NULL, &field), SAPE_ERROR_ARGUMENT, "resolution", "2");
    EXPECT_ERROR(sape_field_create(NULL, NULL, NULL, NULL), SAPE_ERROR_ARGUMENT, "out", "NULL");
    field = make((struct setting){SAPE_ENCODING_FOURIER, SAPE_POLICY_SPATIAL, 2, false});
    float x[4] = {0}, y[4] = {0}, big[4] = {0};
    sape_optimizer *optimizer;
    EXPECT_ERROR(sape_field_predict(NULL, 1, x, y), SAPE_ERROR_ARGUMENT, "field", "NULL");
    EXPECT_ERROR(sape_field_predict(field, 1, NULL, y), SAPE_ERROR_ARGUMENT, "x", "NULL");
    EXPECT_ERROR(sape_field_predict(field, 1, x, NULL), SAPE_ERROR_ARGUMENT, "outputs", "NULL");
    EXPECT_ERROR(sape_field_predict(field, SIZE_MAX / 4, x, y), SAPE_ERROR_MEMORY, "n", digits_of(SIZE_MAX / 4));
    big[3] = NAN;
    EXPECT_ERROR(sape_field_predict(field, 2, big, y), SAPE_ERROR_NOT_FINITE, "x[3]", "nan");
    EXPECT_ERROR(sape_field_backward(field, 2, x, big, NULL, y), SAPE_ERROR_NOT_FINITE, "d_outputs[3]", "nan");
    big[3] = -2e6f;
    EXPECT_ERROR(sape_field_predict(field, 2, big, y), SAPE_ERROR_ARGUMENT, "x[3]", "-2e+06");
    EXPECT_ERROR(sape_field_backward(field, 1, x, NULL, NULL, y), SAPE_ERROR_ARGUMENT, "d_outputs", "NULL");
    EXPECT_ERROR(sape_field_set_num_threads(field, 257), SAPE_ERROR_ARGUMENT, "num_threads", "257");
    CHECK_OK(sape_optimizer_create(NULL, 5, &optimizer));
    EXPECT_ERROR(sape_field_update(field, optimizer, y), SAPE_ERROR_SHAPE, "5", "parameters");
    sape_predict_options options;
    sape_predict_options_init(&options, sizeof options);
    options.override_mask = y;
    options.override_rows = 7;
    EXPECT_ERROR(sape_field_predict_with(field, &options, 2, x, y), SAPE_ERROR_ARGUMENT, "override_rows", "7");
    CHECK_OK(sape_field_predict(field, 0, NULL, NULL));
    sape_optimizer_free(optimizer);
    sape_field_free(field);
    sape_field_free(NULL);
}
END_TEST

START_TEST(test_bad_arguments) {
    sape_field *field = make((struct setting){SAPE_ENCODING_FOURIER, SAPE_POLICY_SPATIAL, 2, false});
    const size_t dim = sape_encoder_encoding_dim(sape_field_encoder(field));
    float x[4] = {0}, y[4], bad[4] = {0.0f, NAN, 0.0f, 0.0f}, *weights = new_array(2 * dim);
    sape_optimizer *optimizer;
    sape_predict_options options;
    sape_tensor_info info = {.struct_size = sizeof info};
    CHECK_OK(sape_optimizer_create(NULL, sape_network_num_parameters(sape_field_network(field)), &optimizer));
    EXPECT_ERROR(sape_field_update(NULL, optimizer, y), SAPE_ERROR_ARGUMENT, "field", "NULL");
    EXPECT_ERROR(sape_field_update(field, NULL, y), SAPE_ERROR_ARGUMENT, "optimizer", "NULL");
    EXPECT_ERROR(sape_field_update(field, optimizer, NULL), SAPE_ERROR_ARGUMENT, "d_parameters", "NULL");
    EXPECT_ERROR(sape_field_set_num_threads(NULL, 1), SAPE_ERROR_ARGUMENT, "field", "NULL");
    EXPECT_ERROR(sape_field_tensor_info(NULL, 0, &info), SAPE_ERROR_ARGUMENT, "field", "NULL");
    EXPECT_ERROR(sape_field_tensor_info(field, 99, &info), SAPE_ERROR_ARGUMENT, "index", "99");
    EXPECT_ERROR(sape_field_set_tensor(field, "log_buffer", NULL, 25), SAPE_ERROR_ARGUMENT, "values", "NULL");
    EXPECT_ERROR(sape_field_backward(NULL, 1, x, y, NULL, y), SAPE_ERROR_ARGUMENT, "field", "NULL");
    EXPECT_ERROR(sape_field_backward(field, 2, bad, y, NULL, y), SAPE_ERROR_NOT_FINITE, "x[1]", "nan");
    sape_predict_options_init(&options, sizeof options);
    options.mask_by = bad;
    EXPECT_ERROR(sape_field_predict_with(field, &options, 2, x, y), SAPE_ERROR_NOT_FINITE, "mask_by[1]", "nan");
    bad[1] = 1e30f;
    EXPECT_ERROR(sape_field_predict_with(field, &options, 2, x, y), SAPE_ERROR_ARGUMENT, "mask_by[1]", "1e+30");
    sape_predict_options_init(&options, sizeof options);
    options.override_mask = weights;
    options.override_rows = 2;
    weights[dim + 3] = INFINITY;
    EXPECT_ERROR(sape_field_predict_with(field, &options, 2, x, y), SAPE_ERROR_NOT_FINITE, "override_mask[", "inf");
    ck_assert_ptr_null(sape_field_encoder(NULL));
    ck_assert_ptr_null(sape_field_mask(NULL));
    ck_assert_ptr_null(sape_field_network(NULL));
    ck_assert_uint_eq(sape_field_tensor_count(NULL), 0);
    free(weights);
    sape_optimizer_free(optimizer);
    sape_field_free(field);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("field");
    TCase *tcase = tcase_create("field");
    tcase_set_timeout(tcase, 120);
    tcase_add_loop_test(tcase, test_composition, 0, NUM_SETTINGS);
    if (has_differences()) {
        tcase_add_loop_test(tcase, test_parameter_gradient, 0, 2 * NUM_SETTINGS);
        tcase_add_loop_test(tcase, test_coordinate_gradient, 0, NUM_SETTINGS);
    }
    tcase_add_loop_test(tcase, test_gradients_by_hand, 0, NUM_SETTINGS);
    tcase_add_loop_test(tcase, test_threads, 0, 3);
    tcase_add_test(tcase, test_concurrent_calls);
    tcase_add_test(tcase, test_predict_options);
    tcase_add_test(tcase, test_tensors);
    tcase_add_test(tcase, test_bad_input);
    tcase_add_test(tcase, test_bad_arguments);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
