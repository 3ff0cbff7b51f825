/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "settings/settings.h"

static struct sape_words *next(struct sape_settings *settings, const char *name) {
    struct sape_words *words = &settings->words[settings->num_words++];
    words->name = name;
    return words;
}

#define SAY_REASON(words, reason)                                                                                      \
    do {                                                                                                               \
        va_list arguments;                                                                                             \
        va_start(arguments, reason);                                                                                   \
        vsnprintf((words)->reason, sizeof(words)->reason, reason, arguments);                                          \
        va_end(arguments);                                                                                             \
    } while (0)

void sape_settings_say_text(struct sape_settings *settings, const char *name, const char *value, const char *reason,
                            ...) {
    struct sape_words *words = next(settings, name);
    snprintf(words->value, sizeof words->value, "%s", value);
    SAY_REASON(words, reason);
}

void sape_settings_say_count(struct sape_settings *settings, const char *name, uint64_t value, const char *reason,
                             ...) {
    struct sape_words *words = next(settings, name);
    snprintf(words->value, sizeof words->value, "%" PRIu64, value);
    SAY_REASON(words, reason);
}

void sape_settings_say_real(struct sape_settings *settings, const char *name, double value, const char *reason, ...) {
    struct sape_words *words = next(settings, name);
    snprintf(words->value, sizeof words->value, "%.4g", value);
    SAY_REASON(words, reason);
}
