/* SPDX-License-Identifier: MIT */
/* A field made and trained as the settings say, with progress shown and Ctrl-C obeyed. */
#ifndef EXAMPLES_FIT_H
#define EXAMPLES_FIT_H

#include "cli/settings.h"
#include "task/progress.h"

/* Called at moments spread over the training, with what frame_user says. Returns false to give up. */
typedef bool (*fit_frame_fn)(void *user, const sape_field *field);

/* Prepares a field for its training. Returns false to give up. */
typedef bool (*fit_begin_fn)(void *user, sape_field *field);

/* Says in *reached whether a field is good enough for its training to end. Returns false to give up. */
typedef bool (*fit_goal_fn)(void *user, const sape_field *field, bool *reached);

/* Gives the samples of an epoch, counted from 0; they stay as they are until the next one. Returns false to give up. */
typedef bool (*fit_epoch_fn)(void *user, uint64_t epoch, const float **x, const float **targets);

/* Whether all ranks say yes. */
typedef bool (*fit_agree_fn)(void *user, bool yes);

/* The checkpoints of fits that share a file, in their order. */
struct fit_file {
    size_t count;
    sape_safetensors *checkpoints[SAPE_MAX_FIELDS];
};

/* What is fitted: n samples x (n, domain_dim), targets (n, output_dim). */
struct fit_problem {
    size_t domain_dim, output_dim;
    size_t n;
    const float *x, *targets;   /* NULL where epoch gives them */
    size_t finest_resolution;   /* cells along an axis that a grid has at its finest; 0 for the library's default */
    sape_loss loss;             /* Chamfer has points in place of targets; custom has a function of its own: */
    size_t num_target_points;   /* all of them, and those of an iteration; with a function of its own, what it uses */
    const float *target_points; /* (num_target_points, output_dim) */
    size_t target_points_drawn;
    sape_loss_fn loss_fn;
    void *loss_user;
    fit_begin_fn begin; /* called for a new field before its training, not when one is resumed; or NULL */
    void *begin_user;
    size_t batch_size;     /* 0 for full batches */
    bool advance_by_epoch; /* the spatial policy advances once an epoch, not at its own pace */
    uint64_t num_sets;     /* with epoch: the sets of samples that the epochs take in turn */
    fit_epoch_fn epoch;    /* NULL for the same samples throughout */
    void *epoch_user;
    fit_goal_fn goal; /* NULL where training ends by its length alone; asked where a batch's loss is at most: */
    double goal_loss;
    void *goal_user;
    enum progress_metric metric;
    sape_reduce_fn reduce; /* NULL, or what sums over the ranks that train together */
    fit_agree_fn agree;    /* NULL, or what makes them give up together */
    void *ranks_user;
    size_t num_signal; /* with ranks: the samples of all, as n, x and targets */
    const float *signal_x, *signal;
    size_t num_frames; /* 0 for none */
    fit_frame_fn frame;
    void *frame_user;
    struct fit_file *file; /* NULL for checkpoints in files of their own, or where they go, and the place there: */
    size_t place;
    const struct notes *notes; /* NULL, or what its checkpoints say of the task */
};

struct fit {
    sape_field *field;
    uint64_t iterations;      /* done, with validation those of both trainings */
    double seconds;           /* of training, without frames, the making of samples and looks at the goal */
    double processor_seconds; /* of all threads, in the same time */
    bool interrupted;
    bool reached; /* the problem's goal */
    bool unsaved; /* its checkpoint could not be written, which has been said: the program is to end with a failure */
    uint64_t best_iteration; /* with validation, the one that was best; 0 for none */
    double validation_loss;  /* and the held-out samples' loss then */
};

/* Iterations that go once through the samples. */
uint64_t fit_epoch_iterations(const struct fit_problem *problem);

/* The mask's parameters; those that a field sets are left alone. */
sape_mask_params fit_mask_params(const struct settings *settings, const struct fit_problem *problem);

/* Makes a field as fit_run() does, of a std that is known. When it fails a message has been printed. */
bool fit_create_field(const struct settings *settings, const struct fit_problem *problem, sape_field **field);

/*
 * Makes fit->field and trains it. With validation, a run with held-out samples finds the best number of
 * iterations, and a second one does as many on all samples, up to a tenth more where it would end within a sudden rise
 * of the loss; when the first is interrupted its best field is what there is. When it fails a message has been printed
 * and there is nothing to free.
 */
bool fit_run(const struct settings *settings, const struct fit_problem *problem, struct fit *fit);
void fit_free(struct fit *fit);

#endif
