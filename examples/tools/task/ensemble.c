/* SPDX-License-Identifier: MIT */
#include "task/ensemble.h"

#include "cli/message.h"

#include <stdio.h>

struct option_spec ensemble_option(uint64_t *members) {
    return (struct option_spec){
        "members",
        OPTION_COUNT,
        members,
        "N",
        "fields to fit, from as many seeds; the result is their mean, their files are FILE.0, FILE.1, ...",
        1,
        FIELD_SET_MAX,
        NULL};
}

size_t ensemble_size(const struct settings *settings, uint64_t members) {
    if (members != (uint64_t)OPTION_OPEN) return (size_t)members;
    const bool single = settings->save || settings->resume || settings->validation > 0;
    return single ? 1 : sape_settings_members(settings->proposal);
}

/* Puts a member's file in place of the name that all have in common. */
static bool name_file(const char **file, size_t count, size_t member, char path[FIELD_SET_PATH]) {
    if (*file == NULL) return true;
    if (!field_set_path(*file, count, member, path)) return false;
    *file = path;
    return true;
}

static bool run_member(const struct settings *settings, const struct fit_problem *problem, size_t count, size_t member,
                       struct fit *fit) {
    char save[FIELD_SET_PATH], resume[FIELD_SET_PATH];
    struct settings own = *settings;
    struct fit_problem shown = *problem;
    own.seed += member;
    notes_set(&own.options, "option.seed", "%llu", (unsigned long long)own.seed);
    if (member > 0) shown.num_frames = 0;
    if (count > 1) fprintf(stderr, "member %zu of %zu\n", member + 1, count);
    return name_file(&own.save, count, member, save) && name_file(&own.resume, count, member, resume) &&
           fit_run(&own, &shown, fit);
}

static void add(struct ensemble *ensemble, const struct fit *fit) {
    ensemble->members[ensemble->n++] = *fit;
    ensemble->fields.fields[ensemble->fields.n++] = fit->field;
}

bool ensemble_run(const struct settings *settings, const struct fit_problem *problem, size_t count,
                  struct ensemble *ensemble) {
    *ensemble = (struct ensemble){0};
    bool going = true;
    while (going && ensemble->n < count) {
        struct fit fit;
        if (!run_member(settings, problem, count, ensemble->n, &fit)) {
            ensemble_free(ensemble);
            return false;
        }
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
