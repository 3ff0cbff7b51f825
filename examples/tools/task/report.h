/* SPDX-License-Identifier: MIT */
/* The JSON object that a program prints as its last line. */
#ifndef EXAMPLES_REPORT_H
#define EXAMPLES_REPORT_H

#include "task/fit.h"

#include <cjson/cJSON.h>

/* An object with task, policy, encoding, iterations and seed. What cannot be allocated is seen by report_print(). */
cJSON *report_create(const char *task, const struct settings *settings, const struct fit *fit);

/* Adds seconds, processor_seconds and ms_per_iteration. */
void report_add_time(cJSON *report, const struct fit *fit);

/* Adds peak_rss_mb, the most memory that the program has had so far. */
void report_add_memory(cJSON *report);

/* Prints the object on one line of stdout and frees it. NaN is printed as null. */
bool report_print(cJSON *report);

#endif
