/* SPDX-License-Identifier: MIT */
#include "field/normalization.h"

#include <math.h>
#include <sape/field.h>
#include <string.h>

#include "base/call.h"
#include "base/error.h"
#include "base/memory.h"
#include "field/field.h"

static const char center_name[] = "sape.normalization.center", scale_name[] = "sape.normalization.scale",
                  mean_name[] = "sape.normalization.target_mean", deviation_name[] = "sape.normalization.target_scale";

sape_status sape_normalization_open(size_t d, size_t o, struct sape_normalization *normalization) {
    double *values = SAPE_NEW_ARRAY(double, 2 * d + 2 * o);
    *normalization = (struct sape_normalization){.d = d, .o = o, .center = values};
    if (values == NULL) return sape_fail(SAPE_ERROR_MEMORY, "no memory for the scales of %zu outputs", o);
    normalization->scale = values + d;
    normalization->mean = values + 2 * d;
    normalization->deviation = values + 2 * d + o;
    for (size_t a = 0; a < d; a++) normalization->scale[a] = 1.0;
    for (size_t k = 0; k < o; k++) normalization->deviation[k] = 1.0;
    return SAPE_OK;
}

void sape_normalization_close(struct sape_normalization *normalization) {
    sape_release(normalization->center);
}

void sape_normalize_coordinates(const struct sape_normalization *normalization, size_t n, const float *x, float *u) {
    const size_t d = normalization->d;
    for (size_t i = 0; i < n; i++)
        for (size_t a = 0; a < d; a++) u[i * d + a] = sape_normalize(normalization, a, x[i * d + a]);
}

sape_status sape_normalize_targets(const struct sape_normalization *normalization, size_t n, const float *y, float *v) {
    const size_t o = normalization->o;
    for (size_t i = 0; i < n * o; i++) {
        v[i] = (float)(((double)y[i] - normalization->mean[i % o]) / normalization->deviation[i % o]);
        SAPE_REQUIRE(isfinite(v[i]), "targets[%zu] is %g, too far from target_mean", i, (double)y[i]);
    }
    return SAPE_OK;
}

void sape_denormalize_outputs(const struct sape_normalization *normalization, size_t n, float *outputs) {
    const size_t o = normalization->o;
    if (!normalization->outputs) return;
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < o; k++)
            outputs[i * o + k] =
                (float)(normalization->mean[k] + normalization->deviation[k] * (double)outputs[i * o + k]);
}

void sape_normalize_d_outputs(const struct sape_normalization *normalization, size_t n, float *d_outputs) {
    const size_t o = normalization->o;
    if (!normalization->outputs) return;
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < o; k++)
            d_outputs[i * o + k] = (float)(normalization->deviation[k] * (double)d_outputs[i * o + k]);
}

void sape_normalize_d_x(const struct sape_normalization *normalization, size_t n, float *d_x) {
    const size_t d = normalization->d;
    if (!normalization->coordinates) return;
    for (size_t i = 0; i < n; i++)
        for (size_t a = 0; a < d; a++) d_x[i * d + a] = (float)((double)d_x[i * d + a] / normalization->scale[a]);
}

void sape_normalize_jacobian(const struct sape_normalization *normalization, size_t n, float *jacobian) {
    const size_t d = normalization->d, o = normalization->o;
    if (!normalization->coordinates && !normalization->outputs) return;
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < o; k++)
            for (size_t a = 0; a < d; a++) {
                float *value = jacobian + (i * o + k) * d + a;
                *value = (float)((double)*value * normalization->deviation[k] / normalization->scale[a]);
            }
}

sape_status sape_normalization_check(const struct sape_normalization *normalization, const char *name, const float *x,
                                     size_t n) {
    const size_t d = normalization->d;
    if (!normalization->coordinates) return sape_check_coordinates(name, x, n, d);
    if (n == 0) return SAPE_OK;
    if (x == NULL) return sape_fail(SAPE_ERROR_ARGUMENT, "%s is NULL", name);
    SAPE_TRY(sape_check_size("n", n, d));
    SAPE_TRY(sape_check_finite(name, x, n * d));
    for (size_t i = 0; i < n * d; i++)
        SAPE_REQUIRE(fabsf(sape_normalize(normalization, i % d, x[i])) <= SAPE_MAX_COORDINATE,
                     "%s[%zu] is %g, too far from the center", name, i, (double)x[i]);
    return SAPE_OK;
}

void sape_normalization_list_state(struct sape_normalization *normalization, struct sape_state *state) {
    const size_t d = normalization->d, o = normalization->o;
    const struct sape_rows coordinates[] = {
        SAPE_ROWS(center_name, &sape_real_rows, SAPE_SETTING, &normalization->center, d),
        SAPE_ROWS(scale_name, &sape_real_rows, SAPE_SETTING, &normalization->scale, d)};
    const struct sape_rows outputs[] = {
        SAPE_ROWS(mean_name, &sape_real_rows, SAPE_SETTING, &normalization->mean, o),
        SAPE_ROWS(deviation_name, &sape_real_rows, SAPE_SETTING, &normalization->deviation, o)};
    if (normalization->coordinates) sape_state_add_rows(state, 2, coordinates);
    if (normalization->outputs) sape_state_add_rows(state, 2, outputs);
}

static sape_status check_values(const char *name, const double *values, size_t count, bool positive) {
    for (size_t i = 0; i < count; i++)
        SAPE_REQUIRE(isfinite(values[i]) && (!positive || values[i] > 0.0), "%s[%zu] is %g, must be finite%s", name, i,
                     values[i], positive ? " and greater than 0" : "");
    return SAPE_OK;
}

static sape_status check(const struct sape_normalization *normalization) {
    SAPE_TRY(check_values("center", normalization->center, normalization->d, false));
    SAPE_TRY(check_values("scale", normalization->scale, normalization->d, true));
    SAPE_TRY(check_values("target_mean", normalization->mean, normalization->o, false));
    return check_values("target_scale", normalization->deviation, normalization->o, true);
}

static bool is_there(const sape_safetensors *file, const char *name) {
    for (size_t i = 0; i < sape_safetensors_count(file); i++) {
        sape_tensor_info info = {.struct_size = sizeof info};
        if (sape_safetensors_info(file, i, &info) == SAPE_OK && strcmp(info.name, name) == 0) return true;
    }
    return false;
}

sape_status sape_normalization_read(const sape_safetensors *file, struct sape_normalization *normalization) {
    struct sape_state state = {.num_entries = 0};
    normalization->coordinates = is_there(file, center_name);
    normalization->outputs = is_there(file, mean_name);
    sape_normalization_list_state(normalization, &state);
    SAPE_TRY(sape_state_read_rows(&state, file));
    return check(normalization) == SAPE_OK ? SAPE_OK
                                           : sape_fail(SAPE_ERROR_FORMAT, "the checkpoint's scales make no sense");
}

void sape_normalization_copy(const struct sape_normalization *from, struct sape_normalization *to) {
    to->coordinates = from->coordinates;
    to->outputs = from->outputs;
    memcpy(to->center, from->center, 2 * (from->d + from->o) * sizeof *to->center);
}

bool sape_normalization_same(const struct sape_normalization *a, const struct sape_normalization *b) {
    return a->coordinates == b->coordinates && a->outputs == b->outputs &&
           memcmp(a->center, b->center, (2 * a->d + 2 * a->o) * sizeof(double)) == 0;
}

/* While a trainer has samples in the field's units, these stay. */
static sape_status check_free(const sape_field *field) {
    if (atomic_load(&field->trainer) == NULL) return SAPE_OK;
    return sape_fail(SAPE_ERROR_STATE, "the field has a trainer: set the normalization before creating one");
}

static void fill(double *to, size_t count, const double *from, double other) {
    for (size_t i = 0; i < count; i++) to[i] = from == NULL ? other : from[i];
}

/* Whether a value is not the one that changes nothing. */
static bool changes(const double *values, size_t count, double nothing) {
    for (size_t i = 0; i < count; i++)
        if (values[i] != nothing) return true;
    return false;
}

sape_status sape_field_set_normalization(sape_field *field, const double *center, const double *scale,
                                         const double *target_mean, const double *target_scale) {
    SAPE_BEGIN_CALL();
    SAPE_REQUIRE_POINTER(field);
    SAPE_TRY(check_free(field));
    struct sape_normalization *own = &field->normalization, next;
    sape_status status = sape_normalization_open(own->d, own->o, &next);
    if (status == SAPE_OK) {
        fill(next.center, next.d, center, 0.0);
        fill(next.scale, next.d, scale, 1.0);
        fill(next.mean, next.o, target_mean, 0.0);
        fill(next.deviation, next.o, target_scale, 1.0);
        next.coordinates = changes(next.center, next.d, 0.0) || changes(next.scale, next.d, 1.0);
        next.outputs = changes(next.mean, next.o, 0.0) || changes(next.deviation, next.o, 1.0);
        status = check(&next);
    }
    if (status == SAPE_OK) sape_normalization_copy(&next, own);
    sape_normalization_close(&next);
    return status;
}

sape_status sape_field_get_normalization(const sape_field *field, double *center, double *scale, double *target_mean,
                                         double *target_scale) {
    SAPE_BEGIN_CALL();
    SAPE_REQUIRE_POINTER(field);
    const struct sape_normalization *own = &field->normalization;
    if (center != NULL) memcpy(center, own->center, own->d * sizeof *center);
    if (scale != NULL) memcpy(scale, own->scale, own->d * sizeof *scale);
    if (target_mean != NULL) memcpy(target_mean, own->mean, own->o * sizeof *target_mean);
    if (target_scale != NULL) memcpy(target_scale, own->deviation, own->o * sizeof *target_scale);
    return SAPE_OK;
}

/* The middle of a column's values, and half their extent; 1 where they are all the same. */
static void find_box(size_t n, size_t stride, const float *x, double *center, double *scale) {
    double low = (double)x[0], high = (double)x[0];
    for (size_t i = 0; i < n; i++) {
        low = fmin(low, (double)x[i * stride]);
        high = fmax(high, (double)x[i * stride]);
    }
    *center = 0.5 * (low + high);
    *scale = high > low ? 0.5 * (high - low) : 1.0;
}

/* A column's mean and standard deviation; 1 where they are all the same. */
static void find_moments(size_t n, size_t stride, const float *y, double *mean, double *deviation) {
    double sum = 0.0, squares = 0.0;
    for (size_t i = 0; i < n; i++) sum += (double)y[i * stride];
    *mean = sum / (double)n;
    for (size_t i = 0; i < n; i++) squares += ((double)y[i * stride] - *mean) * ((double)y[i * stride] - *mean);
    *deviation = squares > 0.0 ? sqrt(squares / (double)n) : 1.0;
}

sape_status sape_field_fit_normalization(sape_field *field, size_t n, const float *x, const float *targets) {
    SAPE_BEGIN_CALL();
    SAPE_REQUIRE_POINTER(field);
    SAPE_REQUIRE(n >= 1, "n is 0, must be at least 1");
    SAPE_REQUIRE_POINTER(x);
    const size_t d = field->normalization.d, o = field->normalization.o;
    SAPE_TRY(sape_check_size("n", n, d > o ? d : o));
    SAPE_TRY(sape_check_finite("x", x, n * d));
    if (targets != NULL) SAPE_TRY(sape_check_finite("targets", targets, n * o));
    struct sape_normalization found;
    sape_status status = sape_normalization_open(d, o, &found);
    for (size_t a = 0; status == SAPE_OK && a < d; a++) find_box(n, d, x + a, &found.center[a], &found.scale[a]);
    for (size_t k = 0; status == SAPE_OK && targets != NULL && k < o; k++)
        find_moments(n, o, targets + k, &found.mean[k], &found.deviation[k]);
    if (status == SAPE_OK)
        status = sape_field_set_normalization(field, found.center, found.scale, found.mean, found.deviation);
    sape_normalization_close(&found);
    return status;
}
