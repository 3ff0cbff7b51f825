/* SPDX-License-Identifier: MIT */
/* Precisions of products: how near they are to double precision, and that each gives the same bits whatever computes
   it. */
#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "reference_network.h"
#include "support.h"

#define N 300
#define STEPS 12

static const char *const words[] = {"auto", "fp32", "bf16x3", "bf16"};

static sape_network *make(size_t in, size_t out, size_t hidden, size_t layers, sape_activation activation,
                          sape_precision precision) {
    sape_network_params params;
    sape_network *network;
    sape_network_params_init(&params, sizeof params);
    params.input_dim = in;
    params.output_dim = out;
    params.hidden_dim = hidden;
    params.num_layers = layers;
    params.activation = activation;
    params.precision = precision;
    CHECK_OK(sape_network_create(&params, &network));
    return network;
}

/* The root mean square of the errors, relative to that of what is expected. */
static double relative(size_t n, const float *values, const double *expected) {
    double squares = 1e-30, errors = 0.0;
    for (size_t i = 0; i < n; i++) {
        squares += expected[i] * expected[i];
        errors += ((double)values[i] - expected[i]) * ((double)values[i] - expected[i]);
    }
    return sqrt(errors / squares);
}

/* What a precision may be off, and, so that it is known to be in use, must be off, in whole networks. */
struct bounds {
    double least, most;
};

static void expect_within(const char *what, size_t n, const float *values, const double *expected,
                          const struct bounds *bounds) {
    const double error = relative(n, values, expected);
    ck_assert_msg(error >= bounds->least && error <= bounds->most, "%s are off by %g, not %g to %g", what, error,
                  bounds->least, bounds->most);
}

/* Inputs, outputs, width, layers, samples: odd ones, less than a tile, and rows and depths that fill up steps. */
static const size_t sizes[][5] = {{5, 40, 100, 2, 257}, {65, 3, 48, 3, 255},  {513, 1, 32, 2, 33},
                                  {20, 17, 33, 1, 256}, {31, 16, 64, 2, 300}, {2, 1, 13, 4, 100}};
#define NUM_SIZES ((int)(sizeof sizes / sizeof *sizes))

static void compare(const size_t *size, sape_activation activation, sape_precision precision,
                    const struct bounds *bounds) {
    const size_t in = size[0], out = size[1], n = size[4];
    sape_network *network = make(in, out, size[2], size[3], activation, precision);
    const size_t count = sape_network_num_parameters(network);
    float *parameters = new_array(count), *x = new_random_array(2, n * in, -1.0f, 1.0f), *y = new_array(n * out);
    float *d_y = new_random_array(3, n * out, -1.0f, 1.0f), *d_p = new_array(count), *d_x = new_array(n * in);
    double *ry = calloc(n * out, sizeof *ry), *rp = calloc(count, sizeof *rp), *rx = calloc(n * in, sizeof *rx);
    CHECK_OK(sape_network_get_parameters(network, parameters, count));
    const struct reference_network reference = {.inputs = in,
                                                .hidden = size[2],
                                                .hidden_layers = size[3],
                                                .outputs = out,
                                                .parameters = parameters,
                                                .activation = sape_activation_name(activation)};
    CHECK_OK(sape_network_forward(network, n, x, y));
    CHECK_OK(sape_network_backward(network, n, x, d_y, d_p, d_x));
    for (size_t s = 0; s < n; s++) {
        double inputs[REFERENCE_MAX_WIDTH], d_outputs[64];
        for (size_t k = 0; k < in; k++) inputs[k] = (double)x[s * in + k];
        for (size_t k = 0; k < out; k++) d_outputs[k] = (double)d_y[s * out + k];
        reference_network_run(&reference, inputs, ry + s * out, d_outputs, rp, rx + s * in);
    }
    expect_within("outputs", n * out, y, ry, bounds);
    /* A ReLU near zero may go the other way. */
    const struct bounds wide = {bounds->least, 10.0 * bounds->most};
    expect_within("parameters' gradients", count, d_p, rp, &wide);
    expect_within("inputs' gradients", n * in, d_x, rx, &wide);
    float *const all[] = {parameters, x, y, d_y, d_p, d_x};
    for (size_t i = 0; i < 6; i++) free(all[i]);
    free(ry);
    free(rp);
    free(rx);
    sape_network_free(network);
}

static const struct bounds expected[] = {
    [SAPE_PRECISION_FP32] = {0.0, 1e-6}, [SAPE_PRECISION_BF16X3] = {2e-7, 2e-5}, [SAPE_PRECISION_BF16] = {5e-4, 1e-2}};

START_TEST(networks_are_as_near_as_the_precision_says) {
    unsetenv("SAPE_BACKEND");
    for (int p = SAPE_PRECISION_FP32; p <= SAPE_PRECISION_BF16; p++)
        compare(sizes[_i], SAPE_ACTIVATION_RELU, (sape_precision)p, &expected[p]);
}
END_TEST

/* Functions that are applied to whole blocks. */
START_TEST(so_are_networks_of_other_functions) {
    unsetenv("SAPE_BACKEND");
    for (int p = SAPE_PRECISION_FP32; p <= SAPE_PRECISION_BF16; p++) {
        compare(sizes[_i], SAPE_ACTIVATION_GELU, (sape_precision)p, &expected[p]);
        compare(sizes[_i], SAPE_ACTIVATION_TANH, (sape_precision)p, &expected[p]);
    }
}
END_TEST

/* The emulations in the instruction set that every processor has, and AMX's kernels by emulation. */
START_TEST(emulations_are_as_near) {
    static const char *const codes[] = {"baseline,emulated", "baseline,emulated_amx", "emulated_amx"};
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        setenv("SAPE_BACKEND", codes[i], 1);
        for (int p = SAPE_PRECISION_BF16X3; p <= SAPE_PRECISION_BF16; p++)
            compare(sizes[_i], SAPE_ACTIVATION_RELU, (sape_precision)p, &expected[p]);
    }
}
END_TEST

/* A field after a few steps with a mask that reveals, and all that can be asked of it. */
struct outcome {
    float outputs[3 * N], jacobian[6 * N], d_x[2 * N];
    double loss;
};

static sape_field *make_field(sape_precision precision) {
    sape_encoder_params encoder;
    sape_mask_params mask;
    sape_network_params network;
    sape_field *field;
    sape_encoder_params_init(&encoder, sizeof encoder);
    sape_mask_params_init(&mask, sizeof mask);
    sape_network_params_init(&network, sizeof network);
    encoder.num_frequencies = 40;
    encoder.std = 4.0;
    mask.num_blocks = 4;
    mask.num_iterations = STEPS;
    mask.epsilon = 1e-2;
    mask.resolution = 8;
    network.hidden_dim = 37;
    network.precision = precision;
    CHECK_OK(sape_field_create(&encoder, &mask, &network, &field));
    return field;
}

static void train(sape_field *field, size_t threads, struct outcome *outcome) {
    sape_trainer_params params;
    sape_trainer *trainer;
    float *x = new_random_array(1, 2 * N, -1.0f, 1.0f), *targets = new_random_array(2, 3 * N, 0.0f, 1.0f);
    sape_trainer_params_init(&params, sizeof params);
    params.num_threads = threads;
    CHECK_OK(sape_trainer_create(&params, NULL, field, &trainer));
    CHECK_OK(sape_trainer_set_data(trainer, N, x, targets));
    CHECK_OK(sape_trainer_run(trainer, STEPS, NULL, NULL, NULL));
    CHECK_OK(sape_trainer_step(trainer, &outcome->loss));
    CHECK_OK(sape_field_set_num_threads(field, threads));
    CHECK_OK(sape_field_jacobian(field, N, x, outcome->outputs, outcome->jacobian));
    CHECK_OK(sape_field_backward(field, N, x, targets, NULL, outcome->d_x));
    sape_trainer_free(trainer);
    free(x);
    free(targets);
}

static struct outcome *outcome_of(sape_precision precision, size_t threads) {
    struct outcome *outcome = calloc(1, sizeof *outcome);
    ck_assert_ptr_nonnull(outcome);
    sape_field *field = make_field(precision);
    train(field, threads, outcome);
    sape_field_free(field);
    return outcome;
}

START_TEST(any_number_of_threads_gives_the_same_bits) {
    unsetenv("SAPE_BACKEND");
    const sape_precision precision = (sape_precision)_i;
    struct outcome *one = outcome_of(precision, 1);
    for (size_t threads = 2; threads <= 5; threads++) {
        struct outcome *several = outcome_of(precision, threads);
        ck_assert_mem_eq(one, several, sizeof *one);
        free(several);
    }
    free(one);
}
END_TEST

/* Whatever code the processor has gives what its emulation gives. */
START_TEST(emulation_gives_the_same_bits) {
    static const char *const codes[][2] = {{"avx512_bf16", "avx512,emulated"}, {"amx", "avx512,emulated_amx"}};
    const sape_precision precision = (sape_precision)_i;
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        sape_description description = {.struct_size = sizeof description};
        setenv("SAPE_BACKEND", codes[i][0], 1);
        sape_network_params params;
        sape_network *network;
        sape_network_params_init(&params, sizeof params);
        params.input_dim = 3;
        params.precision = precision;
        const sape_status status = sape_network_create(&params, &network);
        if (status != SAPE_OK) {
            ck_assert_int_eq(status, SAPE_ERROR_UNSUPPORTED);
            ck_assert(strstr(sape_last_error(), codes[i][0]) != NULL);
            continue;
        }
        sape_network_free(network);
        struct outcome *native = outcome_of(precision, 2);
        setenv("SAPE_BACKEND", codes[i][1], 1);
        struct outcome *emulated = outcome_of(precision, 2);
        ck_assert_mem_eq(native, emulated, sizeof *native);
        free(native);
        free(emulated);
    }
}
END_TEST

/* Predictions and derivatives are those of single precision but for rounding. */
START_TEST(fields_use_it_for_everything) {
    static const double allowed[] = {[SAPE_PRECISION_BF16X3] = 3e-4, [SAPE_PRECISION_BF16] = 2e-1};
    unsetenv("SAPE_BACKEND");
    struct outcome *single = outcome_of(SAPE_PRECISION_FP32, 1), *outcome = outcome_of((sape_precision)_i, 1);
    const struct {
        const float *a, *b;
        size_t n;
    } parts[] = {{single->outputs, outcome->outputs, 3 * N},
                 {single->jacobian, outcome->jacobian, 6 * N},
                 {single->d_x, outcome->d_x, 2 * N}};
    for (size_t i = 0; i < 3; i++) {
        double expected_values[6 * N];
        for (size_t k = 0; k < parts[i].n; k++) expected_values[k] = (double)parts[i].a[k];
        const double off = relative(parts[i].n, parts[i].b, expected_values);
        ck_assert_double_gt(off, 0.0);
        ck_assert_msg(off < allowed[_i], "part %zu is off by %g", i, off);
    }
    free(single);
    free(outcome);
}
END_TEST

START_TEST(what_is_not_finite_stays_so) {
    const size_t in = 35, out = 3;
    sape_network *network = make(in, out, 40, 2, SAPE_ACTIVATION_RELU, (sape_precision)_i);
    const float bad[] = {NAN, INFINITY, -INFINITY};
    float *x = new_random_array(2, N * in, -1.0f, 1.0f), *y = new_array(N * out);
    for (size_t i = 0; i < 3; i++) x[(10 * i + 1) * in + i] = bad[i];
    x[50 * in] = FLT_MAX;
    CHECK_OK(sape_network_forward(network, N, x, y));
    for (size_t s = 0; s < N; s++) {
        const bool spoilt = s == 1 || s == 11 || s == 21;
        for (size_t k = 0; k < out && s != 50; k++) ck_assert_int_eq(isfinite(y[s * out + k]) == 0, spoilt);
    }
    free(x);
    free(y);
    sape_network_free(network);
}
END_TEST

static sape_status describe_with(const char *wish, sape_description *description) {
    setenv("SAPE_BACKEND", wish, 1);
    *description = (sape_description){.struct_size = sizeof *description};
    return sape_describe(description);
}

START_TEST(descriptions_say_what_computes) {
    sape_description description;
    unsetenv("SAPE_BACKEND");
    CHECK_OK(describe_with("", &description));
    ck_assert_str_eq(description.precision, "fp32");
    ck_assert_str_eq(description.precision_code, "native fp32");
    for (int i = SAPE_PRECISION_BF16X3; i <= SAPE_PRECISION_BF16; i++) {
        CHECK_OK(describe_with(words[i], &description));
        ck_assert_str_eq(description.precision, words[i]);
        ck_assert_str_ne(description.precision_code, "native fp32");
        ck_assert_str_eq(description.product, "packed");
    }
    CHECK_OK(describe_with("bf16,baseline", &description));
    ck_assert_str_eq(description.precision_code, "emulated");
    CHECK_OK(describe_with("bf16x3,emulated_amx", &description));
    ck_assert_str_eq(description.precision_code, "emulated_amx");
    for (int i = SAPE_PRECISION_AUTO; i <= SAPE_PRECISION_BF16; i++)
        ck_assert_str_eq(sape_precision_name((sape_precision)i), words[i]);
    ck_assert_ptr_null(sape_precision_name((sape_precision)4));
    ck_assert_ptr_null(sape_precision_name((sape_precision)-1));
    EXPECT_ERROR(describe_with("bf16,baseline,amx", &description), SAPE_ERROR_UNSUPPORTED, "amx", "processor");
    EXPECT_ERROR(describe_with("bf16x2", &description), SAPE_ERROR_ARGUMENT, "SAPE_BACKEND", "bf16x2");
    EXPECT_ERROR(describe_with("bf16,cblas", &description), SAPE_ERROR_UNSUPPORTED, "CBLAS", "bf16");
    /* An older program's struct ends before the precision. */
    description = (sape_description){.struct_size = offsetof(sape_description, precision)};
    setenv("SAPE_BACKEND", "bf16", 1);
    CHECK_OK(sape_describe(&description));
    ck_assert_ptr_null(description.precision);
}
END_TEST

/* What the program asks for goes before the environment. */
START_TEST(programs_decide_before_the_environment) {
    sape_description description = {.struct_size = sizeof description};
    setenv("SAPE_BACKEND", "bf16", 1);
    sape_field *field = make_field(SAPE_PRECISION_FP32);
    CHECK_OK(sape_field_describe(field, &description));
    ck_assert_str_eq(description.precision, "fp32");
    sape_field_free(field);
    setenv("SAPE_BACKEND", "cblas", 1);
    field = make_field(SAPE_PRECISION_BF16);
    CHECK_OK(sape_field_describe(field, &description));
    ck_assert_str_eq(description.precision, "bf16");
    ck_assert_str_eq(description.product, "packed");
    sape_field_free(field);
    sape_network_params params;
    sape_network *network;
    sape_network_params_init(&params, sizeof params);
    params.input_dim = 2;
    params.product = SAPE_PRODUCT_CBLAS;
    params.precision = SAPE_PRECISION_BF16X3;
    EXPECT_ERROR(sape_network_create(&params, &network), SAPE_ERROR_UNSUPPORTED, "CBLAS", "bf16x3");
    params.product = SAPE_PRODUCT_AUTO;
    params.precision = (sape_precision)4;
    EXPECT_ERROR(sape_network_create(&params, &network), SAPE_ERROR_ARGUMENT, "precision", "4");
    params.precision = (sape_precision)-1;
    EXPECT_ERROR(sape_network_create(&params, &network), SAPE_ERROR_ARGUMENT, "precision", "-1");
    ck_assert_ptr_null(network);
}
END_TEST

/* Checkpoints name a precision other than the usual one, and any field may take them over. */
START_TEST(checkpoints_name_the_precision) {
    static struct outcome outcome;
    float x[2] = {0.25f, -0.5f}, y[2][3];
    sape_safetensors *checkpoint;
    sape_field *loaded;
    unsetenv("SAPE_BACKEND");
    sape_field *field = make_field((sape_precision)_i), *single = make_field(SAPE_PRECISION_FP32);
    train(field, 1, &outcome);
    CHECK_OK(sape_field_checkpoint(field, &checkpoint));
    const char *named = sape_safetensors_metadata(checkpoint, "sape.network.precision");
    if (_i == SAPE_PRECISION_FP32)
        ck_assert_ptr_null(named);
    else
        ck_assert_str_eq(named, words[_i]);
    CHECK_OK(sape_field_restore(single, checkpoint));
    CHECK_OK(sape_field_from_checkpoint(checkpoint, &loaded));
    CHECK_OK(sape_field_predict(single, 1, x, y[0]));
    CHECK_OK(sape_field_predict(loaded, 1, x, y[1]));
    ck_assert_mem_eq(y[0], y[1], sizeof y[0]);
    sape_safetensors_free(checkpoint);
    sape_field_free(loaded);
    sape_field_free(field);
    sape_field_free(single);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("precision");
    TCase *tcase = tcase_create("precision");
    tcase_set_timeout(tcase, 120);
    tcase_add_loop_test(tcase, networks_are_as_near_as_the_precision_says, 0, NUM_SIZES);
    tcase_add_loop_test(tcase, so_are_networks_of_other_functions, 0, NUM_SIZES);
    tcase_add_loop_test(tcase, emulations_are_as_near, 0, NUM_SIZES);
    tcase_add_loop_test(tcase, any_number_of_threads_gives_the_same_bits, SAPE_PRECISION_FP32, SAPE_PRECISION_BF16 + 1);
    tcase_add_loop_test(tcase, emulation_gives_the_same_bits, SAPE_PRECISION_BF16X3, SAPE_PRECISION_BF16 + 1);
    tcase_add_loop_test(tcase, fields_use_it_for_everything, SAPE_PRECISION_BF16X3, SAPE_PRECISION_BF16 + 1);
    tcase_add_loop_test(tcase, what_is_not_finite_stays_so, SAPE_PRECISION_FP32, SAPE_PRECISION_BF16 + 1);
    tcase_add_test(tcase, descriptions_say_what_computes);
    tcase_add_test(tcase, programs_decide_before_the_environment);
    tcase_add_loop_test(tcase, checkpoints_name_the_precision, SAPE_PRECISION_FP32, SAPE_PRECISION_BF16 + 1);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
