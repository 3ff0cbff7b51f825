/* SPDX-License-Identifier: MIT */
/* The optimizer as the trainer uses it: in ranges of the parameters, on gradients that come in parts. */
#ifndef SAPE_LIB_OPTIMIZER_H
#define SAPE_LIB_OPTIMIZER_H

#include <sape/optimizer.h>
#include <stdbool.h>

#include "kernels/kernels.h"

/* The message for a step that was taken back. */
#define SAPE_STEP_TAKEN_BACK "the step left a parameter or a moment that is not finite, and was taken back"

struct sape_optimizer {
    sape_optimizer_params params;
    size_t num_parameters;
    uint64_t num_steps;
    /* Adam: the two moments. SGD: the velocity in first. */
    float *first, *second;
    /* What the last step has changed, as it was before. */
    float *kept_parameters, *kept_first, *kept_second;
    /* A clipped gradient; NULL where nothing is clipped here. */
    float *clipped;
    const struct sape_kernels *kernels;
    /* The numbers of the step under way. */
    struct sape_adam adam;
    float rate, decay;
};

/* The parameters of the optimizer that steps an encoder's tables. */
sape_optimizer_params sape_optimizer_table_params(const sape_optimizer_params *params);

/* sape_optimizer_create() with kernels that have been chosen; *out is left alone when it fails. */
sape_status sape_optimizer_make(const sape_optimizer_params *params, const struct sape_kernels *kernels,
                                size_t num_parameters, sape_optimizer **out);

/* Checks a learning rate. */
sape_status sape_optimizer_check_rate(double learning_rate);

/* Checks what must hold between the moments and the number of steps. */
sape_status sape_optimizer_check_state(const struct sape_optimizer *optimizer);

/* Begins a step: its learning rate and what follows from it. The caller keeps the parameters. */
void sape_optimizer_begin(struct sape_optimizer *optimizer);

/* The step for parameters begin .. end - 1, both multiples of 16; the gradient is the sum of num_gradients arrays, each
   beginning where the parameters do. Ranges may be worked on by different threads. Returns whether all that the step
   leaves is finite; otherwise it is to be taken back. */
bool sape_optimizer_range(struct sape_optimizer *optimizer, size_t begin, size_t end, float *parameters,
                          size_t num_gradients, const float *const *gradients);

/* The step under way for rows of a table: entries whose gradient is exactly zero are left alone. */
bool sape_optimizer_rows(const struct sape_optimizer *optimizer, const struct sape_rows_step *step);

/* sape_optimizer_step() of parameters of which those from `dense` on are tables. */
sape_status sape_optimizer_step_parts(sape_optimizer *optimizer, size_t dense, float *parameters,
                                      const float *gradient);
/* What a gradient with that sum of squares is to be multiplied by, at most 1, which it is for NaN; clip_norm is not 0.
 */
double sape_optimizer_clip_factor(const struct sape_optimizer *optimizer, double squares);

/* Takes a step back: the count, then the moments of every range that was worked on. */
void sape_optimizer_cancel(struct sape_optimizer *optimizer);
void sape_optimizer_restore_range(struct sape_optimizer *optimizer, size_t begin, size_t end);

#endif
