/* SPDX-License-Identifier: MIT */
/* Networks against a reference in double precision. */
#include <math.h>
#include <stdlib.h>

#include "reference_network.h"
#include "support.h"

static sape_network *make(size_t in, size_t out, size_t hidden, size_t layers, uint64_t seed) {
    sape_network_params params;
    sape_network *network;
    sape_network_params_init(&params, sizeof params);
    params.input_dim = in;
    params.output_dim = out;
    params.hidden_dim = hidden;
    params.num_layers = layers;
    params.seed = seed;
    CHECK_OK(sape_network_create(&params, &network));
    return network;
}

/* Inputs, outputs, width, layers, samples. */
static const size_t cases[][5] = {{1, 1, 1, 1, 1},       {3, 2, 7, 2, 26},     {65, 3, 48, 3, 255},
                                  {513, 1, 32, 2, 33},   {20, 17, 33, 1, 256}, {5, 40, 100, 4, 257},
                                  {130, 3, 256, 2, 600}, {2, 1, 13, 7, 100}};

static double relative(size_t n, const float *values, const double *expected) {
    double largest = 1e-12, off = 0.0;
    for (size_t i = 0; i < n; i++) {
        largest = fmax(largest, fabs(expected[i]));
        off = fmax(off, fabs((double)values[i] - expected[i]));
    }
    return off / largest;
}

START_TEST(test_reference) {
    const size_t *c = cases[_i], in = c[0], out = c[1], n = c[4];
    sape_network *network = make(in, out, c[2], c[3], 1);
    const size_t count = sape_network_num_parameters(network);
    ck_assert_uint_eq(count, (in + 1) * c[2] + (c[3] - 1) * (c[2] + 1) * c[2] + (c[2] + 1) * out);
    float *parameters = new_array(count), *x = new_random_array(2, n * in, -1.0f, 1.0f), *y = new_array(n * out);
    float *d_y = new_random_array(3, n * out, -1.0f, 1.0f), *d_p = new_array(count), *d_x = new_array(n * in);
    CHECK_OK(sape_network_get_parameters(network, parameters, count));
    const struct reference_network reference = {
        .inputs = in, .hidden = c[2], .hidden_layers = c[3], .outputs = out, .parameters = parameters};
    reference_network_skip_kinks(&reference, n, x, d_y);
    CHECK_OK(sape_network_forward(network, n, x, y));
    CHECK_OK(sape_network_backward(network, n, x, d_y, d_p, d_x));
    double *ry = calloc(n * out, sizeof *ry), *rp = calloc(count, sizeof *rp), *rx = calloc(n * in, sizeof *rx);
    for (size_t s = 0; s < n; s++) {
        double inputs[REFERENCE_MAX_WIDTH], d_outputs[64];
        for (size_t k = 0; k < in; k++) inputs[k] = (double)x[s * in + k];
        for (size_t k = 0; k < out; k++) d_outputs[k] = (double)d_y[s * out + k];
        reference_network_run(&reference, inputs, ry + s * out, d_outputs, rp, rx + s * in);
    }
    ck_assert_double_lt(relative(n * out, y, ry), 2e-5);
    ck_assert_double_lt(relative(count, d_p, rp), 2e-5);
    ck_assert_double_lt(relative(n * in, d_x, rx), 2e-4);
    /* One without the other gives the same. */
    float *again = new_array(count > n * in ? count : n * in);
    CHECK_OK(sape_network_backward(network, n, x, d_y, again, NULL));
    ck_assert(memcmp(again, d_p, count * sizeof *again) == 0);
    CHECK_OK(sape_network_backward(network, n, x, d_y, NULL, again));
    ck_assert(memcmp(again, d_x, n * in * sizeof *again) == 0);
    float *const all[] = {parameters, x, y, d_y, d_p, d_x, again};
    for (size_t i = 0; i < 7; i++) free(all[i]);
    free(ry);
    free(rp);
    free(rx);
    sape_network_free(network);
}
END_TEST

START_TEST(test_draw) {
    sape_network *network = make(100, 3, 64, 2, 9);
    const size_t count = sape_network_num_parameters(network);
    float *flat = new_array(count), *values = new_array(count);
    CHECK_OK(sape_network_get_parameters(network, flat, count));
    const float *part = flat;
    for (size_t i = 0; i < sape_network_tensor_count(network); i++) {
        sape_tensor_info info = {.struct_size = sizeof info};
        CHECK_OK(sape_network_tensor_info(network, i, &info));
        CHECK_OK(sape_network_get_tensor(network, info.name, values, info.count));
        ck_assert(memcmp(values, part, info.count * sizeof *values) == 0);
        part += info.count;
        const double bound = 1.0 / sqrt(i < 2 ? 100.0 : 64.0), largest = largest_magnitude(info.count, values);
        ck_assert_double_le(largest, bound);
        if (info.count > 100) ck_assert_double_gt(largest, 0.98 * bound);
    }
    ck_assert_ptr_eq(part, flat + count);
    sape_network *same = make(100, 3, 64, 2, 9), *other = make(100, 3, 64, 2, 10);
    CHECK_OK(sape_network_get_parameters(same, values, count));
    ck_assert(memcmp(values, flat, count * sizeof *flat) == 0);
    CHECK_OK(sape_network_get_parameters(other, values, count));
    ck_assert(memcmp(values, flat, count * sizeof *flat) != 0);
    CHECK_OK(sape_network_set_parameters(other, flat, count));
    CHECK_OK(sape_network_get_parameters(other, values, count));
    ck_assert(memcmp(values, flat, count * sizeof *flat) == 0);
    free(flat);
    free(values);
    sape_network_free(network);
    sape_network_free(same);
    sape_network_free(other);
}
END_TEST

/* SIREN's start: by layer, other bounds for weights than for biases. */
START_TEST(test_draw_for_sine) {
    const double a = _i == 0 ? 30.0 : 4.0;
    sape_network_params params;
    sape_network *network;
    sape_network_params_init(&params, sizeof params);
    params.input_dim = 100;
    params.hidden_dim = 150;
    params.num_layers = 2;
    params.activation = SAPE_ACTIVATION_SINE;
    params.activation_parameter = _i == 0 ? 0.0 : a;
    CHECK_OK(sape_network_create(&params, &network));
    const double bounds[] = {1.0 / 100.0,       1.0 / sqrt(100.0),     sqrt(6.0 / 150.0) / a,
                             1.0 / sqrt(150.0), sqrt(6.0 / 150.0) / a, 1.0 / sqrt(150.0)};
    for (size_t i = 0; i < sape_network_tensor_count(network); i++) {
        sape_tensor_info info = {.struct_size = sizeof info};
        CHECK_OK(sape_network_tensor_info(network, i, &info));
        float *values = new_array(info.count);
        CHECK_OK(sape_network_get_tensor(network, info.name, values, info.count));
        const double largest = largest_magnitude(info.count, values);
        ck_assert_double_le(largest, bounds[i] * (1.0 + 1e-7));
        if (info.count >= 100) ck_assert_double_gt(largest, 0.96 * bounds[i]);
        free(values);
    }
    sape_network_free(network);
}
END_TEST

START_TEST(test_names) {
    static const char *const names[] = {"relu", "leaky_relu", "sine", "softplus", "gelu", "silu", "tanh", "gaussian"};
    static const char *const outputs[] = {"none", "sigmoid", "tanh", "softplus", "exp"};
    for (int i = 0; i < 8; i++) ck_assert_str_eq(sape_activation_name((sape_activation)i), names[i]);
    for (int i = 0; i < 5; i++) ck_assert_str_eq(sape_output_activation_name((sape_output_activation)i), outputs[i]);
    ck_assert_ptr_null(sape_activation_name((sape_activation)8));
    ck_assert_ptr_null(sape_activation_name((sape_activation)-1));
    ck_assert_ptr_null(sape_output_activation_name((sape_output_activation)5));
}
END_TEST

START_TEST(test_bad_parameters) {
    static const double wrong[] = {-1.0, 9.999e-7, 5e-324, 1.0001e6, INFINITY, NAN};
    sape_network_params params;
    sape_network *network;
    for (sape_activation a = SAPE_ACTIVATION_RELU; a <= SAPE_ACTIVATION_GAUSSIAN; a++) {
        const bool any = a == SAPE_ACTIVATION_SINE || a == SAPE_ACTIVATION_SOFTPLUS || a == SAPE_ACTIVATION_GAUSSIAN;
        sape_network_params_init(&params, sizeof params);
        params.input_dim = 2;
        params.activation = a;
        params.activation_parameter = 1e6;
        if (any) {
            CHECK_OK(sape_network_create(&params, &network));
            sape_network_free(network);
        } else {
            EXPECT_ERROR(sape_network_create(&params, &network), SAPE_ERROR_ARGUMENT, sape_activation_name(a),
                         "no parameter");
        }
        for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
            params.activation_parameter = wrong[i];
            EXPECT_ERROR(sape_network_create(&params, &network), SAPE_ERROR_ARGUMENT, "activation_parameter", "");
        }
    }
}
END_TEST

START_TEST(test_bad_input) {
    sape_network *network;
    sape_network_params p;
#define REFUSED(member, value, text)                                                                                   \
    sape_network_params_init(&p, sizeof p);                                                                            \
    p.input_dim = 4;                                                                                                   \
    p.member = value;                                                                                                  \
    EXPECT_ERROR(sape_network_create(&p, &network), SAPE_ERROR_ARGUMENT, #member, text);                               \
    ck_assert_ptr_null(network)
    REFUSED(input_dim, 0, "0");
    REFUSED(input_dim, SIZE_MAX, digits_of(SIZE_MAX));
    REFUSED(input_dim, 65536, "65536");
    REFUSED(output_dim, 0, "0");
    REFUSED(output_dim, 1025, "1025");
    REFUSED(hidden_dim, 0, "0");
    REFUSED(hidden_dim, 8193, "8193");
    REFUSED(num_layers, 0, "0");
    REFUSED(num_layers, 65, "65");
    REFUSED(activation, (sape_activation)8, "8");
    REFUSED(output_activation, (sape_output_activation)-1, "-1");
    REFUSED(activation_parameter, 2.0, "relu has no parameter");
    REFUSED(activation_parameter, NAN, "nan");
#undef REFUSED
    EXPECT_ERROR(sape_network_create(NULL, &network), SAPE_ERROR_ARGUMENT, "params", "NULL");
    network = make(2, 1, 4, 1, 0);
    float x[2] = {0}, y[1], parameters[17] = {0};
    EXPECT_ERROR(sape_network_forward(NULL, 1, x, y), SAPE_ERROR_ARGUMENT, "network", "NULL");
    EXPECT_ERROR(sape_network_forward(network, 1, NULL, y), SAPE_ERROR_ARGUMENT, "inputs", "NULL");
    EXPECT_ERROR(sape_network_forward(network, 1, x, NULL), SAPE_ERROR_ARGUMENT, "outputs", "NULL");
    EXPECT_ERROR(sape_network_forward(network, SIZE_MAX, x, y), SAPE_ERROR_MEMORY, "n", digits_of(SIZE_MAX));
    EXPECT_ERROR(sape_network_backward(network, 1, x, NULL, NULL, NULL), SAPE_ERROR_ARGUMENT, "d_outputs", "NULL");
    EXPECT_ERROR(sape_network_get_parameters(network, parameters, 16), SAPE_ERROR_SHAPE, "16", "17");
    parameters[5] = NAN;
    EXPECT_ERROR(sape_network_set_parameters(network, parameters, 17), SAPE_ERROR_NOT_FINITE, "parameters[5]", "nan");
    EXPECT_ERROR(sape_network_set_tensor(network, "0.weight", parameters, 8), SAPE_ERROR_NOT_FINITE, "0.weight", "nan");
    EXPECT_ERROR(sape_network_set_tensor(network, "1.weight", parameters, 8), SAPE_ERROR_NOT_FOUND, "1.weight", "no");
    EXPECT_ERROR(sape_network_set_parameters(NULL, parameters, 17), SAPE_ERROR_ARGUMENT, "network", "NULL");
    EXPECT_ERROR(sape_network_set_parameters(network, NULL, 17), SAPE_ERROR_ARGUMENT, "parameters", "NULL");
    EXPECT_ERROR(sape_network_get_tensor(network, NULL, parameters, 8), SAPE_ERROR_ARGUMENT, "name", "NULL");
    EXPECT_ERROR(sape_network_get_tensor(network, "0.weight", NULL, 8), SAPE_ERROR_ARGUMENT, "values", "NULL");
    sape_tensor_info info = {.struct_size = sizeof info};
    EXPECT_ERROR(sape_network_tensor_info(network, 4, &info), SAPE_ERROR_ARGUMENT, "index", "4");
    EXPECT_ERROR(sape_network_tensor_info(network, 0, NULL), SAPE_ERROR_ARGUMENT, "info", "NULL");
    CHECK_OK(sape_network_forward(network, 0, NULL, NULL));
    CHECK_OK(sape_network_backward(network, 0, NULL, NULL, parameters, NULL));
    ck_assert(largest_magnitude(17, parameters) == 0.0);
    sape_network_free(network);
    sape_network_free(NULL);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("network");
    TCase *tcase = tcase_create("network");
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, test_reference, 0, (int)(sizeof cases / sizeof *cases));
    tcase_add_test(tcase, test_draw);
    tcase_add_loop_test(tcase, test_draw_for_sine, 0, 2);
    tcase_add_test(tcase, test_names);
    tcase_add_test(tcase, test_bad_parameters);
    tcase_add_test(tcase, test_bad_input);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
