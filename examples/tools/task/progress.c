/* SPDX-License-Identifier: MIT */
#include "task/progress.h"

#include "task/metrics.h"

#include <math.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define TERMINAL_INTERVAL 0.1
#define LINE_INTERVAL 5.0

enum { MAX_BAR = 30, MIN_BAR = 5, MAX_TEXT = 256, USUAL_TEXT = 76 };

struct progress progress_begin(uint64_t total, enum progress_metric metric) {
    return (struct progress){.total = total, .metric = metric, .terminal = isatty(STDERR_FILENO) == 1};
}

/* The rate since the last report, smoothed: iterations become slower as features are revealed. */
static void update_rate(struct progress *progress, const struct progress_moment *moment) {
    const double elapsed = moment->seconds - progress->last_shown;
    if (elapsed <= 0 || moment->iteration == progress->last_iteration) return;
    const double rate = (double)(moment->iteration - progress->last_iteration) / elapsed;
    progress->rate = progress->rate > 0 ? 0.8 * progress->rate + 0.2 * rate : rate;
    progress->last_shown = moment->seconds;
    progress->last_iteration = moment->iteration;
}

static void describe(const struct progress *progress, const struct progress_moment *moment, char text[MAX_TEXT]) {
    const bool psnr = progress->metric == PROGRESS_PSNR;
    char metric[32] = "", heldout[40] = "";
    if (psnr) snprintf(metric, sizeof metric, "  psnr %.2f dB", metrics_psnr(moment->loss));
    if (!isnan(moment->heldout))
        snprintf(heldout, sizeof heldout, psnr ? "  held out %.2f dB" : "  held out %.3g",
                 psnr ? metrics_psnr(moment->heldout) : moment->heldout);
    char left[32] = "";
    if (progress->rate > 0) {
        const double seconds = (double)(progress->total - moment->iteration) / progress->rate;
        snprintf(left, sizeof left, "  %.0f:%02d left", (double)(long)(seconds / 60), (int)((long)seconds % 60));
    }
    snprintf(text, MAX_TEXT, "%llu/%llu  loss %.3g%s%s  revealed %.0f%%  %.4g it/s%s",
             (unsigned long long)moment->iteration, (unsigned long long)progress->total, moment->loss, metric, heldout,
             100 * moment->revealed, progress->rate, left);
}

static int terminal_width(void) {
    struct winsize size;
    return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

/* The bar takes what the text usually leaves of the line, which must not wrap or the next one could not replace it. */
static void show_bar(const struct progress *progress, const struct progress_moment *moment, const char *text) {
    const int width = terminal_width() - 1;
    const int room = width - USUAL_TEXT;
    const int bar = room < MIN_BAR ? 0 : room < MAX_BAR ? room : MAX_BAR;
    fputs("\r\033[K", stderr);
    if (bar > 0) {
        const int filled = (int)((double)bar * (double)moment->iteration / (double)progress->total);
        fputc('[', stderr);
        for (int i = 0; i < bar; i++) fputc(i < filled ? '#' : '-', stderr);
        fputs("] ", stderr);
    }
    fprintf(stderr, "%.*s", bar > 0 ? width - bar - 3 : width, text);
    fflush(stderr);
}

static void show(struct progress *progress, const struct progress_moment *moment) {
    char text[MAX_TEXT];
    update_rate(progress, moment);
    describe(progress, moment, text);
    if (progress->terminal)
        show_bar(progress, moment, text);
    else
        fprintf(stderr, "%s\n", text);
}

void progress_update(struct progress *progress, const struct progress_moment *moment) {
    if (progress->metric == PROGRESS_SILENT) return;
    const double interval = progress->terminal ? TERMINAL_INTERVAL : LINE_INTERVAL;
    if (moment->seconds - progress->last_shown >= interval) show(progress, moment);
}

void progress_end(struct progress *progress, const struct progress_moment *moment) {
    if (progress->metric == PROGRESS_SILENT) return;
    if (progress->last_iteration != moment->iteration) show(progress, moment);
    if (progress->terminal) fputc('\n', stderr);
}
