/* SPDX-License-Identifier: MIT */
/* Grid encodings: their levels, what is refused, and the borders of the domain. Numbers: the parity test. */
#include <math.h>
#include <stdlib.h>
#include <unistd.h>

#include "support.h"

static sape_encoder_params grid_params(size_t dim) {
    sape_encoder_params params;
    sape_encoder_params_init(&params, sizeof params);
    params.kind = SAPE_ENCODING_GRID;
    params.domain_dim = dim;
    return params;
}

static sape_encoder *make(const sape_encoder_params *params) {
    sape_encoder *encoder;
    CHECK_OK(sape_encoder_create(params, &encoder));
    return encoder;
}

static size_t rows_of(const sape_encoder *encoder, size_t level) {
    sape_tensor_info info = {.struct_size = sizeof info};
    CHECK_OK(sape_encoder_tensor_info(encoder, level, &info));
    ck_assert_uint_eq(info.rank, 2);
    return info.shape[0];
}

START_TEST(test_levels) {
    sape_encoder_params params = grid_params(2);
    params.num_levels = 4;
    params.base_resolution = 5;
    params.growth = 1.2;
    params.log2_table_size = 6;
    sape_encoder *encoder = make(&params);
    /* 5, 6, 7, 8 cells, of which the third has more corners than rows. */
    const size_t rows[] = {36, 49, 64, 64};
    ck_assert_uint_eq(sape_encoder_tensor_count(encoder), 4);
    ck_assert_uint_eq(sape_encoder_encoding_dim(encoder), 8);
    ck_assert_uint_eq(sape_encoder_num_parameters(encoder), 2 * (36 + 49 + 64 + 64));
    for (size_t l = 0; l < 4; l++) ck_assert_uint_eq(rows_of(encoder, l), rows[l]);
    double frequencies[8];
    CHECK_OK(sape_encoder_frequencies(encoder, frequencies, 8));
    for (size_t j = 0; j < 8; j++) ck_assert_double_eq(frequencies[j], (double)(5 + j / 2) / 4.0);
    sape_encoder_free(encoder);
    params.finest_resolution = 40;
    params.log2_table_size = 24;
    params.include_identity = 1;
    encoder = make(&params);
    ck_assert_uint_eq(rows_of(encoder, 0), 36);
    ck_assert_uint_eq(rows_of(encoder, 1), 11 * 11);
    ck_assert_uint_eq(rows_of(encoder, 2), 21 * 21);
    ck_assert_uint_eq(rows_of(encoder, 3), 41 * 41);
    ck_assert_uint_eq(sape_encoder_encoding_dim(encoder), 10);
    sape_encoder_free(encoder);
}
END_TEST

START_TEST(test_start) {
    sape_encoder_params params = grid_params(3);
    params.seed = 5;
    sape_encoder *encoder = make(&params), *again = make(&params);
    double mean = 0.0, most = 0.0;
    for (size_t l = 0; l < sape_encoder_tensor_count(encoder); l++) {
        sape_tensor_info info = {.struct_size = sizeof info};
        CHECK_OK(sape_encoder_tensor_info(encoder, l, &info));
        float *a = new_array(info.count), *b = new_array(info.count);
        CHECK_OK(sape_encoder_get_tensor(encoder, info.name, a, info.count));
        CHECK_OK(sape_encoder_get_tensor(again, info.name, b, info.count));
        ck_assert_mem_eq(a, b, info.count * sizeof *a);
        for (size_t i = 0; i < info.count; i++) mean += (double)a[i] / (double)sape_encoder_num_parameters(encoder);
        most = fmax(most, largest_magnitude(info.count, a));
        free(a);
        free(b);
    }
    ck_assert_double_le(most, 1e-4);
    ck_assert_double_gt(most, 0.99e-4);
    ck_assert_double_lt(fabs(mean), 1e-6);
    ck_assert_uint_eq(sape_encoder_num_parameters(NULL), 0);
    sape_encoder_free(encoder);
    sape_encoder_free(again);
}
END_TEST

/* Places outside the domain have the features of its border, and no slope. */
START_TEST(test_outside_is_clamped) {
    sape_encoder_params params = grid_params(2);
    params.interpolation = (sape_interpolation)_i;
    params.finest_resolution = 1 << 24;
    params.log2_table_size = 10;
    sape_encoder *encoder = make(&params);
    const size_t dim = sape_encoder_encoding_dim(encoder);
    const float outside[] = {-7.0f, 0.3f, 1e6f, -1e6f, 1.0001f, 1.0f, -0.2f, -1.5f};
    const float border[] = {-1.0f, 0.3f, 1.0f, -1.0f, 1.0f, 1.0f, -0.2f, -1.0f};
    float *a = new_array(4 * dim), *b = new_array(4 * dim), *ones = new_array(4 * dim), d_x[8];
    CHECK_OK(sape_encoder_encode(encoder, 4, outside, a));
    CHECK_OK(sape_encoder_encode(encoder, 4, border, b));
    ck_assert_mem_eq(a, b, 4 * dim * sizeof *a);
    for (size_t i = 0; i < 4 * dim; i++) ck_assert(fabsf(a[i]) <= 1.00001e-4f);
    for (size_t i = 0; i < 4 * dim; i++) ones[i] = 1.0f;
    CHECK_OK(sape_encoder_backward(encoder, 4, outside, ones, d_x));
    for (size_t i = 0; i < 8; i++) ck_assert((d_x[i] == 0.0f) == (fabsf(outside[i]) > 1.0f || (_i == 1 && i == 5)));
    float *const all[] = {a, b, ones};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) free(all[i]);
    sape_encoder_free(encoder);
}
END_TEST

START_TEST(test_bad_parameters) {
    sape_encoder_params p;
    sape_encoder *encoder;
#define REFUSED(member, value, text)                                                                                   \
    p = grid_params(2);                                                                                                \
    p.member = value;                                                                                                  \
    EXPECT_ERROR(sape_encoder_create(&p, &encoder), SAPE_ERROR_ARGUMENT, #member, text);                               \
    ck_assert_ptr_null(encoder)
    REFUSED(num_levels, 0, "0");
    REFUSED(num_levels, 33, "33");
    REFUSED(features_per_level, 0, "0");
    REFUSED(features_per_level, 3, "3");
    REFUSED(features_per_level, 16, "16");
    REFUSED(base_resolution, 0, "0");
    REFUSED(base_resolution, ((size_t)1 << 24) + 1, "16777217");
    REFUSED(growth, 0.999, "0.999");
    REFUSED(growth, NAN, "nan");
    REFUSED(growth, INFINITY, "inf");
    REFUSED(growth, 1e300, "1e+300");
    REFUSED(growth, 4.0, "of at most 16777216");
    REFUSED(finest_resolution, 7, "7");
    REFUSED(finest_resolution, ((size_t)1 << 24) + 1, "16777217");
    REFUSED(log2_table_size, 0, "0");
    REFUSED(log2_table_size, 25, "25");
    REFUSED(interpolation, (sape_interpolation)2, "2");
#undef REFUSED
    /* Other encodings do not look at them. */
    p = grid_params(2);
    p.kind = SAPE_ENCODING_FOURIER;
    p.num_levels = 0;
    encoder = make(&p);
    ck_assert_uint_eq(sape_encoder_num_parameters(encoder), 0);
    sape_encoder_free(encoder);
}
END_TEST

/* 16 GiB of tables, which no machine can train that has less than 64, are refused before they are asked for. */
START_TEST(test_tables_beyond_memory) {
    if ((double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE) >= 64.0 * 0x1p30) return;
    sape_encoder_params p = grid_params(3);
    sape_encoder *encoder;
    p.num_levels = 32;
    p.features_per_level = 8;
    p.base_resolution = 1 << 20;
    p.growth = 1.0;
    p.log2_table_size = 24;
    EXPECT_ERROR(sape_encoder_create(&p, &encoder), SAPE_ERROR_MEMORY, "4294967296 values", "memory");
    ck_assert_ptr_null(encoder);
}
END_TEST

START_TEST(test_bad_tensors) {
    const sape_encoder_params params = grid_params(1);
    sape_encoder *encoder = make(&params);
    float values[18] = {0}, x[1] = {0.5f}, d_features[24] = {0};
    float *gradient = new_array(sape_encoder_num_parameters(encoder));
    values[17] = NAN;
    EXPECT_ERROR(sape_encoder_set_tensor(encoder, "level_0", values, 18), SAPE_ERROR_NOT_FINITE, "level_0[17]", "nan");
    EXPECT_ERROR(sape_encoder_set_tensor(encoder, "level_0", values, 17), SAPE_ERROR_SHAPE, "17", "18");
    EXPECT_ERROR(sape_encoder_set_tensor(encoder, "level_12", values, 18), SAPE_ERROR_NOT_FOUND, "level_12", "");
    EXPECT_ERROR(sape_encoder_backward_parameters(NULL, 1, x, d_features, gradient), SAPE_ERROR_ARGUMENT, "encoder",
                 "NULL");
    EXPECT_ERROR(sape_encoder_backward_parameters(encoder, 1, NULL, d_features, gradient), SAPE_ERROR_ARGUMENT, "x",
                 "NULL");
    EXPECT_ERROR(sape_encoder_backward_parameters(encoder, 1, x, NULL, gradient), SAPE_ERROR_ARGUMENT, "d_features",
                 "NULL");
    EXPECT_ERROR(sape_encoder_backward_parameters(encoder, 1, x, d_features, NULL), SAPE_ERROR_ARGUMENT, "d_parameters",
                 "NULL");
    x[0] = NAN;
    EXPECT_ERROR(sape_encoder_backward_parameters(encoder, 1, x, d_features, gradient), SAPE_ERROR_NOT_FINITE, "x[0]",
                 "nan");
    gradient[3] = 7.0f;
    CHECK_OK(sape_encoder_backward_parameters(encoder, 0, NULL, NULL, gradient));
    ck_assert(gradient[3] == 0.0f);
    sape_encoder_free(encoder);
    CHECK_OK(sape_encoder_create(NULL, &encoder));
    EXPECT_ERROR(sape_encoder_backward_parameters(encoder, 0, NULL, NULL, gradient), SAPE_ERROR_UNSUPPORTED, "train",
                 "nothing");
    sape_encoder_free(encoder);
    free(gradient);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("grid");
    TCase *tcase = tcase_create("grid");
    tcase_add_test(tcase, test_levels);
    tcase_add_test(tcase, test_start);
    tcase_add_loop_test(tcase, test_outside_is_clamped, 0, 2);
    tcase_add_test(tcase, test_bad_parameters);
    tcase_add_test(tcase, test_tables_beyond_memory);
    tcase_add_test(tcase, test_bad_tensors);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
