/* SPDX-License-Identifier: MIT */
#include "task/study_plot.h"

#include <gdfonts.h>
#include <math.h>
#include <stdbool.h>

#include "cli/message.h"
#include "picture/panels.h"
#include "picture/plot.h"

enum { WIDTH = 290, HEIGHT = 210, COLUMNS = 4, ROWS = 2, LINE = 19, WHITE = 0xffffff, TEXT_COLOR = 0x404040 };

static const char *const captions[COLUMNS * ROWS] = {
    "at the samples", "everywhere",    "up to 1 cycle",  "1 to 2 cycles",
    "2 to 4 cycles",  "4 to 8 cycles", "above 8 cycles", ""};

/* Whole half decades, two of them at least. */
static struct plot_range range_of(size_t num_methods, const float curves[][STUDY_MOMENTS]) {
    double low = INFINITY, high = -INFINITY;
    for (size_t m = 0; m < num_methods; m++) {
        for (size_t i = 0; i < STUDY_MOMENTS; i++) {
            low = fmin(low, (double)curves[m][i]);
            high = fmax(high, (double)curves[m][i]);
        }
    }
    high = ceil(2.0 * high) / 2.0;
    return (struct plot_range){fmin(floor(2.0 * low) / 2.0, high - 1.0), high};
}

static gdImagePtr draw_errors(const struct study_plot *study, size_t curve) {
    const double last = (double)study->iterations[STUDY_MOMENTS - 1];
    struct plot *plot = plot_create(WIDTH, HEIGHT, (struct plot_range){0, last},
                                    range_of(study->num_methods, study->log_errors[curve]));
    if (plot == NULL) return NULL;
    for (size_t m = 0; m < study->num_methods; m++)
        plot_curve(plot, STUDY_MOMENTS, study->iterations, study->log_errors[curve][m],
                   (struct plot_pen){2, study->colors[m], NULL});
    gdImagePtr image = plot_finish(plot);
    plot_free(plot);
    return image;
}

static void draw_text(gdImagePtr image, int x, int line, const char *text) {
    /* libgd takes unsigned char without const and does not change it. */
    gdImageString(image, gdFontGetSmall(), x, (line + 1) * LINE, (unsigned char *)text, TEXT_COLOR);
}

static gdImagePtr draw_legend(const struct study_plot *study) {
    gdImagePtr image = gdImageCreateTrueColor(WIDTH, HEIGHT);
    if (image == NULL) {
        message_out_of_memory();
        return NULL;
    }
    gdImageFilledRectangle(image, 0, 0, WIDTH - 1, HEIGHT - 1, WHITE);
    int line = 0;
    for (size_t m = 0; m < study->num_methods; m++, line++) {
        gdImageFilledRectangle(image, 30, (line + 1) * LINE + 5, 54, (line + 1) * LINE + 8, study->colors[m]);
        draw_text(image, 64, line, study->names[m]);
    }
    draw_text(image, 30, ++line, "up: log10 of the mean square error");
    draw_text(image, 30, ++line, "right: iterations");
    draw_text(image, 30, ++line, "cycles: per unit of x");
    return image;
}

static gdImagePtr stack(gdImagePtr above, gdImagePtr below) {
    const int width = gdImageSX(above) > gdImageSX(below) ? gdImageSX(above) : gdImageSX(below);
    gdImagePtr image = gdImageCreateTrueColor(width, gdImageSY(above) + gdImageSY(below));
    if (image == NULL) {
        message_out_of_memory();
        return NULL;
    }
    gdImageFilledRectangle(image, 0, 0, gdImageSX(image) - 1, gdImageSY(image) - 1, WHITE);
    gdImageCopy(image, above, 0, 0, 0, 0, gdImageSX(above), gdImageSY(above));
    gdImageCopy(image, below, 0, gdImageSY(above), 0, 0, gdImageSX(below), gdImageSY(below));
    return image;
}

static void destroy(size_t count, gdImagePtr *images) {
    for (size_t i = 0; i < count; i++)
        if (images[i] != NULL) gdImageDestroy(images[i]);
}

gdImagePtr study_plot_draw(const struct study_plot *plot) {
    gdImagePtr panels[COLUMNS * ROWS] = {NULL}, rows[ROWS] = {NULL}, image = NULL;
    bool good = true;
    for (size_t i = 0; i < COLUMNS * ROWS && good; i++) {
        panels[i] = i < STUDY_NUM_CURVES ? draw_errors(plot, i) : draw_legend(plot);
        good = panels[i] != NULL;
    }
    for (size_t r = 0; r < ROWS && good; r++) {
        rows[r] = panels_join(COLUMNS, panels + r * COLUMNS, captions + r * COLUMNS, WIDTH);
        good = rows[r] != NULL;
    }
    if (good) image = stack(rows[0], rows[1]);
    destroy(ROWS, rows);
    destroy(COLUMNS * ROWS, panels);
    return image;
}
