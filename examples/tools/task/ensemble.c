/* SPDX-License-Identifier: MIT */
#include "task/ensemble.h"

#include "cli/message.h"

#include <stdio.h>

struct option_spec ensemble_option(uint64_t *members) {
    return (struct option_spec){
        "members", OPTION_COUNT,  members, "N", "fields to fit, from as many seeds; the result is their mean",
        1,         FIELD_SET_MAX, NULL};
}

size_t ensemble_size(const struct settings *settings, uint64_t members) {
    if (members != (uint64_t)OPTION_OPEN) return (size_t)members;
    return settings->validation > 0 ? 1 : sape_settings_members(settings->proposal);
}

/* The checkpoints of the file to go on from. */
static bool open_file(const struct settings *settings, size_t count, struct fit_file *file) {
    sape_safetensors *all;
    if (settings->resume == NULL) return true;
    if (!notes_open(settings->resume, &all)) return false;
    size_t stored;
    bool done = sape_ensemble_count(all, &stored) == SAPE_OK;
    if (!done) message_error("'%s' is not a trainer's checkpoint: %s", settings->resume, sape_last_error());
    if (done && stored > count)
        done = message_error("'%s' has %zu fields, but --members is %zu", settings->resume, stored, count);
    while (done && file->count < stored) {
        done = sape_ensemble_member(all, file->count, &file->checkpoints[file->count]) == SAPE_OK;
        if (!done) message_sape_error();
        file->count += done;
    }
    sape_safetensors_free(all);
    return done;
}

static void close_file(struct fit_file *file) {
    for (size_t i = 0; i < file->count; i++) sape_safetensors_free(file->checkpoints[i]);
}

static bool run_member(const struct settings *settings, const struct fit_problem *problem, size_t count, size_t member,
                       struct fit *fit) {
    struct settings own = *settings;
    struct fit_problem placed = *problem;
    own.seed += member;
    notes_set(&own.options, "option.seed", "%llu", (unsigned long long)own.seed);
    placed.place = member;
    if (member >= placed.file->count) own.resume = NULL;
    if (member > 0) placed.num_frames = 0;
    if (count > 1) fprintf(stderr, "member %zu of %zu\n", member + 1, count);
    return fit_run(&own, &placed, fit);
}

static void add(struct ensemble *ensemble, const struct fit *fit) {
    ensemble->members[ensemble->n++] = *fit;
    ensemble->fields.fields[ensemble->fields.n++] = fit->field;
}

static bool run_all(const struct settings *settings, const struct fit_problem *problem, size_t count,
                    struct ensemble *ensemble) {
    bool going = true;
    while (going && ensemble->n < count) {
        struct fit fit;
        if (!run_member(settings, problem, count, ensemble->n, &fit)) return false;
        going = !fit.interrupted;
        if (going || ensemble->n == 0) {
            add(ensemble, &fit);
        } else {
            message_error("only the %zu members before are used", ensemble->n);
            ensemble->members[ensemble->n - 1].interrupted = true;
            fit_free(&fit);
        }
    }
    return true;
}

bool ensemble_run(const struct settings *settings, const struct fit_problem *problem, size_t count,
                  struct ensemble *ensemble) {
    struct fit_file file = {0};
    struct fit_problem shared = *problem;
    shared.file = &file;
    *ensemble = (struct ensemble){0};
    const bool done = open_file(settings, count, &file) && run_all(settings, &shared, count, ensemble);
    if (!done) ensemble_free(ensemble);
    close_file(&file);
    return done;
}

void ensemble_free(struct ensemble *ensemble) {
    for (size_t i = 0; i < ensemble->n; i++) fit_free(&ensemble->members[i]);
    *ensemble = (struct ensemble){0};
}

struct fit ensemble_summary(const struct ensemble *ensemble) {
    struct fit summary = ensemble->members[0];
    for (size_t i = 1; i < ensemble->n; i++) {
        const struct fit *member = &ensemble->members[i];
        summary.iterations += member->iterations;
        summary.seconds += member->seconds;
        summary.processor_seconds += member->processor_seconds;
        summary.interrupted |= member->interrupted;
        summary.unsaved |= member->unsaved;
        summary.reached &= member->reached;
    }
    return summary;
}
