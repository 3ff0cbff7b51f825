/* SPDX-License-Identifier: MIT */
/* The points of a Chamfer loss: which of them an iteration sees, and what follows for the outputs. */
#include <math.h>
#include <string.h>

#include "call.h"
#include "error.h"
#include "memory.h"
#include "trainer.h"

void sape_target_points_release(struct sape_target_points *target) {
    sape_release(target->order);
    sape_release(target->swapped);
    sape_release(target->drawn);
    sape_chamfer_close(&target->chamfer);
    *target = (struct sape_target_points){.count = 0};
}

static sape_status open_draw(const char *function, struct sape_target_points *target, size_t dim) {
    target->order = SAPE_NEW_ARRAY(size_t, target->count);
    target->swapped = SAPE_NEW_ARRAY(size_t, target->per_iteration);
    target->drawn = SAPE_NEW_ARRAY(float, target->per_iteration *dim);
    if (target->order == NULL || target->swapped == NULL || target->drawn == NULL)
        return sape_fail(SAPE_ERROR_MEMORY, function, "no memory for the order of %zu points", target->count);
    for (size_t i = 0; i < target->count; i++) target->order[i] = i;
    return SAPE_OK;
}

sape_status sape_trainer_set_target_points(sape_trainer *trainer, size_t m, const float *points, size_t per_iteration) {
    SAPE_BEGIN_CALL();
    SAPE_REQUIRE_POINTER(trainer);
    SAPE_TRY(sape_trainer_check_outside(__func__, trainer));
    if (trainer->params.loss != SAPE_LOSS_CHAMFER)
        return SAPE_FAIL(SAPE_ERROR_STATE, "the trainer's loss is not Chamfer");
    SAPE_REQUIRE(m >= 1, "m is 0, must be at least 1");
    SAPE_REQUIRE_POINTER(points);
    const size_t dim = trainer->field->network->output_dim;
    if (m > SIZE_MAX / sizeof(float) / dim) return SAPE_FAIL(SAPE_ERROR_MEMORY, "m is %zu, too many for memory", m);
    SAPE_TRY(sape_check_finite(__func__, "points", points, m * dim));
    const bool all = per_iteration == 0 || per_iteration >= m;
    struct sape_target_points target = {.count = m, .per_iteration = all ? m : per_iteration, .points = points};
    const sape_status status = all ? SAPE_OK : open_draw(__func__, &target, dim);
    if (status != SAPE_OK) {
        sape_target_points_release(&target);
        return status;
    }
    sape_target_points_release(&trainer->target_points);
    trainer->target_points = target;
    return SAPE_OK;
}

static void swap(size_t *order, size_t i, size_t j) {
    const size_t kept = order[i];
    order[i] = order[j];
    order[j] = kept;
}

/* The beginning of Fisher and Yates's shuffle. It is taken back, so that nothing but the random numbers' state goes
   from one iteration to the next. */
static const float *draw(struct sape_target_points *target, struct sape_random *random, size_t dim) {
    if (target->per_iteration == target->count) return target->points;
    for (size_t i = 0; i < target->per_iteration; i++) {
        target->swapped[i] = i + (size_t)sape_random_below(random, target->count - i);
        swap(target->order, i, target->swapped[i]);
        memcpy(target->drawn + i * dim, target->points + target->order[i] * dim, dim * sizeof(float));
    }
    for (size_t i = target->per_iteration; i-- > 0;) swap(target->order, i, target->swapped[i]);
    return target->drawn;
}

sape_status sape_trainer_chamfer(const char *function, sape_trainer *trainer, double *loss) {
    struct sape_target_points *target = &trainer->target_points;
    const size_t n = trainer->batch_size, dim = trainer->field->network->output_dim;
    if (target->chamfer.gradient == NULL) {
        const sape_status status = sape_chamfer_open(function, &target->chamfer, dim, n, target->per_iteration);
        if (status != SAPE_OK) {
            sape_chamfer_close(&target->chamfer);
            return status;
        }
    }
    *loss = (double)NAN;
    for (size_t i = 0; i < n * dim; i++)
        if (!isfinite(trainer->outputs[i])) return SAPE_OK;
    const float *points = draw(target, &trainer->random, dim);
    *loss = sape_chamfer_evaluate(&target->chamfer, n, trainer->outputs, target->per_iteration, points,
                                  trainer->d_outputs, trainer->sample_loss);
    return SAPE_OK;
}
