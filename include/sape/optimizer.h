/* SPDX-License-Identifier: MIT */
/**
 * @file optimizer.h
 * Implements Adam and SGD with scheduled learning rates.
 *
 * Adam (Kingma and Ba 2015, with the decoupled weight decay of Loshchilov and Hutter 2019) and stochastic gradient
 * descent with momentum are defined as in PyTorch.
 *
 * The rate of step t, counted from 0, is learning_rate * warmup(t) * decay(t). warmup(t) grows linearly as
 * (t + 1) / (warmup_iterations + 1) and is 1 from t = warmup_iterations on. decay(t) is 1, decay_rate^t, or a half
 * cosine from 1 to final_factor over decay_iterations steps and constant afterwards.
 */
#ifndef SAPE_OPTIMIZER_H
#define SAPE_OPTIMIZER_H

#include "status.h"
#include "tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

/** The kind of optimizer. */
typedef enum sape_optimizer_kind {
    /** Adam with decoupled weight decay. */
    SAPE_OPTIMIZER_ADAM = 0,
    /** Stochastic gradient descent with momentum. */
    SAPE_OPTIMIZER_SGD = 1
} sape_optimizer_kind;

/** How the learning rate decays. */
typedef enum sape_schedule {
    /** No decay. */
    SAPE_SCHEDULE_CONSTANT = 0,
    /** Multiplies the rate by decay_rate every step. */
    SAPE_SCHEDULE_EXPONENTIAL = 1,
    /** Follows half a cosine, down to final_factor after decay_iterations steps. */
    SAPE_SCHEDULE_COSINE = 2
} sape_schedule;

/** Parameters of an optimizer. Call sape_optimizer_params_init() first, then change what you need. */
typedef struct sape_optimizer_params {
    /** sizeof(sape_optimizer_params), set by the initialiser. */
    size_t struct_size;
    /** The kind of optimizer. Default #SAPE_OPTIMIZER_ADAM. */
    sape_optimizer_kind kind;
    /** The learning rate's schedule. Default #SAPE_SCHEDULE_CONSTANT. */
    sape_schedule schedule;
    /** Learning rate, finite, >= 0. Default 1e-3. */
    double learning_rate;
    /** Adam: decay of the first moment, in [0, 1). Default 0.9. */
    double beta1;
    /** Adam: decay of the second moment, in [0, 1). Default 0.999. */
    double beta2;
    /** Adam: added to the root of the second moment. Finite, at least 1e-37. Default 1e-8. */
    double epsilon;
    /** SGD: momentum, in [0, 1). Default 0.9. */
    double momentum;
    /** Decoupled weight decay, finite, >= 0. A step shrinks the parameters by rate * weight_decay. Default 0. */
    double weight_decay;
    /** Exponential schedule: the factor of one step, in (0, 1]. Default 1. */
    double decay_rate;
    /** Cosine schedule: the factor at its end, in [0, 1]. Default 0. */
    double final_factor;
    /** Cosine schedule: its length in steps, at least 1. Default 1000. */
    uint64_t decay_iterations;
    /** Steps of linear warm-up. 0 (the default) disables this. */
    uint64_t warmup_iterations;
    /**
     * Limits the Euclidean norm of the gradient of all parameters. A longer gradient is scaled to this norm, as
     * PyTorch's clip_grad_norm_() does. Finite, >= 0; 0 (the default) disables this. @since 0.3.0
     */
    double clip_norm;
    /**
     * Factor on the learning rate for an encoder's trainable values. Finite, >= 0. Default 1. Of these values a step
     * leaves alone, moments and all, those whose gradient is exactly zero. @since 0.3.0
     */
    double encoder_rate_factor;
    /**
     * Weight decay of an encoder's trainable values, instead of weight_decay. Finite, >= 0. Default 0. @since 0.3.0
     */
    double encoder_weight_decay;
} sape_optimizer_params;

/** An optimizer and its moments. */
typedef struct sape_optimizer sape_optimizer;

/**
 * Sets every optimizer parameter to its default.
 *
 * @param[out] params the parameters; NULL is ignored.
 * @param[in]  size   sizeof(sape_optimizer_params) in the caller's headers.
 * @since 0.1.0
 */
SAPE_API void sape_optimizer_params_init(sape_optimizer_params *params, size_t size);

/**
 * Creates an optimizer for a flat array of parameters.
 *
 * @param[in]  params         the parameters; NULL for the defaults.
 * @param[in]  num_parameters length of the array, at least 1.
 * @param[out] out            receives the optimizer; NULL on failure.
 * @return #SAPE_OK; #SAPE_ERROR_ARGUMENT if out is NULL, or a parameter or SAPE_BACKEND is invalid; #SAPE_ERROR_VERSION
 *         if params sets a field that this version does not know; #SAPE_ERROR_MEMORY if memory is exhausted;
 *         #SAPE_ERROR_UNSUPPORTED if the processor lacks the instruction set in SAPE_BACKEND.
 * @since 0.1.0
 */
SAPE_API sape_status sape_optimizer_create(const sape_optimizer_params *params, size_t num_parameters,
                                           sape_optimizer **out);

/**
 * Frees an optimizer.
 *
 * @param[in] optimizer the optimizer; NULL is ignored.
 * @since 0.1.0
 */
SAPE_API void sape_optimizer_free(sape_optimizer *optimizer);

/**
 * Moves the parameters one step against the gradient.
 *
 * No other thread may use the optimizer meanwhile. On failure parameters, moments and the number of steps are
 * unchanged.
 *
 * @param[in,out] optimizer  the optimizer.
 * @param[in,out] parameters (num_parameters) the parameters, changed in place.
 * @param[in]     gradient   (num_parameters) gradient of the loss.
 * @return #SAPE_OK; #SAPE_ERROR_ARGUMENT if a pointer is NULL; #SAPE_ERROR_DIVERGED if a parameter or a moment would
 *         become NaN or infinite.
 * @since 0.1.0
 */
SAPE_API sape_status sape_optimizer_step(sape_optimizer *optimizer, float *parameters, const float *gradient);

/**
 * Returns the number of parameters that the optimizer was made for.
 *
 * @param[in] optimizer the optimizer; may be NULL.
 * @return num_parameters; 0 for NULL.
 * @since 0.1.0
 */
SAPE_API size_t sape_optimizer_num_parameters(const sape_optimizer *optimizer);

/**
 * Returns the number of steps taken.
 *
 * @param[in] optimizer the optimizer; may be NULL.
 * @return the number of steps; 0 for NULL.
 * @since 0.1.0
 */
SAPE_API uint64_t sape_optimizer_num_steps(const sape_optimizer *optimizer);

/**
 * Changes the learning rate.
 *
 * It takes the place of the parameters' learning_rate from the next step on; the schedule's factors still apply. No
 * other thread may use the optimizer meanwhile.
 *
 * @param[in,out] optimizer     the optimizer.
 * @param[in]     learning_rate the rate, finite, >= 0.
 * @return #SAPE_OK; #SAPE_ERROR_ARGUMENT if optimizer is NULL or the rate is out of range.
 * @since 0.3.0
 */
SAPE_API sape_status sape_optimizer_set_learning_rate(sape_optimizer *optimizer, double learning_rate);

/**
 * Returns the learning rate of the next step.
 *
 * @param[in] optimizer the optimizer; may be NULL.
 * @return the learning rate; 0 for NULL.
 * @since 0.1.0
 */
SAPE_API double sape_optimizer_learning_rate(const sape_optimizer *optimizer);

/**
 * Copies the parameters that the optimizer has.
 *
 * learning_rate is the present one, before the schedule's factors.
 *
 * @param[in]     optimizer    the optimizer.
 * @param[in,out] params    receives the parameters; its struct_size must be set.
 * @return #SAPE_OK; #SAPE_ERROR_ARGUMENT if a pointer is NULL or struct_size is out of range.
 * @since 0.3.0
 */
SAPE_API sape_status sape_optimizer_get_params(const sape_optimizer *optimizer, sape_optimizer_params *params);

/**
 * Returns the name of a kind of optimizer.
 *
 * @param[in] kind the value.
 * @return a static string like "adam"; NULL if kind is not a #sape_optimizer_kind.
 * @since 0.3.0
 */
SAPE_API const char *sape_optimizer_kind_name(sape_optimizer_kind kind);

/**
 * Returns the name of a schedule.
 *
 * @param[in] schedule the value.
 * @return a static string like "cosine"; NULL if schedule is not a #sape_schedule.
 * @since 0.3.0
 */
SAPE_API const char *sape_schedule_name(sape_schedule schedule);

#ifdef __cplusplus
}
#endif

#endif
