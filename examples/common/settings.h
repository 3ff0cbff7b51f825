/* SPDX-License-Identifier: MIT */
/* The settings that the fitting programs have in common, and their options. */
#ifndef EXAMPLES_SETTINGS_H
#define EXAMPLES_SETTINGS_H

#include "options.h"

#include <sape/sape.h>

struct settings {
    int encoding;             /* a sape_encoding */
    uint64_t num_frequencies; /* 0 for the encoding's default */
    double std;               /* NaN for one that suits the samples */
    double c_max;             /* of the variance policy's cut-offs; 0 leaves it to the mask; follows std */
    uint64_t hidden;
    uint64_t layers;
    int policy; /* a sape_policy */
    double epsilon;
    uint64_t resolution;
    uint64_t num_blocks;
    uint64_t iterations;
    double learning_rate;
    bool adaptive_rate;
    double validation; /* share of the samples that is held out */
    uint64_t seed;
    uint64_t threads;
    const char *save;   /* file of a checkpoint, or NULL */
    const char *resume; /* file of the checkpoint to go on from, or NULL */
    uint64_t checkpoint_every;
    const char *out;
    bool json;
};

/* One group an array, for struct option_group. */
struct settings_specs {
    struct option_spec field[5];
    struct option_spec mask[4];
    struct option_spec training[6];
    struct option_spec checkpoints[3];
    struct option_spec output[2];
};

/* The options that set the members of settings; their values at the time of parsing are the defaults. */
struct settings_specs settings_specs(struct settings *settings);

/* The groups of specs, with their titles. */
enum { SETTINGS_NUM_GROUPS = 5 };
void settings_groups(const struct settings_specs *specs, struct option_group groups[SETTINGS_NUM_GROUPS]);

/* Puts in what follows from other settings; call it after parsing. */
void settings_complete(struct settings *settings);

const char *settings_encoding_name(const struct settings *settings);
const char *settings_policy_name(const struct settings *settings);

#endif
