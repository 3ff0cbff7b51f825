/* SPDX-License-Identifier: MIT */
/* Encoders against the formulas of docs/mathematics.md in double precision. */
#include <math.h>
#include <stdlib.h>

#include "support.h"

#define PI 3.14159265358979323846
#define SAMPLES 70

static sape_encoder *make(sape_encoding kind, size_t d, size_t nf, double std, uint64_t seed) {
    sape_encoder_params params;
    sape_encoder *encoder;
    sape_encoder_params_init(&params, sizeof params);
    params.kind = kind;
    params.include_identity = 1;
    params.domain_dim = d;
    params.num_frequencies = nf;
    params.std = std;
    params.seed = seed;
    CHECK_OK(sape_encoder_create(&params, &encoder));
    return encoder;
}

static float *tensor(const sape_encoder *encoder, const char *name, size_t count) {
    float *values = new_array(count);
    CHECK_OK(sape_encoder_get_tensor(encoder, name, values, count));
    return values;
}

static double wrap(double x, double period) {
    return x - floor(x / period) * period;
}

/* Feature i, not counting x itself, of one sample. */
static double feature(sape_encoding kind, size_t d, size_t nf, const float *points, const float *sigma, const double *x,
                      size_t i) {
    double sum = 0.0;
    if (kind == SAPE_ENCODING_FOURIER) {
        for (size_t a = 0; a < d; a++) sum += x[a] * (double)points[a * nf + i / 2];
        return i % 2 == 0 ? sin(2 * PI * sum) : cos(2 * PI * sum);
    }
    if (kind == SAPE_ENCODING_POSITIONAL) {
        const size_t within = i % (2 * d);
        const double angle = ldexp(PI, (int)(i / (2 * d))) * x[within % d];
        return within < d ? cos(angle) : sin(angle);
    }
    const size_t j = kind == SAPE_ENCODING_RBF ? i : i / 2;
    const double s = (double)sigma[j], period = 2.0 / s;
    for (size_t a = 0; a < d; a++) {
        const double point = (double)points[j * d + a];
        const double shifted = x[a] + point + (i % 2 == 1 ? 1.0 / s : 0.0);
        const double r = kind == SAPE_ENCODING_RBF ? x[a] - point : wrap(shifted, period) * 2.0 - period;
        sum += r * r;
    }
    return kind == SAPE_ENCODING_RBF ? exp(-sum * s * s) : 2.0 * exp(-sum * s * s) - 1.0;
}

static const char *points_name(sape_encoding kind) {
    return kind == SAPE_ENCODING_RBF ? "centres" : kind == SAPE_ENCODING_PERIODIC_RBF ? "offsets" : "frequencies";
}

struct reference {
    sape_encoding kind;
    size_t d, nf;
    float *points, *sigma;
};

static struct reference reference_of(const sape_encoder *encoder, size_t nf) {
    const sape_encoding kind = sape_encoder_kind(encoder);
    const size_t d = sape_encoder_domain_dim(encoder);
    struct reference reference = {.kind = kind, .d = d, .nf = nf};
    if (kind == SAPE_ENCODING_IDENTITY) return reference;
    const size_t centres = kind == SAPE_ENCODING_RBF ? 2 * nf : nf;
    reference.points = tensor(encoder, points_name(kind), kind == SAPE_ENCODING_POSITIONAL ? nf : centres * d);
    if (kind == SAPE_ENCODING_RBF || kind == SAPE_ENCODING_PERIODIC_RBF)
        reference.sigma = tensor(encoder, "sigma", centres);
    return reference;
}

static double reference_feature(const struct reference *r, const double *x, size_t i) {
    return i < r->d ? x[i] : feature(r->kind, r->d, r->nf, r->points, r->sigma, x, i - r->d);
}

static void reference_free(struct reference *r) {
    free(r->points);
    free(r->sigma);
}

START_TEST(test_formulas) {
    const sape_encoding kind = (sape_encoding)(_i / 3);
    const size_t d = (size_t)(_i % 3 + 1), nf = 9;
    sape_encoder *encoder = make(kind, d, nf, 6.0, 3);
    struct reference reference = reference_of(encoder, nf);
    const size_t dim = sape_encoder_encoding_dim(encoder);
    const size_t expected[] = {d, d + 2 * nf, d + 2 * d * nf, d + 2 * nf, d + 2 * nf};
    ck_assert_uint_eq(dim, expected[kind]);
    float *x = new_random_array(1, SAMPLES * d, -1.2f, 1.2f), *features = new_array(SAMPLES * dim);
    CHECK_OK(sape_encoder_encode(encoder, SAMPLES, x, features));
    for (size_t s = 0; s < SAMPLES; s++) {
        double place[3];
        for (size_t a = 0; a < d; a++) place[a] = (double)x[s * d + a];
        for (size_t i = 0; i < dim; i++)
            ck_assert_double_eq_tol((double)features[s * dim + i], reference_feature(&reference, place, i), 2e-5);
    }
    free(x);
    free(features);
    reference_free(&reference);
    sape_encoder_free(encoder);
}
END_TEST

/* Gradients against central differences of the formulas. */
START_TEST(test_gradients) {
    const sape_encoding kind = (sape_encoding)(_i / 3);
    const size_t d = (size_t)(_i % 3 + 1), nf = 5;
    const double h = 1e-6;
    sape_encoder *encoder = make(kind, d, nf, 2.0, 4);
    struct reference reference = reference_of(encoder, nf);
    const size_t dim = sape_encoder_encoding_dim(encoder);
    float *x = new_random_array(2, SAMPLES * d, -1.0f, 1.0f), *d_x = new_array(SAMPLES * d);
    float *d_features = new_random_array(3, SAMPLES * dim, -1.0f, 1.0f);
    CHECK_OK(sape_encoder_backward(encoder, SAMPLES, x, d_features, d_x));
    size_t kinks = 0;
    for (size_t s = 0; s < SAMPLES; s++) {
        for (size_t a = 0; a < d; a++) {
            double slopes[2] = {0.0, 0.0}, scale = 1.0;
            for (size_t i = 0; i < dim; i++) {
                double value[3];
                for (int side = -1; side <= 1; side++) {
                    double place[3];
                    for (size_t k = 0; k < d; k++) place[k] = (double)x[s * d + k] + (k == a ? side * h : 0.0);
                    value[side + 1] = reference_feature(&reference, place, i);
                }
                slopes[0] += (value[1] - value[0]) / h * (double)d_features[s * dim + i];
                slopes[1] += (value[2] - value[1]) / h * (double)d_features[s * dim + i];
                scale += fabs((value[2] - value[0]) / (2 * h));
            }
            /* The periodic basis has kinks; a difference across one says nothing. */
            if (fabs(slopes[0] - slopes[1]) > 1e-3 * scale)
                kinks++;
            else
                ck_assert_double_eq_tol((double)d_x[s * d + a], 0.5 * (slopes[0] + slopes[1]), 1e-4 * scale);
        }
    }
    ck_assert_uint_lt(kinks, SAMPLES / 10);
    free(x);
    free(d_x);
    free(d_features);
    reference_free(&reference);
    sape_encoder_free(encoder);
}
END_TEST

START_TEST(test_fourier_draws) {
    const size_t nf = 4000;
    sape_encoder *fourier = make(SAPE_ENCODING_FOURIER, 3, nf, 7.0, 1);
    float *f = tensor(fourier, "frequencies", 3 * nf);
    double square = 0.0, fourth = 0.0, previous = 0.0, mean[3] = {0}, along[3] = {0};
    for (size_t j = 0; j < nf; j++) {
        double magnitude = 0.0;
        for (size_t a = 0; a < 3; a++) {
            magnitude += (double)f[a * nf + j] * (double)f[a * nf + j];
            mean[a] += (double)f[a * nf + j] / (double)nf;
            along[a] += (double)f[a * nf + j] * (double)f[a * nf + j] / (double)nf;
        }
        square += magnitude / (double)nf;
        fourth += magnitude * magnitude / (double)nf;
        ck_assert(sqrt(magnitude) >= previous - 1e-4);
        previous = sqrt(magnitude);
    }
    ck_assert_double_eq_tol(sqrt(square), 7.0, 0.35);
    /* A normal magnitude has a fourth moment of three variances squared; every direction is as likely. */
    ck_assert_double_eq_tol(fourth / (square * square), 3.0, 0.4);
    for (size_t a = 0; a < 3; a++) {
        ck_assert_double_eq_tol(mean[a], 0.0, 0.35);
        ck_assert_double_eq_tol(along[a] / square, 1.0 / 3.0, 0.03);
    }
    free(f);
    sape_encoder_free(fourier);
}
END_TEST

/* Mean and mean square of values uniform in [-1, 1]. */
static void check_uniform(size_t n, const float *values) {
    double mean = 0.0, square = 0.0;
    for (size_t i = 0; i < n; i++) {
        mean += (double)values[i] / (double)n;
        square += (double)values[i] * (double)values[i] / (double)n;
    }
    ck_assert(largest_magnitude(n, values) <= 1.0);
    ck_assert_double_eq_tol(mean, 0.0, 0.03);
    ck_assert_double_eq_tol(square, 1.0 / 3.0, 0.02);
}

START_TEST(test_rbf_draws) {
    const size_t nf = 4000;
    sape_encoder *rbf = make(SAPE_ENCODING_RBF, 2, nf, 7.0, 1);
    float *sigma = tensor(rbf, "sigma", 2 * nf), *centres = tensor(rbf, "centres", 4 * nf);
    double sum = 0.0;
    for (size_t j = 0; j < 2 * nf; j++) {
        ck_assert(sigma[j] >= 1.0f && (j == 0 || sigma[j] >= sigma[j - 1]));
        sum += (double)sigma[j] / (double)(2 * nf);
    }
    /* The mean of |normal| is sqrt(2 / pi). */
    ck_assert_double_eq_tol(sum, 1.0 + 7.0 * sqrt(2.0 / PI), 0.2);
    check_uniform(4 * nf, centres);
    free(sigma);
    free(centres);
    sape_encoder_free(rbf);
}
END_TEST

START_TEST(test_periodic_rbf_draws) {
    const size_t nf = 3000;
    const double std = 7.0, step = std * sqrt(3.0) / (double)(nf - 1);
    sape_encoder *encoder = make(SAPE_ENCODING_PERIODIC_RBF, 3, nf, std, 1);
    float *sigma = tensor(encoder, "sigma", nf), *offsets = tensor(encoder, "offsets", 3 * nf),
          *moved = new_array(3 * nf);
    size_t whole = 0;
    for (size_t j = 0; j < nf; j++) {
        ck_assert_double_eq_tol((double)sigma[j], ((double)j + 0.5) * step, 1e-6 * std);
        const double period = 2.0 / (double)sigma[j];
        for (size_t a = 0; a < 3; a++) {
            const double offset = (double)offsets[j * 3 + a];
            ck_assert(offset >= 0.0 && offset <= period * (1.0 + 1e-6));
            /* Where the period is longer than the domain, what was below 0 has moved up by one. */
            if (period >= 2.0) moved[whole++] = (float)(offset > 1.0 ? offset - period : offset);
        }
    }
    ck_assert_uint_gt(whole, 600);
    ck_assert(largest_magnitude(whole, moved) <= 1.0 + 1e-6);
    free(sigma);
    free(offsets);
    free(moved);
    sape_encoder_free(encoder);
}
END_TEST

/* A single bandwidth is half of the whole spread. */
START_TEST(test_single_periodic_rbf) {
    sape_encoder *encoder = make(SAPE_ENCODING_PERIODIC_RBF, 2, 1, 7.0, 1);
    float *sigma = tensor(encoder, "sigma", 1);
    ck_assert_double_eq_tol((double)sigma[0], 0.5 * 7.0 * sqrt(3.0), 1e-6);
    free(sigma);
    sape_encoder_free(encoder);
}
END_TEST

START_TEST(test_seeds) {
    static const sape_encoding kinds[] = {SAPE_ENCODING_FOURIER, SAPE_ENCODING_RBF, SAPE_ENCODING_PERIODIC_RBF};
    const size_t count = _i == 1 ? 256 : 128;
    const uint64_t seeds[] = {5, 5, 6, 5 + (1ull << 40)};
    float *points[4];
    for (size_t i = 0; i < 4; i++) {
        sape_encoder *encoder = make(kinds[_i], 2, 64, 20.0, seeds[i]);
        points[i] = tensor(encoder, points_name(kinds[_i]), count);
        sape_encoder_free(encoder);
    }
    ck_assert(memcmp(points[0], points[1], count * sizeof(float)) == 0);
    ck_assert(memcmp(points[0], points[2], count * sizeof(float)) != 0);
    ck_assert(memcmp(points[0], points[3], count * sizeof(float)) != 0);
    for (size_t i = 0; i < 4; i++) free(points[i]);
}
END_TEST

/* The features are those behind x itself, the same to the last bit. */
START_TEST(test_without_identity) {
    const size_t n = 30;
    float *x = new_random_array(1, n * 2, -1.0f, 1.0f);
    for (int kind = SAPE_ENCODING_IDENTITY; kind <= SAPE_ENCODING_PERIODIC_RBF; kind++) {
        sape_encoder_params params;
        sape_encoder *with = make((sape_encoding)kind, 2, 10, 3.0, 2), *without;
        sape_encoder_params_init(&params, sizeof params);
        params.kind = (sape_encoding)kind;
        params.num_frequencies = 10;
        params.std = 3.0;
        params.seed = 2;
        CHECK_OK(sape_encoder_create(&params, &without));
        const size_t dim = sape_encoder_encoding_dim(without), more = sape_encoder_encoding_dim(with) - dim;
        ck_assert_uint_eq(more, kind == SAPE_ENCODING_IDENTITY ? 0 : 2);
        float *features = new_array(n * dim), *all = new_array(n * (dim + more));
        CHECK_OK(sape_encoder_encode(without, n, x, features));
        CHECK_OK(sape_encoder_encode(with, n, x, all));
        for (size_t s = 0; s < n; s++)
            ck_assert(memcmp(features + s * dim, all + s * (dim + more) + more, dim * sizeof *all) == 0);
        free(features);
        free(all);
        sape_encoder_free(with);
        sape_encoder_free(without);
    }
    free(x);
}
END_TEST

START_TEST(test_far_away) {
    for (int kind = 0; kind < 5; kind++) {
        const size_t nf = kind == SAPE_ENCODING_POSITIONAL ? 100 : 40;
        sape_encoder *encoder = make((sape_encoding)kind, 2, nf, 1e6, 1);
        const size_t dim = sape_encoder_encoding_dim(encoder);
        const float x[] = {1e6f, -1e6f, 0.0f, -0.0f, 1e-40f, 777.7f};
        float *features = new_array(3 * dim), *ones = new_array(3 * dim), d_x[6];
        for (size_t i = 0; i < 3 * dim; i++) ones[i] = 1e-3f;
        CHECK_OK(sape_encoder_encode(encoder, 3, x, features));
        for (size_t s = 0; s < 3; s++)
            for (size_t i = 2; i < dim; i++) ck_assert(fabsf(features[s * dim + i]) <= 1.000001f);
        CHECK_OK(sape_encoder_backward(encoder, 3, x, ones, d_x));
        for (size_t i = 0; i < 6; i++) ck_assert(isfinite(d_x[i]));
        free(features);
        free(ones);
        sape_encoder_free(encoder);
    }
}
END_TEST

START_TEST(test_bad_input) {
    sape_encoder_params p;
    sape_encoder *encoder = (sape_encoder *)&p;
    float x[2] = {0}, features[1024];
#define REFUSED(member, value, text)                                                                                   \
    sape_encoder_params_init(&p, sizeof p);                                                                            \
    p.member = value;                                                                                                  \
    EXPECT_ERROR(sape_encoder_create(&p, &encoder), SAPE_ERROR_ARGUMENT, #member, text);                               \
    ck_assert_ptr_null(encoder)
    EXPECT_ERROR(sape_encoder_create(NULL, NULL), SAPE_ERROR_ARGUMENT, "out", "NULL");
    REFUSED(kind, (sape_encoding)77, "77");
    REFUSED(kind, (sape_encoding)(SAPE_ENCODING_GRID + 1), "6");
    REFUSED(domain_dim, 0, "0");
    REFUSED(domain_dim, 4, "4");
    REFUSED(num_frequencies, 0, "0");
    REFUSED(num_frequencies, SIZE_MAX, digits_of(SIZE_MAX));
    REFUSED(std, 0.0, "0");
    REFUSED(std, 1e7, "1e+07");
    REFUSED(std, NAN, "nan");
    REFUSED(std, INFINITY, "inf");
#undef REFUSED
    CHECK_OK(sape_encoder_create(NULL, &encoder));
    EXPECT_ERROR(sape_encoder_encode(NULL, 1, x, features), SAPE_ERROR_ARGUMENT, "encoder", "NULL");
    EXPECT_ERROR(sape_encoder_encode(encoder, 1, NULL, features), SAPE_ERROR_ARGUMENT, "x", "NULL");
    EXPECT_ERROR(sape_encoder_encode(encoder, 1, x, NULL), SAPE_ERROR_ARGUMENT, "features", "NULL");
    EXPECT_ERROR(sape_encoder_encode(encoder, SIZE_MAX, x, features), SAPE_ERROR_MEMORY, "n", digits_of(SIZE_MAX));
    EXPECT_ERROR(sape_encoder_backward(encoder, 1, x, features, NULL), SAPE_ERROR_ARGUMENT, "d_x", "NULL");
    CHECK_OK(sape_encoder_encode(encoder, 0, NULL, NULL));
    x[1] = NAN;
    EXPECT_ERROR(sape_encoder_encode(encoder, 1, x, features), SAPE_ERROR_NOT_FINITE, "x[1]", "nan");
    x[1] = 1e30f;
    EXPECT_ERROR(sape_encoder_encode(encoder, 1, x, features), SAPE_ERROR_ARGUMENT, "x[1]", "1e+30");
    float values[512] = {0};
    EXPECT_ERROR(sape_encoder_set_tensor(encoder, "sigma", values, 512), SAPE_ERROR_NOT_FOUND, "sigma", "no tensor");
    EXPECT_ERROR(sape_encoder_set_tensor(encoder, "frequencies", values, 511), SAPE_ERROR_SHAPE, "511", "512");
    values[7] = INFINITY;
    EXPECT_ERROR(sape_encoder_set_tensor(encoder, "frequencies", values, 512), SAPE_ERROR_NOT_FINITE, "[7]", "inf");
    EXPECT_ERROR(sape_encoder_set_tensor(encoder, "frequencies", NULL, 512), SAPE_ERROR_ARGUMENT, "values", "NULL");
    sape_tensor_info info = {.struct_size = sizeof info};
    EXPECT_ERROR(sape_encoder_tensor_info(encoder, 1, &info), SAPE_ERROR_ARGUMENT, "index", "1");
    sape_encoder_free(encoder);
    sape_encoder_free(NULL);
    ck_assert_uint_eq(sape_encoder_encoding_dim(NULL), 0);
    ck_assert_uint_eq(sape_encoder_domain_dim(NULL), 0);
    ck_assert_uint_eq(sape_encoder_tensor_count(NULL), 0);
}
END_TEST

/* Tensors that no encoder of the kind can have. */
START_TEST(test_bad_tensors) {
    float sigma[10], frequencies[5];
    sape_encoder *rbf = make(SAPE_ENCODING_RBF, 2, 5, 3.0, 1),
                 *positional = make(SAPE_ENCODING_POSITIONAL, 2, 5, 1.0, 1);
    for (int i = 0; i < 10; i++) sigma[i] = 1.0f;
    CHECK_OK(sape_encoder_set_tensor(rbf, "sigma", sigma, 10));
    sigma[6] = 0.0f;
    EXPECT_ERROR(sape_encoder_set_tensor(rbf, "sigma", sigma, 10), SAPE_ERROR_ARGUMENT, "sigma[6]", "0");
    sigma[6] = -2.5f;
    EXPECT_ERROR(sape_encoder_set_tensor(rbf, "sigma", sigma, 10), SAPE_ERROR_ARGUMENT, "sigma[6]", "-2.5");
    CHECK_OK(sape_encoder_get_tensor(positional, "frequencies", frequencies, 5));
    for (int i = 0; i < 5; i++) ck_assert_double_eq_tol((double)frequencies[i], ldexp(PI, i), 1e-5);
    CHECK_OK(sape_encoder_set_tensor(positional, "frequencies", frequencies, 5));
    frequencies[3] = 20.0f;
    EXPECT_ERROR(sape_encoder_set_tensor(positional, "frequencies", frequencies, 5), SAPE_ERROR_ARGUMENT,
                 "frequencies[3]", "20");
    /* What was refused has changed nothing. */
    CHECK_OK(sape_encoder_get_tensor(rbf, "sigma", sigma, 10));
    ck_assert_float_eq(sigma[6], 1.0f);
    CHECK_OK(sape_encoder_get_tensor(positional, "frequencies", frequencies, 5));
    ck_assert_double_eq_tol((double)frequencies[3], 8.0 * PI, 1e-5);
    sape_encoder_free(rbf);
    sape_encoder_free(positional);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("encoder");
    TCase *tcase = tcase_create("encoder");
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, test_formulas, 0, 15);
    tcase_add_loop_test(tcase, test_gradients, 0, 15);
    tcase_add_test(tcase, test_fourier_draws);
    tcase_add_test(tcase, test_rbf_draws);
    tcase_add_test(tcase, test_periodic_rbf_draws);
    tcase_add_test(tcase, test_single_periodic_rbf);
    tcase_add_loop_test(tcase, test_seeds, 0, 3);
    tcase_add_test(tcase, test_without_identity);
    tcase_add_test(tcase, test_far_away);
    tcase_add_test(tcase, test_bad_input);
    tcase_add_test(tcase, test_bad_tensors);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
