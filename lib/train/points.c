/* SPDX-License-Identifier: MIT */
#include "train/points.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"

void sape_target_points_close(struct sape_target_points *target) {
    sape_release(target->order);
    sape_release(target->swapped);
    sape_release(target->drawn);
    *target = (struct sape_target_points){.count = 0};
}

static sape_status open_draw(struct sape_target_points *target, size_t dim) {
    target->order = SAPE_NEW_ARRAY(size_t, target->count);
    target->swapped = SAPE_NEW_ARRAY(size_t, target->per_iteration);
    target->drawn = SAPE_NEW_ARRAY(float, target->per_iteration *dim);
    if (target->order == NULL || target->swapped == NULL || target->drawn == NULL)
        return sape_fail(SAPE_ERROR_MEMORY, "no memory for the order of %zu points", target->count);
    for (size_t i = 0; i < target->count; i++) target->order[i] = i;
    return SAPE_OK;
}

sape_status sape_target_points_open(size_t m, const float *points, size_t per_iteration, size_t dim,
                                    struct sape_target_points *target) {
    const bool all = per_iteration == 0 || per_iteration >= m;
    *target = (struct sape_target_points){.count = m, .per_iteration = all ? m : per_iteration, .points = points};
    const sape_status status = all ? SAPE_OK : open_draw(target, dim);
    if (status != SAPE_OK) sape_target_points_close(target);
    return status;
}

static void swap(size_t *order, size_t i, size_t j) {
    const size_t kept = order[i];
    order[i] = order[j];
    order[j] = kept;
}

/* The beginning of Fisher and Yates's shuffle. It is taken back, so that nothing but the random numbers' state goes
   from one iteration to the next. */
static const float *draw(const struct sape_target_points *target, struct sape_random *random, size_t dim) {
    if (target->per_iteration == target->count) return target->points;
    for (size_t i = 0; i < target->per_iteration; i++) {
        target->swapped[i] = i + (size_t)sape_random_below(random, target->count - i);
        swap(target->order, i, target->swapped[i]);
        memcpy(target->drawn + i * dim, target->points + target->order[i] * dim, dim * sizeof(float));
    }
    for (size_t i = target->per_iteration; i-- > 0;) swap(target->order, i, target->swapped[i]);
    return target->drawn;
}

sape_status sape_target_points_loss(const struct sape_target_points *target, struct sape_chamfer *chamfer,
                                    struct sape_random *random, size_t n, size_t dim, const float *outputs,
                                    const float *weights, float *d_outputs, float *sample_loss, double *loss) {
    if (chamfer->gradient == NULL) {
        const sape_status status = sape_chamfer_open(chamfer, dim, n, target->per_iteration);
        if (status != SAPE_OK) {
            sape_chamfer_close(chamfer);
            return status;
        }
    }
    *loss = (double)NAN;
    for (size_t i = 0; i < n * dim; i++)
        if (!isfinite(outputs[i])) return SAPE_OK;
    const float *points = draw(target, random, dim);
    *loss = sape_chamfer_evaluate(chamfer, n, outputs, weights, target->per_iteration, points, d_outputs, sample_loss);
    return SAPE_OK;
}
