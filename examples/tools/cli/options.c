/* SPDX-License-Identifier: MIT */
#include "cli/options.h"

#include "cli/message.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_LONG_OPTION = 256, HELP_COLUMN = 30 };

static const struct option_spec *spec_at(const struct option_table *table, size_t index) {
    const struct option_group *group = table->groups;
    for (; index >= group->count; group++) index -= group->count;
    return &group->specs[index];
}

static size_t count_specs(const struct option_table *table) {
    size_t count = 0;
    for (size_t i = 0; i < table->num_groups; i++) count += table->groups[i].count;
    return count;
}

static void print_default(const struct option_spec *spec) {
    switch (spec->kind) {
    case OPTION_FLAG:
        return;
    case OPTION_COUNT:
        if (*(const uint64_t *)spec->target != OPTION_OPEN)
            printf(" [%llu]", (unsigned long long)*(const uint64_t *)spec->target);
        return;
    case OPTION_REAL:
    case OPTION_REAL_OR_AUTO:
        if (isfinite(*(const double *)spec->target)) printf(" [%g]", *(const double *)spec->target);
        return;
    case OPTION_STRING:
        if (*(const char *const *)spec->target) printf(" [%s]", *(const char *const *)spec->target);
        return;
    case OPTION_CHOICE:
        if (*(const int *)spec->target >= 0) printf(" [%s]", spec->choices[*(const int *)spec->target]);
        return;
    }
}

static void print_option(const struct option_spec *spec) {
    int width = printf("  --%s%s%s", spec->name, spec->value_name ? " " : "", spec->value_name ? spec->value_name : "");
    if (width >= HELP_COLUMN) width = printf("\n") - 1;
    printf("%*s%s", HELP_COLUMN - width, "", spec->help);
    for (size_t i = 0; spec->kind == OPTION_CHOICE && spec->choices[i]; i++)
        printf("%s%s", i == 0 ? ": " : ", ", spec->choices[i]);
    print_default(spec);
    putchar('\n');
}

static void print_help(const struct option_table *table) {
    printf("Usage: %s", program_invocation_short_name);
    for (size_t i = 0; i < table->num_arguments; i++) printf(" %s", table->arguments[i].name);
    printf(" [OPTION]...\n%s\n", table->summary);
    for (size_t i = 0; i < table->num_groups; i++) {
        if (table->groups[i].count > 0) printf("\n%s:\n", table->groups[i].title);
        for (size_t j = 0; j < table->groups[i].count; j++) print_option(&table->groups[i].specs[j]);
    }
    printf("\n  --help%*sshow this text\n", HELP_COLUMN - 8, "");
}

static bool wrong_range(const struct option_spec *spec, const char *value) {
    if (isinf(spec->max))
        return message_error("option --%s: %s is out of range, must be at least %.10g", spec->name, value, spec->min);
    return message_error("option --%s: %s is out of range, must be %.10g to %.10g", spec->name, value, spec->min,
                         spec->max);
}

static bool store_count(const struct option_spec *spec, const char *value) {
    if (!isdigit((unsigned char)value[0]) && value[0] != '-')
        return message_error("option --%s: '%s' is not a whole number", spec->name, value);
    char *end;
    errno = 0;
    const long long count = strtoll(value, &end, 10);
    if (end == value || *end) return message_error("option --%s: '%s' is not a whole number", spec->name, value);
    if (errno == ERANGE || (double)count < spec->min || (double)count > spec->max) return wrong_range(spec, value);
    *(uint64_t *)spec->target = (uint64_t)count;
    return true;
}

static bool store_real(const struct option_spec *spec, const char *value) {
    char *end;
    const double real = strtod(value, &end);
    if (end == value || *end || !isfinite(real))
        return message_error("option --%s: '%s' is not a finite number", spec->name, value);
    if (real < spec->min || real > spec->max) return wrong_range(spec, value);
    *(double *)spec->target = real;
    return true;
}

static bool store_choice(const struct option_spec *spec, const char *value) {
    for (int i = 0; spec->choices[i]; i++) {
        if (strcmp(spec->choices[i], value) == 0) {
            *(int *)spec->target = i;
            return true;
        }
    }
    char known[256] = "";
    for (size_t i = 0, used = 0; spec->choices[i] && used < sizeof known; i++)
        used += (size_t)snprintf(known + used, sizeof known - used, "%s%s", i == 0 ? "" : ", ", spec->choices[i]);
    return message_error("option --%s: '%s' is not one of %s", spec->name, value, known);
}

static bool store_string(const struct option_spec *spec, const char *value) {
    if (value[0] == '\0') return message_error("option --%s: the value is empty", spec->name);
    *(const char **)spec->target = value;
    return true;
}

static bool store(const struct option_spec *spec, const char *value) {
    switch (spec->kind) {
    case OPTION_FLAG:
        return *(bool *)spec->target = true;
    case OPTION_COUNT:
        return store_count(spec, value);
    case OPTION_REAL_OR_AUTO:
        if (strcmp(value, "auto") != 0) return store_real(spec, value);
        *(double *)spec->target = NAN;
        return true;
    case OPTION_REAL:
        return store_real(spec, value);
    case OPTION_STRING:
        return store_string(spec, value);
    case OPTION_CHOICE:
        return store_choice(spec, value);
    }
    return false;
}

static enum options_outcome wrong(const char *problem, const char *argument) {
    message_error("%s '%s'; --help lists the options", problem, argument);
    return OPTIONS_WRONG;
}

/* What getopt_long() answered with '?' or ':'. */
static enum options_outcome explain(int answer, char **argv) {
    const char *argument = argv[optind - 1];
    if (answer == ':') return wrong("a value is missing after", argument);
    if (optopt >= FIRST_LONG_OPTION) return wrong("no value is allowed in", argument);
    if (optopt == 0) return wrong("unknown or ambiguous option", argument);
    const char letter[] = {'-', (char)optopt, '\0'};
    return wrong("unknown option", letter);
}

static enum options_outcome parse_options(const struct option_table *table, const struct option *long_options, int argc,
                                          char **argv) {
    opterr = 0;
    for (;;) {
        const int answer = getopt_long(argc, argv, ":h", long_options, NULL);
        if (answer == -1) return OPTIONS_GO_ON;
        if (answer == '?' || answer == ':') return explain(answer, argv);
        if (answer == 'h') {
            print_help(table);
            return OPTIONS_HELP_SHOWN;
        }
        const struct option_spec *spec = spec_at(table, (size_t)(answer - FIRST_LONG_OPTION));
        if (!store(spec, optarg)) return OPTIONS_WRONG;
        if (table->given) table->given(table->user, spec);
    }
}

static enum options_outcome take_arguments(const struct option_table *table, int argc, char **argv) {
    const size_t given = (size_t)(argc - optind);
    if (given > table->num_arguments) return wrong("unexpected argument", argv[optind + (int)table->num_arguments]);
    if (given < table->num_arguments) return wrong("missing argument", table->arguments[given].name);
    for (size_t i = 0; i < given; i++) *table->arguments[i].target = argv[optind + (int)i];
    return OPTIONS_GO_ON;
}

enum options_outcome options_parse(const struct option_table *table, int argc, char **argv) {
    const size_t count = count_specs(table);
    struct option *long_options = calloc(count + 2, sizeof *long_options);
    if (!long_options) {
        message_out_of_memory();
        return OPTIONS_WRONG;
    }
    for (size_t i = 0; i < count; i++) {
        const struct option_spec *spec = spec_at(table, i);
        long_options[i] = (struct option){.name = spec->name,
                                          .has_arg = spec->kind == OPTION_FLAG ? no_argument : required_argument,
                                          .val = FIRST_LONG_OPTION + (int)i};
    }
    long_options[count] = (struct option){.name = "help", .has_arg = no_argument, .val = 'h'};
    enum options_outcome outcome = parse_options(table, long_options, argc, argv);
    free(long_options);
    return outcome == OPTIONS_GO_ON ? take_arguments(table, argc, argv) : outcome;
}
