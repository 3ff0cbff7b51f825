/* SPDX-License-Identifier: MIT */
/* The picture of a study's signal: how its errors fell, all of them and band by band, method by method. */
#ifndef EXAMPLES_STUDY_PLOT_H
#define EXAMPLES_STUDY_PLOT_H

#include <gd.h>
#include <stddef.h>

#include "task/study_signals.h"

#define STUDY_MAX_METHODS 6
#define STUDY_MOMENTS 40

/* The error at the samples, that between them, and its bands. */
#define STUDY_NUM_CURVES (2 + STUDY_NUM_BANDS)

struct study_plot {
    size_t num_methods;
    const char *names[STUDY_MAX_METHODS];
    int colors[STUDY_MAX_METHODS];
    float iterations[STUDY_MOMENTS];
    float log_errors[STUDY_NUM_CURVES][STUDY_MAX_METHODS][STUDY_MOMENTS]; /* log10 */
};

/* A panel for every kind of error, and the legend; NULL without memory. */
gdImagePtr study_plot_draw(const struct study_plot *plot);

#endif
