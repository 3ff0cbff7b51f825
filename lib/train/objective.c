/* SPDX-License-Identifier: MIT */
#include "train/objective.h"

#include "base/call.h"
#include "base/error.h"

SAPE_DEFINE_NAMES(loss_name, "mse", "bce", "custom", "chamfer", "custom_jacobian", "l1", "huber", "relative_l2")

const char *sape_loss_name(sape_loss loss) {
    return loss_name((unsigned)loss);
}

sape_status sape_objective_check(const struct sape_objective *objective) {
    if (objective->loss == SAPE_LOSS_CHAMFER && objective->points.count == 0)
        return sape_fail(SAPE_ERROR_STATE, "there are no target points yet");
    if (objective->loss == SAPE_LOSS_CUSTOM_JACOBIAN && objective->jacobian_fn == NULL)
        return sape_fail(SAPE_ERROR_STATE, "there is no loss function yet");
    return SAPE_OK;
}

sape_status sape_objective_call(const struct sape_objective *objective, size_t n, const float *x, size_t o,
                                const float *outputs, const float *targets, float *d_outputs, float *sample_loss,
                                double *loss) {
    *loss = 0.0;
    const char *name = sape_call_pause();
    const int result =
        objective->loss_fn(objective->loss_user, n, x, o, outputs, targets, d_outputs, sample_loss, loss);
    sape_call_resume(name);
    if (result != 0) return sape_fail(SAPE_ERROR_CALLBACK, "loss_fn returned %d", result);
    return SAPE_OK;
}

void sape_objective_list_state(struct sape_objective *objective, struct sape_state *state) {
    struct sape_target_points *points = &objective->points;
    const struct sape_entry loss = {"sape.trainer.loss", SAPE_ENTRY_CHOICE, SAPE_SETTING, &objective->loss, loss_name};
    const struct sape_entry counts[] = {
        {"sape.trainer.num_target_points", SAPE_ENTRY_SIZE, SAPE_OWN_SETTING, &points->count, NULL},
        {"sape.trainer.target_points_drawn", SAPE_ENTRY_SIZE, SAPE_OWN_SETTING, &points->per_iteration, NULL}};
    const struct sape_entry delta = {"sape.trainer.huber_delta", SAPE_ENTRY_REAL, SAPE_SETTING,
                                     &objective->of_sample.huber_delta, NULL};
    sape_state_add(state, 1, &loss);
    if (objective->loss == SAPE_LOSS_HUBER) sape_state_add(state, 1, &delta);
    if (objective->loss == SAPE_LOSS_CHAMFER) sape_state_add(state, 2, counts);
}
