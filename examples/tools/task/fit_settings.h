/* SPDX-License-Identifier: MIT */
/* Settings that are not given, proposed from the samples of a problem. */
#ifndef EXAMPLES_FIT_SETTINGS_H
#define EXAMPLES_FIT_SETTINGS_H

#include "task/fit.h"

#include <cjson/cJSON.h>

/*
 * Closes what the settings leave open: those members, and problem->batch_size where it is OPTION_OPEN. epochs, unless
 * it is OPTION_OPEN, is the length in epochs where no iterations are given. It says what it has chosen where the
 * settings are verbose. The settings are to be freed in any case; those of the preset paper are left as they are. When
 * it fails a message has been printed.
 */
bool fit_settle(struct settings *settings, struct fit_problem *problem, uint64_t epochs);
void fit_settings_free(struct settings *settings);

/* Gives a field the scales of a proposal, if there is one. */
sape_status fit_set_scale(const sape_settings *proposal, sape_field *field);

/* Adds what was proposed, and why, to a report. */
void fit_settings_report(const struct settings *settings, cJSON *report);

#endif
