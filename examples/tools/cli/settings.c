/* SPDX-License-Identifier: MIT */
#include "cli/settings.h"

#include "cli/message.h"

#include <float.h>
#include <math.h>
#include <stdio.h>

/* In the order of sape_encoding, settings_preset, sape_draw, sape_policy, sape_precision, sape_activation and
   sape_output_activation. */
static const char *const encoding_names[] = {"identity", "fourier", "positional", "rbf", "periodic_rbf", "grid", NULL};
const char *const settings_preset_names[] = {"proposed", "paper", NULL};
static const char *const draw_names[] = {"random", "stratified", NULL};
static const char *const policy_names[] = {"none", "global", "spatial", "spatial_fixed", "variance", NULL};
static const char *const activation_names[] = {"relu", "leaky_relu", "sine",     "softplus", "gelu",
                                               "silu", "tanh",       "gaussian", NULL};
static const char *const output_activation_names[] = {"none", "sigmoid", "tanh", "softplus", "exp", NULL};
const char *const settings_precision_names[] = {"auto", "fp32", "bf16x3", "bf16", NULL};

/* Above this a double, and so a JSON number, no longer holds every whole number. */
#define MAX_SEED 9007199254740992.0
#define MAX_CELLS 16777216.0

enum { DEFAULT_FREQUENCIES = 256, DEFAULT_POSITIONAL_FREQUENCIES = 8 };
/* What grids are trained with: most of what they know is in their tables. */
enum { GRID_HIDDEN = 64, GRID_LAYERS = 2 };
#define GRID_LEARNING_RATE 1e-2

/* One group an array. */
struct specs {
    struct option_spec field[8];
    struct option_spec grid[7];
    struct option_spec mask[4];
    struct option_spec training[7];
    struct option_spec checkpoints[3];
    struct option_spec output[3];
    struct option_spec presets[2];
};

static struct specs specs_of(struct settings *s) {
    return (struct specs){
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
                {.name = "draw",
                 .kind = OPTION_CHOICE,
                 .target = &s->draw,
                 .value_name = "NAME",
                 .help = "how the frequencies are drawn: stratified ones depend less on the seed",
                 .choices = draw_names},
                {"hidden", OPTION_COUNT, &s->hidden, "N", "width of the hidden layers; grid: 64", 1, 8192, NULL},
                {"layers", OPTION_COUNT, &s->layers, "N", "number of hidden layers; grid: 2", 1, 64, NULL},
                {.name = "activation",
                 .kind = OPTION_CHOICE,
                 .target = &s->activation,
                 .value_name = "NAME",
                 .help = "function at the end of the hidden layers; SIREN is sine with --encoding identity",
                 .choices = activation_names},
                {"activation-parameter", OPTION_REAL, &s->activation_parameter, "X",
                 "frequency of sine, sharpness of softplus and gaussian, 0 for 30, 1, 1", 0, 1e6, NULL},
            },
        .grid =
            {
                {"grid-levels", OPTION_COUNT, &s->grid.levels, "N", "number of levels, 0 for 12 (solids: 8)", 0, 32,
                 NULL},
                {"grid-features", OPTION_COUNT, &s->grid.features, "N", "features of a level: 1, 2, 4 or 8", 1, 8,
                 NULL},
                {"grid-base", OPTION_COUNT, &s->grid.base, "N", "cells along an axis of the coarsest level", 1,
                 MAX_CELLS, NULL},
                {"grid-finest", OPTION_COUNT, &s->grid.finest, "N",
                 "cells along an axis of the finest level, 0 for what suits the samples", 0, MAX_CELLS, NULL},
                {"grid-growth", OPTION_REAL, &s->grid.growth, "X",
                 "factor from level to level in place of --grid-finest, 0 for that", 0, MAX_CELLS, NULL},
                {"grid-table", OPTION_COUNT, &s->grid.log2_table, "N",
                 "a level has at most 2^N rows, 0 for what suits; more corners share rows", 0, 24, NULL},
                {.name = "grid-smooth",
                 .kind = OPTION_FLAG,
                 .target = &s->grid.smooth,
                 .help = "interpolate smoothly between corners"},
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
                 "steps in which features are revealed, 0 for the finest; short fits need 6 to 50", 0,
                 SAPE_MAX_ENCODING_DIM, NULL},
            },
        .training =
            {
                {"iterations", OPTION_COUNT, &s->iterations, "N", "length of training", 1, 1e9, NULL},
                {"lr", OPTION_REAL, &s->learning_rate, "X", "learning rate of Adam; grid: 0.01", DBL_MIN, 1e3, NULL},
                {.name = "adaptive-lr",
                 .kind = OPTION_FLAG,
                 .target = &s->adaptive_rate,
                 .help = "adapt it to the location: higher where the target varies and the fit is poor"},
                {"validation", OPTION_REAL, &s->validation, "SHARE",
                 "hold out a share of the samples to find the best number of iterations, then fit all for as many", 0,
                 0.9, NULL},
                {"seed", OPTION_COUNT, &s->seed, "N", "seed of everything random", 0, MAX_SEED, NULL},
                {"threads", OPTION_COUNT, &s->threads, "N", "threads, 0 for one per processor", 0, 256, NULL},
                SETTINGS_PRECISION_OPTION(&s->precision),
            },
        .checkpoints =
            {
                {.name = "save",
                 OPTION_STRING,
                 &s->save,
                 "FILE",
                 "checkpoint for --resume and for render, written at the end"},
                {.name = "resume",
                 OPTION_STRING,
                 &s->resume,
                 "FILE",
                 "resume the same run from a checkpoint, to the same total length"},
                {"checkpoint-every", OPTION_COUNT, &s->checkpoint_every, "N",
                 "also write it every N iterations, 0 for never", 0, 1e9, NULL},
            },
        .output =
            {
                {.name = "out", OPTION_STRING, &s->out, "DIR", "directory of the results, created if missing"},
                {.name = "json", OPTION_FLAG, &s->json, .help = "print one JSON object as the last line"},
                {.name = "verbose", OPTION_FLAG, &s->verbose, .help = "say which settings were proposed, and why"},
            },
        .presets =
            {
                {.name = "preset",
                 .kind = OPTION_CHOICE,
                 .target = &s->preset,
                 .value_name = "NAME",
                 .help = "settings that are not given: proposed from the samples, or those of the paper",
                 .choices = settings_preset_names},
                {"seconds", OPTION_REAL, &s->seconds, "X",
                 "time that a proposed length of training may take, roughly; 0 for no limit", 0, 1e9, NULL},
            },
    };
}

static void complete_grid(struct settings *settings) {
    if (settings->encoding != SAPE_ENCODING_GRID) return;
    if (!settings->given.hidden) settings->hidden = GRID_HIDDEN;
    if (!settings->given.layers) settings->layers = GRID_LAYERS;
    if (!settings->given.learning_rate) settings->learning_rate = GRID_LEARNING_RATE;
}

void settings_take_grid(struct settings *settings) {
    settings->encoding = SAPE_ENCODING_GRID;
    if (settings->preset == SETTINGS_PROPOSED) return;
    settings->num_blocks = 0;
    complete_grid(settings);
}

/* Members that may be left open. */
static void leave_open(struct settings *settings) {
    settings->encoding = settings->draw = settings->policy = -1;
    settings->std = settings->epsilon = settings->learning_rate = INFINITY;
    settings->num_frequencies = settings->hidden = settings->layers = OPTION_OPEN;
    settings->resolution = settings->num_blocks = settings->iterations = OPTION_OPEN;
}

static void close_choice(int *member, int value) {
    if (*member < 0) *member = value;
}

static void close_count(uint64_t *member, uint64_t value) {
    if (*member == OPTION_OPEN) *member = value;
}

static void close_real(double *member, double value) {
    if (isinf(*member)) *member = value;
}

void settings_close(struct settings *settings, const struct settings *values) {
    close_choice(&settings->encoding, values->encoding);
    close_choice(&settings->draw, values->draw);
    close_choice(&settings->policy, values->policy);
    close_real(&settings->std, values->std);
    close_real(&settings->epsilon, values->epsilon);
    close_real(&settings->learning_rate, values->learning_rate);
    close_count(&settings->num_frequencies, values->num_frequencies);
    close_count(&settings->hidden, values->hidden);
    close_count(&settings->layers, values->layers);
    close_count(&settings->resolution, values->resolution);
    close_count(&settings->num_blocks, values->num_blocks);
    close_count(&settings->iterations, values->iterations);
}

static void complete(struct settings *settings) {
    complete_grid(settings);
    if (settings->num_frequencies == 0)
        settings->num_frequencies =
            settings->encoding == SAPE_ENCODING_POSITIONAL ? DEFAULT_POSITIONAL_FREQUENCIES : DEFAULT_FREQUENCIES;
    if (isnan(settings->learning_rate))
        settings->learning_rate = settings->encoding == SAPE_ENCODING_IDENTITY ? 1e-4 : 1e-5;
}

static bool is_open(const struct option_spec *spec) {
    switch (spec->kind) {
    case OPTION_COUNT:
        return *(const uint64_t *)spec->target == OPTION_OPEN;
    case OPTION_REAL:
    case OPTION_REAL_OR_AUTO:
        return isinf(*(const double *)spec->target);
    case OPTION_CHOICE:
        return *(const int *)spec->target < 0;
    case OPTION_FLAG:
    case OPTION_STRING:
        break;
    }
    return false;
}

static void note_option(const struct option_spec *spec, struct notes *notes) {
    char key[NOTE_KEY];
    snprintf(key, sizeof key, "option.%s", spec->name);
    if (is_open(spec)) {
        notes_set(notes, key, "proposed");
        return;
    }
    switch (spec->kind) {
    case OPTION_FLAG:
        notes_set(notes, key, *(const bool *)spec->target ? "on" : "off");
        break;
    case OPTION_COUNT:
        notes_set(notes, key, "%llu", (unsigned long long)*(const uint64_t *)spec->target);
        break;
    case OPTION_REAL:
    case OPTION_REAL_OR_AUTO:
        notes_set_real(notes, key, *(const double *)spec->target);
        break;
    case OPTION_CHOICE:
        notes_set(notes, key, "%s", spec->choices[*(const int *)spec->target]);
        break;
    case OPTION_STRING:
        break;
    }
}

/* The field's options, the mask's, the training's and the data's; not the number of threads, which changes nothing, nor
   the precision, in which another part of a run may go on. */
static void note_options(struct settings *settings, const struct specs *specs, const struct settings_program *program) {
    struct notes *notes = &settings->options;
    const struct option_group groups[] = {
        {"", specs->training, sizeof specs->training / sizeof *specs->training},
        {"", specs->field, sizeof specs->field / sizeof *specs->field},
        {"", specs->grid, settings->encoding == SAPE_ENCODING_GRID ? sizeof specs->grid / sizeof *specs->grid : 0},
        {"", specs->mask, sizeof specs->mask / sizeof *specs->mask},
        {"", program->data, program->num_data},
    };
    for (size_t g = 0; g < sizeof groups / sizeof *groups; g++)
        for (size_t i = 0; i < groups[g].count; i++)
            if (groups[g].specs[i].target != &settings->threads && groups[g].specs[i].target != &settings->precision)
                note_option(&groups[g].specs[i], notes);
}

static bool check(const struct settings *settings) {
    return settings->save || settings->checkpoint_every == 0 ||
           message_error("--checkpoint-every needs --save, which names the file");
}

/* Whether an option was given counts where its default depends on another. */
static void remember(void *user, const struct option_spec *spec) {
    struct settings *settings = user;
    settings->given.hidden = settings->given.hidden || spec->target == &settings->hidden;
    settings->given.layers = settings->given.layers || spec->target == &settings->layers;
    settings->given.learning_rate = settings->given.learning_rate || spec->target == &settings->learning_rate;
}

struct option_spec settings_output_activation_option(struct settings *settings) {
    return (struct option_spec){.name = "output-activation",
                                .kind = OPTION_CHOICE,
                                .target = &settings->output_activation,
                                .value_name = "NAME",
                                .help = "function at the end of the last layer",
                                .choices = output_activation_names};
}

enum options_outcome settings_parse(struct settings *settings, const struct settings_program *program, int argc,
                                    char **argv) {
    if (settings->grid.features == 0) settings->grid = (struct grid_settings){.features = 2, .base = 8};
    struct specs specs = specs_of(settings);
    const struct settings published = *settings;
    const size_t num_presets = program->proposes ? sizeof specs.presets / sizeof *specs.presets : 0;
    settings->preset = program->proposes ? SETTINGS_PROPOSED : SETTINGS_PAPER;
    if (program->proposes) leave_open(settings);
    for (size_t i = 0; i < program->num_open; i++) *program->open[i].target = OPTION_OPEN;
    if (program->length) specs.training[0] = *program->length;
    const struct option_group groups[] = {
        {"Data", program->data, program->num_data},
        {"Preset", specs.presets, num_presets},
        {"Encoding and network", specs.field, sizeof specs.field / sizeof *specs.field},
        {"Grids", specs.grid, sizeof specs.grid / sizeof *specs.grid},
        {"Mask", specs.mask, sizeof specs.mask / sizeof *specs.mask},
        {"Training", specs.training, sizeof specs.training / sizeof *specs.training},
        {"Checkpoints", specs.checkpoints, sizeof specs.checkpoints / sizeof *specs.checkpoints},
        {"Result", program->results, program->num_results},
        {"Output", specs.output, sizeof specs.output / sizeof *specs.output},
    };
    const struct option_table table = {.summary = program->summary,
                                       .arguments = program->arguments,
                                       .num_arguments = program->num_arguments,
                                       .groups = groups,
                                       .num_groups = sizeof groups / sizeof *groups,
                                       .given = remember,
                                       .user = settings};
    const enum options_outcome outcome = options_parse(&table, argc, argv);
    if (settings->preset == SETTINGS_PAPER) {
        settings_close(settings, &published);
        for (size_t i = 0; i < program->num_open; i++) close_count(program->open[i].target, program->open[i].published);
        complete(settings);
    } else if (settings->num_frequencies == 0) {
        settings->num_frequencies = OPTION_OPEN;
    }
    if (settings->encoding == SAPE_ENCODING_IDENTITY) {
        /* The coordinates themselves are the lowest frequency: there is nothing to reveal later. */
        settings->policy = SAPE_POLICY_NONE;
        settings->num_blocks = 0;
    }
    note_options(settings, &specs, program);
    return outcome == OPTIONS_GO_ON && !check(settings) ? OPTIONS_WRONG : outcome;
}

const struct note *settings_length(const struct settings *settings) {
    return &settings->options.items[0];
}

const char *settings_encoding_name(const struct settings *settings) {
    return encoding_names[settings->encoding];
}

const char *settings_activation_name(const struct settings *settings) {
    return activation_names[settings->activation];
}

const char *settings_policy_name(const struct settings *settings) {
    return policy_names[settings->policy];
}
