/* SPDX-License-Identifier: MIT */
/**
 * @file optimizer.h
 * Optimizers: Adam (Kingma and Ba 2015, with the decoupled weight decay of Loshchilov and Hutter 2019) and stochastic
 * gradient descent with momentum, as PyTorch defines them, and the schedule of their learning rate.
 *
 * The rate of step t (counted from 0) is learning_rate * warmup(t) * decay(t): warmup(t) grows linearly,
 * (t + 1) / (warmup_iterations + 1), and is 1 from t = warmup_iterations on; decay(t) is 1, decay_rate^t, or a half
 * cosine from 1 to final_factor over decay_iterations steps, constant afterwards.
 */
#ifndef SAPE_OPTIMIZER_H
#define SAPE_OPTIMIZER_H

#include "status.h"
#include "tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

/** The kinds of optimizer. */
typedef enum sape_optimizer_kind {
    /** Adam, with decoupled weight decay. */
    SAPE_OPTIMIZER_ADAM = 0,
    /** Stochastic gradient descent with momentum. */
    SAPE_OPTIMIZER_SGD = 1
} sape_optimizer_kind;

/** How the learning rate falls. */
typedef enum sape_schedule {
    /** Not at all. */
    SAPE_SCHEDULE_CONSTANT = 0,
    /** By the factor decay_rate every step. */
    SAPE_SCHEDULE_EXPONENTIAL = 1,
    /** Along half a cosine, to final_factor after decay_iterations steps. */
    SAPE_SCHEDULE_COSINE = 2
} sape_schedule;

/** What an optimizer is made of. Set by sape_optimizer_params_init(), then changed where wanted. */
typedef struct sape_optimizer_params {
    /** sizeof(sape_optimizer_params); set by the initialiser. */
    size_t struct_size;
    /** The kind. Default #SAPE_OPTIMIZER_ADAM. */
    sape_optimizer_kind kind;
    /** The schedule. Default #SAPE_SCHEDULE_CONSTANT. */
    sape_schedule schedule;
    /** Learning rate, finite, >= 0. Default 1e-3. */
    double learning_rate;
    /** Adam: decay of the first moment, in [0, 1). Default 0.9. */
    double beta1;
    /** Adam: decay of the second moment, in [0, 1). Default 0.999. */
    double beta2;
    /** Adam: added to the root of the second moment; finite, > 0. Default 1e-8. */
    double epsilon;
    /** SGD: momentum, in [0, 1). Default 0.9. */
    double momentum;
    /** Decoupled weight decay: parameters shrink by rate * weight_decay a step; finite, >= 0. Default 0. */
    double weight_decay;
    /** Exponential: the factor of one step, in (0, 1]. Default 1. */
    double decay_rate;
    /** Cosine: the factor at its end, in [0, 1]. Default 0. */
    double final_factor;
    /** Cosine: its length in steps, at least 1. Default 1000. */
    uint64_t decay_iterations;
    /** Steps of linear warm-up; default 0, none. */
    uint64_t warmup_iterations;
} sape_optimizer_params;

/** An optimizer and its moments. */
typedef struct sape_optimizer sape_optimizer;

/** Sets every field to its default. @param size sizeof(sape_optimizer_params) as the caller was compiled. */
SAPE_API void sape_optimizer_params_init(sape_optimizer_params *params, size_t size);

/**
 * Makes an optimizer for a flat array of parameters.
 *
 * @param params         NULL for the defaults.
 * @param num_parameters at least 1.
 * @param out            receives the optimizer; NULL is stored when the call fails.
 * @return #SAPE_OK, #SAPE_ERROR_ARGUMENT, #SAPE_ERROR_VERSION, #SAPE_ERROR_MEMORY, #SAPE_ERROR_UNSUPPORTED (an
 *         instruction set that the processor lacks).
 */
SAPE_API sape_status sape_optimizer_create(const sape_optimizer_params *params, size_t num_parameters,
                                           sape_optimizer **out);

/** Frees an optimizer; NULL is fine. */
SAPE_API void sape_optimizer_free(sape_optimizer *optimizer);

/**
 * One step: parameters are moved against the gradient.
 *
 * @param parameters (num_parameters) changed in place.
 * @param gradient   (num_parameters) of the loss.
 * @return #SAPE_OK, #SAPE_ERROR_ARGUMENT; #SAPE_ERROR_DIVERGED when a parameter or a moment would not be finite: then
 *         parameters, moments and the number of steps are as before.
 */
SAPE_API sape_status sape_optimizer_step(sape_optimizer *optimizer, float *parameters, const float *gradient);

/** @return the number of parameters it was made for; 0 for NULL. */
SAPE_API size_t sape_optimizer_num_parameters(const sape_optimizer *optimizer);

/** @return how many steps have been made; 0 for NULL. */
SAPE_API uint64_t sape_optimizer_num_steps(const sape_optimizer *optimizer);

/** @return the learning rate that the next step uses; 0 for NULL. */
SAPE_API double sape_optimizer_learning_rate(const sape_optimizer *optimizer);

#ifdef __cplusplus
}
#endif

#endif
