/* SPDX-License-Identifier: MIT */
#ifndef SAPE_LIB_TRAINER_H
#define SAPE_LIB_TRAINER_H

#include <sape/trainer.h>
#include <stdatomic.h>

#include "chamfer.h"
#include "convergence.h"
#include "optimizer.h"
#include "random.h"
#include "rate.h"
#include "tangent.h"
#include "threads.h"
#include "validation.h"

/* A batch of at most so many tiles has a workspace for each, so that a loss of the caller's own, which sees all outputs
   before any gradient, does not cost a second forward pass. */
#define SAPE_KEPT_TILES 4

/* Training on several ranks. */
struct sape_ranks {
    sape_reduce_fn reduce;
    void *user;
    /* What goes through reduce: the gradient's rows in use, and a few numbers. */
    float *buffer;
    /* Whether the ranks have been compared since something changed. */
    bool agreed;
    /* A callback of this rank, or of any rank, wants to stop. */
    bool stop_wanted, stop;
    /* The mean of the union's per-sample losses. */
    double sample_loss;
};

/* The points of a Chamfer loss, and what it works on. */
struct sape_target_points {
    size_t count, per_iteration;
    const float *points;
    /* Only where not all are taken: 0 .. count - 1, the places swapped in a draw, and the points drawn. */
    size_t *order, *swapped;
    float *drawn;
    struct sape_chamfer chamfer;
};

/* A loss with the Jacobian: (batch, o, d) values and their gradient, and a worker's memory. */
struct sape_jacobian {
    sape_jacobian_loss_fn loss_fn;
    void *user;
    float *values, *d_values;
    struct sape_tangents *tangents;
    size_t num_tangents;
};

struct sape_trainer {
    sape_trainer_params params;
    sape_field *field;
    sape_optimizer *optimizer;
    struct sape_pool *pool;

    /* The caller's samples. */
    size_t num_samples;
    const float *x, *targets;
    bool has_data;
    /* While one of the caller's functions may be running, which must not change the trainer. */
    bool inside;
    /* What gives the samples instead; NULL for nothing. */
    sape_sample_fn sampler;
    void *sampler_user;
    struct sape_target_points target_points;
    struct sape_jacobian jacobian;

    /* The epoch: the order of the samples, of which the first num_training are trained on and the others held out, and
       how many have been used. Only where not all samples are in every batch. */
    struct sape_random random;
    size_t num_training;
    size_t *epoch;
    size_t used;
    /* Samples of an iteration, and those of this one: the caller's arrays, or what was gathered from them or sampled.
     */
    size_t batch_size;
    /* Samples of an iteration over all ranks, of which batch_size are this one's. */
    size_t union_size;
    const float *batch_x, *batch_targets;
    float *gathered_x, *gathered_targets;

    /* The batch's samples, those with the most features first; sorted for a version of the mask. */
    size_t *order;
    uint16_t *bounds;
    size_t *starts;
    bool sorted;
    uint64_t sorted_version;

    /* What an iteration works on. */
    struct sape_plan plan;
    struct sape_batch batch;
    struct sape_workspace *workspaces;
    size_t num_workspaces;
    float *slots;
    size_t slot_active[SAPE_MAX_SLOTS];
    const float *gradients[SAPE_MAX_SLOTS];
    float *sample_loss;
    float *outputs, *d_outputs;

    /* First-layer rows from here on have never had a gradient. */
    size_t touched;
    /* The parameters before the last step, with which the loss was finite. */
    float *previous;
    bool has_previous;
    /* Whether a part of the step under way has left something that is not finite. */
    atomic_bool step_failed;

    struct sape_ranks ranks;
    struct sape_convergence convergence;
    struct sape_validation validation;
    /* NULL without an adaptive rate. */
    struct sape_rate *rate;
};

/* Runs tasks in the trainer's pool, or one after the other where the network is small. */
void sape_trainer_parallel(sape_trainer *trainer, size_t count, sape_task task);

/* Brings the next batch into batch_x and batch_targets, and its samples into order. */
sape_status sape_trainer_next_batch(const char *function, sape_trainer *trainer);

/* Refuses what would change the trainer from within a callback. */
sape_status sape_trainer_check_outside(const char *function, const sape_trainer *trainer);

/* Checks what must hold between the trainer's members, those of its parts included; its field aside. Every call that
   changes a trainer keeps to it. */
sape_status sape_trainer_check_state(const char *function, const sape_trainer *trainer);

/* A copy of the trainer that has nothing yet of what goes with its samples, and all else in common with it. */
sape_trainer sape_trainer_without_samples(const sape_trainer *trainer);
/* Memory for batches of the present samples, and everything that they begin with. */
sape_status sape_trainer_prepare(const char *function, sape_trainer *trainer);
/* Frees what goes with the samples. */
void sape_trainer_release_samples(sape_trainer *trainer);

/* Copies some of the caller's samples together; their targets where there are some. */
void sape_trainer_gather(const sape_trainer *trainer, size_t count, const size_t *samples, float *x, float *targets);

/* The loss of the caller's own. */
sape_status sape_trainer_call_loss(const char *function, const sape_trainer *trainer, size_t n, const float *x,
                                   const float *outputs, const float *targets, float *d_outputs, float *sample_loss,
                                   double *loss);

/* Loss and gradients of the batch: into sample_loss and the slots. A custom loss gives *loss itself. */
sape_status sape_trainer_gradients(const char *function, sape_trainer *trainer, double *loss);

/* The optimizer's step. One that leaves a parameter or a moment that is not finite is taken back whole, which is
   SAPE_ERROR_DIVERGED; touched is what trainer->touched was before the iteration. */
sape_status sape_trainer_update(const char *function, sape_trainer *trainer, size_t touched);

/* Where the loss is not finite: the parameters become those before the last step. Returns SAPE_ERROR_DIVERGED. */
sape_status sape_trainer_diverged(const char *function, sape_trainer *trainer, double loss);

/* Clears the slots' gradients of first-layer rows begin .. end - 1. */
void sape_trainer_clear_rows(sape_trainer *trainer, size_t begin, size_t end);

/* With a reduce function; nothing happens without. */

/* Before the first of num_iterations: compares the ranks and counts their samples. status is what this rank has come
   to; when it is an error the others learn of it. */
sape_status sape_ranks_begin(const char *function, sape_trainer *trainer, sape_status status, uint64_t num_iterations);

/* Sums gradients and losses, after which gradients[0] has the gradient; status as above. */
sape_status sape_ranks_reduce(const char *function, sape_trainer *trainer, sape_status status, double *loss);

/* Sums what the mask has recorded, where it is about to be used. */
sape_status sape_ranks_reduce_mask(const char *function, sape_trainer *trainer);

/* Whether this iteration is the last, when this rank's callback has said whether it wants to stop. */
bool sape_ranks_stop(sape_trainer *trainer, bool wanted);
/* A loss with the Jacobian, whose workspaces are there: memory, a tile's way forward and back, the caller's function.
 */
sape_status sape_trainer_jacobian_open(const char *function, sape_trainer *trainer);
void sape_trainer_jacobian_close(sape_trainer *trainer);
void sape_trainer_jacobian_forward(sape_trainer *trainer, struct sape_workspace *workspace, size_t worker);
void sape_trainer_jacobian_backward(sape_trainer *trainer, struct sape_workspace *workspace, size_t worker,
                                    float *gradient);
sape_status sape_trainer_jacobian_loss(const char *function, sape_trainer *trainer, double *loss);

/* The Chamfer loss of the batch's outputs, and all that follows from it; NaN where an output is not finite. */
sape_status sape_trainer_chamfer(const char *function, sape_trainer *trainer, double *loss);
void sape_target_points_release(struct sape_target_points *target);

#endif
