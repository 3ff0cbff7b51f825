/* SPDX-License-Identifier: MIT */
#include "picture/plot.h"

#include "cli/message.h"

#include <gdfonts.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Everything but text is drawn OVERSAMPLING times larger and then averaged, which smooths all edges alike. */
enum { OVERSAMPLING = 3, LEFT = 56, RIGHT = 16, TOP = 28, BOTTOM = 28, TICKS = 6, MAX_LEGEND = 4 };
enum { DOT_SIZE = 8 * OVERSAMPLING };
enum { WHITE = 0xffffff, GRID_COLOR = 0xe6e6e6, FRAME_COLOR = 0x808080, TEXT_COLOR = 0x404040 };

struct plot {
    int width, height; /* of the result */
    struct plot_range x, y;
    struct plot_scale x_scale, y_scale;
    gdImagePtr canvas;
    struct {
        const char *text;
        int color;
    } legend[MAX_LEGEND];
    size_t num_legend;
};

/* Position in the result, in pixels. */
static double place_x(const struct plot *plot, double x) {
    return LEFT + (x - plot->x.min) / (plot->x.max - plot->x.min) * (plot->width - LEFT - RIGHT);
}

static double place_y(const struct plot *plot, double y) {
    return TOP + (plot->y.max - y) / (plot->y.max - plot->y.min) * (plot->height - TOP - BOTTOM);
}

/* Position on the canvas; what lies far outside is brought near, where libgd's integers hold it. */
static int canvas_position(double position) {
    return (int)lrint(fmin(fmax(position, -10000), 10000) * OVERSAMPLING);
}

/* Position of a point on the canvas. */
static int point_x(const struct plot *plot, float x) {
    return canvas_position(place_x(plot, plot->x_scale.center + plot->x_scale.half * (double)x));
}

static int point_y(const struct plot *plot, float y) {
    return canvas_position(place_y(plot, plot->y_scale.center + plot->y_scale.half * (double)y));
}

/* The distance between ticks: 1, 2 or 5 times a power of ten; NaN, which draws none, where numbers are too coarse. */
static double tick_step(struct plot_range range) {
    const double rough = (range.max - range.min) / TICKS;
    if (!(rough > 1e-14 * fmax(fabs(range.min), fabs(range.max)))) return (double)NAN;
    const double power = pow(10, floor(log10(rough)));
    const double ratio = rough / power;
    return power * (ratio < 1.5 ? 1 : ratio < 3.5 ? 2 : ratio < 7.5 ? 5 : 10);
}

static void draw_grid(struct plot *plot) {
    const int left = LEFT * OVERSAMPLING, right = (plot->width - RIGHT) * OVERSAMPLING;
    const int top = TOP * OVERSAMPLING, bottom = (plot->height - BOTTOM) * OVERSAMPLING;
    gdImageSetThickness(plot->canvas, OVERSAMPLING);
    const double step_x = tick_step(plot->x), step_y = tick_step(plot->y);
    for (double x = ceil(plot->x.min / step_x) * step_x; x <= plot->x.max; x += step_x) {
        const int at = canvas_position(place_x(plot, x));
        gdImageLine(plot->canvas, at, top, at, bottom, GRID_COLOR);
    }
    for (double y = ceil(plot->y.min / step_y) * step_y; y <= plot->y.max; y += step_y) {
        const int at = canvas_position(place_y(plot, y));
        gdImageLine(plot->canvas, left, at, right, at, GRID_COLOR);
    }
    gdImageRectangle(plot->canvas, left, top, right, bottom, FRAME_COLOR);
    gdImageSetClip(plot->canvas, left, top, right, bottom);
}

struct plot *plot_create(int width, int height, struct plot_range x, struct plot_range y) {
    struct plot *plot = calloc(1, sizeof *plot);
    gdImagePtr canvas = plot ? gdImageCreateTrueColor(width * OVERSAMPLING, height * OVERSAMPLING) : NULL;
    if (!canvas) {
        message_out_of_memory();
        free(plot);
        return NULL;
    }
    *plot = (struct plot){
        .width = width, .height = height, .x = x, .y = y, .x_scale = {0, 1}, .y_scale = {0, 1}, .canvas = canvas};
    gdImageFilledRectangle(canvas, 0, 0, gdImageSX(canvas) - 1, gdImageSY(canvas) - 1, WHITE);
    draw_grid(plot);
    return plot;
}

void plot_free(struct plot *plot) {
    if (!plot) return;
    gdImageDestroy(plot->canvas);
    free(plot);
}

void plot_set_scale(struct plot *plot, struct plot_scale x, struct plot_scale y) {
    plot->x_scale = x;
    plot->y_scale = y;
}

void plot_curve(struct plot *plot, size_t n, const float *x, const float *y, struct plot_pen pen) {
    const int width = pen.width * OVERSAMPLING;
    gdImageSetThickness(plot->canvas, width);
    int last_x = 0, last_y = 0;
    for (size_t i = 0; i < n; i++) {
        const int at_x = point_x(plot, x[i]);
        const int at_y = point_y(plot, y[i]);
        const int color = pen.colors ? pen.colors[i] : pen.color;
        if (i > 0) gdImageLine(plot->canvas, last_x, last_y, at_x, at_y, color);
        /* Thick lines end bluntly: a disc fills the gap at the joint. */
        gdImageFilledEllipse(plot->canvas, at_x, at_y, width, width, color);
        last_x = at_x;
        last_y = at_y;
    }
}

void plot_dots(struct plot *plot, size_t n, const float *x, const float *y, int color) {
    for (size_t i = 0; i < n; i++) {
        const int at_x = point_x(plot, x[i]);
        const int at_y = point_y(plot, y[i]);
        gdImageFilledEllipse(plot->canvas, at_x, at_y, DOT_SIZE, DOT_SIZE, color);
    }
}

void plot_legend(struct plot *plot, const char *text, int color) {
    if (plot->num_legend == MAX_LEGEND) return;
    plot->legend[plot->num_legend].text = text;
    plot->legend[plot->num_legend++].color = color;
}

static int average(gdImagePtr canvas, int x, int y) {
    const int count = OVERSAMPLING * OVERSAMPLING;
    int red = 0, green = 0, blue = 0;
    for (int j = 0; j < OVERSAMPLING; j++) {
        for (int i = 0; i < OVERSAMPLING; i++) {
            const int pixel = gdImageTrueColorPixel(canvas, x * OVERSAMPLING + i, y * OVERSAMPLING + j);
            red += gdTrueColorGetRed(pixel);
            green += gdTrueColorGetGreen(pixel);
            blue += gdTrueColorGetBlue(pixel);
        }
    }
    return gdTrueColor(red / count, green / count, blue / count);
}

static void draw_text(gdImagePtr image, int x, int y, const char *text) {
    /* libgd takes unsigned char without const and does not change it. */
    gdImageString(image, gdFontGetSmall(), x, y, (unsigned char *)text, TEXT_COLOR);
}

static void draw_number(gdImagePtr image, int x, int y, double value, double step, double align) {
    char text[32];
    /* Enough digits to tell neighbouring ticks apart. */
    const double digits = fmax(4, 1 + ceil(log10(fmax(fabs(value), step) / step)));
    const int length = snprintf(text, sizeof text, "%.*g", (int)digits, fabs(value) < step / 2 ? 0 : value);
    draw_text(image, x - (int)(align * length * gdFontGetSmall()->w), y, text);
}

static void draw_labels(const struct plot *plot, gdImagePtr image) {
    const int font_width = gdFontGetSmall()->w, font_height = gdFontGetSmall()->h;
    const double step_x = tick_step(plot->x), step_y = tick_step(plot->y);
    for (double x = ceil(plot->x.min / step_x) * step_x; x <= plot->x.max; x += step_x)
        draw_number(image, (int)lrint(place_x(plot, x)), plot->height - BOTTOM + 6, x, step_x, 0.5);
    for (double y = ceil(plot->y.min / step_y) * step_y; y <= plot->y.max; y += step_y)
        draw_number(image, LEFT - 8, (int)lrint(place_y(plot, y)) - font_height / 2, y, step_y, 1);
    int x = LEFT;
    for (size_t i = 0; i < plot->num_legend; i++) {
        gdImageFilledRectangle(image, x, 9, x + 12, 18, plot->legend[i].color);
        draw_text(image, x + 18, 7, plot->legend[i].text);
        x += 40 + font_width * (int)strlen(plot->legend[i].text);
    }
}

gdImagePtr plot_finish(const struct plot *plot) {
    gdImagePtr image = gdImageCreateTrueColor(plot->width, plot->height);
    if (!image) {
        message_out_of_memory();
        return NULL;
    }
    for (int y = 0; y < plot->height; y++)
        for (int x = 0; x < plot->width; x++) gdImageSetPixel(image, x, y, average(plot->canvas, x, y));
    draw_labels(plot, image);
    return image;
}
