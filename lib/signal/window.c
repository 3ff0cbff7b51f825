/* SPDX-License-Identifier: MIT */
#include <sape/window.h>

#include "base/call.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/params.h"
#include "signal/moments.h"
#include "signal/window.h"

#define MAX_WINDOW ((size_t)1000000000)

static const sape_window_params defaults = {.struct_size = sizeof(sape_window_params),
                                            .boundary = SAPE_BOUNDARY_REPLICATE,
                                            .dim = 1,
                                            .window = {3, 3, 3},
                                            .channels = 1};

void sape_window_params_init(sape_window_params *params, size_t size) {
    sape_params_init(params, size, &defaults, sizeof defaults);
}

sape_status sape_check_boundary(sape_boundary boundary) {
    if ((unsigned)boundary <= SAPE_BOUNDARY_PERIODIC) return SAPE_OK;
    return sape_fail(SAPE_ERROR_ARGUMENT, "boundary is %d, not a sape_boundary", (int)boundary);
}

sape_status sape_check_shape(size_t dim, const size_t *size, size_t channels, size_t *count) {
    if (dim < 1 || dim > 3) return sape_fail(SAPE_ERROR_ARGUMENT, "dim is %zu, must be 1 to 3", dim);
    if (channels < 1) return sape_fail(SAPE_ERROR_ARGUMENT, "channels is 0, must be at least 1");
    *count = channels;
    for (size_t a = 0; a < dim; a++) {
        if (size[a] < 1) return sape_fail(SAPE_ERROR_ARGUMENT, "size[%zu] is 0, must be at least 1", a);
        if (*count > SIZE_MAX / sizeof(float) / size[a])
            return sape_fail(SAPE_ERROR_MEMORY, "size[%zu] is %zu: too many cells for memory", a, size[a]);
        *count *= size[a];
    }
    return SAPE_OK;
}

static sape_status check_params(const sape_window_params *params, size_t *count) {
    SAPE_TRY(sape_check_boundary(params->boundary));
    SAPE_TRY(sape_check_shape(params->dim, params->size, params->channels, count));
    for (size_t a = 0; a < params->dim; a++)
        SAPE_REQUIRE(params->window[a] >= 1 && params->window[a] <= MAX_WINDOW, "window[%zu] is %zu, must be 1 to %zu",
                     a, params->window[a], MAX_WINDOW);
    return SAPE_OK;
}

sape_status sape_window_statistics(const sape_window_params *params, const float *values, float *mean,
                                   float *variance) {
    SAPE_BEGIN_CALL();
    SAPE_REQUIRE_POINTER(params);
    SAPE_REQUIRE_POINTER(values);
    sape_window_params known = defaults;
    size_t count, size[3], window[3];
    SAPE_TRY(sape_params_read(&known, sizeof known, params));
    SAPE_TRY(check_params(&known, &count));
    SAPE_TRY(sape_check_finite("values", values, count));
    /* The caller's last axis is the fastest, ours the first. */
    for (size_t a = 0; a < known.dim; a++) {
        size[a] = known.size[known.dim - 1 - a];
        window[a] = known.window[known.dim - 1 - a];
    }
    const struct sape_moments_grid grid = {known.dim, size, window, known.boundary, 1.0};
    const size_t cells = count / known.channels, scratch = sape_moments_scratch(&grid);
    struct sape_moments *moments = SAPE_NEW_ARRAY(struct sape_moments, cells + scratch);
    if (moments == NULL) return sape_fail(SAPE_ERROR_MEMORY, "no memory for %zu cells", cells);
    for (size_t c = 0; c < known.channels; c++) {
        for (size_t i = 0; i < cells; i++)
            moments[i] = (struct sape_moments){1.0, (double)values[i * known.channels + c], 0.0};
        sape_moments_slide(&grid, moments, moments + cells);
        for (size_t i = 0; i < cells; i++) {
            if (mean != NULL) mean[i * known.channels + c] = (float)moments[i].mean;
            if (variance != NULL) variance[i * known.channels + c] = (float)sape_moments_variance(moments[i]);
        }
    }
    sape_release(moments);
    return SAPE_OK;
}
