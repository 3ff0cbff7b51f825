/* SPDX-License-Identifier: MIT */
/* The settings that the fitting programs have in common, and their options. */
#ifndef EXAMPLES_SETTINGS_H
#define EXAMPLES_SETTINGS_H

#include "cli/notes.h"
#include "cli/options.h"

#include <sape/sape.h>

/* Of the grid encoding. */
struct grid_settings {
    uint64_t levels;     /* 0 for what suits the dimension */
    uint64_t features;   /* of a level */
    uint64_t base;       /* cells of the coarsest level along an axis */
    uint64_t finest;     /* of the finest; 0 for what suits the samples, unless there is a growth */
    double growth;       /* from level to level; 0 leaves it to finest */
    uint64_t log2_table; /* of a table's rows; 0 for what suits */
    bool smooth;
};

/* Options whose defaults depend on others: whether they were given. */
struct settings_given {
    bool hidden, layers, learning_rate;
};

/* What stands in for settings that are not given. */
enum settings_preset { SETTINGS_PROPOSED, SETTINGS_PAPER };

/* A count of a program's own that may be left open, and its published value. */
struct settings_open {
    uint64_t *target, published;
};

/* With the preset SETTINGS_PROPOSED, members that are not given are open until fit_settle(): OPTION_OPEN, -1 for a
   choice, infinite for a real number. */
struct settings {
    int preset; /* an enum settings_preset */
    bool verbose;
    double seconds;           /* that a proposed length may take; 0 for no limit */
    int encoding;             /* a sape_encoding */
    uint64_t num_frequencies; /* 0 for the encoding's default */
    double std;               /* NaN for one that suits the samples */
    int draw;                 /* a sape_draw */
    double c_max;             /* of the variance policy's cut-offs; 0 leaves it to the mask; follows std */
    struct grid_settings grid;
    uint64_t hidden;
    uint64_t layers;
    int activation;              /* a sape_activation */
    double activation_parameter; /* 0 for its default */
    int output_activation;       /* a sape_output_activation; an option of programs whose outputs may have one */
    int policy;                  /* a sape_policy */
    double epsilon;
    uint64_t resolution;
    uint64_t num_blocks;
    uint64_t iterations;
    double learning_rate; /* NaN for 1e-5, with the identity encoding 1e-4 */
    bool adaptive_rate;
    double validation; /* share of the samples that is held out */
    uint64_t seed;
    uint64_t threads;
    int precision;      /* a sape_precision */
    const char *save;   /* file of a checkpoint, or NULL */
    const char *resume; /* file of the checkpoint to go on from, or NULL */
    uint64_t checkpoint_every;
    const char *out;
    bool json;
    struct settings_given given;
    sape_settings *proposal; /* what handles are made of where members do not say it; NULL for the library's defaults */
    struct notes options;    /* "option.NAME" of all that a training run depends on, as text; its length first */
};

/* In the order of sape_precision and of settings_preset; NULL ends them. */
extern const char *const settings_precision_names[], *const settings_preset_names[];

/* The option that sets an int to a sape_precision. */
#define SETTINGS_PRECISION_OPTION(precision)                                                                           \
    {                                                                                                                  \
        .name = "precision", .kind = OPTION_CHOICE, .target = (precision), .value_name = "NAME",                       \
        .help = "of the products: bf16 is fastest on processors that have it, bf16x3 nearly fp32",                     \
        .choices = settings_precision_names                                                                            \
    }

/* What is a program's own. */
struct settings_program {
    const char *summary;
    const struct option_argument *arguments;
    size_t num_arguments;
    const struct option_spec *data;
    size_t num_data;
    const struct option_spec *results; /* what a training run does not depend on */
    size_t num_results;
    const struct option_spec *length; /* in place of --iterations; NULL for that */
    bool proposes;                    /* whether what is not given is proposed; there is a --preset then */
    const struct settings_open *open;
    size_t num_open;
};

/* Sets the program's options and those that are the members of settings, whose values before are the defaults, and what
   follows from others. */
enum options_outcome settings_parse(struct settings *settings, const struct settings_program *program, int argc,
                                    char **argv);

/* An option for settings.output_activation, of the programs for which it makes sense. */
struct option_spec settings_output_activation_option(struct settings *settings);

/* Makes the encoding a grid, every level of it a block, with what suits grids where no option says otherwise. */
void settings_take_grid(struct settings *settings);

/* Gives the members that are open the values of others. */
void settings_close(struct settings *settings, const struct settings *values);

/* The option that is the training's length. */
const struct note *settings_length(const struct settings *settings);

const char *settings_encoding_name(const struct settings *settings);
const char *settings_activation_name(const struct settings *settings);
const char *settings_policy_name(const struct settings *settings);

#endif
