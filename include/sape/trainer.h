/* SPDX-License-Identifier: MIT */
/**
 * @file trainer.h
 * Trainers: the whole loop, batch by batch: predict, loss, gradients, optimizer step, mask.
 *
 * The batch is worked on in tiles of a few hundred samples, so that memory does not grow with it, and the parameters
 * after a training are the same to the last bit for every number of threads.
 *
 * The functions that a trainer is given (losses, samplers, sums over ranks, progress) are called by the thread that
 * trains. While one of them runs the field may be predicted, and from a progress callback the trainer may be saved; but
 * what would change the trainer (sape_trainer_set_data() and all other sape_trainer_set_...(), a step, a run, a
 * restore) is refused with #SAPE_ERROR_STATE. They must not free the trainer or its field, nor change the field. They
 * must return: no exception, longjmp() or pthread_exit() may pass through. Their floating-point environment, and that
 * their thread cannot be cancelled meanwhile, is in status.h.
 */
#ifndef SAPE_TRAINER_H
#define SAPE_TRAINER_H

#include "field.h"
#include "loss.h"

#ifdef __cplusplus
extern "C" {
#endif

/** What a trainer is made of. Set by sape_trainer_params_init(), then changed where wanted. */
typedef struct sape_trainer_params {
    /** sizeof(sape_trainer_params); set by the initialiser. */
    size_t struct_size;
    /** The loss. Default #SAPE_LOSS_MSE. */
    sape_loss loss;
    /** Unused, 0. */
    int32_t reserved;
    /** The function of #SAPE_LOSS_CUSTOM; NULL otherwise. */
    sape_loss_fn loss_fn;
    /** Handed to loss_fn. */
    void *loss_user;
    /**
     * Samples an iteration. 0 (the default), or more than there are, for all of them. Otherwise every epoch goes
     * through the samples in a new random order; a last batch that would be smaller is left out.
     */
    size_t batch_size;
    /**
     * Threads, 1 to 256, or 0 (the default) for one a processor that the process may use: those of its affinity mask,
     * but no more than the quota of its control group (cgroup) is worth, which is looked up once. The result does not
     * depend on it.
     */
    size_t num_threads;
    /** Seed of the random order. Default 0. */
    uint64_t seed;
    /** sape_trainer_run() reports every so many iterations, and after the last; at least 1. Default 1. */
    uint64_t progress_every;
    /**
     * Convergence: a run ends with #SAPE_STOP_TOLERANCE when the loss of an epoch, the mean over its batches, is at or
     * below it. With full batches every iteration is an epoch. Finite, >= 0; 0 (the default) to never end so.
     */
    double tolerance;
    /**
     * Plateau: a run ends with #SAPE_STOP_PLATEAU when for so many iterations no epoch's loss has improved. It should
     * be longer than the mask takes from one block to the next, since the loss may stand still until then. 0 (the
     * default) to never end so.
     */
    uint64_t patience;
    /**
     * What counts as an improvement for patience: a loss below (1 - min_improvement) times the best one so far. At
     * least 0, less than 1. Default 1e-3.
     */
    double min_improvement;
    /**
     * Validation: the share of the samples that is held out, 0 to 0.9: sape_trainer_set_data() draws
     * round(validation_share n) of them from the seed alone, at least one, and leaves at least one to train on. They
     * are never trained on nor recorded by the mask, and have no part in the variance policy's signal or an adaptive
     * rate's sigma. 0 (the default) for none; then all is as if there were no
     * validation, to the last bit. Not with #SAPE_POLICY_SPATIAL_FIXED, where every sample has a row of its own,
     * with #SAPE_LOSS_CHAMFER, #SAPE_LOSS_CUSTOM_JACOBIAN, samplers or several ranks.
     */
    double validation_share;
    /**
     * The held-out loss is computed after every iteration whose number, counted from the trainer's first, is a multiple
     * of this; at least 1. Default 20. When it is good, parameters and mask are kept, see validation_margin.
     */
    uint64_t validation_every;
    /**
     * A run ends with #SAPE_STOP_VALIDATION when the held-out loss has not been lower than its lowest for so many
     * iterations. 0 (the default) to never end so.
     */
    uint64_t validation_patience;
    /**
     * What is best by the held-out samples: the last state whose held-out loss is at most so many standard errors above
     * the lowest one. The lowest of many noisy losses is from too early an iteration more often than not; a later state
     * fits the training samples better, so it is kept unless the held-out samples speak against it. The standard error
     * is that of the mean of the differences of their losses, sample by sample, n samples: sqrt(variance / n). At
     * least 0; 0 for the lowest loss itself. Default 1.
     */
    double validation_margin;
} sape_trainer_params;

/** A trainer; it borrows its field. */
typedef struct sape_trainer sape_trainer;

/** What a progress callback sees. */
typedef struct sape_progress {
    /** sizeof(sape_progress) of the library that is loaded. */
    size_t struct_size;
    /** Iterations done by this run, from 1. */
    uint64_t iteration;
    /** Iterations this run was asked for. */
    uint64_t num_iterations;
    /** The batch's loss in this iteration, before its step. */
    double loss;
    /** Mean revealed share of the mask, 0 to 1. */
    double revealed;
    /** The learning rate of this iteration's step. */
    double learning_rate;
    /** Seconds since the run began. */
    double seconds;
    /** The held-out samples' loss when it was last computed; NaN before, and without validation. */
    double validation_loss;
    /** The held-out loss of the state that is kept as the best so far; NaN as above. */
    double best_validation_loss;
    /** The iteration that is from, counted from the trainer's first; 0 for none. */
    uint64_t best_iteration;
} sape_progress;

/**
 * Called during a run, by the thread that called it. Calls that would change the trainer are refused meanwhile.
 *
 * A progress callback returns true (not 0) to stop the run, false (0) to go on. It is so in C, C++, Python and Rust.
 *
 * @param user the pointer given with the function. @param progress where the run stands; valid during the call.
 * @return not 0 to stop after this iteration, 0 to go on.
 */
typedef int (*sape_progress_fn)(void *user, const sape_progress *progress);

/** Why a run ended. */
typedef enum sape_stop {
    /** All iterations were done. */
    SAPE_STOP_ITERATIONS = 0,
    /** The progress callback asked for it. */
    SAPE_STOP_CALLBACK = 1,
    /** The loss was at or below the tolerance. */
    SAPE_STOP_TOLERANCE = 2,
    /** The loss has not improved for as long as patience says. */
    SAPE_STOP_PLATEAU = 3,
    /** The held-out loss has not been lower than its lowest for as long as validation_patience says. */
    SAPE_STOP_VALIDATION = 4
} sape_stop;

/** What a run did. The caller sets struct_size. */
typedef struct sape_result {
    /** sizeof(sape_result), set by the caller before the call. */
    size_t struct_size;
    /** Iterations done. */
    uint64_t iterations;
    /** The loss of the last of them; 0 when there was none. */
    double loss;
    /** Seconds it took. */
    double seconds;
    /** Why it ended. */
    sape_stop stop;
    /** Unused, 0. */
    int32_t reserved;
    /** With validation, the held-out loss of the best state so far, in which the run leaves the field. Otherwise NaN.
     */
    double validation_loss;
    /** The iteration it is from, counted from the trainer's first; 0 for none. */
    uint64_t best_iteration;
} sape_result;

/**
 * Adds arrays up over all ranks (processes or threads that train together, each on its own samples), in place.
 *
 * All ranks must receive the same bits, which MPI promises of MPI_Allreduce. It is called by the thread that trains,
 * on every rank in the same order with the same dtype and count: it may wait for the others. Calls that would change
 * the trainer are refused meanwhile.
 *
 * @param user   the pointer given with the function.
 * @param dtype  #SAPE_DTYPE_F32 or #SAPE_DTYPE_F64.
 * @param count  number of values, at least 1. At most the larger of twice the mask's cells and, with the outputs of
 * every layer rounded up to a multiple of 16, the sum of (inputs + 1) outputs over the layers, plus 64.
 * @param values (count) this rank's values; receives the sums.
 * @return 0, or anything else to end the training with #SAPE_ERROR_CALLBACK.
 */
typedef int (*sape_reduce_fn)(void *user, sape_dtype dtype, size_t count, void *values);

/**
 * The locally adaptive learning rate: every sample's share of the gradient is multiplied by
 *
 *     alpha = alpha_min + (alpha_max - alpha_min) (sigma^gamma + eta g^delta), at most alpha_max,
 *
 * before it comes to the optimizer, whatever that is. sigma is the variance of the targets in the cells round the
 * sample, g the mean norm of the samples' parameter gradients there (sape_field_gradient_norms()), each divided by its
 * largest value, both on the grid of the mask, or on one of their own where the mask has none, and smoothed like the
 * mask's log. Set by sape_adaptive_rate_params_init(), then changed where wanted.
 */
typedef struct sape_adaptive_rate_params {
    /** sizeof(sape_adaptive_rate_params); set by the initialiser. */
    size_t struct_size;
    /** The rate where targets and fit are calm, 0 to 1e6, at most alpha_max. Default 0.5. */
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
     * Cells per axis of a grid over all coordinates, 3 to 4096, at most 2^28 cells in all. Default 64. Used where the
     * mask has no regular grid (none, global, spatial_fixed), but always checked.
     */
    size_t resolution;
} sape_adaptive_rate_params;

/** Sets every field to its default. @param size sizeof(sape_adaptive_rate_params) as the caller was compiled. */
SAPE_API void sape_adaptive_rate_params_init(sape_adaptive_rate_params *params, size_t size);

/** Sets every field to its default. @param size sizeof(sape_trainer_params) as the caller was compiled. */
SAPE_API void sape_trainer_params_init(sape_trainer_params *params, size_t size);

/**
 * Makes a trainer, with an optimizer of its own.
 *
 * @param params    NULL for the defaults.
 * @param optimizer parameters of the optimizer; NULL for the defaults.
 * @param field     the field to train, borrowed. A field has one trainer at a time: the next one can be made when this
 *                  one has been freed.
 * @param out       receives the trainer; NULL is stored when the call fails.
 * @return #SAPE_OK, #SAPE_ERROR_ARGUMENT, #SAPE_ERROR_VERSION, #SAPE_ERROR_MEMORY, #SAPE_ERROR_THREAD,
 *         #SAPE_ERROR_UNSUPPORTED (validation, see validation_share), #SAPE_ERROR_STATE (the field has a trainer).
 */
SAPE_API sape_status sape_trainer_create(const sape_trainer_params *params, const sape_optimizer_params *optimizer,
                                         sape_field *field, sape_trainer **out);

/** Frees a trainer; NULL is fine. */
SAPE_API void sape_trainer_free(sape_trainer *trainer);

/**
 * Gives the samples. The arrays are not copied: they must stay as they are until other ones are given or the trainer is
 * freed. An epoch that was under way is dropped, and so is what the losses on other samples have said: convergence and
 * validation begin anew, from the field that the last iteration has left. Under the variance policy the targets are the
 * signal whose variance sets the cut-offs: sape_mask_set_signal() is called with them, without those that are held
 * out. When it fails the samples are those from before.
 *
 * Coordinates belong into [-1, 1], and are scaled by the caller. Others are taken as they are: a mask's grid counts
 * them as on its border, so that samples at 0 to 512 share few of its cells, and frequencies, std among them, are in
 * cycles per unit of x, so that a field of them varies far too fast. What exceeds #SAPE_MAX_COORDINATE is refused.
 *
 * @param n       number of samples, at least 1.
 * @param x       (n, d) coordinates. @param targets (n, output_dim); for BCE in [0, 1]; may be NULL for a custom loss;
 *                must be NULL for Chamfer, which gets its targets from sape_trainer_set_target_points().
 * @return #SAPE_OK, #SAPE_ERROR_ARGUMENT, #SAPE_ERROR_NOT_FINITE, #SAPE_ERROR_MEMORY, #SAPE_ERROR_STATE (from a
 *         callback).
 */
SAPE_API sape_status sape_trainer_set_data(sape_trainer *trainer, size_t n, const float *x, const float *targets);

/**
 * Trains on several ranks: each has a field and a trainer of its own and gives sape_trainer_set_data() its share of
 * the samples; gradients, losses and the mask's log are added up over the ranks. With full batches the ranks fit what
 * one trainer would fit on all samples together, but for rounding (a loss is added up in single precision); shares may
 * differ in size. With batches every rank takes batches of its share, and the union of these is the batch. After every
 * iteration all ranks have the same parameters and the same mask, bit for bit, where all run on processors of one kind.
 *
 * All ranks make the same calls in the same order. A run, and a step after new data, begins by comparing the ranks:
 * they must have the same settings, parameters and mask (same seeds, or the same checkpoint), for example; otherwise
 * all fail with #SAPE_ERROR_STATE. Then there is one sum an iteration, of the gradient's rows in use and of the loss,
 * and one where a spatial mask advances, of its log.
 *
 * Under the variance policy sape_trainer_set_data() takes the rank's own samples for the signal: give
 * sape_mask_set_signal() those of all ranks afterwards.
 *
 * Under #SAPE_POLICY_VARIANCE every rank gives sape_mask_set_signal() the same samples of the signal, those of all
 * ranks for example, after sape_trainer_set_data(), which has given it this rank's alone.
 *
 * What happens on one rank happens on all: a loss that is not finite is #SAPE_ERROR_DIVERGED everywhere; an error of
 * one rank (without data, in its loss_fn) is #SAPE_ERROR_CALLBACK on the others; a progress callback that stops, on any
 * rank, stops all after the next iteration. A loss of the caller's own must be a mean over samples. A checkpoint holds
 * what the rank's own samples have put into the mask's log, and its order of samples: save and resume every rank with a
 * file of its own. At most 16384 ranks.
 *
 * @param reduce the sum over all ranks; NULL to train alone again. @param user handed to it.
 * @return #SAPE_OK, #SAPE_ERROR_ARGUMENT, #SAPE_ERROR_MEMORY, #SAPE_ERROR_UNSUPPORTED (policy spatial_fixed,
 *         validation, adaptive rate), #SAPE_ERROR_STATE (from a callback).
 */
SAPE_API sape_status sape_trainer_set_reduce(sape_trainer *trainer, sape_reduce_fn reduce, void *user);

/**
 * Gives the samples of an iteration: called by the thread that called sape_trainer_step() or sape_trainer_run(). Calls
 * that would change the trainer are refused meanwhile.
 *
 * @param user      the pointer given with the function.
 * @param iteration how many iterations were done before, those before a resumed checkpoint included: a sampler whose
 *                  samples depend on it alone goes on after a resume as if there had been none.
 * @param n         number of samples.
 * @param x         (n, d) must receive coordinates.
 * @param targets   (n, output_dim) must receive the targets, for a loss that uses them; NULL for Chamfer. Before the
 *                  call x and targets hold what the call before left there, at the first one after
 *                  sape_trainer_set_sampler() zeros; a checkpoint does not keep them. What is not written stays, and is
 *                  trained on.
 * @return 0, or anything else to end the training with #SAPE_ERROR_CALLBACK. Nothing of the iteration has happened
 * then: the next one asks again.
 */
typedef int (*sape_sample_fn)(void *user, uint64_t iteration, size_t n, float *x, float *targets);

/**
 * Lets a function give the samples of every iteration, in place of sape_trainer_set_data(). The trainer owns the memory
 * that is filled, so the samples of a training need never be in memory at once; batch_size is not looked at. Values are
 * checked as sape_trainer_set_data() checks them; an iteration whose samples are refused has not happened. What other
 * samples' losses have said is dropped, and a failing call changes nothing, as there. Under #SAPE_POLICY_VARIANCE the
 * mask keeps the signal it has: give it one with sape_mask_set_signal().
 *
 * @param n       samples of an iteration, at least 1.
 * @param sampler not NULL. @param user handed to it.
 * @return #SAPE_OK, #SAPE_ERROR_ARGUMENT, #SAPE_ERROR_MEMORY, #SAPE_ERROR_UNSUPPORTED (validation),
 *         #SAPE_ERROR_STATE (from a callback).
 */
SAPE_API sape_status sape_trainer_set_sampler(sape_trainer *trainer, size_t n, sape_sample_fn sampler, void *user);

/**
 * Gives the function of #SAPE_LOSS_CUSTOM_JACOBIAN. An iteration costs about 2 + 2 d times one without derivatives.
 *
 * @param loss_fn not NULL. @param user handed to it.
 * @return #SAPE_OK, #SAPE_ERROR_ARGUMENT; #SAPE_ERROR_STATE when the trainer's loss is another one, or from a
 *         callback.
 */
SAPE_API sape_status sape_trainer_set_jacobian_loss(sape_trainer *trainer, sape_jacobian_loss_fn loss_fn, void *user);

/**
 * Gives the points that #SAPE_LOSS_CHAMFER holds the outputs against. Every iteration sees a random subset of them,
 * drawn without repetition from the trainer's seed. The array is not copied: it must stay as it is until other points
 * are given or the trainer is freed. Iterations after the first allocate nothing. With several ranks every one
 * holds its outputs against its own points; the loss is the mean of theirs.
 *
 * @param m             number of points, at least 1. @param points (m, output_dim), finite.
 * @param per_iteration points of an iteration; 0, or more than there are, for all of them.
 * @return #SAPE_OK, #SAPE_ERROR_ARGUMENT, #SAPE_ERROR_NOT_FINITE, #SAPE_ERROR_MEMORY; #SAPE_ERROR_STATE when the
 * trainer's loss is another one, or from a callback. When it fails the points are those from before.
 */
SAPE_API sape_status sape_trainer_set_target_points(sape_trainer *trainer, size_t m, const float *points,
                                                    size_t per_iteration);

/**
 * Turns the locally adaptive learning rate on, with everything it has learnt dropped, or off.
 *
 * The norms are measured on the way back that training makes anyway, with the rates divided out, and used from the next
 * epoch on (with full batches, the next iteration); before the first epoch is over g is 1 everywhere. A sample whose
 * rate is 0 cannot be measured; a cell without measured samples takes its neighbours' mean, as in the mask. Without
 * targets, and with a sampler, sigma is 0. With alpha_min = alpha_max = 1 training is the same to the last bit as
 * without. The domain of the mask (sape_mask_set_domain()) is that of the grid; set it before the data. A checkpoint
 * has all that is needed to go on to the last bit; the trainer it is restored to must have the same rate turned on
 * before.
 *
 * @param params NULL to turn it off.
 * @return #SAPE_OK, #SAPE_ERROR_ARGUMENT, #SAPE_ERROR_VERSION, #SAPE_ERROR_MEMORY, #SAPE_ERROR_UNSUPPORTED (several
 *         ranks, or #SAPE_LOSS_CUSTOM_JACOBIAN), #SAPE_ERROR_STATE (from a callback). When it fails all is as it was.
 */
SAPE_API sape_status sape_trainer_set_adaptive_rate(sape_trainer *trainer, const sape_adaptive_rate_params *params);

/**
 * One iteration.
 *
 * #SAPE_ERROR_DIVERGED has two causes. A loss that is NaN or infinite: the parameters are put back to those before the
 * last step, with which it was finite. A step after which a parameter or a moment of the optimizer would be NaN or
 * infinite, of a gradient that overflows for example: it is taken back whole, with parameters, moments and the number
 * of steps; mask, adaptive rate, convergence and validation have seen nothing of the iteration. Either has used up its
 * batch. The trainer can be saved afterwards, and goes on.
 *
 * With validation it leaves the field as the iteration has made it, not at its best: that is for
 * sape_trainer_run().
 *
 * @param loss receives the batch's loss before the step; may be NULL.
 * @return #SAPE_OK, #SAPE_ERROR_ARGUMENT, #SAPE_ERROR_STATE (no data, target points or loss function; from a callback),
 *         #SAPE_ERROR_DIVERGED, #SAPE_ERROR_CALLBACK, #SAPE_ERROR_NOT_FINITE (from a sampler), #SAPE_ERROR_MEMORY,
 *         #SAPE_ERROR_THREAD. Not from several threads at once.
 */
SAPE_API sape_status sape_trainer_step(sape_trainer *trainer, double *loss);

/**
 * A number of iterations; may be called again to go on.
 *
 * It ends sooner when the callback wants it, or on convergence, see tolerance, patience and validation_patience. What
 * stopped on a patience begins to count anew in the next run.
 *
 * With validation the field holds the best parameters and mask so far by the held-out samples when the call
 * returns #SAPE_OK (what the last iteration has come to, when no held-out loss has been computed yet). Going on is not
 * influenced by it: the next run or step first puts back what the last iteration had come to, and with it drops changes
 * made to the field in between. So two runs do what one of their lengths' sum does, to the last bit. A trainer's
 * checkpoint has both states.
 *
 * A thread that is cancelled leaves a run between two iterations, as if a callback had stopped it there, but with the
 * field as the last iteration has left it. Not on several ranks, which would wait for it: there the run goes on.
 *
 * @param num_iterations how many; 0 does nothing, nor does it put the field to its best.
 * @param progress       called as progress_every says; may be NULL. @param user handed to it.
 * @param result         receives what was done, also whenever the call fails; may be NULL. Its struct_size must be set:
 *                       it is checked before anything is done.
 * @return as sape_trainer_step(). A run that a callback stopped is #SAPE_OK.
 */
SAPE_API sape_status sape_trainer_run(sape_trainer *trainer, uint64_t num_iterations, sape_progress_fn progress,
                                      void *user, sape_result *result);

#ifdef __cplusplus
}
#endif

#endif
