/* SPDX-License-Identifier: MIT */
#include "encoder.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "backend.h"
#include "call.h"
#include "error.h"
#include "memory.h"
#include "panels.h"
#include "params.h"
#include "random.h"
#include "tensor.h"

#define MAX_FREQUENCIES 16384
/* 2^i pi x stays finite for every x that is let in. */
#define MAX_POSITIONAL 100
/* Samples that the public calls take at a time. */
#define PANEL 64

struct sape_encoder {
    sape_encoding kind;
    size_t domain_dim;
    size_t num_frequencies;
    size_t encoding_dim;
    /* Features of x itself before the encoding, 0 or d. */
    size_t identity;
    /* Features of a group. */
    size_t group;
    struct sape_basis basis;
    /* As the caller sees them: frequencies (d, nf) or (nf), centres or offsets; and sigma. */
    float *points;
    float *sigma;
    /* Fourier: the frequencies group by group, upper and lower part. */
    float *upper, *lower;
    const struct sape_kernels *kernels;
    uint64_t version;
};

static const sape_encoder_params defaults = {.struct_size = sizeof(sape_encoder_params),
                                             .kind = SAPE_ENCODING_FOURIER,
                                             .include_identity = 0,
                                             .domain_dim = 2,
                                             .num_frequencies = 256,
                                             .std = 20.0,
                                             .seed = 0,
                                             .instructions = SAPE_INSTRUCTIONS_AUTO};

void sape_encoder_params_init(sape_encoder_params *params, size_t size) {
    sape_params_init(params, size, &defaults, sizeof defaults);
}

static sape_status check_params(const char *function, const sape_encoder_params *params) {
    const size_t most = params->kind == SAPE_ENCODING_POSITIONAL ? MAX_POSITIONAL : MAX_FREQUENCIES;
    if ((unsigned)params->kind >= SAPE_NUM_ENCODINGS)
        return sape_fail(SAPE_ERROR_ARGUMENT, function, "kind is %d, not a sape_encoding", (int)params->kind);
    if (params->domain_dim < 1 || params->domain_dim > 3)
        return sape_fail(SAPE_ERROR_ARGUMENT, function, "domain_dim is %zu, must be 1 to 3", params->domain_dim);
    if (params->kind == SAPE_ENCODING_IDENTITY) return SAPE_OK;
    if (params->num_frequencies < 1 || params->num_frequencies > most)
        return sape_fail(SAPE_ERROR_ARGUMENT, function, "num_frequencies is %zu, must be 1 to %zu",
                         params->num_frequencies, most);
    if (params->kind != SAPE_ENCODING_POSITIONAL && !(params->std >= 1e-6 && params->std <= 1e6))
        return sape_fail(SAPE_ERROR_ARGUMENT, function, "std is %g, must be 1e-6 to 1e6", params->std);
    return SAPE_OK;
}

/* The number of elements of points and of sigma. */
static size_t points_count(const sape_encoder *encoder) {
    switch (encoder->kind) {
    case SAPE_ENCODING_IDENTITY:
        return 0;
    case SAPE_ENCODING_POSITIONAL:
        return encoder->num_frequencies;
    case SAPE_ENCODING_RBF:
        return 2 * encoder->num_frequencies * encoder->domain_dim;
    default:
        return encoder->num_frequencies * encoder->domain_dim;
    }
}

static size_t sigma_count(const sape_encoder *encoder) {
    switch (encoder->kind) {
    case SAPE_ENCODING_RBF:
        return 2 * encoder->num_frequencies;
    case SAPE_ENCODING_PERIODIC_RBF:
        return encoder->num_frequencies;
    default:
        return 0;
    }
}

/* Dimensions, and the basis that the kernels read. */
static void lay_out(sape_encoder *encoder, const sape_encoder_params *params) {
    const size_t d = params->domain_dim, nf = params->num_frequencies;
    encoder->kind = params->kind;
    encoder->domain_dim = d;
    encoder->num_frequencies = nf;
    encoder->identity = params->include_identity != 0 || params->kind == SAPE_ENCODING_IDENTITY ? d : 0;
    encoder->basis = (struct sape_basis){.domain_dim = d, .count = nf};
    switch (params->kind) {
    case SAPE_ENCODING_IDENTITY:
        encoder->group = 1;
        encoder->basis.count = 0;
        break;
    case SAPE_ENCODING_POSITIONAL:
        encoder->group = 2 * d;
        break;
    case SAPE_ENCODING_RBF:
        encoder->group = 1;
        encoder->basis.count = 2 * nf;
        break;
    default:
        encoder->group = 2;
        break;
    }
    encoder->encoding_dim = encoder->identity + encoder->group * encoder->basis.count;
}

static bool allocate(sape_encoder *encoder) {
    const size_t points = points_count(encoder), sigma = sigma_count(encoder);
    encoder->points = SAPE_NEW_ARRAY(float, points);
    encoder->sigma = SAPE_NEW_ARRAY(float, sigma);
    encoder->basis.points = encoder->points;
    encoder->basis.scales = encoder->sigma;
    if (encoder->points == NULL || encoder->sigma == NULL) return false;
    if (encoder->kind != SAPE_ENCODING_FOURIER) return true;
    encoder->upper = SAPE_NEW_ARRAY(float, points);
    encoder->lower = SAPE_NEW_ARRAY(float, points);
    encoder->basis.points = encoder->upper;
    encoder->basis.scales = encoder->lower;
    return encoder->upper != NULL && encoder->lower != NULL;
}

/* Fourier: from (d, nf) to groups, split so that the kernel's products are exact. */
static void split_frequencies(sape_encoder *encoder) {
    for (size_t j = 0; j < encoder->num_frequencies; j++) {
        for (size_t a = 0; a < encoder->domain_dim; a++) {
            const float frequency = encoder->points[a * encoder->num_frequencies + j];
            uint32_t bits;
            float upper;
            memcpy(&bits, &frequency, sizeof bits);
            bits &= 0xFFFFF000u;
            memcpy(&upper, &bits, sizeof upper);
            encoder->upper[j * encoder->domain_dim + a] = upper;
            encoder->lower[j * encoder->domain_dim + a] = frequency - upper;
        }
    }
}

static int compare_magnitudes(const void *a, const void *b) {
    const float x = fabsf(*(const float *)a), y = fabsf(*(const float *)b);
    return (x > y) - (x < y);
}

static void draw_fourier(sape_encoder *encoder, struct sape_random *random, double std) {
    const size_t d = encoder->domain_dim, nf = encoder->num_frequencies;
    /* The magnitudes are drawn and sorted in the first row, then replaced by the products. */
    for (size_t j = 0; j < nf; j++) encoder->points[j] = (float)(sape_random_normal(random) * std);
    qsort(encoder->points, nf, sizeof *encoder->points, compare_magnitudes);
    for (size_t j = 0; j < nf; j++) {
        const double magnitude = (double)encoder->points[j];
        double direction[3], square = 0.0;
        while (square < 1e-12) {
            square = 0.0;
            for (size_t a = 0; a < d; a++) {
                direction[a] = sape_random_normal(random);
                square += direction[a] * direction[a];
            }
        }
        for (size_t a = 0; a < d; a++) encoder->points[a * nf + j] = (float)(direction[a] / sqrt(square) * magnitude);
    }
}

static void draw_rbf(sape_encoder *encoder, struct sape_random *random, double std) {
    for (size_t i = 0; i < points_count(encoder); i++)
        encoder->points[i] = (float)(2.0 * sape_random_uniform(random) - 1.0);
    for (size_t j = 0; j < sigma_count(encoder); j++)
        encoder->sigma[j] = (float)(fabs(sape_random_normal(random)) * std + 1.0);
    qsort(encoder->sigma, sigma_count(encoder), sizeof *encoder->sigma, compare_magnitudes);
}

/* sigma is spread evenly over 0 .. std sqrt 3 and moved up by half a step; a single one is at the middle. */
static void draw_periodic_rbf(sape_encoder *encoder, struct sape_random *random, double std) {
    const size_t d = encoder->domain_dim, nf = encoder->num_frequencies;
    const double step = nf > 1 ? std * sqrt(3.0) / (double)(nf - 1) : std * sqrt(3.0);
    for (size_t j = 0; j < nf; j++) {
        encoder->sigma[j] = (float)(((double)j + 0.5) * step);
        const double period = 2.0 / (double)encoder->sigma[j];
        for (size_t a = 0; a < d; a++) {
            const double offset = 2.0 * sape_random_uniform(random) - 1.0;
            encoder->points[j * d + a] = (float)(offset - floor(offset / period) * period);
        }
    }
}

static void draw_parameters(sape_encoder *encoder, double std, uint64_t seed) {
    struct sape_random random;
    sape_random_init(&random, seed, SAPE_STREAM_ENCODER);
    switch (encoder->kind) {
    case SAPE_ENCODING_IDENTITY:
        break;
    case SAPE_ENCODING_FOURIER:
        draw_fourier(encoder, &random, std);
        split_frequencies(encoder);
        break;
    case SAPE_ENCODING_POSITIONAL:
        for (size_t i = 0; i < encoder->num_frequencies; i++) encoder->points[i] = (float)ldexp(M_PI, (int)i);
        break;
    case SAPE_ENCODING_RBF:
        draw_rbf(encoder, &random, std);
        break;
    case SAPE_ENCODING_PERIODIC_RBF:
        draw_periodic_rbf(encoder, &random, std);
        break;
    }
}

sape_status sape_encoder_create(const sape_encoder_params *params, sape_encoder **out) {
    SAPE_BEGIN_CALL();
    SAPE_REQUIRE_POINTER(out);
    *out = NULL;
    sape_encoder_params known = defaults;
    if (params != NULL) SAPE_TRY(sape_params_read(__func__, &known, sizeof known, params));
    SAPE_TRY(check_params(__func__, &known));
    const struct sape_kernels *kernels;
    SAPE_TRY(sape_backend_kernels(__func__, known.instructions, &kernels));
    sape_encoder *encoder = SAPE_NEW(sape_encoder);
    if (encoder == NULL) return SAPE_FAIL(SAPE_ERROR_MEMORY, "no memory for an encoder");
    lay_out(encoder, &known);
    encoder->kernels = kernels;
    if (!allocate(encoder)) {
        sape_encoder_free(encoder);
        return SAPE_FAIL(SAPE_ERROR_MEMORY, "no memory for %zu frequencies", known.num_frequencies);
    }
    draw_parameters(encoder, known.std, known.seed);
    *out = encoder;
    return SAPE_OK;
}

void sape_encoder_free(sape_encoder *encoder) {
    if (encoder == NULL) return;
    sape_release(encoder->points);
    sape_release(encoder->sigma);
    sape_release(encoder->upper);
    sape_release(encoder->lower);
    sape_release(encoder);
}

sape_encoding sape_encoder_kind(const sape_encoder *encoder) {
    return encoder == NULL ? SAPE_ENCODING_IDENTITY : encoder->kind;
}

size_t sape_encoder_domain_dim(const sape_encoder *encoder) {
    return encoder == NULL ? 0 : encoder->domain_dim;
}

size_t sape_encoder_encoding_dim(const sape_encoder *encoder) {
    return encoder == NULL ? 0 : encoder->encoding_dim;
}

/* The frequency of a group's features, without regard to the order. */
static double group_frequency(const sape_encoder *encoder, size_t group) {
    double square = 0.0;
    switch (encoder->kind) {
    case SAPE_ENCODING_IDENTITY:
        return 0.0;
    case SAPE_ENCODING_FOURIER:
        for (size_t a = 0; a < encoder->domain_dim; a++) {
            const double component = (double)encoder->points[a * encoder->num_frequencies + group];
            square += component * component;
        }
        return sqrt(square);
    case SAPE_ENCODING_POSITIONAL:
        return ldexp(0.5, (int)group);
    case SAPE_ENCODING_RBF:
    case SAPE_ENCODING_PERIODIC_RBF:
        return (double)encoder->sigma[group];
    }
    return 0.0;
}

void sape_encoder_list_frequencies(const sape_encoder *encoder, double *frequencies) {
    double highest = 0.0;
    for (size_t j = 0; j < encoder->identity; j++) *frequencies++ = 0.0;
    for (size_t group = 0; group < encoder->basis.count; group++) {
        highest = fmax(highest, group_frequency(encoder, group));
        for (size_t j = 0; j < encoder->group; j++) *frequencies++ = highest;
    }
}

sape_status sape_encoder_frequencies(const sape_encoder *encoder, double *frequencies, size_t count) {
    SAPE_BEGIN_CALL();
    SAPE_REQUIRE_POINTER(encoder);
    SAPE_REQUIRE_POINTER(frequencies);
    if (count != encoder->encoding_dim)
        return SAPE_FAIL(SAPE_ERROR_SHAPE, "count is %zu, the encoder has %zu features", count, encoder->encoding_dim);
    sape_encoder_list_frequencies(encoder, frequencies);
    return SAPE_OK;
}

void sape_encoder_describe(const sape_encoder *encoder, sape_encoder_params *params) {
    *params = defaults;
    params->kind = encoder->kind;
    params->include_identity = encoder->identity > 0;
    params->domain_dim = encoder->domain_dim;
    params->num_frequencies = encoder->num_frequencies;
}

uint64_t sape_encoder_version(const sape_encoder *encoder) {
    return encoder->version;
}

/* Groups that hold the first `active` features. */
static size_t groups_for(const sape_encoder *encoder, size_t active) {
    if (active <= encoder->identity) return 0;
    return (active - encoder->identity + encoder->group - 1) / encoder->group;
}

size_t sape_encoder_group_end(const sape_encoder *encoder, size_t active) {
    return encoder->identity + groups_for(encoder, active) * encoder->group;
}

void sape_encoder_panel(const sape_encoder *encoder, size_t active, size_t width, const float *x, float *features) {
    memcpy(features, x, encoder->identity * width * sizeof *features);
    const size_t groups = groups_for(encoder, active);
    if (groups > 0)
        encoder->kernels->encode[encoder->kind](&encoder->basis, groups, width, x,
                                                features + encoder->identity * width);
}

void sape_encoder_panel_backward(const sape_encoder *encoder, size_t active, size_t width, const float *x,
                                 const float *d_features, float *d_x) {
    const size_t identity = encoder->identity < active ? encoder->identity : active;
    memcpy(d_x, d_features, identity * width * sizeof *d_x);
    memset(d_x + identity * width, 0, (encoder->domain_dim - identity) * width * sizeof *d_x);
    const size_t groups = groups_for(encoder, active);
    if (groups > 0)
        encoder->kernels->encode_backward[encoder->kind](&encoder->basis, groups, width, x,
                                                         d_features + encoder->identity * width, d_x);
}

/* 2 pi F cos and -2 pi F sin: sine and cosine are each other's derivatives. */
static void fourier_tangent(const sape_encoder *encoder, size_t group, size_t width, size_t axis, const float *features,
                            float *tangents) {
    const float factor = (float)(2.0 * M_PI * (double)encoder->points[axis * encoder->num_frequencies + group]);
    for (size_t s = 0; s < width; s++) {
        tangents[s] = factor * features[width + s];
        tangents[width + s] = -factor * features[s];
    }
}

/* The same for a group of d cosines and d sines, of which one each depends on the coordinate. */
static void positional_tangent(const sape_encoder *encoder, size_t group, size_t width, size_t axis,
                               const float *features, float *tangents) {
    const size_t d = encoder->domain_dim, cosine = axis * width, sine = (d + axis) * width;
    const float factor = (float)ldexp(M_PI, (int)group);
    memset(tangents, 0, 2 * d * width * sizeof *tangents);
    for (size_t s = 0; s < width; s++) {
        tangents[cosine + s] = -factor * features[sine + s];
        tangents[sine + s] = factor * features[cosine + s];
    }
}

static void rbf_tangent(const sape_encoder *encoder, size_t group, size_t width, const float *x, size_t axis,
                        const float *features, float *tangents) {
    const float centre = encoder->points[group * encoder->domain_dim + axis];
    const float factor = -2.0f * encoder->sigma[group] * encoder->sigma[group];
    for (size_t s = 0; s < width; s++) tangents[s] = factor * (x[axis * width + s] - centre) * features[s];
}

/* Of 2 e - 1 with e = exp(-r^2 sigma^2), r growing twice as fast as x: -8 sigma^2 r e. */
static void periodic_tangent(const sape_encoder *encoder, size_t group, size_t width, const float *x, size_t axis,
                             const float *features, float *tangents) {
    const float sigma = encoder->sigma[group], period = 2.0f / sigma;
    for (size_t half = 0; half < 2; half++) {
        const float shift = encoder->points[group * encoder->domain_dim + axis] + (half ? 1.0f / sigma : 0.0f);
        for (size_t s = 0; s < width; s++) {
            const float u = x[axis * width + s] + shift;
            const float r = (u - floorf(u / period) * period) * 2.0f - period;
            tangents[half * width + s] = -4.0f * sigma * sigma * r * (features[half * width + s] + 1.0f);
        }
    }
}

void sape_encoder_panel_tangent(const sape_encoder *encoder, size_t active, size_t width, const float *x, size_t axis,
                                const float *features, float *tangents) {
    for (size_t i = 0; i < encoder->identity * width; i++) tangents[i] = i / width == axis ? 1.0f : 0.0f;
    const size_t groups = groups_for(encoder, active);
    for (size_t g = 0; g < groups; g++) {
        const size_t at = (encoder->identity + g * encoder->group) * width;
        switch (encoder->kind) {
        case SAPE_ENCODING_IDENTITY:
            break;
        case SAPE_ENCODING_FOURIER:
            fourier_tangent(encoder, g, width, axis, features + at, tangents + at);
            break;
        case SAPE_ENCODING_POSITIONAL:
            positional_tangent(encoder, g, width, axis, features + at, tangents + at);
            break;
        case SAPE_ENCODING_RBF:
            rbf_tangent(encoder, g, width, x, axis, features + at, tangents + at);
            break;
        case SAPE_ENCODING_PERIODIC_RBF:
            periodic_tangent(encoder, g, width, x, axis, features + at, tangents + at);
            break;
        }
    }
}

/* The panel for the samples from `first` on. */
static struct sape_tile panel_at(size_t first, size_t n) {
    return (struct sape_tile){n - first < PANEL ? n - first : PANEL, PANEL, 1};
}

static sape_status check_call(const char *function, const sape_encoder *encoder, size_t n, const float *x,
                              const float *features, const char *name) {
    if (encoder == NULL) return sape_fail(SAPE_ERROR_ARGUMENT, function, "encoder is NULL");
    SAPE_TRY(sape_check_coordinates(function, "x", x, n, encoder->domain_dim));
    if (n > 0 && features == NULL) return sape_fail(SAPE_ERROR_ARGUMENT, function, "%s is NULL", name);
    return SAPE_OK;
}

sape_status sape_encoder_encode(const sape_encoder *encoder, size_t n, const float *x, float *features) {
    SAPE_BEGIN_CALL();
    SAPE_TRY(check_call(__func__, encoder, n, x, features, "features"));
    const size_t d = encoder->domain_dim, dim = encoder->encoding_dim;
    float *memory = SAPE_NEW_ARRAY(float, (d + dim) * PANEL);
    if (memory == NULL) return SAPE_FAIL(SAPE_ERROR_MEMORY, "no memory for a panel of samples");
    float *panel_x = memory, *panel = memory + d * PANEL;
    for (size_t first = 0; first < n; first += PANEL) {
        const struct sape_tile tile = panel_at(first, n);
        sape_panels_from_rows(&tile, d, x + first * d, panel_x);
        sape_encoder_panel(encoder, dim, PANEL, panel_x, panel);
        sape_panels_to_rows(&tile, dim, panel, features + first * dim);
    }
    sape_release(memory);
    return SAPE_OK;
}

sape_status sape_encoder_backward(const sape_encoder *encoder, size_t n, const float *x, const float *d_features,
                                  float *d_x) {
    SAPE_BEGIN_CALL();
    SAPE_TRY(check_call(__func__, encoder, n, x, d_features, "d_features"));
    SAPE_REQUIRE(n == 0 || d_x != NULL, "d_x is NULL");
    const size_t d = encoder->domain_dim, dim = encoder->encoding_dim;
    float *memory = SAPE_NEW_ARRAY(float, (2 * d + dim) * PANEL);
    if (memory == NULL) return SAPE_FAIL(SAPE_ERROR_MEMORY, "no memory for a panel of samples");
    float *panel_x = memory, *panel_d_x = memory + d * PANEL, *panel = memory + 2 * d * PANEL;
    for (size_t first = 0; first < n; first += PANEL) {
        const struct sape_tile tile = panel_at(first, n);
        sape_panels_from_rows(&tile, d, x + first * d, panel_x);
        sape_panels_from_rows(&tile, dim, d_features + first * dim, panel);
        sape_encoder_panel_backward(encoder, dim, PANEL, panel_x, panel, panel_d_x);
        sape_panels_to_rows(&tile, d, panel_d_x, d_x + first * d);
    }
    sape_release(memory);
    return SAPE_OK;
}

size_t sape_encoder_tensor_count(const sape_encoder *encoder) {
    if (encoder == NULL || encoder->kind == SAPE_ENCODING_IDENTITY) return 0;
    return sigma_count(encoder) > 0 ? 2 : 1;
}

sape_status sape_encoder_tensor_info(const sape_encoder *encoder, size_t index, sape_tensor_info *info) {
    SAPE_BEGIN_CALL();
    SAPE_REQUIRE_POINTER(encoder);
    SAPE_TRY(sape_tensor_check_index(__func__, index, sape_encoder_tensor_count(encoder), info));
    const size_t d = encoder->domain_dim, nf = encoder->num_frequencies;
    if (index == 1) {
        const size_t shape[] = {sigma_count(encoder)};
        return sape_tensor_describe(__func__, info, "sigma", SAPE_DTYPE_F32, 1, shape);
    }
    const size_t frequencies[] = {d, nf}, positional[] = {nf}, centres[] = {2 * nf, d}, offsets[] = {nf, d};
    switch (encoder->kind) {
    case SAPE_ENCODING_POSITIONAL:
        return sape_tensor_describe(__func__, info, "frequencies", SAPE_DTYPE_F32, 1, positional);
    case SAPE_ENCODING_RBF:
        return sape_tensor_describe(__func__, info, "centres", SAPE_DTYPE_F32, 2, centres);
    case SAPE_ENCODING_PERIODIC_RBF:
        return sape_tensor_describe(__func__, info, "offsets", SAPE_DTYPE_F32, 2, offsets);
    default:
        return sape_tensor_describe(__func__, info, "frequencies", SAPE_DTYPE_F32, 2, frequencies);
    }
}

static sape_status info_of(const void *handle, size_t index, sape_tensor_info *info) {
    return sape_encoder_tensor_info(handle, index, info);
}

static sape_status find(const char *function, const sape_encoder *encoder, const char *name, const float *values,
                        size_t count, size_t *index) {
    return sape_tensor_find(function, encoder, sape_encoder_tensor_count(encoder), info_of, name, values, count, index);
}

const float *sape_encoder_tensor(const sape_encoder *encoder, size_t index, size_t *count) {
    sape_tensor_info info = {.struct_size = sizeof info};
    *count = sape_encoder_tensor_info(encoder, index, &info) == SAPE_OK ? info.count : 0;
    return index == 0 ? encoder->points : encoder->sigma;
}

sape_status sape_encoder_get_tensor(const sape_encoder *encoder, const char *name, float *values, size_t count) {
    SAPE_BEGIN_CALL();
    size_t index;
    SAPE_TRY(find(__func__, encoder, name, values, count, &index));
    memcpy(values, index == 0 ? encoder->points : encoder->sigma, count * sizeof *values);
    return SAPE_OK;
}

static sape_status check_tensor(const char *function, const sape_encoder *encoder, size_t index, const char *name,
                                const float *values, size_t count) {
    SAPE_TRY(sape_check_finite(function, name, values, count));
    for (size_t i = 0; i < count; i++) {
        const double expected = ldexp(M_PI, (int)i);
        if (index == 1 && !(values[i] > 0.0f && values[i] <= 1e9f))
            return sape_fail(SAPE_ERROR_ARGUMENT, function, "sigma[%zu] is %g, must be > 0 and at most 1e9", i,
                             (double)values[i]);
        if (encoder->kind == SAPE_ENCODING_POSITIONAL && fabs((double)values[i] - expected) > 1e-5 * expected)
            return sape_fail(SAPE_ERROR_ARGUMENT, function, "frequencies[%zu] is %g, must be 2^%zu pi", i,
                             (double)values[i], i);
        if (index == 0 && encoder->kind != SAPE_ENCODING_POSITIONAL && fabsf(values[i]) > 1e9f)
            return sape_fail(SAPE_ERROR_ARGUMENT, function, "%s[%zu] is %g, must be within +-1e9", name, i,
                             (double)values[i]);
    }
    return SAPE_OK;
}

sape_status sape_encoder_set_tensor(sape_encoder *encoder, const char *name, const float *values, size_t count) {
    SAPE_BEGIN_CALL();
    size_t index;
    SAPE_TRY(find(__func__, encoder, name, values, count, &index));
    SAPE_TRY(check_tensor(__func__, encoder, index, name, values, count));
    memcpy(index == 0 ? encoder->points : encoder->sigma, values, count * sizeof *values);
    if (encoder->kind == SAPE_ENCODING_FOURIER) split_frequencies(encoder);
    encoder->version++;
    return SAPE_OK;
}
