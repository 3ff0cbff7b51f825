/* SPDX-License-Identifier: MIT */
/* A small training in 2D, for tests of what a trainer does besides training. */
#ifndef SAPE_TESTS_SMALL_FIT_H
#define SAPE_TESTS_SMALL_FIT_H

#include "support.h"

#define SMALL_FIT_SAMPLES 200
#define SMALL_FIT_OUTPUTS 2

struct small_fit {
    float x[SMALL_FIT_SAMPLES * 2], y[SMALL_FIT_SAMPLES * SMALL_FIT_OUTPUTS];
    sape_field *field;
    sape_trainer *trainer;
};

/* Trainer parameters with their defaults. */
sape_trainer_params small_fit_params(void);

/* A field, a trainer and its data; the same for the same arguments. */
struct small_fit *small_fit_create(sape_policy policy, const sape_trainer_params *params);
void small_fit_free(struct small_fit *fit);

/* All that the field is: parameters, and the mask's tensors. To be released with free(). */
float *small_fit_state(const struct small_fit *fit, size_t *count);

/* Both fits have the same state, to the last bit. */
void check_same_state(const struct small_fit *a, const struct small_fit *b);

#endif
