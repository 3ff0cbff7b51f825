/* SPDX-License-Identifier: MIT */
/* Fields on regular grids: the bits of a prediction at the same coordinates, in the order that is documented. */
#include <math.h>
#include <stdlib.h>

#include "support.h"

#define MAX_POINTS 70000

static sape_field *make_field(size_t dim, size_t output_dim) {
    sape_encoder_params encoder;
    sape_mask_params mask;
    sape_network_params network;
    sape_field *field;
    sape_encoder_params_init(&encoder, sizeof encoder);
    sape_mask_params_init(&mask, sizeof mask);
    sape_network_params_init(&network, sizeof network);
    encoder.domain_dim = dim;
    encoder.num_frequencies = 12;
    mask.resolution = 5;
    mask.num_blocks = 4;
    network.hidden_dim = 20;
    network.num_layers = 2;
    network.output_dim = output_dim;
    CHECK_OK(sape_field_create(&encoder, &mask, &network, &field));
    /* Reveals here and there, so that the mask differs from place to place. */
    for (int i = 0; i < 3; i++) {
        float x[150], loss[50];
        random_array((uint64_t)i, 50 * dim, -1.0f, 0.2f, x);
        for (size_t s = 0; s < 50; s++) loss[s] = x[s * dim] < -0.4f ? 1.0f : 0.0f;
        CHECK_OK(sape_mask_record(sape_field_mask(field), 50, x, loss));
        CHECK_OK(sape_mask_advance(sape_field_mask(field)));
    }
    return field;
}

/* The grid's coordinates, point by point, the last axis fastest. */
static size_t coordinates(size_t dim, const size_t *size, const float *low, const float *high, float *x) {
    size_t points = 1;
    for (size_t a = 0; a < dim; a++) points *= size[a];
    for (size_t p = 0; p < points; p++) {
        for (size_t a = dim, rest = p; a-- > 0; rest /= size[a]) {
            const double i = (double)(rest % size[a]), span = (double)high[a] - (double)low[a];
            x[p * dim + a] = size[a] == 1 ? low[a] : (float)((double)low[a] + span * i / (double)(size[a] - 1));
        }
    }
    return points;
}

START_TEST(test_same_bits) {
    static const size_t sizes[][3] = {{1, 1, 1}, {2, 1, 3}, {7, 5, 4}, {41, 40, 41}, {300, 3, 3}};
    static const float low[] = {-1.0f, -0.3f, 2.0f}, high[] = {1.0f, 0.9f, -0.7f};
    const size_t dim = (size_t)_i;
    sape_field *field = make_field(dim, 2);
    float *x = new_array(3 * MAX_POINTS), *expected = new_array(2 * MAX_POINTS), *values = new_array(2 * MAX_POINTS);
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        const size_t points = coordinates(dim, sizes[s], low, high, x);
        for (size_t threads = 1; threads <= 3; threads++) {
            CHECK_OK(sape_field_set_num_threads(field, threads));
            CHECK_OK(sape_field_predict(field, points, x, expected));
            values[2 * points] = 77.0f;
            CHECK_OK(sape_field_predict_grid(field, sizes[s], low, high, values));
            ck_assert_mem_eq(values, expected, 2 * points * sizeof *values);
            ck_assert_float_eq(values[2 * points], 77.0f);
        }
    }
    free(x);
    free(expected);
    free(values);
    sape_field_free(field);
}
END_TEST

START_TEST(test_bad_input) {
    sape_field *field = make_field(3, 2);
    size_t size[] = {2, 2, 2};
    float low[] = {-1.0f, -1.0f, -1.0f}, high[] = {1.0f, 1.0f, 1.0f}, values[16];
    EXPECT_ERROR(sape_field_predict_grid(NULL, size, low, high, values), SAPE_ERROR_ARGUMENT, "field", "NULL");
    EXPECT_ERROR(sape_field_predict_grid(field, NULL, low, high, values), SAPE_ERROR_ARGUMENT, "size", "NULL");
    EXPECT_ERROR(sape_field_predict_grid(field, size, NULL, high, values), SAPE_ERROR_ARGUMENT, "low", "NULL");
    EXPECT_ERROR(sape_field_predict_grid(field, size, low, NULL, values), SAPE_ERROR_ARGUMENT, "high", "NULL");
    EXPECT_ERROR(sape_field_predict_grid(field, size, low, high, NULL), SAPE_ERROR_ARGUMENT, "outputs", "NULL");
    high[1] = NAN;
    EXPECT_ERROR(sape_field_predict_grid(field, size, low, high, values), SAPE_ERROR_NOT_FINITE, "high[1]", "nan");
    high[1] = 1e30f;
    EXPECT_ERROR(sape_field_predict_grid(field, size, low, high, values), SAPE_ERROR_ARGUMENT, "high[1]", "1e+30");
    high[1] = 1.0f;
    size[2] = 0;
    EXPECT_ERROR(sape_field_predict_grid(field, size, low, high, values), SAPE_ERROR_ARGUMENT, "size[2]", "0");
    size[2] = SIZE_MAX / 16;
    EXPECT_ERROR(sape_field_predict_grid(field, size, low, high, values), SAPE_ERROR_MEMORY, "size[2]",
                 digits_of(SIZE_MAX / 16));
    size[2] = 2;
    CHECK_OK(sape_field_predict_grid(field, size, low, high, values));
    sape_field_free(field);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("field_grid");
    TCase *tcase = tcase_create("field_grid");
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, test_same_bits, 1, 4);
    tcase_add_test(tcase, test_bad_input);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
