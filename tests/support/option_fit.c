/* SPDX-License-Identifier: MIT */
#include "option_fit.h"

#define N SMALL_FIT_SAMPLES
#define O SMALL_FIT_OUTPUTS

struct small_fit *fit_with(const sape_trainer_params *params, const sape_optimizer_params *optimizer) {
    const sape_trainer_params usual = small_fit_params();
    struct small_fit *fit = small_fit_create(SAPE_POLICY_SPATIAL, &usual);
    sape_trainer_free(fit->trainer);
    CHECK_OK(sape_trainer_create(params, optimizer, fit->field, &fit->trainer));
    CHECK_OK(sape_trainer_set_data(fit->trainer, N, fit->x, params->loss == SAPE_LOSS_CHAMFER ? NULL : fit->y));
    if (params->loss == SAPE_LOSS_CHAMFER) CHECK_OK(sape_trainer_set_target_points(fit->trainer, 50, fit->y, 0));
    return fit;
}

void train(struct small_fit *fit, uint64_t steps) {
    CHECK_OK(sape_trainer_run(fit->trainer, steps, NULL, NULL, NULL));
}

int own_loss(void *user, size_t n, const float *x, size_t output_dim, const float *outputs, const float *targets,
             float *d_outputs, float *sample_loss, double *loss) {
    struct own *own = user;
    size_t indices[N];
    own->calls++;
    if (n < own->smallest) own->smallest = n;
    if (n > own->largest) own->largest = n;
    if (!own->sampled && own->fit != NULL) {
        CHECK_OK(sape_trainer_get_indices(own->fit->trainer, n, indices));
        for (size_t i = 0; i < n; i++) {
            ck_assert_mem_eq(x + 2 * i, own->fit->x + 2 * indices[i], 2 * sizeof *x);
            ck_assert_mem_eq(targets + O * i, own->fit->y + O * indices[i], O * sizeof *x);
        }
        EXPECT_ERROR(sape_trainer_get_indices(own->fit->trainer, n + 1, indices), SAPE_ERROR_ARGUMENT, "n is",
                     "sape_trainer_get_indices");
    }
    return sape_loss_evaluate(SAPE_LOSS_MSE, n, output_dim, outputs, targets, d_outputs, sample_loss, loss) != SAPE_OK;
}

sape_trainer_params own_params(struct own *own) {
    sape_trainer_params params = small_fit_params();
    *own = (struct own){.smallest = N};
    params.loss = SAPE_LOSS_CUSTOM;
    params.loss_fn = own_loss;
    params.loss_user = own;
    return params;
}
