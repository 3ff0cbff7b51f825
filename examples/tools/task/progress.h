/* SPDX-License-Identifier: MIT */
/* The progress of a run: a bar on a terminal, otherwise a line every few seconds. All on stderr. */
#ifndef EXAMPLES_PROGRESS_H
#define EXAMPLES_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

/* What is shown beside the loss. */
enum progress_metric {
    PROGRESS_LOSS_ONLY,
    PROGRESS_PSNR,   /* of a loss that is the mse of values in [0, 1] */
    PROGRESS_SILENT, /* nothing is shown at all */
};

struct progress {
    uint64_t total; /* iterations */
    enum progress_metric metric;
    bool terminal;
    double last_shown;       /* seconds of training */
    uint64_t last_iteration; /* then */
    double rate;             /* iterations a second, smoothed; 0 before the first report */
};

/* One moment of a training run. */
struct progress_moment {
    uint64_t iteration;
    double loss;
    double heldout;  /* the latest loss of held-out samples; NaN for none */
    double revealed; /* share of the features, 0 to 1 */
    double seconds;  /* since the training began */
};

struct progress progress_begin(uint64_t total, enum progress_metric metric);

/* Call it after every iteration: it shows something when it is time to. */
void progress_update(struct progress *progress, const struct progress_moment *moment);

/* Leaves the last state on the screen. */
void progress_end(struct progress *progress, const struct progress_moment *moment);

#endif
