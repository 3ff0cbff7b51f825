/* SPDX-License-Identifier: MIT */
/* The variance policy against the formulas of mask.h, written out here in double precision. */
#include <math.h>
#include <stdlib.h>

#include "support.h"

#define N 60
#define E 24
#define RES 6
#define ITERATIONS 40

static void frequencies_of(double *frequencies) {
    /* Pairs of equal frequencies, the first two of them zero. */
    for (size_t j = 0; j < E; j++) frequencies[j] = 0.7 * (double)(j / 2) + (j >= 10 ? 0.31 : 0.0);
}

static sape_mask_params params_of(size_t d, const sape_cutoff_params *cutoff, const double *frequencies) {
    sape_mask_params params;
    sape_mask_params_init(&params, sizeof params);
    params.policy = SAPE_POLICY_VARIANCE;
    params.domain_dim = d;
    params.encoding_dim = E;
    params.resolution = RES;
    params.num_iterations = ITERATIONS;
    params.cutoff = cutoff;
    params.frequencies = frequencies;
    return params;
}

static sape_mask *make(size_t d, const sape_cutoff_params *cutoff) {
    double frequencies[E];
    sape_mask *mask;
    frequencies_of(frequencies);
    const sape_mask_params params = params_of(d, cutoff, frequencies);
    CHECK_OK(sape_mask_create(&params, &mask));
    return mask;
}

static size_t cells_of(size_t d) {
    return d == 1 ? RES : d == 2 ? RES * RES : RES * RES * RES;
}

static double logistic(const sape_cutoff_params *c, double p) {
    return 1.0 / (1.0 + exp(-c->steepness * (p - c->midpoint)));
}

static double cell_cutoff(const sape_cutoff_params *c, double iteration, double sigma) {
    const double end = floor(c->end_share * ITERATIONS), start = (double)c->start_iteration;
    const double p = fmax(0.0, fmin(1.0, (iteration - start) / (end - start)));
    double opening = logistic(c, p);
    if (c->rescale) opening = (opening - logistic(c, 0.0)) / (logistic(c, 1.0) - logistic(c, 0.0));
    const double cutoff = c->c_min + (c->c_max - c->c_min) * (opening + c->beta * pow(sigma, c->gamma));
    return fmax(c->c_min, fmin(c->c_max, cutoff));
}

/* The cut-off at x: linear between the cells along every axis. */
static double cutoff_at(const sape_cutoff_params *c, size_t d, double iteration, const float *sigma, const float *x) {
    double sum = 0.0;
    for (size_t corner = 0; corner < (size_t)1 << d; corner++) {
        size_t cell = 0, step = 1;
        double weight = 1.0;
        for (size_t a = 0; a < d; a++) {
            const double g = (fmax(-1.0, fmin(1.0, (double)x[a])) + 1.0) / 2.0 * (RES - 2) + 0.5, low = floor(g);
            const size_t upper = corner >> a & 1;
            weight *= upper ? g - low : low + 1.0 - g;
            cell += ((size_t)low + upper) * step;
            step *= RES;
        }
        sum += weight * cell_cutoff(c, iteration, (double)sigma[cell]);
    }
    return sum;
}

static double weight_of(const sape_cutoff_params *c, double cutoff, double frequency) {
    if (frequency <= cutoff) return 1.0;
    if (frequency >= cutoff + c->width) return 0.0;
    const double share = (frequency - cutoff) / c->width;
    return c->shape == SAPE_FILTER_COSINE ? (1.0 + cos(acos(-1.0) * share)) / 2.0 : 1.0 - share;
}

static sape_cutoff_params constants(int kind) {
    sape_cutoff_params c;
    if (kind % 3 == 2)
        sape_cutoff_params_init_published(&c, sizeof c);
    else
        sape_cutoff_params_init(&c, sizeof c);
    c.c_min = 0.5;
    c.c_max = 6.5;
    c.beta = 0.3 + 0.4 * (kind % 2);
    c.gamma = 0.5 + 0.75 * (kind / 3 % 2);
    c.start_iteration = 3;
    c.shape = kind % 2 ? SAPE_FILTER_COSINE : SAPE_FILTER_LINEAR;
    if (kind % 3 == 1) c.width = 2.5;
    return c;
}

/* Every weight of every sample, in one, two and three dimensions, all through the schedule and beyond. */
START_TEST(test_closed_form) {
    const size_t d = 1 + (size_t)_i % 3;
    const sape_cutoff_params c = constants(_i / 3);
    double frequencies[E];
    frequencies_of(frequencies);
    sape_mask *mask = make(d, &c);
    float *x = new_random_array(1, N * d, -1.2f, 1.2f), *values = new_random_array(2, N * 2, 0.0f, 1.0f);
    float *sigma = new_array(cells_of(d)), *weights = new_array(N * E), *share = new_array(N);
    CHECK_OK(sape_mask_set_signal(mask, N, x, 2, values));
    CHECK_OK(sape_mask_get_tensor(mask, "sigma", sigma, cells_of(d)));
    ck_assert(largest_magnitude(cells_of(d), sigma) == 1.0);
    for (int t = 0; t <= ITERATIONS + 5; t++) {
        CHECK_OK(sape_mask_weights(mask, N, x, weights));
        CHECK_OK(sape_mask_revealed(mask, N, x, share));
        for (size_t i = 0; i < N; i++) {
            const double cutoff = cutoff_at(&c, d, t, sigma, x + i * d);
            double sum = 0.0;
            for (size_t j = 0; j < E; j++) {
                const double expected = weight_of(&c, cutoff, frequencies[j]);
                sum += (double)weights[i * E + j];
                /* Next to the ideal filter's jump the rounding of the place decides. */
                if (c.width == 0.0 && fabs(frequencies[j] - cutoff) < 1e-5) continue;
                ck_assert_double_eq_tol((double)weights[i * E + j], expected, 2e-5);
            }
            ck_assert_double_eq_tol((double)share[i], sum / E, 1e-5);
        }
        CHECK_OK(sape_mask_step(mask));
    }
    sape_mask_free(mask);
    free(x);
    free(values);
    free(sigma);
    free(weights);
    free(share);
}
END_TEST

/* sigma of a signal on a line, window by window. */
START_TEST(test_sigma) {
    sape_cutoff_params c;
    sape_cutoff_params_init(&c, sizeof c);
    c.window = 3;
    sape_mask *mask = make(1, &c);
    const float x[] = {-0.9f, -0.6f, -0.4f, -0.1f, 0.1f, 0.4f, 0.6f, 0.9f};
    const float y[] = {0.0f, 0.0f, 0.0f, 1.0f, 5.0f, 2.0f, 2.0f, 2.5f};
    /* Four cells of two samples; the first and the last count twice in the windows at the border. */
    static const size_t windows[4][3] = {{0, 0, 1}, {0, 1, 2}, {1, 2, 3}, {2, 3, 3}};
    double variance[4], largest = 0.0;
    float sigma[RES];
    for (size_t w = 0; w < 4; w++) {
        double mean = 0.0;
        for (size_t k = 0; k < 6; k++) mean += (double)y[2 * windows[w][k / 2] + k % 2] / 6.0;
        variance[w] = 0.0;
        for (size_t k = 0; k < 6; k++) variance[w] += pow((double)y[2 * windows[w][k / 2] + k % 2] - mean, 2.0) / 6.0;
        largest = fmax(largest, variance[w]);
    }
    CHECK_OK(sape_mask_set_signal(mask, 8, x, 1, y));
    CHECK_OK(sape_mask_get_tensor(mask, "sigma", sigma, RES));
    for (size_t w = 0; w < 4; w++) ck_assert_double_eq_tol((double)sigma[w + 1], variance[w] / largest, 1e-6);
    ck_assert(sigma[0] == sigma[1] && sigma[5] == sigma[4]);
    sape_mask_free(mask);
}
END_TEST

/* A constant signal adds nothing anywhere, and neither does beta = 0: the mask is the same at every place. */
START_TEST(test_global) {
    sape_cutoff_params c;
    sape_cutoff_params_init(&c, sizeof c);
    c.c_max = 6.5;
    c.steepness = 1e4;
    c.end_share = 1.0;
    if (_i == 0) c.beta = 0.0;
    sape_mask *mask = make(2, &c);
    float *x = new_random_array(1, N * 2, -1.0f, 1.0f), *values = new_random_array(2, N, 0.0f, 1.0f);
    float *weights = new_array(N * E);
    double frequencies[E];
    frequencies_of(frequencies);
    for (size_t i = 0; i < N && _i == 1; i++) values[i] = 0.1f;
    CHECK_OK(sape_mask_set_signal(mask, N, x, 1, values));
    for (int t = 0; t <= ITERATIONS; t++) {
        CHECK_OK(sape_mask_weights(mask, N, x, weights));
        const double cutoff = t < ITERATIONS / 2 ? 0.0 : t == ITERATIONS / 2 ? 3.25 : 6.5;
        for (size_t i = 0; i < N * E; i++)
            ck_assert_double_eq_tol((double)weights[i], weight_of(&c, cutoff, frequencies[i % E]), 1e-5);
        CHECK_OK(sape_mask_step(mask));
    }
    sape_mask_free(mask);
    free(x);
    free(values);
    free(weights);
}
END_TEST

/* With the published constants the filter is half open before the first iteration. */
START_TEST(test_published) {
    sape_cutoff_params c;
    sape_cutoff_params_init_published(&c, sizeof c);
    ck_assert(c.steepness == 1.0 && c.midpoint == 0.0 && c.rescale == 0 && c.width == 0.0 && c.end_share == 1.0);
    c.c_max = 6.0;
    sape_mask *mask = make(1, &c);
    const float x = 0.3f;
    float weights[E];
    double frequencies[E];
    frequencies_of(frequencies);
    CHECK_OK(sape_mask_weights(mask, 1, &x, weights));
    for (size_t j = 0; j < E; j++) ck_assert(weights[j] == (frequencies[j] <= 3.0 ? 1.0f : 0.0f));
    for (int t = 0; t < ITERATIONS; t++) CHECK_OK(sape_mask_step(mask));
    CHECK_OK(sape_mask_weights(mask, 1, &x, weights));
    const double last = 6.0 / (1.0 + exp(-1.0));
    for (size_t j = 0; j < E; j++) ck_assert(weights[j] == (frequencies[j] <= last ? 1.0f : 0.0f));
    sape_mask_free(mask);
}
END_TEST

/* The chosen c_max: the highest frequency, or what the samples can hold. */
START_TEST(test_open_highest) {
    sape_mask *mask = make(1, NULL);
    const float x[16] = {0}, values[16] = {0};
    float weights[E];
    double frequencies[E];
    frequencies_of(frequencies);
    for (int t = 0; t < ITERATIONS; t++) CHECK_OK(sape_mask_step(mask));
    CHECK_OK(sape_mask_weights(mask, 1, x, weights));
    for (size_t j = 0; j < E; j++) ck_assert(weights[j] == 1.0f);
    sape_cutoff_params c;
    sape_cutoff_params_init(&c, sizeof c);
    CHECK_OK(sape_mask_set_signal(mask, 16, x, 1, values));
    CHECK_OK(sape_mask_weights(mask, 1, x, weights));
    for (size_t j = 0; j < E; j++)
        ck_assert_double_eq_tol((double)weights[j], weight_of(&c, 16.0 / 8.0, frequencies[j]), 1e-6);
    sape_mask_free(mask);
}
END_TEST

/* 1024 samples in two dimensions are 32 an axis. */
START_TEST(test_open_highest_in_a_plane) {
    sape_mask *mask = make(2, NULL);
    float *x = new_random_array(1, 2048, -1.0f, 1.0f), *values = new_array(1024), weights[E];
    double frequencies[E];
    sape_cutoff_params c;
    frequencies_of(frequencies);
    sape_cutoff_params_init(&c, sizeof c);
    CHECK_OK(sape_mask_set_signal(mask, 1024, x, 1, values));
    for (int t = 0; t < ITERATIONS; t++) CHECK_OK(sape_mask_step(mask));
    CHECK_OK(sape_mask_weights(mask, 1, x, weights));
    for (size_t j = 0; j < E; j++)
        ck_assert_double_eq_tol((double)weights[j], weight_of(&c, 32.0 / 8.0, frequencies[j]), 1e-6);
    sape_mask_free(mask);
    free(x);
    free(values);
}
END_TEST

/* A curve so steep and so far away that it is flat over the whole schedule: the cut-off rises in a straight line. */
START_TEST(test_flat_curve) {
    sape_cutoff_params c;
    sape_cutoff_params_init(&c, sizeof c);
    c.c_max = 6.0;
    c.steepness = 1e6;
    c.midpoint = 1e6;
    c.end_share = 1.0;
    sape_mask *mask = make(1, &c);
    const float x = 0.3f;
    float weights[E];
    double frequencies[E];
    frequencies_of(frequencies);
    for (int t = 0; t <= ITERATIONS; t++) {
        CHECK_OK(sape_mask_weights(mask, 1, &x, weights));
        for (size_t j = 0; j < E; j++)
            ck_assert_double_eq_tol((double)weights[j], weight_of(&c, 6.0 * t / ITERATIONS, frequencies[j]), 1e-6);
        CHECK_OK(sape_mask_step(mask));
    }
    sape_mask_free(mask);
}
END_TEST

/* With an ideal filter that is open everywhere no place loses the highest feature to rounding. */
START_TEST(test_open_everywhere) {
    sape_cutoff_params c;
    sape_cutoff_params_init(&c, sizeof c);
    c.width = 0.0;
    sape_mask *mask = make(3, &c);
    float *x = new_random_array(7, 3 * 500, -1.0f, 1.0f), *weights = new_array(500 * E);
    for (int t = 0; t < ITERATIONS; t++) CHECK_OK(sape_mask_step(mask));
    CHECK_OK(sape_mask_weights(mask, 500, x, weights));
    for (size_t i = 0; i < 500 * E; i++) ck_assert(weights[i] == 1.0f);
    free(x);
    free(weights);
    sape_mask_free(mask);
}
END_TEST

/* The state, from the cut-offs of all cells. */
START_TEST(test_state_in_numbers) {
    sape_cutoff_params c = constants(_i);
    double frequencies[E];
    float sigma[RES * RES];
    frequencies_of(frequencies);
    sape_mask *mask = make(2, &c);
    float *x = new_random_array(1, N * 2, -1.0f, 1.0f), *values = new_random_array(2, N, 0.0f, 1.0f);
    CHECK_OK(sape_mask_set_signal(mask, N, x, 1, values));
    CHECK_OK(sape_mask_get_tensor(mask, "sigma", sigma, RES * RES));
    for (int t = 0; t <= ITERATIONS; t++) {
        sape_mask_state state = {.struct_size = sizeof state};
        size_t fewest = E, most = 0, rising = 0;
        double sum = 0.0;
        for (size_t i = 0; i < RES * RES; i++) {
            const double cutoff = cell_cutoff(&c, t, (double)sigma[i]);
            size_t active = 0;
            for (size_t j = 0; j < E; j++) {
                const double weight = weight_of(&c, cutoff, frequencies[j]);
                active += weight > 0.0;
                sum += weight / E / (RES * RES);
            }
            fewest = active < fewest ? active : fewest;
            most = active > most ? active : most;
            rising += t < floor(c.end_share * ITERATIONS) && cutoff < c.c_max;
        }
        CHECK_OK(sape_mask_get_state(mask, &state));
        ck_assert_uint_eq(state.current_feature, fewest);
        ck_assert_uint_eq(state.next_feature, most);
        ck_assert_uint_eq(state.cells_in_progress, rising);
        ck_assert_double_eq_tol(state.revealed, sum, 1e-9);
        CHECK_OK(sape_mask_step(mask));
    }
    sape_mask_free(mask);
    free(x);
    free(values);
}
END_TEST

START_TEST(test_state) {
    sape_mask *mask = make(2, NULL);
    float *x = new_random_array(1, N * 2, -1.0f, 1.0f), *values = new_random_array(2, N, 0.0f, 1.0f);
    CHECK_OK(sape_mask_set_signal(mask, N, x, 1, values));
    double before = 0.0;
    for (uint64_t t = 0; t <= ITERATIONS; t++) {
        sape_mask_state state = {.struct_size = sizeof state};
        CHECK_OK(sape_mask_get_state(mask, &state));
        ck_assert_uint_eq(state.iteration, t);
        ck_assert_uint_eq(state.num_cells, RES * RES);
        ck_assert(state.current_feature <= state.next_feature && state.next_feature <= E);
        ck_assert(state.current_feature >= 2);
        ck_assert(state.revealed >= before && state.revealed <= 1.0);
        ck_assert(t > 0 || state.cells_in_progress > 0);
        ck_assert(t < ITERATIONS / 2 || state.cells_in_progress == 0);
        before = state.revealed;
        /* Losses and advances leave it alone. */
        CHECK_OK(sape_mask_record(mask, N, x, values));
        CHECK_OK(sape_mask_advance(mask));
        CHECK_OK(sape_mask_get_state(mask, &state));
        ck_assert(state.revealed == before);
        CHECK_OK(sape_mask_step(mask));
    }
    sape_mask_free(mask);
    free(x);
    free(values);
}
END_TEST

static void expect_refused(const sape_cutoff_params *c, sape_status status, const char *text, const char *value) {
    double frequencies[E];
    sape_mask *mask;
    frequencies_of(frequencies);
    const sape_mask_params params = params_of(2, c, frequencies);
    EXPECT_ERROR(sape_mask_create(&params, &mask), status, text, value);
    ck_assert_ptr_null(mask);
}

#define REFUSE(member, bad, status, value)                                                                             \
    do {                                                                                                               \
        sape_cutoff_params refused;                                                                                    \
        sape_cutoff_params_init(&refused, sizeof refused);                                                             \
        refused.member = bad;                                                                                          \
        expect_refused(&refused, status, #member, value);                                                              \
    } while (0)

START_TEST(test_bad_constants) {
    sape_cutoff_params c;
    REFUSE(c_min, -1.0, SAPE_ERROR_ARGUMENT, "-1");
    REFUSE(c_min, NAN, SAPE_ERROR_NOT_FINITE, "nan");
    REFUSE(c_max, INFINITY, SAPE_ERROR_ARGUMENT, "inf");
    REFUSE(c_max, NAN, SAPE_ERROR_NOT_FINITE, "nan");
    REFUSE(beta, -0.5, SAPE_ERROR_ARGUMENT, "-0.5");
    REFUSE(beta, NAN, SAPE_ERROR_NOT_FINITE, "nan");
    REFUSE(gamma, -2.0, SAPE_ERROR_ARGUMENT, "-2");
    REFUSE(gamma, NAN, SAPE_ERROR_NOT_FINITE, "nan");
    REFUSE(steepness, 0.0, SAPE_ERROR_ARGUMENT, "0");
    REFUSE(steepness, NAN, SAPE_ERROR_NOT_FINITE, "nan");
    REFUSE(midpoint, NAN, SAPE_ERROR_NOT_FINITE, "nan");
    REFUSE(midpoint, 1e7, SAPE_ERROR_ARGUMENT, "1e+07");
    REFUSE(end_share, 1.5, SAPE_ERROR_ARGUMENT, "1.5");
    REFUSE(end_share, NAN, SAPE_ERROR_NOT_FINITE, "nan");
    REFUSE(width, -1.0, SAPE_ERROR_ARGUMENT, "-1");
    REFUSE(width, NAN, SAPE_ERROR_NOT_FINITE, "nan");
    REFUSE(start_iteration, ITERATIONS / 2, SAPE_ERROR_ARGUMENT, "20");
    REFUSE(window, 2000000, SAPE_ERROR_ARGUMENT, "2000000");
    REFUSE(boundary, (sape_boundary)9, SAPE_ERROR_ARGUMENT, "9");
    REFUSE(shape, (sape_filter_shape)2, SAPE_ERROR_ARGUMENT, "2");
    sape_cutoff_params_init(&c, sizeof c);
    c.c_min = 3.0;
    c.c_max = 2.0;
    expect_refused(&c, SAPE_ERROR_ARGUMENT, "c_min is 3", "c_max is only 2");
    sape_cutoff_params_init(&c, sizeof c);
    c.struct_size = 3;
    expect_refused(&c, SAPE_ERROR_ARGUMENT, "struct_size", "3");
}
END_TEST

START_TEST(test_bad_calls) {
    double frequencies[E];
    sape_mask *mask;
    const float x[4] = {0}, values[2] = {0.0f, NAN};
    frequencies_of(frequencies);
    sape_mask_params params = params_of(2, NULL, NULL);
    EXPECT_ERROR(sape_mask_create(&params, &mask), SAPE_ERROR_ARGUMENT, "frequencies", "NULL");
    params.frequencies = frequencies;
    frequencies[7] = 0.5;
    EXPECT_ERROR(sape_mask_create(&params, &mask), SAPE_ERROR_ARGUMENT, "frequencies[7]", "0.5, must be at least 2.1");
    frequencies[7] = NAN;
    EXPECT_ERROR(sape_mask_create(&params, &mask), SAPE_ERROR_NOT_FINITE, "frequencies[7]", "nan");
    params.policy = SAPE_POLICY_SPATIAL;
    CHECK_OK(sape_mask_create(&params, &mask));
    EXPECT_ERROR(sape_mask_set_signal(mask, 1, x, 1, x), SAPE_ERROR_UNSUPPORTED, "policy", "variance");
    sape_mask_free(mask);
    mask = make(2, NULL);
    EXPECT_ERROR(sape_mask_set_signal(NULL, 1, x, 1, x), SAPE_ERROR_ARGUMENT, "mask", "NULL");
    EXPECT_ERROR(sape_mask_set_signal(mask, 0, x, 1, x), SAPE_ERROR_ARGUMENT, "n is", "0");
    EXPECT_ERROR(sape_mask_set_signal(mask, 1, x, 0, x), SAPE_ERROR_ARGUMENT, "o is", "0");
    EXPECT_ERROR(sape_mask_set_signal(mask, 2, x, 1, values), SAPE_ERROR_NOT_FINITE, "values", "nan");
    EXPECT_ERROR(sape_mask_set_signal(mask, 2, x, 1, NULL), SAPE_ERROR_ARGUMENT, "values", "NULL");
    EXPECT_ERROR(sape_mask_set_domain(mask, x, x), SAPE_ERROR_UNSUPPORTED, "policy", "spatial");
    float sigma[RES * RES] = {2.0f};
    EXPECT_ERROR(sape_mask_set_tensor(mask, "sigma", sigma, RES * RES), SAPE_ERROR_ARGUMENT, "sigma[0]", "2");
    sape_mask_free(mask);
}
END_TEST

/* |F_j|, 2^i / 2, sigma_j, and 0 for x itself. */
START_TEST(test_frequencies) {
    for (int kind = SAPE_ENCODING_IDENTITY; kind <= SAPE_ENCODING_PERIODIC_RBF; kind++) {
        sape_encoder_params params;
        sape_encoder *encoder;
        double frequencies[64];
        float points[64], sigma[64];
        sape_encoder_params_init(&params, sizeof params);
        params.kind = (sape_encoding)kind;
        params.num_frequencies = 8;
        params.std = 3.0;
        params.include_identity = 1;
        CHECK_OK(sape_encoder_create(&params, &encoder));
        const size_t dim = sape_encoder_encoding_dim(encoder);
        frequencies[dim] = -1.0;
        CHECK_OK(sape_encoder_frequencies(encoder, frequencies, dim));
        ck_assert(frequencies[dim] == -1.0);
        ck_assert(frequencies[0] == 0.0 && frequencies[1] == 0.0);
        if (kind == SAPE_ENCODING_FOURIER) CHECK_OK(sape_encoder_get_tensor(encoder, "frequencies", points, 16));
        if (kind == SAPE_ENCODING_RBF) CHECK_OK(sape_encoder_get_tensor(encoder, "sigma", sigma, 16));
        if (kind == SAPE_ENCODING_PERIODIC_RBF) CHECK_OK(sape_encoder_get_tensor(encoder, "sigma", sigma, 8));
        for (size_t j = 2; j < dim; j++) {
            const size_t k = j - 2;
            double expected = 0.0;
            if (kind == SAPE_ENCODING_FOURIER) expected = hypot((double)points[k / 2], (double)points[8 + k / 2]);
            if (kind == SAPE_ENCODING_POSITIONAL) expected = pow(2.0, (double)(k / 4)) / 2.0;
            if (kind == SAPE_ENCODING_RBF) expected = (double)sigma[k];
            if (kind == SAPE_ENCODING_PERIODIC_RBF) expected = (double)sigma[k / 2];
            ck_assert_double_eq_tol(frequencies[j], expected, 1e-6 * expected);
            ck_assert(frequencies[j] >= frequencies[j - 1]);
        }
        EXPECT_ERROR(sape_encoder_frequencies(encoder, frequencies, dim + 1), SAPE_ERROR_SHAPE, "count", "features");
        sape_encoder_free(encoder);
    }
}
END_TEST

/* A field whose encoder is given other frequencies masks by those. */
START_TEST(test_new_frequencies) {
    sape_encoder_params encoder;
    sape_mask_params mask;
    sape_cutoff_params cutoff;
    sape_field *field;
    sape_encoder_params_init(&encoder, sizeof encoder);
    sape_mask_params_init(&mask, sizeof mask);
    sape_cutoff_params_init(&cutoff, sizeof cutoff);
    encoder.domain_dim = 1;
    encoder.num_frequencies = 3;
    mask.policy = SAPE_POLICY_VARIANCE;
    mask.resolution = 4;
    mask.cutoff = &cutoff;
    cutoff.c_min = cutoff.c_max = 2.0;
    cutoff.width = 4.0;
    CHECK_OK(sape_field_create(&encoder, &mask, NULL, &field));
    /* Out of order on purpose: the last has the frequency of the one before it. */
    const float given[] = {1.0f, 4.0f, 3.0f}, x = 0.0f;
    float weights[7];
    CHECK_OK(sape_field_set_tensor(field, "model.encode.frequencies", given, 3));
    CHECK_OK(sape_mask_weights(sape_field_mask(field), 1, &x, weights));
    static const float expected[] = {1.0f, 1.0f, 1.0f, 0.5f, 0.5f, 0.5f, 0.5f};
    for (size_t j = 0; j < 7; j++) ck_assert(weights[j] == expected[j]);
    sape_field_free(field);
}
END_TEST

/* A trainer hands its targets over; any number of threads gives the same bits. */
START_TEST(test_training) {
    sape_mask_params mask;
    sape_encoder_params encoder;
    sape_network_params network;
    sape_mask_params_init(&mask, sizeof mask);
    sape_encoder_params_init(&encoder, sizeof encoder);
    sape_network_params_init(&network, sizeof network);
    mask.policy = SAPE_POLICY_VARIANCE;
    mask.resolution = 8;
    mask.num_iterations = 30;
    encoder.num_frequencies = 20;
    encoder.std = 4.0;
    network.hidden_dim = 16;
    network.num_layers = 2;
    network.output_dim = 1;
    float *x = new_random_array(1, 1200, -1.0f, 1.0f), *y = new_random_array(2, 600, 0.0f, 1.0f), *first = NULL;
    size_t count = 0;
    for (size_t threads = 1; threads <= 5; threads += 2) {
        sape_field *field;
        sape_trainer *trainer;
        sape_trainer_params params;
        sape_result result = {.struct_size = sizeof result};
        sape_trainer_params_init(&params, sizeof params);
        params.num_threads = threads;
        CHECK_OK(sape_field_create(&encoder, &mask, &network, &field));
        CHECK_OK(sape_trainer_create(&params, NULL, field, &trainer));
        CHECK_OK(sape_trainer_set_data(trainer, 600, x, y));
        float sigma[64];
        CHECK_OK(sape_mask_get_tensor(sape_field_mask(field), "sigma", sigma, 64));
        ck_assert(largest_magnitude(64, sigma) == 1.0);
        CHECK_OK(sape_trainer_run(trainer, 30, NULL, NULL, &result));
        count = sape_network_num_parameters(sape_field_network(field));
        float *parameters = new_array(count);
        CHECK_OK(sape_network_get_parameters(sape_field_network(field), parameters, count));
        if (first == NULL) {
            first = parameters;
        } else {
            ck_assert_mem_eq(parameters, first, count * sizeof *first);
            free(parameters);
        }
        sape_trainer_free(trainer);
        sape_field_free(field);
    }
    free(first);
    free(x);
    free(y);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("variance");
    TCase *tests = tcase_create("variance");
    tcase_add_loop_test(tests, test_closed_form, 0, 18);
    tcase_add_test(tests, test_sigma);
    tcase_add_loop_test(tests, test_global, 0, 2);
    tcase_add_test(tests, test_published);
    tcase_add_test(tests, test_open_highest);
    tcase_add_test(tests, test_open_highest_in_a_plane);
    tcase_add_test(tests, test_flat_curve);
    tcase_add_test(tests, test_open_everywhere);
    tcase_add_loop_test(tests, test_state_in_numbers, 0, 6);
    tcase_add_test(tests, test_state);
    tcase_add_test(tests, test_bad_constants);
    tcase_add_test(tests, test_bad_calls);
    tcase_add_test(tests, test_frequencies);
    tcase_add_test(tests, test_new_frequencies);
    tcase_add_test(tests, test_training);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
