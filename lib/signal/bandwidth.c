/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <sape/bandwidth.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/call.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/params.h"
#include "signal/nearest.h"
#include "signal/neighbours.h"

/* Every fourth sample looks for its neighbour among the others; with few samples, each fourth in turn. */
#define FOLDS 4
#define MAX_QUERIES 4096

/* docs/quality.md says where these are from. */
#define STD_OF_SIGNAL 0.65
#define STD_WITHOUT_TARGETS 0.2
#define LEAST_STD (1.0 / 16.0)
#define MOST_STD 0.5
/* Samples at random places have gaps about twice as wide as a regular grid of as many. */
#define C_MAX_OF_NYQUIST 0.5

/* The samples, their coordinates without those that never change. */
struct samples {
    size_t n, dim, outputs;
    float *x;
    const float *targets;
    double extent[SAPE_NEAREST_MAX_DIM];
};

/* Sums over pairs of neighbours: squared distances of coordinates and of targets. */
struct pairs {
    double dx, dy;
};

static void find_extent(size_t n, size_t d, const float *x, size_t axis, double *extent) {
    float low = x[axis], high = x[axis];
    for (size_t i = 1; i < n; i++) {
        low = fminf(low, x[i * d + axis]);
        high = fmaxf(high, x[i * d + axis]);
    }
    *extent = (double)high - (double)low;
}

static sape_status take_samples(size_t n, size_t d, const float *x, struct samples *samples) {
    size_t axes[SAPE_NEAREST_MAX_DIM];
    for (size_t a = 0; a < d; a++) {
        double extent;
        find_extent(n, d, x, a, &extent);
        if (extent == 0.0) continue;
        axes[samples->dim] = a;
        samples->extent[samples->dim++] = extent;
    }
    if (samples->dim == 0) return sape_fail(SAPE_ERROR_ARGUMENT, "x: all %zu samples are at the same place", n);
    samples->x = SAPE_NEW_ARRAY(float, n * samples->dim);
    if (samples->x == NULL) return sape_fail(SAPE_ERROR_MEMORY, "no memory for %zu samples", n);
    for (size_t i = 0; i < n; i++)
        for (size_t a = 0; a < samples->dim; a++) samples->x[i * samples->dim + a] = x[i * d + axes[a]];
    return SAPE_OK;
}

static double squared_distance(size_t count, const float *a, const float *b) {
    double sum = 0.0;
    for (size_t i = 0; i < count; i++) sum += ((double)a[i] - (double)b[i]) * ((double)a[i] - (double)b[i]);
    return sum;
}

/* Every stride-th sample from the first on, against the nearest of the others, in others (their coordinates). */
static void add_fold(const struct samples *samples, size_t first, size_t stride, struct sape_nearest *tree,
                     float *others, struct pairs *pairs) {
    const size_t dim = samples->dim, o = samples->outputs;
    size_t count = 0, nearest = 0;
    for (size_t i = 0; i < samples->n; i++)
        if (i % stride != first) memcpy(others + dim * count++, samples->x + i * dim, dim * sizeof *others);
    sape_nearest_build(tree, count, others);
    for (size_t i = first; i < samples->n; i += stride) {
        const double dx = sape_nearest_find(tree, samples->x + i * dim, &nearest, NULL);
        /* Where the others' nearest was among all. */
        const size_t run = nearest / (stride - 1), rest = nearest % (stride - 1);
        const size_t neighbour = run * stride + rest + (rest >= first);
        if (dx == 0.0) continue;
        pairs->dx += dx;
        pairs->dy += squared_distance(o, samples->targets + i * o, samples->targets + neighbour * o);
    }
}

static sape_status find_pairs(const struct samples *samples, struct pairs *pairs) {
    const size_t n = samples->n;
    const bool few = n <= FOLDS * MAX_QUERIES;
    const size_t stride = !few ? (n + MAX_QUERIES - 1) / MAX_QUERIES : n < FOLDS ? n : FOLDS;
    struct sape_nearest tree = {.dim = 0};
    float *others = SAPE_NEW_ARRAY(float, n * samples->dim);
    sape_status status = others == NULL ? sape_fail(SAPE_ERROR_MEMORY, "no memory for %zu samples", n)
                                        : sape_nearest_open(&tree, samples->dim, n);
    for (size_t first = 0; status == SAPE_OK && first < (few ? stride : 1); first++)
        add_fold(samples, first, stride, &tree, others, pairs);
    sape_nearest_close(&tree);
    sape_release(others);
    return status;
}

static sape_status find_signal_frequency(const struct samples *samples, double *frequency) {
    struct pairs pairs = {0.0, 0.0};
    *frequency = 0.0;
    if (samples->targets == NULL) return SAPE_OK;
    const double spread = sape_targets_variance(samples->n, samples->outputs, samples->targets);
    if (!(spread > 0.0)) return SAPE_OK;
    SAPE_TRY(find_pairs(samples, &pairs));
    if (pairs.dx > 0.0) *frequency = sqrt((double)samples->dim * pairs.dy / pairs.dx / spread) / (2.0 * M_PI);
    return SAPE_OK;
}

static double clamp(double value, double low, double high) {
    return value < low ? low : value > high ? high : value;
}

static sape_status propose(struct samples *samples, size_t d, const float *x, sape_bandwidth *known) {
    SAPE_TRY(take_samples(samples->n, d, x, samples));
    double volume = 1.0;
    for (size_t a = 0; a < samples->dim; a++) volume *= samples->extent[a];
    known->nyquist = 0.5 * pow((double)samples->n / volume, 1.0 / (double)samples->dim);
    known->c_max = C_MAX_OF_NYQUIST * known->nyquist;
    SAPE_TRY(find_signal_frequency(samples, &known->signal_frequency));
    const double wanted =
        known->signal_frequency > 0.0 ? STD_OF_SIGNAL * known->signal_frequency : STD_WITHOUT_TARGETS * known->nyquist;
    known->std = clamp(wanted, LEAST_STD * known->nyquist, MOST_STD * known->nyquist);
    return SAPE_OK;
}

sape_status sape_bandwidth_propose(size_t n, size_t domain_dim, const float *x, size_t output_dim, const float *targets,
                                   sape_bandwidth *out) {
    SAPE_BEGIN_CALL();
    SAPE_REQUIRE_POINTER(out);
    SAPE_TRY(sape_params_check_output(out));
    SAPE_REQUIRE(n >= 2, "n is %zu, must be at least 2", n);
    SAPE_REQUIRE(domain_dim >= 1 && domain_dim <= SAPE_NEAREST_MAX_DIM, "domain_dim is %zu, must be 1 to 3",
                 domain_dim);
    SAPE_REQUIRE(output_dim >= 1, "output_dim is 0, must be at least 1");
    SAPE_TRY(sape_check_coordinates("x", x, n, domain_dim));
    SAPE_TRY(sape_check_size("n", n, output_dim));
    if (targets != NULL) SAPE_TRY(sape_check_finite("targets", targets, n * output_dim));
    sape_bandwidth known = {.struct_size = sizeof known};
    struct samples samples = {.n = n, .outputs = output_dim, .targets = targets};
    const sape_status status = propose(&samples, domain_dim, x, &known);
    sape_release(samples.x);
    return status == SAPE_OK ? sape_params_write(out, &known, sizeof known) : status;
}
