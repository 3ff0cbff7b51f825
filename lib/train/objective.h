/* SPDX-License-Identifier: MIT */
/* What is trained for: the loss, and where it is the caller's own or a Chamfer loss, its function or its points. */
#ifndef SAPE_LIB_OBJECTIVE_H
#define SAPE_LIB_OBJECTIVE_H

#include "train/loss.h"
#include "train/points.h"

/* The samples that one of the caller's functions is called with, of an iteration or of those held out. */
struct sape_shown {
    size_t count, first;
    /* Their places in the caller's arrays, from `first` on; NULL for as they come. */
    const size_t *which;
};

struct sape_objective {
    sape_loss loss;
    /* The loss, where it is one of single samples. */
    struct sape_sample_loss of_sample;
    sape_loss_fn loss_fn;
    void *loss_user;
    sape_jacobian_loss_fn jacobian_fn;
    void *jacobian_user;
    struct sape_target_points points;
};

/* Checks that nothing is missing that the loss needs before a run. */
sape_status sape_objective_check(const struct sape_objective *objective);

/* Calls the caller's function of SAPE_LOSS_CUSTOM. */
sape_status sape_objective_call(const struct sape_objective *objective, size_t n, const float *x, size_t o,
                                const float *outputs, const float *targets, float *d_outputs, float *sample_loss,
                                double *loss);

/* The settings. */
void sape_objective_list_state(struct sape_objective *objective, struct sape_state *state);

#endif
