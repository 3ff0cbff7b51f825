/* SPDX-License-Identifier: MIT */
/* Small training runs with options of trainer and optimizer. */
#ifndef SAPE_TESTS_OPTION_FIT_H
#define SAPE_TESTS_OPTION_FIT_H

#include <stdbool.h>

#include "small_fit.h"

/* A fit with an optimizer of its own. */
struct small_fit *fit_with(const sape_trainer_params *params, const sape_optimizer_params *optimizer);

void train(struct small_fit *fit, uint64_t steps);

/* The mean of squares as a loss of the caller's own, which looks where its samples are from. */
struct own {
    struct small_fit *fit;
    size_t calls, smallest, largest;
    bool sampled;
};

int own_loss(void *user, size_t n, const float *x, size_t output_dim, const float *outputs, const float *targets,
             float *d_outputs, float *sample_loss, double *loss);
sape_trainer_params own_params(struct own *own);

#endif
