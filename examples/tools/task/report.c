/* SPDX-License-Identifier: MIT */
#include "task/report.h"

#include "cli/message.h"
#include "task/fit_settings.h"

#include <stdio.h>
#include <sys/resource.h>

cJSON *report_create(const char *task, const struct settings *settings, const struct fit *fit) {
    cJSON *report = cJSON_CreateObject();
    cJSON_AddStringToObject(report, "task", task);
    cJSON_AddStringToObject(report, "policy", settings_policy_name(settings));
    cJSON_AddStringToObject(report, "encoding", settings_encoding_name(settings));
    cJSON_AddNumberToObject(report, "iterations", (double)fit->iterations);
    cJSON_AddNumberToObject(report, "seed", (double)settings->seed);
    cJSON_AddStringToObject(report, "activation", settings_activation_name(settings));
    if (fit->best_iteration > 0) {
        cJSON_AddNumberToObject(report, "best_iteration", (double)fit->best_iteration);
        cJSON_AddNumberToObject(report, "validation_loss", fit->validation_loss);
    }
    fit_settings_report(settings, report);
    return report;
}

void report_add_time(cJSON *report, const struct fit *fit) {
    cJSON_AddNumberToObject(report, "seconds", fit->seconds);
    cJSON_AddNumberToObject(report, "processor_seconds", fit->processor_seconds);
    cJSON_AddNumberToObject(report, "ms_per_iteration", 1000 * fit->seconds / (double)fit->iterations);
}

void report_add_memory(cJSON *report) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    cJSON_AddNumberToObject(report, "peak_rss_mb", (double)usage.ru_maxrss / 1024);
}

bool report_print(cJSON *report) {
    char *text = cJSON_PrintUnformatted(report);
    cJSON_Delete(report);
    if (!text) return message_out_of_memory();
    puts(text);
    cJSON_free(text);
    return true;
}
