/* SPDX-License-Identifier: MIT */
/* A loss of the caller's own that also sees how the outputs change with the coordinates. */
#include "call.h"
#include "error.h"
#include "memory.h"
#include "trainer.h"

sape_status sape_trainer_set_jacobian_loss(sape_trainer *trainer, sape_jacobian_loss_fn loss_fn, void *user) {
    SAPE_BEGIN_CALL();
    SAPE_REQUIRE_POINTER(trainer);
    SAPE_TRY(sape_trainer_check_outside(__func__, trainer));
    SAPE_REQUIRE_POINTER(loss_fn);
    if (trainer->params.loss != SAPE_LOSS_CUSTOM_JACOBIAN)
        return SAPE_FAIL(SAPE_ERROR_STATE, "the trainer's loss is not SAPE_LOSS_CUSTOM_JACOBIAN");
    trainer->jacobian.loss_fn = loss_fn;
    trainer->jacobian.user = user;
    return SAPE_OK;
}

sape_status sape_trainer_jacobian_open(const char *function, sape_trainer *trainer) {
    struct sape_jacobian *jacobian = &trainer->jacobian;
    const size_t width = trainer->field->network->output_dim * sape_encoder_domain_dim(trainer->field->encoder);
    const size_t workers = trainer->num_workspaces;
    if (trainer->batch_size > SIZE_MAX / sizeof(float) / width)
        return sape_fail(SAPE_ERROR_MEMORY, function, "n is %zu, too many for memory", trainer->batch_size);
    jacobian->values = SAPE_NEW_ARRAY(float, trainer->batch_size *width);
    jacobian->d_values = SAPE_NEW_ARRAY(float, trainer->batch_size *width);
    jacobian->tangents = SAPE_NEW_ARRAY(struct sape_tangents, workers);
    if (jacobian->values == NULL || jacobian->d_values == NULL || jacobian->tangents == NULL)
        return sape_fail(SAPE_ERROR_MEMORY, function, "no memory for the Jacobian of %zu samples", trainer->batch_size);
    for (; jacobian->num_tangents < workers; jacobian->num_tangents++)
        SAPE_TRY(sape_tangents_open(function, &jacobian->tangents[jacobian->num_tangents], trainer->field,
                                    trainer->plan.tile_samples));
    return SAPE_OK;
}

void sape_trainer_jacobian_close(sape_trainer *trainer) {
    struct sape_jacobian *jacobian = &trainer->jacobian;
    for (size_t i = 0; i < jacobian->num_tangents; i++) sape_tangents_close(&jacobian->tangents[i]);
    sape_release(jacobian->tangents);
    sape_release(jacobian->values);
    sape_release(jacobian->d_values);
    *jacobian = (struct sape_jacobian){.loss_fn = jacobian->loss_fn, .user = jacobian->user};
}

void sape_trainer_jacobian_forward(sape_trainer *trainer, struct sape_workspace *workspace, size_t worker) {
    struct sape_jacobian *jacobian = &trainer->jacobian;
    for (size_t a = 0; a < sape_encoder_domain_dim(trainer->field->encoder); a++) {
        sape_tangents_forward(trainer->field, workspace, a, &jacobian->tangents[worker]);
        sape_tangents_store(trainer->field, &trainer->batch, workspace, a, &jacobian->tangents[worker],
                            jacobian->values);
    }
}

void sape_trainer_jacobian_backward(sape_trainer *trainer, struct sape_workspace *workspace, size_t worker,
                                    float *gradient) {
    struct sape_jacobian *jacobian = &trainer->jacobian;
    const float share = (float)((double)trainer->batch_size / (double)trainer->union_size);
    for (size_t a = 0; a < sape_encoder_domain_dim(trainer->field->encoder); a++) {
        sape_tangents_forward(trainer->field, workspace, a, &jacobian->tangents[worker]);
        sape_tangents_load(trainer->field, &trainer->batch, workspace, a, share, jacobian->d_values,
                           &jacobian->tangents[worker]);
        sape_tangents_backward(trainer->field, workspace, &jacobian->tangents[worker], gradient);
    }
}

sape_status sape_trainer_jacobian_loss(const char *function, sape_trainer *trainer, double *loss) {
    struct sape_jacobian *jacobian = &trainer->jacobian;
    *loss = 0.0;
    const int result =
        jacobian->loss_fn(jacobian->user, trainer->batch_size, sape_encoder_domain_dim(trainer->field->encoder),
                          trainer->batch_x, trainer->field->network->output_dim, trainer->outputs, jacobian->values,
                          trainer->batch_targets, trainer->d_outputs, jacobian->d_values, trainer->sample_loss, loss);
    sape_call_resume();
    if (result != 0) return sape_fail(SAPE_ERROR_CALLBACK, function, "the loss function returned %d", result);
    return SAPE_OK;
}
