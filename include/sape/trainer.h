/* SPDX-License-Identifier: MIT */
/**
 * @file trainer.h
 * Trains a field: predict, loss, gradients, optimizer step, mask.
 *
 * With sample weights w (sape_trainer_set_weights()), the loss of samples with losses l is sum(w l) / sum(w). The mask
 * always records l itself.
 *
 * A batch is processed in tiles of a few hundred samples, so memory does not grow with it. The trained parameters are
 * bit-identical for any number of threads. A trainer may be used by one thread at a time.
 *
 * Callbacks (losses, samplers, sums over ranks, progress) are called by the thread that trains. While one of them runs,
 * the field may be predicted, and from a progress callback the trainer may be saved. Calls that would change the
 * trainer (every sape_trainer_set_...() function, a step, a run, a restore) are refused with #SAPE_ERROR_STATE; only
 * sape_trainer_set_learning_rate() may be called from a progress callback. A
 * callback must not free the trainer or its field, nor change the field. It must return: no exception, longjmp() or
 * pthread_exit() may pass through. status.h describes its floating-point environment and thread cancellation.
 */
#ifndef SAPE_TRAINER_H
#define SAPE_TRAINER_H

#include "field.h"
#include "loss.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Parameters of a trainer. Call sape_trainer_params_init() first, then change what you need. */
typedef struct sape_trainer_params {
    /** sizeof(sape_trainer_params), set by the initialiser. */
    size_t struct_size;
    /** The loss. Default #SAPE_LOSS_MSE. */
    sape_loss loss;
    /** Unused, 0. */
    int32_t reserved;
    /** The function of #SAPE_LOSS_CUSTOM; otherwise NULL. Default NULL. */
    sape_loss_fn loss_fn;
    /** Passed on to loss_fn. Default NULL. */
    void *loss_user;
    /**
     * Samples per iteration. 0 (the default), or more than there are, uses all of them. Otherwise every epoch visits
     * the samples in a new random order, and a smaller last batch is left out.
     */
    size_t batch_size;
    /**
     * Number of threads, 1 to 256. 0 (the default) uses one per processor that the process may use: those of its
     * affinity mask, up to the quota of its control group (cgroup), which is looked up once. Results do not depend on
     * it.
     */
    size_t num_threads;
    /** Seed of the random order and of the held-out samples. Default 0. */
    uint64_t seed;
    /** Iterations between two progress reports, at least 1. The last iteration is always reported. Default 1. */
    uint64_t progress_every;
    /**
     * Ends a run with #SAPE_STOP_TOLERANCE once an epoch's loss is this low. An epoch's loss is the mean over its
     * batches; with full batches, every iteration is an epoch. Finite, >= 0; 0 (the default) disables this.
     * @since 0.2.0
     */
    double tolerance;
    /**
     * Ends a run with #SAPE_STOP_PLATEAU after this many iterations without improvement. Then no epoch has improved the
     * loss for this many iterations. Choose more than the mask needs from one block to the next, because the loss may
     * stand still until then. 0 (the default) disables this. @since 0.2.0
     */
    uint64_t patience;
    /**
     * The relative improvement of the loss that patience requires. A loss improves if it is below (1 - min_improvement)
     * times the best one so far. At least 0, less than 1. Default 1e-3. @since 0.2.0
     */
    double min_improvement;
    /**
     * The share of samples that is held out for validation. 0 to 0.9; 0 (the default) disables validation.
     * sape_trainer_set_data() draws round(validation_share n) samples from the seed alone: at least one, and it leaves
     * at least one to train on. Held-out samples are never trained on or recorded by the mask, and the variance
     * policy's signal and an adaptive rate's sigma leave them out. Not with #SAPE_POLICY_SPATIAL_FIXED,
     * #SAPE_LOSS_CHAMFER, #SAPE_LOSS_CUSTOM_JACOBIAN, samplers or several ranks. @since 0.2.0
     */
    double validation_share;
    /**
     * Number of iterations between two validations, at least 1. The held-out loss is computed after every iteration
     * whose number, counted from the trainer's first, is a multiple of this. Default 20. @since 0.2.0
     */
    uint64_t validation_every;
    /**
     * Ends a run with #SAPE_STOP_VALIDATION after this many iterations without progress. Then the held-out loss has set
     * no new minimum for this many iterations. 0 (the default) disables this. @since 0.2.0
     */
    uint64_t validation_patience;
    /**
     * How far the best state may exceed the lowest held-out loss. The best state is the last one whose held-out loss is
     * at most this many standard errors above the lowest. 0 selects the lowest loss itself. Finite, >= 0. Default 1.
     * docs/mathematics.md has the reason and the standard error's formula. @since 0.2.0
     */
    double validation_margin;
    /** delta of #SAPE_LOSS_HUBER. Finite, greater than 0. Default 1. @since 0.3.0 */
    double huber_delta;
    /**
     * Decay d of averaged parameters. In [0, 1); 0 (the default) keeps none. The average begins with the parameters
     * before the first step; every step makes it d average + (1 - d) parameters. sape_trainer_average() makes a field
     * of it, and checkpoints store it. @since 0.3.0
     */
    double average_decay;
    /**
     * Batches whose gradients make one step, at least 1. Default 1. An iteration then takes accumulate batches of
     * batch_size samples, and its loss is the mean over all of them. A loss of your own or a sampler sees one batch at
     * a time. @since 0.3.0
     */
    size_t accumulate;
    /**
     * Reduces the learning rate after this many iterations without improvement. patience and min_improvement define
     * improvement. After as many more, the rate is reduced again. 0 (the default) disables this. @since 0.3.0
     */
    uint64_t plateau_patience;
    /** The factor of each such reduction, greater than 0, less than 1. Default 0.5. @since 0.3.0 */
    double plateau_factor;
    /**
     * Entries that the history of losses keeps. An even number, at most 2^20; 0 (the default) keeps none.
     * sape_trainer_get_history() reads it, and checkpoints store it. @since 0.3.0
     */
    size_t history;
} sape_trainer_params;

/** A trainer. It borrows its field. */
typedef struct sape_trainer sape_trainer;

/** The progress of a run, passed to a callback. */
typedef struct sape_progress {
    /** sizeof(sape_progress) of the loaded library. */
    size_t struct_size;
    /** Iterations done by this run, from 1. */
    uint64_t iteration;
    /** Iterations requested of this run. */
    uint64_t num_iterations;
    /** The batch's loss in this iteration, before its step. */
    double loss;
    /** Mean revealed share of the mask, 0 to 1. */
    double revealed;
    /** The learning rate of this iteration's step. */
    double learning_rate;
    /** Seconds since the run began. */
    double seconds;
    /** The latest held-out loss; NaN before the first, and without validation. @since 0.2.0 */
    double validation_loss;
    /** The held-out loss of the best state so far; NaN without one. @since 0.2.0 */
    double best_validation_loss;
    /** The best state's iteration, counted from the trainer's first; 0 for none. @since 0.2.0 */
    uint64_t best_iteration;
} sape_progress;

/**
 * Reports the progress of a run, and can stop it.
 *
 * A progress callback returns true (not 0) to stop the run, false (0) to go on. It is so in C, C++, Python and Rust.
 *
 * The thread that called sape_trainer_run() calls it. Calls that would change the trainer are refused meanwhile.
 *
 * @param[in] user     the pointer that was passed with the function.
 * @param[in] progress the run's progress; valid during the call.
 * @return not 0 to stop after this iteration, 0 to go on.
 * @since 0.1.0
 */
typedef int (*sape_progress_fn)(void *user, const sape_progress *progress);

/** Why a run ended. */
typedef enum sape_stop {
    /** All iterations were done. */
    SAPE_STOP_ITERATIONS = 0,
    /** The progress callback stopped the run. */
    SAPE_STOP_CALLBACK = 1,
    /** The loss was at or below tolerance. @since 0.2.0 */
    SAPE_STOP_TOLERANCE = 2,
    /** The loss had not improved for patience iterations. @since 0.2.0 */
    SAPE_STOP_PLATEAU = 3,
    /** The held-out loss had no new minimum for validation_patience iterations. @since 0.2.0 */
    SAPE_STOP_VALIDATION = 4,
    /** The sampler returned #SAPE_SAMPLER_END. @since 0.3.0 */
    SAPE_STOP_SAMPLER = 5
} sape_stop;

/** The result of a run. The caller sets struct_size. */
typedef struct sape_result {
    /** sizeof(sape_result), set by the caller before the call. */
    size_t struct_size;
    /** Iterations done. */
    uint64_t iterations;
    /** The loss of the last iteration; 0 if there was none. */
    double loss;
    /** Duration of the run in seconds. */
    double seconds;
    /** Why the run ended. */
    sape_stop stop;
    /** Unused, 0. */
    int32_t reserved;
    /**
     * The held-out loss of the best state so far; NaN without one. The run leaves the field in that state.
     * @since 0.2.0
     */
    double validation_loss;
    /** The best state's iteration, counted from the trainer's first; 0 for none. @since 0.2.0 */
    uint64_t best_iteration;
} sape_result;

/**
 * Sums an array over all ranks, in place.
 *
 * Ranks are processes or threads that train together, each on its own samples. All ranks must receive the same bits, as
 * MPI_Allreduce does. The thread that trains calls it, on every rank in the same order with the same dtype and count,
 * so it may wait for the others. Calls that would change the trainer are refused meanwhile.
 *
 * @param[in]     user   the pointer that was passed with the function.
 * @param[in]     dtype  #SAPE_DTYPE_F32 or #SAPE_DTYPE_F64.
 * @param[in]     count  number of values, at least 1. It is at most 64 plus the larger of twice the mask's cells and
 *                       the sum of (inputs + 1) outputs over the layers, where the outputs of every layer are rounded
 *                       up to a multiple of 16.
 * @param[in,out] values (count) this rank's values; receives the sums.
 * @return 0 to go on; any other value ends training with #SAPE_ERROR_CALLBACK.
 * @since 0.2.0
 */
typedef int (*sape_reduce_fn)(void *user, sape_dtype dtype, size_t count, void *values);

/**
 * Parameters of the locally adaptive learning rate.
 *
 * Every sample's share of the gradient is multiplied by
 *
 *     alpha = alpha_min + (alpha_max - alpha_min) (sigma^gamma + eta g^delta), at most alpha_max,
 *
 * before it reaches the optimizer. sigma is the variance of the targets in the cells around the sample, and g is the
 * mean norm of the samples' parameter gradients there (sape_field_gradient_norms()). Each is divided by its largest
 * value. Both use the mask's grid, or one of their own if the mask has none; g is smoothed like the mask's log.
 *
 * Call sape_adaptive_rate_params_init() first, then change what you need.
 * @since 0.2.0
 */
typedef struct sape_adaptive_rate_params {
    /** sizeof(sape_adaptive_rate_params), set by the initialiser. */
    size_t struct_size;
    /** The rate where targets and fit are calm. 0 to 1e6, at most alpha_max. Default 0.5. */
    double alpha_min;
    /** The largest rate, greater than 0, at most 1e6. Default 1. */
    double alpha_max;
    /** Exponent of sigma, 0 to 100. Default 0.5. */
    double gamma;
    /** Weight of the gradient, 0 to 1e6. Default 0.5. */
    double eta;
    /** Exponent of the gradient, 0 to 100. Default 1. */
    double delta;
    /**
     * Cells per axis of its own grid over all coordinates. 3 to 4096, at most 2^28 cells in all. Default 64. It is used
     * if the mask has no regular grid (none, global, spatial_fixed), but always checked.
     */
    size_t resolution;
} sape_adaptive_rate_params;

/**
 * Sets every parameter of an adaptive rate to its default.
 *
 * @param[out] params the parameters; NULL is ignored.
 * @param[in]  size   sizeof(sape_adaptive_rate_params) in the caller's headers.
 * @since 0.2.0
 */
SAPE_API void sape_adaptive_rate_params_init(sape_adaptive_rate_params *params, size_t size);

/**
 * Sets every trainer parameter to its default.
 *
 * @param[out] params the parameters; NULL is ignored.
 * @param[in]  size   sizeof(sape_trainer_params) in the caller's headers.
 * @since 0.1.0
 */
SAPE_API void sape_trainer_params_init(sape_trainer_params *params, size_t size);

/**
 * Creates a trainer with its own optimizer.
 *
 * @param[in]     params    the parameters; NULL for the defaults.
 * @param[in]     optimizer parameters of the optimizer; NULL for the defaults.
 * @param[in,out] field     the field to train, borrowed. A field has one trainer at a time: free it before you create
 *                          the next one.
 * @param[out]    out       receives the trainer; NULL on failure.
 * @return #SAPE_OK; #SAPE_ERROR_ARGUMENT if field or out is NULL, or a parameter or SAPE_BACKEND is invalid;
 *         #SAPE_ERROR_VERSION if a struct sets a field that this version does not know; #SAPE_ERROR_STATE if the field
 *         already has a trainer; #SAPE_ERROR_UNSUPPORTED if validation does not support the policy or the loss, or the
 *         field scales the targets of #SAPE_LOSS_BCE; #SAPE_ERROR_MEMORY if memory is exhausted; #SAPE_ERROR_THREAD if
 * a thread cannot be started.
 * @since 0.1.0
 */
SAPE_API sape_status sape_trainer_create(const sape_trainer_params *params, const sape_optimizer_params *optimizer,
                                         sape_field *field, sape_trainer **out);

/**
 * Frees a trainer.
 *
 * Its field stays, unless sape_field_free() was called while the field had this trainer.
 *
 * @param[in] trainer the trainer; NULL is ignored.
 * @since 0.1.0
 */
SAPE_API void sape_trainer_free(sape_trainer *trainer);

/**
 * Sets the training samples.
 *
 * The arrays are borrowed: keep them unchanged until you set other samples or free the trainer. On failure the previous
 * samples remain set.
 *
 * An unfinished epoch is dropped. Convergence and validation start again, from the field of the last iteration. Under
 * the variance policy, the targets without the held-out samples become the mask's signal (sape_mask_set_signal()).
 *
 * * Scale the coordinates to [-1, 1], or let the field do so (sape_field_fit_normalization()). Others are accepted, but
 * a mask's grid counts them as on its border, and the encoder's frequencies, std among them, are in cycles per unit of
 * x. Samples at 0 to 512, for example, share few cells, and their field varies far too fast; sape_trainer_num_outside()
 * counts such samples.
 *
 * @param[in,out] trainer the trainer.
 * @param[in]     n       number of samples, at least 1; at least 2 with validation.
 * @param[in]     x       (n, d) coordinates, finite, at most #SAPE_MAX_COORDINATE in absolute value.
 * @param[in]     targets (n, output_dim) finite targets; for #SAPE_LOSS_BCE in [0, 1]. May be NULL for
 *                        #SAPE_LOSS_CUSTOM and #SAPE_LOSS_CUSTOM_JACOBIAN. Must be NULL for #SAPE_LOSS_CHAMFER, which
 *                        has sape_trainer_set_target_points() instead.
 * @return #SAPE_OK; #SAPE_ERROR_ARGUMENT if a pointer is NULL or a value is out of range; #SAPE_ERROR_NOT_FINITE if x
 *         or targets contains NaN or infinity; #SAPE_ERROR_MEMORY if memory is exhausted or n is too large;
 *         #SAPE_ERROR_STATE from one of the trainer's callbacks.
 * @since 0.1.0
 */
SAPE_API sape_status sape_trainer_set_data(sape_trainer *trainer, size_t n, const float *x, const float *targets);

/**
 * Returns how many samples lie far outside [-1, 1].
 *
 * These have a coordinate beyond -2 or 2 in the field's units. If there are any, the coordinates were probably not
 * scaled: use sape_field_fit_normalization(). With a sampler, samples of all iterations count.
 *
 * @param[in] trainer the trainer; may be NULL.
 * @return the number of samples; 0 for NULL and without data.
 * @since 0.3.0
 */
SAPE_API size_t sape_trainer_num_outside(const sape_trainer *trainer);

/**
 * Sets the function that sums over ranks, for distributed training.
 *
 * Every rank has its own field and trainer, and passes its share of the samples to sape_trainer_set_data(). Gradients,
 * losses and the mask's log are summed over the ranks. With full batches, the ranks fit what one trainer would fit on
 * all samples together, up to rounding; shares may differ in size. Otherwise every rank takes batches of its share, and
 * their union is the batch. After every iteration, all ranks have bit-identical parameters and masks if they run on
 * processors of one kind.
 *
 * All ranks make the same calls in the same order. A run, and a step after new data, first compares the ranks. They
 * must have the same settings, parameters and mask, for example from the same seeds or the same checkpoint; otherwise
 * all fail with #SAPE_ERROR_STATE. After that there is one sum per iteration, and another whenever a spatial mask
 * advances.
 *
 * Under the variance policy, sape_trainer_set_data() takes this rank's samples as the signal. Call
 * sape_mask_set_signal() afterwards with the same samples on every rank, for example those of all ranks.
 *
 * Weights are summed over the ranks as well: all ranks set them, or none. Under #SAPE_LOSS_CHAMFER every rank divides
 * by its own sum. The norm that clip_norm limits is that of the summed gradient.
 *
 * An event on one rank affects all. A sampler that ends one rank's training ends it on all before the iteration. A loss
 * that is not finite is #SAPE_ERROR_DIVERGED everywhere. An error of one rank is #SAPE_ERROR_CALLBACK on the others. A
 * progress callback that stops one rank stops all after the next iteration. A loss of your own must be a mean over
 * samples. A checkpoint includes the rank's own part of the mask's log and its own order of samples, so save and resume
 * every rank with its own file. There may be at most 16384 ranks.
 *
 * @param[in,out] trainer the trainer.
 * @param[in]     reduce  the sum over all ranks; NULL to train alone again.
 * @param[in]     user    passed on to reduce.
 * @return #SAPE_OK; #SAPE_ERROR_ARGUMENT if trainer is NULL; #SAPE_ERROR_UNSUPPORTED with the policy spatial_fixed,
 *         validation or an adaptive rate; #SAPE_ERROR_MEMORY if memory is exhausted; #SAPE_ERROR_STATE from one of the
 *         trainer's callbacks.
 * @since 0.2.0
 */
SAPE_API sape_status sape_trainer_set_reduce(sape_trainer *trainer, sape_reduce_fn reduce, void *user);

/** What a sampler returns to end the run without an error. @since 0.3.0 */
#define SAPE_SAMPLER_END (-2147483647 - 1)

/**
 * Supplies the samples of an iteration.
 *
 * The thread that called sape_trainer_step() or sape_trainer_run() calls it. Calls that would change the trainer are
 * refused meanwhile.
 *
 * Before the first call after sape_trainer_set_sampler(), x and targets contain zeros; before later calls, what the
 * previous call left there. Values that are not written are kept and trained on. A checkpoint does not store them.
 *
 * @param[in]     user      the pointer that was passed with the function.
 * @param[in]     iteration number of iterations done before, including those before a resumed checkpoint. With
 *                          accumulate, it is that number times accumulate, plus the batch's number within the
 *                          iteration. If the samples depend on it alone, a resumed run continues as if it had never
 *                          stopped.
 * @param[in]     n         number of samples.
 * @param[in,out] x         (n, d) must receive the coordinates.
 * @param[in,out] targets   (n, output_dim) must receive the targets, if the loss uses them; NULL for
 *                          #SAPE_LOSS_CHAMFER.
 * @return 0 to go on; #SAPE_SAMPLER_END to end the run with #SAPE_STOP_SAMPLER; any other value ends training with
 *         #SAPE_ERROR_CALLBACK. The iteration then has not happened, and the next one asks again.
 * @since 0.2.0
 */
typedef int (*sape_sample_fn)(void *user, uint64_t iteration, size_t n, float *x, float *targets);

/**
 * Sets a function that supplies the samples of every iteration.
 *
 * It replaces sape_trainer_set_data(). The trainer owns the memory that is filled, so the samples of a training run
 * need never be in memory at once. batch_size is ignored. Values are checked as in sape_trainer_set_data(); an
 * iteration whose samples are refused has not happened. Convergence starts again. Under the variance policy, the mask
 * keeps its signal: set one with sape_mask_set_signal(). On failure the previous samples remain set.
 *
 * @param[in,out] trainer the trainer.
 * @param[in]     n       number of samples of a batch, at least 1.
 * @param[in]     sampler the function; not NULL.
 * @param[in]     user    passed on to sampler.
 * @return #SAPE_OK; #SAPE_ERROR_ARGUMENT if trainer or sampler is NULL or n is 0; #SAPE_ERROR_UNSUPPORTED with
 *         validation; #SAPE_ERROR_MEMORY if memory is exhausted or n is too large; #SAPE_ERROR_STATE from one of the
 *         trainer's callbacks.
 * @since 0.2.0
 */
SAPE_API sape_status sape_trainer_set_sampler(sape_trainer *trainer, size_t n, sape_sample_fn sampler, void *user);

/**
 * Sets the function of #SAPE_LOSS_CUSTOM_JACOBIAN.
 *
 * An iteration costs about 2 + 2 d times as much as one without derivatives.
 *
 * @param[in,out] trainer the trainer.
 * @param[in]     loss_fn the function; not NULL.
 * @param[in]     user    passed on to loss_fn.
 * @return #SAPE_OK; #SAPE_ERROR_ARGUMENT if trainer or loss_fn is NULL; #SAPE_ERROR_STATE if the trainer has another
 *         loss, or from one of its callbacks.
 * @since 0.2.0
 */
SAPE_API sape_status sape_trainer_set_jacobian_loss(sape_trainer *trainer, sape_jacobian_loss_fn loss_fn, void *user);

/**
 * Sets the target points of #SAPE_LOSS_CHAMFER.
 *
 * The array is borrowed: keep it unchanged until you set other points or free the trainer. Every iteration uses a
 * random subset, drawn without repetition from the trainer's seed. Iterations after the first allocate nothing. With
 * several ranks, every rank compares its outputs with its own points, and the loss is the mean of theirs. On failure
 * the previous points remain set.
 *
 * @param[in,out] trainer       the trainer.
 * @param[in]     m             number of points, at least 1.
 * @param[in]     points        (m, output_dim) finite points.
 * @param[in]     per_iteration points per iteration; 0, or more than there are, for all of them.
 * @return #SAPE_OK; #SAPE_ERROR_ARGUMENT if a pointer is NULL or m is 0; #SAPE_ERROR_NOT_FINITE if points contains NaN
 *         or infinity; #SAPE_ERROR_MEMORY if memory is exhausted or m is too large; #SAPE_ERROR_STATE if the trainer
 *         has another loss, or from one of its callbacks.
 * @since 0.2.0
 */
SAPE_API sape_status sape_trainer_set_target_points(sape_trainer *trainer, size_t m, const float *points,
                                                    size_t per_iteration);

/**
 * Gives the samples weights.
 *
 * The array is borrowed: keep it unchanged until you set other samples or free the trainer. New samples have no
 * weights. With a sampler, there is a weight for every sample of an iteration, and the sampler may change the array; it
 * is then checked in every iteration. A batch whose weights are all 0 has a loss and a gradient of 0.
 *
 * A loss of your own must be a mean over its samples: its loss becomes that of the weighted samples, and their
 * gradients are multiplied by n w / sum(w). #SAPE_LOSS_CHAMFER weights the distances from outputs to targets only. The
 * norms that an adaptive rate measures include the weights. A checkpoint does not store them; the trainer it is
 * restored to must have weights if the saved one had. On failure nothing changes.
 *
 * @param[in,out] trainer the trainer.
 * @param[in]     n       number of weights: that of sape_trainer_set_data(), or of sape_trainer_set_sampler() times
 *                        accumulate; ignored where weights is NULL.
 * @param[in]     weights (n) finite weights, >= 0, with a positive sum over the samples that are trained on and over
 *                        those held out; NULL for none.
 * @return #SAPE_OK; #SAPE_ERROR_ARGUMENT if trainer is NULL, n is another number or a weight is out of range;
 *         #SAPE_ERROR_NOT_FINITE if weights contains NaN or infinity; #SAPE_ERROR_MEMORY if memory is exhausted;
 *         #SAPE_ERROR_STATE if there are no samples yet, or from one of the trainer's callbacks.
 * @since 0.3.0
 */
SAPE_API sape_status sape_trainer_set_weights(sape_trainer *trainer, size_t n, const float *weights);

/**
 * Says which samples a loss of your own is called with.
 *
 * Call it from a #sape_loss_fn or #sape_jacobian_loss_fn. The indices are rows of the arrays of
 * sape_trainer_set_data(). With a sampler, they are rows of the iteration's batches, one batch after the other.
 *
 * @param[in]  trainer the trainer.
 * @param[in]  n       number of samples that the function is called with.
 * @param[out] indices (n) receives their indices.
 * @return #SAPE_OK; #SAPE_ERROR_ARGUMENT if a pointer is NULL or n is another number; #SAPE_ERROR_STATE outside such a
 *         function.
 * @since 0.3.0
 */
SAPE_API sape_status sape_trainer_get_indices(const sape_trainer *trainer, size_t n, size_t *indices);

/**
 * Changes the learning rate.
 *
 * It takes the place of the optimizer's learning_rate from the next step on; the schedule's factors still apply.
 * Reductions on a plateau go on from it. A checkpoint stores it, and restoring one brings its rate back: call this
 * afterwards to resume with another rate. It may be called from a progress callback. All ranks make the same calls.
 *
 * @param[in,out] trainer       the trainer.
 * @param[in]     learning_rate the rate, finite, >= 0.
 * @return #SAPE_OK; #SAPE_ERROR_ARGUMENT if trainer is NULL or the rate is out of range; #SAPE_ERROR_STATE from one of
 *         the trainer's other callbacks.
 * @since 0.3.0
 */
SAPE_API sape_status sape_trainer_set_learning_rate(sape_trainer *trainer, double learning_rate);

/**
 * Returns the learning rate of the next step.
 *
 * It includes the schedule's factors and reductions on a plateau.
 *
 * @param[in] trainer the trainer; may be NULL.
 * @return the learning rate; 0 for NULL.
 * @since 0.3.0
 */
SAPE_API double sape_trainer_learning_rate(const sape_trainer *trainer);

/**
 * Creates a field with the averaged parameters.
 *
 * It is the trainer's field as it is now, but with the averages as its network's parameters; it is the caller's, and
 * can be predicted and saved as any other. Before the first step the averages are the parameters. It may be called from
 * a progress callback.
 *
 * @param[in]  trainer the trainer; its average_decay must not be 0.
 * @param[out] out     receives the field; NULL on failure.
 * @return #SAPE_OK; #SAPE_ERROR_ARGUMENT if a pointer is NULL; #SAPE_ERROR_STATE if average_decay is 0;
 *         #SAPE_ERROR_NOT_FINITE if the field contains NaN or infinity; #SAPE_ERROR_MEMORY if memory is exhausted.
 * @since 0.3.0
 */
SAPE_API sape_status sape_trainer_average(const sape_trainer *trainer, sape_field **out);

/**
 * Returns the number of entries of the history.
 *
 * @param[in] trainer the trainer; may be NULL.
 * @return the number of entries; 0 for NULL, and if the history parameter is 0.
 * @since 0.3.0
 */
SAPE_API size_t sape_trainer_history_count(const sape_trainer *trainer);

/**
 * Copies the history of losses.
 *
 * At first every iteration has an entry. Whenever the history is full, neighbours are joined in pairs, and from then on
 * an entry stands for twice as many iterations: so it covers the whole training run in memory that does not grow.
 * Iterations that diverged are left out. Restoring a checkpoint restores its history, or empties it if the checkpoint
 * has none of this size.
 *
 * @param[in]  trainer         the trainer.
 * @param[in]  count           number of entries, from sape_trainer_history_count().
 * @param[out] iterations      (count) receives the last iteration of every entry, counted from the trainer's first; may
 *                             be NULL.
 * @param[out] loss            (count) receives the mean loss of the entry's iterations; may be NULL.
 * @param[out] validation_loss (count) receives the entry's latest held-out loss, NaN where none was computed; may be
 *                             NULL.
 * @return #SAPE_OK; #SAPE_ERROR_ARGUMENT if trainer is NULL or count is another number.
 * @since 0.3.0
 */
SAPE_API sape_status sape_trainer_get_history(const sape_trainer *trainer, size_t count, uint64_t *iterations,
                                              double *loss, double *validation_loss);

/**
 * Turns the locally adaptive learning rate on or off.
 *
 * Turning it on drops all it has learnt before. The norms are measured during training's own backward pass and used
 * from the next epoch on (with full batches, from the next iteration on); g is 1 everywhere until then. A sample whose
 * rate is 0 cannot be measured. A cell without measured samples takes the mean of its neighbours, as in the mask.
 * Without targets, and with a sampler, sigma is 0. If alpha_min and alpha_max are 1, training is bit-identical to
 * training without it.
 *
 * The grid has the mask's domain: call sape_mask_set_domain() before you set the data. A checkpoint includes the rate's
 * state; the trainer it is restored to needs the same parameters. On failure nothing changes.
 *
 * @param[in,out] trainer the trainer.
 * @param[in]     params  the parameters; NULL to turn it off.
 * @return #SAPE_OK; #SAPE_ERROR_ARGUMENT if trainer is NULL or a parameter is out of range; #SAPE_ERROR_VERSION if
 *         params sets a field that this version does not know; #SAPE_ERROR_UNSUPPORTED with several ranks or
 *         #SAPE_LOSS_CUSTOM_JACOBIAN; #SAPE_ERROR_MEMORY if memory is exhausted; #SAPE_ERROR_STATE from one of the
 *         trainer's callbacks.
 * @since 0.2.0
 */
SAPE_API sape_status sape_trainer_set_adaptive_rate(sape_trainer *trainer, const sape_adaptive_rate_params *params);

/**
 * Trains for one iteration.
 *
 * #SAPE_ERROR_DIVERGED has two causes. If the loss is NaN or infinite, the parameters before the last step are
 * restored, which gave a finite loss. If a step would make a parameter or a moment of the optimizer NaN or infinite
 * (because the gradient overflows, for example), the whole step is undone: parameters, moments and the number of steps.
 * The mask, the adaptive rate, convergence and validation then ignore the iteration. In both cases its batch is used
 * up, and the trainer can be saved and trained further.
 *
 * With validation, it leaves the field as the iteration made it; only sape_trainer_run() puts the field in its best
 * state.
 *
 * @param[in,out] trainer the trainer.
 * @param[out]    loss    receives the batch's loss before the step, or NaN if the sampler ended the training instead;
 *                        may be NULL.
 * @return #SAPE_OK; #SAPE_ERROR_ARGUMENT if trainer is NULL or a sampler's value is out of range; #SAPE_ERROR_STATE if
 *         data, target points or a loss function is missing, ranks differ, or from one of the trainer's callbacks;
 *         #SAPE_ERROR_DIVERGED if training diverged, see above; #SAPE_ERROR_CALLBACK if a callback or another rank
 *         failed; #SAPE_ERROR_NOT_FINITE if a sampler's values, or with validation the field, contain NaN or infinity;
 *         #SAPE_ERROR_MEMORY if memory is exhausted.
 * @since 0.1.0
 */
SAPE_API sape_status sape_trainer_step(sape_trainer *trainer, double *loss);

/**
 * Trains for a number of iterations.
 *
 * It ends early if the progress callback or the sampler stops it, or on convergence (see tolerance, patience and
 * validation_patience).
 * Call it again to continue; after a stop on a patience, that patience counts anew. Two runs are bit-identical to one
 * run of their total length.
 *
 * With validation, a run that returns #SAPE_OK leaves the field in the best state so far by the held-out loss, or in
 * its latest state if no held-out loss has been computed yet. Continued training is unaffected: the next run or step
 * first restores the state after the last iteration, and drops any change made to the field in between. A trainer's
 * checkpoint has both states.
 *
 * A cancelled thread leaves a run between two iterations, with the field as the last iteration left it. With several
 * ranks, which would wait for it, the run goes on.
 *
 * @param[in,out] trainer        the trainer.
 * @param[in]     num_iterations number of iterations; 0 does nothing, and does not put the field in its best state.
 * @param[in]     progress       called every progress_every iterations; may be NULL.
 * @param[in]     user           passed on to progress.
 * @param[in,out] result         receives the result, also on failure; may be NULL. Its struct_size must be set, and is
 *                               checked before anything is done.
 * @return #SAPE_OK, also if a callback stopped the run; #SAPE_ERROR_ARGUMENT if trainer is NULL, or struct_size or a
 *         sampler's value is out of range; #SAPE_ERROR_STATE if data, target points or a loss function is missing,
 *         ranks differ, or from one of the trainer's callbacks; #SAPE_ERROR_DIVERGED if training diverged, see
 *         sape_trainer_step(); #SAPE_ERROR_CALLBACK if a callback or another rank failed; #SAPE_ERROR_NOT_FINITE if a
 *         sampler's values, or with validation the field, contain NaN or infinity; #SAPE_ERROR_MEMORY if memory is
 *         exhausted.
 * @since 0.1.0
 */
SAPE_API sape_status sape_trainer_run(sape_trainer *trainer, uint64_t num_iterations, sape_progress_fn progress,
                                      void *user, sape_result *result);

/**
 * Copies the parameters that the trainer has.
 *
 * num_threads is the number in use.
 *
 * @param[in]     trainer    the trainer.
 * @param[in,out] params  receives the parameters; its struct_size must be set.
 * @return #SAPE_OK; #SAPE_ERROR_ARGUMENT if a pointer is NULL or struct_size is out of range.
 * @since 0.3.0
 */
SAPE_API sape_status sape_trainer_get_params(const sape_trainer *trainer, sape_trainer_params *params);

/**
 * Copies the parameters that the trainer's optimizer has.
 *
 * learning_rate is the present one, before the schedule's factors.
 *
 * @param[in]     trainer the trainer.
 * @param[in,out] params  receives the parameters; its struct_size must be set.
 * @return #SAPE_OK; #SAPE_ERROR_ARGUMENT if a pointer is NULL or struct_size is out of range.
 * @since 0.3.0
 */
SAPE_API sape_status sape_trainer_get_optimizer_params(const sape_trainer *trainer, sape_optimizer_params *params);

/**
 * Returns the name of a reason why a run ended.
 *
 * @param[in] stop the value.
 * @return a static string like "iterations"; NULL if stop is not a #sape_stop.
 * @since 0.3.0
 */
SAPE_API const char *sape_stop_name(sape_stop stop);

#ifdef __cplusplus
}
#endif

#endif
