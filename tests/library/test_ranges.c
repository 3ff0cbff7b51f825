/* SPDX-License-Identifier: MIT */
/* Both ends of every range that a parameter or a tensor's value has: the ends are taken, the next number is not. */
#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stddef.h>

#include "support.h"

/* A member that is a number; `last` says whether high itself is taken. */
struct number {
    const char *name;
    size_t offset;
    double low, high;
    bool last;
};

/* A member that counts. */
struct count {
    const char *name;
    size_t offset, low, high;
};

/* A call that takes a struct of parameters; init sets those that make the others count. */
struct taker {
    void (*init)(void *params);
    sape_status (*take)(const void *params);
};

union params {
    sape_encoder_params encoder;
    sape_mask_params mask;
    sape_cutoff_params cutoff;
    sape_optimizer_params optimizer;
};

/* A call with one member set. */
static void expect(const struct taker *taker, const char *name, size_t offset, const void *value, size_t size,
                   bool taken) {
    union params params;
    taker->init(&params);
    memcpy((char *)&params + offset, value, size);
    if (taken)
        CHECK_OK(taker->take(&params));
    else
        EXPECT_ERROR(taker->take(&params), SAPE_ERROR_ARGUMENT, name, "");
}

static void expect_number(const struct taker *taker, const struct number *member, double value, bool taken) {
    expect(taker, member->name, member->offset, &value, sizeof value, taken);
}

static void check_number(const struct taker *taker, const struct number *member) {
    expect_number(taker, member, member->low, true);
    expect_number(taker, member, nextafter(member->low, -INFINITY), false);
    expect_number(taker, member, member->last ? member->high : nextafter(member->high, 0.0), true);
    expect_number(taker, member, member->last ? nextafter(member->high, INFINITY) : member->high, false);
}

static void expect_count(const struct taker *taker, const struct count *member, size_t value, bool taken) {
    expect(taker, member->name, member->offset, &value, sizeof value, taken);
}

static void check_count(const struct taker *taker, const struct count *member) {
    expect_count(taker, member, member->low, true);
    if (member->low > 0) expect_count(taker, member, member->low - 1, false);
    expect_count(taker, member, member->high, true);
    expect_count(taker, member, member->high + 1, false);
}

#define NUMBER(type, name, low, high, last)                                                                            \
    { #name, offsetof(type, name), low, high, last }
#define COUNT(type, name, low, high)                                                                                   \
    { #name, offsetof(type, name), low, high }

/* More than 32 bits count. */
#if SIZE_MAX > UINT32_MAX
#define MOST_ITERATIONS 1000000000000
#define MOST_START 499999999999
#else
#define MOST_ITERATIONS 4000000000
#define MOST_START 1999999999
#endif
#define LENGTH(array) (sizeof(array) / sizeof *(array))

static void init_encoder(void *params) {
    sape_encoder_params_init(params, sizeof(sape_encoder_params));
}

static void init_positional(void *params) {
    init_encoder(params);
    ((sape_encoder_params *)params)->kind = SAPE_ENCODING_POSITIONAL;
    /* Which it does not read. */
    ((sape_encoder_params *)params)->std = NAN;
}

static sape_status take_encoder(const void *params) {
    sape_encoder *encoder;
    const sape_status status = sape_encoder_create(params, &encoder);
    sape_encoder_free(encoder);
    return status;
}

START_TEST(encoder_params) {
    static const struct taker taker = {init_encoder, take_encoder}, positional = {init_positional, take_encoder};
    static const struct number std = NUMBER(sape_encoder_params, std, 1e-6, 1e6, true);
    static const struct count counts[] = {COUNT(sape_encoder_params, domain_dim, 1, 3),
                                          COUNT(sape_encoder_params, num_frequencies, 1, 16384)};
    static const struct count octaves = COUNT(sape_encoder_params, num_frequencies, 1, 100);
    check_number(&taker, &std);
    for (size_t i = 0; i < LENGTH(counts); i++) check_count(&taker, &counts[i]);
    check_count(&positional, &octaves);
}
END_TEST

static void init_mask(void *params) {
    sape_mask_params *mask = params;
    sape_mask_params_init(mask, sizeof *mask);
    mask->policy = SAPE_POLICY_GLOBAL;
    mask->encoding_dim = 10;
}

static void init_grid(void *params) {
    sape_mask_params *mask = params;
    init_mask(mask);
    mask->policy = SAPE_POLICY_SPATIAL;
    mask->domain_dim = 3;
    mask->mask_dim = 1;
}

static sape_status take_mask(const void *params) {
    sape_mask *mask;
    const sape_status status = sape_mask_create(params, &mask);
    sape_mask_free(mask);
    return status;
}

START_TEST(mask_params) {
    static const struct taker taker = {init_mask, take_mask}, grid = {init_grid, take_mask};
    static const struct number epsilon = NUMBER(sape_mask_params, epsilon, 0.0, INFINITY, false);
    static const struct count counts[] = {COUNT(sape_mask_params, domain_dim, 1, 3),
                                          COUNT(sape_mask_params, encoding_dim, 1, 65535),
                                          COUNT(sape_mask_params, mask_dim, 0, 2),
                                          COUNT(sape_mask_params, num_blocks, 0, 10),
                                          COUNT(sape_mask_params, num_iterations, 1, MOST_ITERATIONS),
                                          COUNT(sape_mask_params, block_iterations, 0, MOST_ITERATIONS)};
    static const struct count resolution = COUNT(sape_mask_params, resolution, 3, 4096);
    check_number(&taker, &epsilon);
    for (size_t i = 0; i < LENGTH(counts); i++) check_count(&taker, &counts[i]);
    check_count(&grid, &resolution);
}
END_TEST

static void init_cutoff(void *params) {
    sape_cutoff_params_init(params, sizeof(sape_cutoff_params));
}

static sape_status take_cutoff(const void *params) {
    static const double frequencies[] = {0.0, 1.0, 2.0};
    sape_mask_params mask;
    init_mask(&mask);
    mask.policy = SAPE_POLICY_VARIANCE;
    mask.encoding_dim = 3;
    mask.resolution = 3;
    mask.num_iterations = MOST_ITERATIONS;
    mask.frequencies = frequencies;
    mask.cutoff = params;
    return take_mask(&mask);
}

START_TEST(cutoff_params) {
    static const struct taker taker = {init_cutoff, take_cutoff};
    static const struct number numbers[] = {
        NUMBER(sape_cutoff_params, c_min, 0.0, 1e30, true),      NUMBER(sape_cutoff_params, c_max, 0.0, 1e30, true),
        NUMBER(sape_cutoff_params, beta, 0.0, 1e30, true),       NUMBER(sape_cutoff_params, gamma, 0.0, 1e30, true),
        NUMBER(sape_cutoff_params, steepness, 1e-6, 1e6, true),  NUMBER(sape_cutoff_params, midpoint, -1e6, 1e6, true),
        NUMBER(sape_cutoff_params, end_share, 1e-12, 1.0, true), NUMBER(sape_cutoff_params, width, 0.0, 1e30, true)};
    static const struct count counts[] = {COUNT(sape_cutoff_params, window, 0, 1000000),
                                          COUNT(sape_cutoff_params, start_iteration, 0, MOST_START)};
    for (size_t i = 0; i < LENGTH(numbers); i++) check_number(&taker, &numbers[i]);
    for (size_t i = 0; i < LENGTH(counts); i++) check_count(&taker, &counts[i]);
}
END_TEST

static void init_optimizer(void *params) {
    sape_optimizer_params_init(params, sizeof(sape_optimizer_params));
}

static sape_status take_optimizer(const void *params) {
    sape_optimizer *optimizer;
    const sape_status status = sape_optimizer_create(params, 1, &optimizer);
    sape_optimizer_free(optimizer);
    return status;
}

START_TEST(optimizer_params) {
    static const struct taker taker = {init_optimizer, take_optimizer};
    static const struct number numbers[] = {NUMBER(sape_optimizer_params, learning_rate, 0.0, INFINITY, false),
                                            NUMBER(sape_optimizer_params, beta1, 0.0, 1.0, false),
                                            NUMBER(sape_optimizer_params, beta2, 0.0, 1.0, false),
                                            NUMBER(sape_optimizer_params, epsilon, 1e-37, INFINITY, false),
                                            NUMBER(sape_optimizer_params, momentum, 0.0, 1.0, false),
                                            NUMBER(sape_optimizer_params, weight_decay, 0.0, INFINITY, false),
                                            NUMBER(sape_optimizer_params, decay_rate, 1e-300, 1.0, true),
                                            NUMBER(sape_optimizer_params, final_factor, 0.0, 1.0, true)};
    for (size_t i = 0; i < LENGTH(numbers); i++) check_number(&taker, &numbers[i]);
    sape_optimizer_params params;
    init_optimizer(&params);
    params.decay_iterations = 1;
    CHECK_OK(take_optimizer(&params));
    params.decay_iterations = 0;
    EXPECT_ERROR(take_optimizer(&params), SAPE_ERROR_ARGUMENT, "decay_iterations", "0");
}
END_TEST

/* A call that sets one value of a tensor. */
typedef sape_status (*set_value)(void *handle, const char *name, const float *values, size_t count);

static sape_status set_encoder(void *handle, const char *name, const float *values, size_t count) {
    return sape_encoder_set_tensor(handle, name, values, count);
}

static sape_status set_mask(void *handle, const char *name, const float *values, size_t count) {
    return sape_mask_set_tensor(handle, name, values, count);
}

/* The last of a tensor's values, which all are between low and high already. */
static void check_value(set_value set, void *handle, const char *name, float *values, size_t count, float low,
                        float high) {
    float *last = &values[count - 1];
    *last = low;
    CHECK_OK(set(handle, name, values, count));
    *last = high;
    CHECK_OK(set(handle, name, values, count));
    *last = nextafterf(low, -INFINITY);
    EXPECT_ERROR(set(handle, name, values, count), SAPE_ERROR_ARGUMENT, name, "");
    *last = nextafterf(high, INFINITY);
    EXPECT_ERROR(set(handle, name, values, count), SAPE_ERROR_ARGUMENT, name, "");
}

static sape_encoder *new_encoder(sape_encoding kind) {
    sape_encoder_params params;
    sape_encoder *encoder;
    init_encoder(&params);
    params.kind = kind;
    params.domain_dim = 1;
    params.num_frequencies = 2;
    CHECK_OK(sape_encoder_create(&params, &encoder));
    return encoder;
}

START_TEST(encoder_tensors) {
    float values[4] = {1.0f, 1.0f, 1.0f, 1.0f};
    sape_encoder *encoder = new_encoder(SAPE_ENCODING_RBF);
    check_value(set_encoder, encoder, "sigma", values, 4, FLT_TRUE_MIN, 1e9f);
    check_value(set_encoder, encoder, "centres", values, 4, -1e9f, 1e9f);
    sape_encoder_free(encoder);
    encoder = new_encoder(SAPE_ENCODING_FOURIER);
    check_value(set_encoder, encoder, "frequencies", values, 2, -1e9f, 1e9f);
    sape_encoder_free(encoder);
    /* pi and 2 pi to 1e-5 of themselves. */
    encoder = new_encoder(SAPE_ENCODING_POSITIONAL);
    const float pi = 3.14159265f, off[] = {1.0f + 0.9e-5f, 1.0f - 0.9e-5f, 1.0f + 1.1e-5f, 1.0f - 1.1e-5f};
    for (size_t i = 0; i < LENGTH(off); i++) {
        const float frequencies[] = {pi, 2.0f * pi * off[i]};
        if (i < 2)
            CHECK_OK(sape_encoder_set_tensor(encoder, "frequencies", frequencies, 2));
        else
            EXPECT_ERROR(sape_encoder_set_tensor(encoder, "frequencies", frequencies, 2), SAPE_ERROR_ARGUMENT,
                         "frequencies[1]", "2^1 pi");
    }
    sape_encoder_free(encoder);
}
END_TEST

START_TEST(mask_tensors) {
    static const double frequencies[] = {0.0, 1.0, 2.0, 3.0};
    static const float samples[] = {-1.0f, 0.0f, 1.0f};
    for (int policy = SAPE_POLICY_GLOBAL; policy <= SAPE_POLICY_VARIANCE; policy++) {
        sape_mask_params params;
        sape_mask *mask;
        init_mask(&params);
        params.policy = (sape_policy)policy;
        params.domain_dim = 1;
        params.encoding_dim = 4;
        params.resolution = 3;
        params.samples = samples;
        params.num_samples = 3;
        params.frequencies = frequencies;
        CHECK_OK(sape_mask_create(&params, &mask));
        const size_t cells = policy == SAPE_POLICY_GLOBAL ? 1 : 3;
        float values[3] = {1.0f, 1.0f, 1.0f};
        if (policy == SAPE_POLICY_VARIANCE) {
            check_value(set_mask, mask, "sigma", values, cells, 0.0f, 1.0f);
        } else {
            check_value(set_mask, mask, "mask_stashed", values, cells, 0.0f, 4.0f);
            values[0] = 2.5f;
            if (policy == SAPE_POLICY_SPATIAL)
                EXPECT_ERROR(set_mask(mask, "mask_stashed", values, cells), SAPE_ERROR_ARGUMENT, "[0]", "2.5");
        }
        values[0] = 1.0f;
        if (cells == 3 && policy != SAPE_POLICY_VARIANCE) {
            check_value(set_mask, mask, "in_progress", values, cells, 0.0f, 1.0f);
            values[0] = 0.5f;
            EXPECT_ERROR(set_mask(mask, "in_progress", values, cells), SAPE_ERROR_ARGUMENT, "[0]", "0.5");
            values[2] = 1e30f;
            CHECK_OK(set_mask(mask, "log_counter", values, cells));
            values[2] = -FLT_TRUE_MIN;
            EXPECT_ERROR(set_mask(mask, "log_counter", values, cells), SAPE_ERROR_ARGUMENT, "log_counter[2]", "-");
            CHECK_OK(set_mask(mask, "log_buffer", values, cells));
        }
        sape_mask_free(mask);
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("ranges");
    TCase *tests = tcase_create("ranges");
    tcase_add_test(tests, encoder_params);
    tcase_add_test(tests, mask_params);
    tcase_add_test(tests, cutoff_params);
    tcase_add_test(tests, optimizer_params);
    tcase_add_test(tests, encoder_tensors);
    tcase_add_test(tests, mask_tensors);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
