/* SPDX-License-Identifier: MIT */
/* The mask's state as named tensors, and its weights as dense arrays. */
#include <math.h>
#include <string.h>

#include "base/call.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/panels.h"
#include "base/tensor.h"
#include "mask/policy.h"

/* Samples that are read at a time. */
#define PANEL 64

static const char *const names[] = {[SAPE_MASK_STASHED] = "mask_stashed",
                                    [SAPE_IN_PROGRESS] = "in_progress",
                                    [SAPE_LOG_BUFFER] = "log_buffer",
                                    [SAPE_LOG_COUNTER] = "log_counter",
                                    [SAPE_SIGMA] = "sigma"};

size_t sape_mask_tensor_count(const sape_mask *mask) {
    return mask == NULL ? 0 : mask->ops->num_tensors;
}

sape_status sape_mask_tensor_info(const sape_mask *mask, size_t index, sape_tensor_info *info) {
    SAPE_BEGIN_CALL();
    SAPE_REQUIRE_POINTER(mask);
    SAPE_TRY(sape_tensor_check_index(index, sape_mask_tensor_count(mask), info));
    const size_t shape[] = {mask->grid.cells};
    index += mask->ops->first_tensor;
    const sape_dtype dtype = index == SAPE_IN_PROGRESS ? SAPE_DTYPE_U8 : SAPE_DTYPE_F32;
    return sape_tensor_describe(info, names[index], dtype, 1, shape);
}

static sape_status info_of(const void *handle, size_t index, sape_tensor_info *info) {
    return sape_mask_tensor_info(handle, index, info);
}

static sape_status find(const sape_mask *mask, const char *name, const float *values, size_t count, size_t *index) {
    SAPE_TRY(sape_tensor_find(mask, sape_mask_tensor_count(mask), info_of, name, values, count, index));
    *index += mask->ops->first_tensor;
    return SAPE_OK;
}

float sape_mask_row_sum(const struct sape_mask *mask, size_t row) {
    const float level = (float)mask->level[row];
    return mask->ramp == NULL ? level : level + mask->ramp[row] * (float)(mask->end[row] - mask->level[row]);
}

sape_status sape_mask_get_tensor(const sape_mask *mask, const char *name, float *values, size_t count) {
    SAPE_BEGIN_CALL();
    size_t index;
    SAPE_TRY(find(mask, name, values, count, &index));
    for (size_t i = 0; i < count; i++) {
        switch ((enum sape_mask_tensor)index) {
        case SAPE_MASK_STASHED:
            values[i] = sape_mask_row_sum(mask, i);
            break;
        case SAPE_IN_PROGRESS:
            values[i] = (float)mask->in_progress[i];
            break;
        case SAPE_LOG_BUFFER:
            values[i] = mask->log[i];
            break;
        case SAPE_LOG_COUNTER:
            values[i] = mask->counter[i];
            break;
        case SAPE_SIGMA:
            values[i] = mask->cutoff->sigma[i];
            break;
        }
    }
    return SAPE_OK;
}

static sape_status check_values(const struct sape_mask *mask, size_t index, const float *values, size_t count) {
    const bool whole = index == SAPE_MASK_STASHED && mask->ramp == NULL;
    SAPE_TRY(sape_check_finite(names[index], values, count));
    for (size_t i = 0; i < count; i++) {
        const double value = (double)values[i];
        SAPE_REQUIRE(index != SAPE_IN_PROGRESS || value == 0.0 || value == 1.0, "%s[%zu] is %g, must be 0 or 1",
                     names[index], i, value);
        SAPE_REQUIRE((value >= 0.0 || index == SAPE_LOG_BUFFER) && (index != SAPE_SIGMA || value <= 1.0) &&
                         (index != SAPE_MASK_STASHED || value <= (double)mask->encoding_dim),
                     "%s[%zu] is %g, which is out of range", names[index], i, value);
        SAPE_REQUIRE(!whole || value == floor(value), "%s[%zu] is %g, must be a whole number", names[index], i, value);
    }
    return SAPE_OK;
}

/* The schedule goes on behind the furthest feature that any row has. */
sape_status sape_mask_set_row_sums(struct sape_mask *mask, const float *sums) {
    const size_t cells = mask->grid.cells;
    size_t furthest = sape_mask_first(mask);
    SAPE_TRY(check_values(mask, SAPE_MASK_STASHED, sums, cells));
    for (size_t i = 0; i < cells; i++) {
        const float whole = floorf(sums[i]);
        mask->level[i] = (uint16_t)whole;
        if (mask->level[i] > furthest) furthest = mask->level[i];
        if (mask->ramp == NULL) continue;
        mask->ramp[i] = sums[i] - whole;
        mask->end[i] = (uint16_t)(mask->level[i] + (mask->ramp[i] > 0.0f));
    }
    mask->current = furthest;
    mask->next = mask->encoding_dim - furthest < 2 * mask->block ? mask->encoding_dim : furthest + mask->block;
    return SAPE_OK;
}

sape_status sape_mask_set_tensor(sape_mask *mask, const char *name, const float *values, size_t count) {
    SAPE_BEGIN_CALL();
    size_t index;
    SAPE_TRY(find(mask, name, values, count, &index));
    SAPE_TRY(check_values(mask, index, values, count));
    switch ((enum sape_mask_tensor)index) {
    case SAPE_MASK_STASHED:
        SAPE_TRY(sape_mask_set_row_sums(mask, values));
        sape_mask_rebuild(mask);
        break;
    case SAPE_IN_PROGRESS:
        for (size_t i = 0; i < count; i++) mask->in_progress[i] = values[i] != 0.0f;
        break;
    case SAPE_LOG_BUFFER:
        memcpy(mask->log, values, count * sizeof *values);
        break;
    case SAPE_LOG_COUNTER:
        memcpy(mask->counter, values, count * sizeof *values);
        break;
    case SAPE_SIGMA:
        sape_cutoff_set_sigma(mask->cutoff, count, values);
        mask->version++;
        break;
    }
    return SAPE_OK;
}

/* What the dense calls need: one panel's coordinates and weights. */
struct reader {
    const struct sape_mask *mask;
    float *memory;
    float *x;
    struct sape_mask_panel panel;
};

static sape_status reader_open(struct reader *reader, const struct sape_mask *mask, size_t n, const float *x,
                               const float *result, const char *name) {
    if (mask == NULL) return sape_fail(SAPE_ERROR_ARGUMENT, "mask is NULL");
    SAPE_TRY(sape_check_coordinates("x", x, n, mask->domain_dim));
    if (n > 0 && result == NULL) return sape_fail(SAPE_ERROR_ARGUMENT, "%s is NULL", name);
    const size_t x_size = mask->domain_dim * PANEL;
    *reader = (struct reader){.mask = mask};
    reader->memory = SAPE_NEW_ARRAY(float, x_size + sape_mask_panel_size(mask, PANEL));
    if (reader->memory == NULL) return sape_fail(SAPE_ERROR_MEMORY, "no memory for a panel of samples");
    reader->x = reader->memory;
    reader->panel.weights = reader->memory + x_size;
    return SAPE_OK;
}

static void read_panel(struct reader *reader, size_t samples, const float *x) {
    const struct sape_tile tile = {samples, PANEL, 1};
    sape_panels_from_rows(&tile, reader->mask->domain_dim, x, reader->x);
    struct sape_place places[PANEL];
    for (size_t s = 0; s < samples; s++) places[s] = sape_grid_place(&reader->mask->grid, reader->x + s, PANEL);
    sape_mask_read(reader->mask, samples, PANEL, reader->x, places, &reader->panel);
}

static float share_of(const struct reader *reader, size_t s) {
    const struct sape_mask_panel *panel = &reader->panel;
    float sum = (float)panel->full;
    for (size_t i = 0; i < panel->num_steps; i++)
        sum += (float)(panel->ends[i] - sape_mask_step_begin(panel, i)) * panel->weights[i * PANEL + s];
    return sum / (float)reader->mask->encoding_dim;
}

sape_status sape_mask_weights(const sape_mask *mask, size_t n, const float *x, float *weights) {
    SAPE_BEGIN_CALL();
    struct reader reader;
    SAPE_TRY(reader_open(&reader, mask, n, x, weights, "weights"));
    for (size_t first = 0; first < n; first += PANEL) {
        const size_t samples = n - first < PANEL ? n - first : PANEL;
        read_panel(&reader, samples, x + first * mask->domain_dim);
        for (size_t s = 0; s < samples; s++)
            sape_mask_panel_weights(mask, &reader.panel, PANEL, s, weights + (first + s) * mask->encoding_dim);
    }
    sape_release(reader.memory);
    return SAPE_OK;
}

sape_status sape_mask_revealed(const sape_mask *mask, size_t n, const float *x, float *share) {
    SAPE_BEGIN_CALL();
    struct reader reader;
    SAPE_TRY(reader_open(&reader, mask, n, x, share, "share"));
    for (size_t first = 0; first < n; first += PANEL) {
        const size_t samples = n - first < PANEL ? n - first : PANEL;
        read_panel(&reader, samples, x + first * mask->domain_dim);
        for (size_t s = 0; s < samples; s++) share[first + s] = share_of(&reader, s);
    }
    sape_release(reader.memory);
    return SAPE_OK;
}
