/* SPDX-License-Identifier: MIT */
#include "encoder/encoder.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "base/call.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/panels.h"
#include "base/params.h"
#include "encoder/encoding.h"

/* Samples that the public calls take at a time. */
#define PANEL 64

static const struct sape_encoding_ops *const encodings[] = {
    [SAPE_ENCODING_IDENTITY] = &sape_identity_encoding,         [SAPE_ENCODING_FOURIER] = &sape_fourier_encoding,
    [SAPE_ENCODING_POSITIONAL] = &sape_positional_encoding,     [SAPE_ENCODING_RBF] = &sape_rbf_encoding,
    [SAPE_ENCODING_PERIODIC_RBF] = &sape_periodic_rbf_encoding, [SAPE_ENCODING_GRID] = &sape_grid_encoding};

#define NUM_ENCODINGS (sizeof encodings / sizeof *encodings)
_Static_assert(NUM_ENCODINGS == SAPE_NUM_ENCODINGS, "the kernels' tables have a place for every encoding");

const char *sape_encoding_entry(unsigned kind) {
    return kind < NUM_ENCODINGS ? encodings[kind]->name : NULL;
}

const char *sape_encoding_name(sape_encoding encoding) {
    return sape_encoding_entry((unsigned)encoding);
}

SAPE_DEFINE_NAMES(draw_name, "random", "stratified")

const char *sape_draw_name(sape_draw draw) {
    return draw_name((unsigned)draw);
}

SAPE_DEFINE_NAMES(interpolation_name, "linear", "smooth")

const char *sape_interpolation_entry(unsigned interpolation) {
    return interpolation_name(interpolation);
}

const char *sape_interpolation_name(sape_interpolation interpolation) {
    return interpolation_name((unsigned)interpolation);
}

static const sape_encoder_params defaults = {.struct_size = sizeof(sape_encoder_params),
                                             .kind = SAPE_ENCODING_FOURIER,
                                             .include_identity = 0,
                                             .domain_dim = 2,
                                             .num_frequencies = 256,
                                             .std = 20.0,
                                             .seed = 0,
                                             .instructions = SAPE_INSTRUCTIONS_AUTO,
                                             .num_levels = 12,
                                             .features_per_level = 2,
                                             .base_resolution = 8,
                                             .growth = 1.37,
                                             .finest_resolution = 0,
                                             .log2_table_size = 17,
                                             .interpolation = SAPE_INTERPOLATION_LINEAR};

void sape_encoder_params_init(sape_encoder_params *params, size_t size) {
    sape_params_init(params, size, &defaults, sizeof defaults);
}

static sape_status check_params(const sape_encoder_params *params) {
    SAPE_REQUIRE((unsigned)params->kind < NUM_ENCODINGS, "kind is %d, not a sape_encoding", (int)params->kind);
    SAPE_TRY(sape_encoder_check_dim(params));
    const struct sape_encoding_ops *ops = encodings[params->kind];
    SAPE_REQUIRE(ops->max_frequencies == 0 ||
                     (params->num_frequencies >= 1 && params->num_frequencies <= ops->max_frequencies),
                 "num_frequencies is %zu, must be 1 to %zu", params->num_frequencies, ops->max_frequencies);
    SAPE_REQUIRE(!ops->has_std || (params->std >= 1e-6 && params->std <= 1e6), "std is %g, must be 1e-6 to 1e6",
                 params->std);
    SAPE_REQUIRE(params->draw == SAPE_DRAW_RANDOM || params->draw == SAPE_DRAW_STRATIFIED,
                 "draw is %d, not a sape_draw", (int)params->draw);
    return ops->check == NULL ? SAPE_OK : ops->check(params);
}

/* Dimensions, and the basis that the kernels read. */
static void lay_out(sape_encoder *encoder, const sape_encoder_params *params) {
    const size_t d = params->domain_dim;
    const bool identity = params->include_identity != 0 || params->kind == SAPE_ENCODING_IDENTITY;
    encoder->kind = params->kind;
    encoder->ops = encodings[params->kind];
    encoder->domain_dim = d;
    encoder->num_frequencies = params->num_frequencies;
    encoder->params = *params;
    encoder->identity = identity ? d : 0;
    encoder->layout = encoder->ops->lay_out(params);
    encoder->basis = (struct sape_basis){.domain_dim = d, .count = encoder->layout.count};
    encoder->encoding_dim = encoder->identity + encoder->layout.group * encoder->layout.count;
}

static bool allocate(sape_encoder *encoder) {
    encoder->tensors.points = SAPE_NEW_ARRAY(float, sape_points_count(&encoder->layout));
    encoder->tensors.sigma = SAPE_NEW_ARRAY(float, encoder->layout.sigma);
    encoder->basis.points = encoder->tensors.points;
    encoder->basis.scales = encoder->tensors.sigma;
    if (encoder->tensors.points == NULL || encoder->tensors.sigma == NULL) return false;
    return encoder->ops->allocate == NULL || encoder->ops->allocate(encoder);
}

static void prepare(sape_encoder *encoder) {
    if (encoder->ops->prepare != NULL) encoder->ops->prepare(encoder);
}

static void draw(sape_encoder *encoder, double std, uint64_t seed) {
    struct sape_random random;
    sape_random_init(&random, seed, SAPE_STREAM_ENCODER);
    if (encoder->ops->draw != NULL) encoder->ops->draw(encoder, &random, std);
    prepare(encoder);
}

sape_status sape_encoder_create(const sape_encoder_params *params, sape_encoder **out) {
    SAPE_BEGIN_CALL();
    SAPE_REQUIRE_POINTER(out);
    *out = NULL;
    sape_encoder_params known = defaults;
    if (params != NULL) SAPE_TRY(sape_params_read(&known, sizeof known, params));
    SAPE_TRY(check_params(&known));
    const struct sape_kernels *kernels;
    SAPE_TRY(sape_kernels_choose(known.instructions, &kernels));
    sape_encoder *encoder = SAPE_NEW(sape_encoder);
    if (encoder == NULL) return sape_fail(SAPE_ERROR_MEMORY, "no memory for an encoder");
    lay_out(encoder, &known);
    encoder->kernels = kernels;
    if (!allocate(encoder)) {
        sape_encoder_free(encoder);
        return sape_fail(SAPE_ERROR_MEMORY, "no memory for the encoder's tensors");
    }
    draw(encoder, known.std, known.seed);
    *out = encoder;
    return SAPE_OK;
}

void sape_encoder_free(sape_encoder *encoder) {
    if (encoder == NULL) return;
    sape_release(encoder->tensors.points);
    sape_release(encoder->tensors.sigma);
    sape_release(encoder->tensors.tables);
    sape_release(encoder->grids);
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

void sape_encoder_list_frequencies(const sape_encoder *encoder, double *frequencies) {
    double highest = 0.0;
    for (size_t j = 0; j < encoder->identity; j++) *frequencies++ = 0.0;
    for (size_t group = 0; group < encoder->basis.count; group++) {
        highest = fmax(highest, encoder->ops->frequency(encoder, group));
        for (size_t j = 0; j < encoder->layout.group; j++) *frequencies++ = highest;
    }
}

sape_status sape_encoder_frequencies(const sape_encoder *encoder, double *frequencies, size_t count) {
    SAPE_BEGIN_CALL();
    SAPE_REQUIRE_POINTER(encoder);
    SAPE_REQUIRE_POINTER(frequencies);
    if (count != encoder->encoding_dim)
        return sape_fail(SAPE_ERROR_SHAPE, "count is %zu, the encoder has %zu features", count, encoder->encoding_dim);
    sape_encoder_list_frequencies(encoder, frequencies);
    return SAPE_OK;
}

void sape_encoder_describe(const sape_encoder *encoder, sape_encoder_params *params) {
    *params = encoder->params;
    params->include_identity = encoder->identity > 0;
    params->std = defaults.std;
    params->seed = defaults.seed;
    params->instructions = defaults.instructions;
    params->draw = defaults.draw;
}

sape_status sape_encoder_get_params(const sape_encoder *encoder, sape_encoder_params *params) {
    SAPE_BEGIN_CALL();
    SAPE_REQUIRE_POINTER(encoder);
    SAPE_REQUIRE_POINTER(params);
    sape_encoder_params known = encoder->params;
    known.include_identity = encoder->identity > 0;
    return sape_params_write(params, &known, sizeof known);
}

uint64_t sape_encoder_version(const sape_encoder *encoder) {
    return encoder->version;
}

/* Groups that hold the first `active` features. */
static size_t groups_for(const sape_encoder *encoder, size_t active) {
    if (active <= encoder->identity) return 0;
    return (active - encoder->identity + encoder->layout.group - 1) / encoder->layout.group;
}

size_t sape_encoder_group_end(const sape_encoder *encoder, size_t active) {
    return encoder->identity + groups_for(encoder, active) * encoder->layout.group;
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

void sape_encoder_panel_tangent(const sape_encoder *encoder, size_t active, size_t width, const float *x, size_t axis,
                                const float *features, float *tangents) {
    for (size_t i = 0; i < encoder->identity * width; i++) tangents[i] = i / width == axis ? 1.0f : 0.0f;
    const size_t groups = groups_for(encoder, active);
    for (size_t g = 0; g < groups; g++) {
        const size_t at = (encoder->identity + g * encoder->layout.group) * width;
        encoder->ops->tangent(encoder, g, width, x, axis, features + at, tangents + at);
    }
}

/* The panel for the samples from `first` on. */
static struct sape_tile panel_at(size_t first, size_t n) {
    return (struct sape_tile){n - first < PANEL ? n - first : PANEL, PANEL, 1};
}

static sape_status check_call(const sape_encoder *encoder, size_t n, const float *x, const float *features,
                              const char *name) {
    if (encoder == NULL) return sape_fail(SAPE_ERROR_ARGUMENT, "encoder is NULL");
    SAPE_TRY(sape_check_coordinates("x", x, n, encoder->domain_dim));
    if (n > 0 && features == NULL) return sape_fail(SAPE_ERROR_ARGUMENT, "%s is NULL", name);
    return SAPE_OK;
}

sape_status sape_encoder_encode(const sape_encoder *encoder, size_t n, const float *x, float *features) {
    SAPE_BEGIN_CALL();
    SAPE_TRY(check_call(encoder, n, x, features, "features"));
    const size_t d = encoder->domain_dim, dim = encoder->encoding_dim;
    float *memory = SAPE_NEW_ARRAY(float, (d + dim) * PANEL);
    if (memory == NULL) return sape_fail(SAPE_ERROR_MEMORY, "no memory for a panel of samples");
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
    SAPE_TRY(check_call(encoder, n, x, d_features, "d_features"));
    SAPE_REQUIRE(n == 0 || d_x != NULL, "d_x is NULL");
    const size_t d = encoder->domain_dim, dim = encoder->encoding_dim;
    float *memory = SAPE_NEW_ARRAY(float, (2 * d + dim) * PANEL);
    if (memory == NULL) return sape_fail(SAPE_ERROR_MEMORY, "no memory for a panel of samples");
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

void sape_encoder_changed(sape_encoder *encoder) {
    prepare(encoder);
    encoder->version++;
}
