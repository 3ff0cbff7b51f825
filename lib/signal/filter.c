/* SPDX-License-Identifier: MIT */
#include "signal/filter.h"

#include <math.h>
#include <sape/filter.h>

#include "base/call.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/params.h"
#include "signal/window.h"

#define MAX_DIM 3
#define MAX_SIZE 8192

double sape_filter_weight(sape_filter_shape shape, double width, double excess, double *derivative) {
    if (derivative != NULL) *derivative = 0.0;
    if (excess <= 0.0) return 1.0;
    if (excess >= width) return 0.0;
    const double share = excess / width;
    if (derivative != NULL) *derivative = (shape == SAPE_FILTER_LINEAR ? 1.0 : 0.5 * M_PI * sin(M_PI * share)) / width;
    return shape == SAPE_FILTER_LINEAR ? 1.0 - share : 0.5 + 0.5 * cos(M_PI * share);
}

static const sape_filter_params defaults = {.struct_size = sizeof(sape_filter_params),
                                            .boundary = SAPE_BOUNDARY_REFLECT,
                                            .shape = SAPE_FILTER_LINEAR,
                                            .dim = 1,
                                            .channels = 1};

void sape_filter_params_init(sape_filter_params *params, size_t size) {
    sape_params_init(params, size, &defaults, sizeof defaults);
}

/* An axis: its cells and its waves, which are orthonormal over the extended signal, from low to high frequency. */
struct axis {
    size_t size, waves, before;
    double *frequency;
    /* (waves, size) inside the signal; (waves, size) sums over what the boundary makes of each cell. */
    double *synthesis, *analysis;
};

/* Wave k at cell i of the extended signal. */
static double wave_at(const struct axis *axis, bool periodic, size_t k, size_t i) {
    const double n = (double)axis->waves, norm = sqrt((k == 0 ? 1.0 : 2.0) / n);
    if (!periodic) return norm * cos(M_PI * (double)k * ((double)i + 0.5) / n);
    const size_t turns = (k + 1) / 2;
    /* The highest wave of an even number of cells has no sine. */
    if (2 * turns == axis->waves) return (i % 2 == 0 ? 1.0 : -1.0) / sqrt(n);
    const double phase = 2.0 * M_PI * (double)(turns * i % axis->waves) / n;
    return norm * (k % 2 == 0 ? cos(phase) : sin(phase));
}

static bool axis_open(struct axis *axis, size_t size, sape_boundary boundary) {
    const bool periodic = boundary == SAPE_BOUNDARY_PERIODIC;
    const bool extended = boundary == SAPE_BOUNDARY_REPLICATE || boundary == SAPE_BOUNDARY_ZERO;
    axis->size = size;
    axis->before = extended ? size / 2 : 0;
    axis->waves = size + 2 * axis->before;
    axis->frequency = SAPE_NEW_ARRAY(double, axis->waves);
    axis->synthesis = SAPE_NEW_ARRAY(double, axis->waves *size);
    axis->analysis = SAPE_NEW_ARRAY(double, axis->waves *size);
    if (!axis->frequency || !axis->synthesis || !axis->analysis) return false;
    for (size_t k = 0; k < axis->waves; k++) {
        axis->frequency[k] = periodic ? (double)((k + 1) / 2) : (double)k / 2.0 * (double)size / (double)axis->waves;
        for (size_t i = 0; i < axis->waves; i++) {
            const double value = wave_at(axis, periodic, k, i);
            const bool inside = i >= axis->before && i < axis->before + size;
            const size_t cell = i < axis->before ? 0 : inside ? i - axis->before : size - 1;
            if (inside) axis->synthesis[k * size + cell] = value;
            if (inside || boundary == SAPE_BOUNDARY_REPLICATE) axis->analysis[k * size + cell] += value;
        }
    }
    return true;
}

/* All of one call. */
struct work {
    const sape_filter_params *params;
    struct axis axes[MAX_DIM];
    /* The spectrum of one channel, (waves, waves, waves), and room for it while it grows axis by axis. */
    double *spectrum, *scratch;
};

static void work_close(struct work *work) {
    for (size_t a = 0; a < MAX_DIM; a++) {
        sape_release(work->axes[a].frequency);
        sape_release(work->axes[a].synthesis);
        sape_release(work->axes[a].analysis);
    }
    sape_release(work->spectrum);
    sape_release(work->scratch);
}

/* Axes that a signal does not have come first and have one cell. */
static sape_status work_open(struct work *work) {
    size_t waves = 1;
    bool complete = true;
    for (size_t a = 0; a < MAX_DIM; a++) {
        const size_t missing = MAX_DIM - work->params->dim;
        complete = complete && axis_open(&work->axes[a], a < missing ? 1 : work->params->size[a - missing],
                                         a < missing ? SAPE_BOUNDARY_REFLECT : work->params->boundary);
        waves = complete && waves <= SIZE_MAX / work->axes[a].waves ? waves * work->axes[a].waves : SIZE_MAX;
    }
    if (complete) {
        work->spectrum = SAPE_NEW_ARRAY(double, waves);
        work->scratch = SAPE_NEW_ARRAY(double, waves);
    }
    if (work->spectrum != NULL && work->scratch != NULL) return SAPE_OK;
    return sape_fail(SAPE_ERROR_MEMORY, "no memory for the spectrum");
}

/* The cells along one axis become waves: (outer, size, inner) to (outer, waves, inner). */
static void analyse_axis(const struct axis *axis, size_t outer, size_t inner, const double *in, double *out) {
    for (size_t o = 0; o < outer; o++) {
        for (size_t k = 0; k < axis->waves; k++) {
            double *row = out + (o * axis->waves + k) * inner;
            for (size_t r = 0; r < inner; r++) row[r] = 0.0;
            for (size_t i = 0; i < axis->size; i++) {
                const double factor = axis->analysis[k * axis->size + i];
                const double *cell = in + (o * axis->size + i) * inner;
                for (size_t r = 0; r < inner; r++) row[r] += factor * cell[r];
            }
        }
    }
}

static void analyse(struct work *work, const float *values, size_t channels) {
    const struct axis *axes = work->axes;
    const size_t cells = axes[0].size * axes[1].size * axes[2].size;
    for (size_t i = 0; i < cells; i++) work->spectrum[i] = (double)values[i * channels];
    analyse_axis(&axes[0], 1, axes[1].size * axes[2].size, work->spectrum, work->scratch);
    analyse_axis(&axes[1], axes[0].waves, axes[2].size, work->scratch, work->spectrum);
    analyse_axis(&axes[2], axes[0].waves * axes[1].waves, 1, work->spectrum, work->scratch);
}

/* The waves of the last axis, those of the other two having a frequency whose square is given, at a cell. */
static double sum_row(const struct work *work, const double *spectrum, double square, double cutoff, size_t cell) {
    const struct axis *axis = &work->axes[MAX_DIM - 1];
    double sum = 0.0;
    for (size_t k = 0; k < axis->waves; k++) {
        const double frequency = sqrt(square + axis->frequency[k] * axis->frequency[k]);
        const double weight = sape_filter_weight(work->params->shape, work->params->width, frequency - cutoff, NULL);
        if (weight == 0.0) break;
        sum += weight * spectrum[k] * axis->synthesis[k * axis->size + cell];
    }
    return sum;
}

/* The sum of the waves at a cell; the frequencies of every axis ascend, so that those beyond the filter end its loop.
 */
static double synthesise(const struct work *work, const size_t *cell, double cutoff) {
    const struct axis *x = &work->axes[0], *y = &work->axes[1], *z = &work->axes[2];
    const double end = cutoff + work->params->width;
    double sum = 0.0;
    for (size_t i = 0; i < x->waves && x->frequency[i] <= end; i++) {
        double plane = 0.0;
        for (size_t j = 0; j < y->waves && y->frequency[j] <= end; j++) {
            const double square = x->frequency[i] * x->frequency[i] + y->frequency[j] * y->frequency[j];
            plane += y->synthesis[j * y->size + cell[1]] *
                     sum_row(work, work->scratch + (i * y->waves + j) * z->waves, square, cutoff, cell[2]);
        }
        sum += plane * x->synthesis[i * x->size + cell[0]];
    }
    return sum;
}

static sape_status check(const sape_filter_params *params, const float *values, const float *cutoff) {
    size_t count;
    SAPE_TRY(sape_check_boundary(params->boundary));
    SAPE_TRY(sape_check_shape(params->dim, params->size, params->channels, &count));
    for (size_t a = 0; a < params->dim; a++)
        SAPE_REQUIRE(params->size[a] <= MAX_SIZE, "size[%zu] is %zu, must be at most %d", a, params->size[a], MAX_SIZE);
    SAPE_REQUIRE((unsigned)params->shape <= SAPE_FILTER_COSINE, "shape is %d, not a sape_filter_shape",
                 (int)params->shape);
    SAPE_REQUIRE(params->width >= 0.0 && !isinf(params->width), "width is %g, must be finite and >= 0", params->width);
    SAPE_TRY(sape_check_finite("values", values, count));
    for (size_t i = 0; i < count / params->channels; i++) {
        if (isnan(cutoff[i])) return sape_fail(SAPE_ERROR_NOT_FINITE, "cutoff[%zu] is nan", i);
        SAPE_REQUIRE(cutoff[i] >= 0.0f, "cutoff[%zu] is %g, must be >= 0", i, (double)cutoff[i]);
    }
    return SAPE_OK;
}

sape_status sape_filter_apply(const sape_filter_params *params, const float *values, const float *cutoff,
                              float *filtered) {
    SAPE_BEGIN_CALL();
    SAPE_REQUIRE_POINTER(params);
    SAPE_REQUIRE_POINTER(values);
    SAPE_REQUIRE_POINTER(cutoff);
    SAPE_REQUIRE_POINTER(filtered);
    sape_filter_params known = defaults;
    SAPE_TRY(sape_params_read(&known, sizeof known, params));
    SAPE_TRY(check(&known, values, cutoff));
    struct work work = {.params = &known};
    const sape_status status = work_open(&work);
    for (size_t c = 0; c < known.channels && status == SAPE_OK; c++) {
        const struct axis *axes = work.axes;
        analyse(&work, values + c, known.channels);
        for (size_t i = 0; i < axes[0].size * axes[1].size * axes[2].size; i++) {
            const size_t rest = i / axes[2].size;
            const size_t cell[] = {rest / axes[1].size, rest % axes[1].size, i % axes[2].size};
            filtered[i * known.channels + c] = (float)synthesise(&work, cell, (double)cutoff[i]);
        }
    }
    work_close(&work);
    return status;
}
