/* SPDX-License-Identifier: MIT */
/* A field made and trained as the settings say, with progress shown and Ctrl-C obeyed. */
#ifndef EXAMPLES_FIT_H
#define EXAMPLES_FIT_H

#include "progress.h"
#include "settings.h"

/* Called at moments spread over the training, with what frame_user says. Returns false to give up. */
typedef bool (*fit_frame_fn)(void *user, const sape_field *field);

/* What is fitted: n samples x (n, domain_dim), targets (n, output_dim), under the mean squared error. */
struct fit_problem {
    size_t domain_dim, output_dim;
    size_t n;
    const float *x, *targets;
    enum progress_metric metric;
    size_t num_frames; /* 0 for none */
    fit_frame_fn frame;
    void *frame_user;
};

struct fit {
    sape_field *field;
    uint64_t iterations; /* done */
    double seconds;      /* of training, without the frames */
    bool interrupted;
};

/* Makes fit->field and trains it. When it fails a message has been printed and there is nothing to free. */
bool fit_run(const struct settings *settings, const struct fit_problem *problem, struct fit *fit);
void fit_free(struct fit *fit);

#endif
