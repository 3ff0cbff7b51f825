/* SPDX-License-Identifier: MIT */
#include "settings.h"

#include <float.h>
#include <math.h>

/* In the order of sape_encoding and of sape_policy. */
static const char *const encoding_names[] = {"identity", "fourier", "positional", "rbf", "periodic_rbf", NULL};
static const char *const policy_names[] = {"none", "global", "spatial", "spatial_fixed", "variance", NULL};

/* Above this a double, and so a JSON number, no longer holds every whole number. */
#define MAX_SEED 9007199254740992.0

enum { DEFAULT_FREQUENCIES = 256, DEFAULT_POSITIONAL_FREQUENCIES = 8 };

struct settings_specs settings_specs(struct settings *s) {
    return (struct settings_specs){
        .field =
            {
                {.name = "encoding",
                 .kind = OPTION_CHOICE,
                 .target = &s->encoding,
                 .value_name = "NAME",
                 .help = "encoding of the coordinates",
                 .choices = encoding_names},
                {"num-frequencies", OPTION_COUNT, &s->num_frequencies, "N",
                 "number of frequencies, 0 for 256 (positional: 8)", 0, 16384, NULL},
                {"std", OPTION_REAL_OR_AUTO, &s->std, "X", "spread of the frequencies, in cycles per unit, or auto",
                 1e-6, 1e6, NULL},
                {"hidden", OPTION_COUNT, &s->hidden, "N", "width of the hidden layers", 1, 8192, NULL},
                {"layers", OPTION_COUNT, &s->layers, "N", "number of hidden layers", 1, 64, NULL},
            },
        .mask =
            {
                {.name = "policy",
                 .kind = OPTION_CHOICE,
                 .target = &s->policy,
                 .value_name = "NAME",
                 .help = "how features are revealed",
                 .choices = policy_names},
                {"epsilon", OPTION_REAL, &s->epsilon, "X", "loss below which a location is good enough", 0, INFINITY,
                 NULL},
                {"resolution", OPTION_COUNT, &s->resolution, "N", "cells of the mask per axis", 3, 4096, NULL},
                {"num-blocks", OPTION_COUNT, &s->num_blocks, "N",
                 "steps in which features are revealed, 0 for the finest; short fits want 6 to 50", 0,
                 SAPE_MAX_ENCODING_DIM, NULL},
            },
        .training =
            {
                {"iterations", OPTION_COUNT, &s->iterations, "N", "length of the training", 1, 1e9, NULL},
                {"lr", OPTION_REAL, &s->learning_rate, "X", "learning rate of Adam", DBL_MIN, 1e3, NULL},
                {.name = "adaptive-lr",
                 .kind = OPTION_FLAG,
                 .target = &s->adaptive_rate,
                 .help = "adapt it to the place: higher where the target varies and the fit is poor"},
                {"validation", OPTION_REAL, &s->validation, "SHARE",
                 "hold a share of the samples out to find the best number of iterations, then fit all for as many", 0,
                 0.9, NULL},
                {"seed", OPTION_COUNT, &s->seed, "N", "seed of everything random", 0, MAX_SEED, NULL},
                {"threads", OPTION_COUNT, &s->threads, "N", "threads, 0 for one a processor", 0, 256, NULL},
            },
        .checkpoints =
            {
                {.name = "save", OPTION_STRING, &s->save, "FILE", "checkpoint of the training, written at its end"},
                {.name = "resume", OPTION_STRING, &s->resume, "FILE", "go on from a checkpoint of the same training"},
                {"checkpoint-every", OPTION_COUNT, &s->checkpoint_every, "N",
                 "write it every so many iterations as well, 0 for never", 0, 1e9, NULL},
            },
        .output =
            {
                {.name = "out", OPTION_STRING, &s->out, "DIR", "directory of the results, made when missing"},
                {.name = "json", OPTION_FLAG, &s->json, .help = "print one JSON object as the last line"},
            },
    };
}

void settings_groups(const struct settings_specs *specs, struct option_group groups[SETTINGS_NUM_GROUPS]) {
    groups[0] = (struct option_group){"Encoding and network", specs->field, sizeof specs->field / sizeof *specs->field};
    groups[1] = (struct option_group){"Mask", specs->mask, sizeof specs->mask / sizeof *specs->mask};
    groups[2] = (struct option_group){"Training", specs->training, sizeof specs->training / sizeof *specs->training};
    groups[3] = (struct option_group){"Checkpoints", specs->checkpoints,
                                      sizeof specs->checkpoints / sizeof *specs->checkpoints};
    groups[4] = (struct option_group){"Output", specs->output, sizeof specs->output / sizeof *specs->output};
}

void settings_complete(struct settings *settings) {
    if (settings->num_frequencies == 0)
        settings->num_frequencies =
            settings->encoding == SAPE_ENCODING_POSITIONAL ? DEFAULT_POSITIONAL_FREQUENCIES : DEFAULT_FREQUENCIES;
    if (settings->encoding == SAPE_ENCODING_IDENTITY) {
        /* The coordinates themselves are the lowest frequency: there is nothing to reveal later. */
        settings->policy = SAPE_POLICY_NONE;
        settings->num_blocks = 0;
    }
}

const char *settings_encoding_name(const struct settings *settings) {
    return encoding_names[settings->encoding];
}

const char *settings_policy_name(const struct settings *settings) {
    return policy_names[settings->policy];
}
