/* SPDX-License-Identifier: MIT */
/* Several fields fitted to the same samples from different seeds. */
#ifndef EXAMPLES_ENSEMBLE_H
#define EXAMPLES_ENSEMBLE_H

#include "task/field_set.h"
#include "task/fit.h"

struct ensemble {
    size_t n;
    struct fit members[FIELD_SET_MAX];
    struct field_set fields; /* the members' */
};

/* The option --members, which leaves the number to a proposal where it is OPTION_OPEN. */
struct option_spec ensemble_option(uint64_t *members);

/* The number of fields asked for. Where it is OPTION_OPEN, that proposed, unless a length is found for each of them. */
size_t ensemble_size(const struct settings *settings, uint64_t members);

/*
 * Fits count fields, one after the other, as fit_run() does, with the seeds from that of the settings on. Only the
 * first has frames. All have one file; of those in the file to resume from, training goes on, and others begin. A
 * member that is interrupted is dropped where there is one before it, but not from the file. When it fails a message
 * has been printed and there is nothing to free.
 */
bool ensemble_run(const struct settings *settings, const struct fit_problem *problem, size_t count,
                  struct ensemble *ensemble);
void ensemble_free(struct ensemble *ensemble);

/* The first member, with the iterations and seconds of all: interrupted or unsaved where one was, at its goal where all
   are. Not to be freed. */
struct fit ensemble_summary(const struct ensemble *ensemble);

#endif
