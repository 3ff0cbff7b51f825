/* SPDX-License-Identifier: MIT */
/* Long options from a table: parsing, checking and --help. */
#ifndef EXAMPLES_OPTIONS_H
#define EXAMPLES_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What an option's value is, and what its target points to. */
enum option_kind {
    OPTION_FLAG,         /* bool; no value, sets true */
    OPTION_COUNT,        /* uint64_t */
    OPTION_REAL,         /* double */
    OPTION_REAL_OR_AUTO, /* double; "auto" is stored as NaN */
    OPTION_STRING,       /* const char * */
    OPTION_CHOICE,       /* int, an index into choices */
};

/* Defaults that are not known yet, and not shown: of a count; a choice has -1, a real number NaN or infinity. */
#define OPTION_OPEN UINT64_MAX

struct option_spec {
    const char *name; /* without the dashes */
    enum option_kind kind;
    void *target; /* holds the default before parsing; NaN and NULL mean that the help text names it */
    const char *value_name;
    const char *help;
    double min, max;            /* OPTION_COUNT and both of OPTION_REAL: inclusive */
    const char *const *choices; /* OPTION_CHOICE: NULL at the end */
};

struct option_group {
    const char *title;
    const struct option_spec *specs;
    size_t count;
};

/* An argument without a dash; all are required. */
struct option_argument {
    const char *name;
    const char **target;
};

typedef void (*options_given_fn)(void *user, const struct option_spec *spec);

struct option_table {
    const char *summary;
    const struct option_argument *arguments;
    size_t num_arguments;
    const struct option_group *groups;
    size_t num_groups;
    options_given_fn given; /* called for every option that is given; NULL for nothing */
    void *user;
};

enum options_outcome {
    OPTIONS_GO_ON,
    OPTIONS_HELP_SHOWN, /* end with status 0 */
    OPTIONS_WRONG,      /* a message has been printed; end with status 2 */
};

/* Stores every option's value in its target. */
enum options_outcome options_parse(const struct option_table *table, int argc, char **argv);

#endif
