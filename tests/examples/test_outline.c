/* SPDX-License-Identifier: MIT */
/* Outlines of drawn shapes: where they are, how long, and what is refused. */
#include "picture/outline.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>

#include "suite.h"

enum { SIZE = 120, WHITE = 0xffffff, BLACK = 0x000000 };
#define CLEAR gdTrueColorAlpha(0, 0, 0, gdAlphaTransparent)

static gdImagePtr new_image(int color) {
    gdImagePtr image = gdImageCreateTrueColor(SIZE, SIZE);
    ck_assert_ptr_nonnull(image);
    gdImageAlphaBlending(image, 0);
    gdImageFilledRectangle(image, 0, 0, SIZE - 1, SIZE - 1, color);
    return image;
}

/* The outline; the image is freed. */
static struct outline traced(gdImagePtr image) {
    struct outline outline = {0};
    ck_assert(outline_trace(image, &outline));
    gdImageDestroy(image);
    return outline;
}

static double distance(const struct outline *outline, size_t i, size_t j) {
    const float *a = outline->points + 2 * (i % outline->n), *b = outline->points + 2 * (j % outline->n);
    return hypot((double)(a[0] - b[0]), (double)(a[1] - b[1]));
}

static double length(const struct outline *outline) {
    double sum = 0;
    for (size_t i = 0; i < outline->n; i++) sum += distance(outline, i, i + 1);
    return sum;
}

static double area(const struct outline *outline) {
    double sum = 0;
    for (size_t i = 0; i < outline->n; i++) {
        const float *a = outline->points + 2 * i, *b = outline->points + 2 * ((i + 1) % outline->n);
        sum += (double)a[0] * (double)b[1] - (double)a[1] * (double)b[0];
    }
    return fabs(sum) / 2;
}

/* Neighbours are half a pixel apart, a little less across corners. */
static void check_spacing(const struct outline *outline) {
    for (size_t i = 0; i < outline->n; i++) {
        ck_assert_double_le(distance(outline, i, i + 1), 0.501);
        ck_assert_double_ge(distance(outline, i, i + 1), 0.3);
    }
}

static void check_box(const struct outline *outline, float left, float top, float right, float bottom) {
    float box[4] = {INFINITY, INFINITY, -INFINITY, -INFINITY};
    for (size_t i = 0; i < outline->n; i++) {
        box[0] = fminf(box[0], outline->points[2 * i]);
        box[1] = fminf(box[1], outline->points[2 * i + 1]);
        box[2] = fmaxf(box[2], outline->points[2 * i]);
        box[3] = fmaxf(box[3], outline->points[2 * i + 1]);
    }
    const float expected[4] = {left, top, right, bottom};
    for (int k = 0; k < 4; k++) ck_assert_float_eq_tol(box[k], expected[k], 0.5f);
}

/* A disc: dark on light, light on dark, opaque on transparent whatever the colours. */
START_TEST(test_circle) {
    static const int colors[][2] = {{WHITE, BLACK}, {BLACK, WHITE}, {0xd0c0b0, 0x706050}};
    gdImagePtr image = new_image(_i < 3 ? colors[_i][0] : CLEAR);
    gdImageFilledEllipse(image, 60, 60, 80, 80, _i < 3 ? colors[_i][1] : _i == 3 ? BLACK : WHITE);
    struct outline outline = traced(image);
    check_spacing(&outline);
    check_box(&outline, 20, 20, 100, 100);
    for (size_t i = 0; i < outline.n; i++) {
        const double radius = hypot((double)outline.points[2 * i] - 60, (double)outline.points[2 * i + 1] - 60);
        ck_assert_double_eq_tol(radius, 40, 1.0);
    }
    ck_assert_double_eq_tol(area(&outline), M_PI * 40 * 40, 150);
    ck_assert(outline_normalise(&outline));
    double largest = 0;
    for (size_t i = 0; i < outline.n; i++)
        largest = fmax(largest, hypot((double)outline.points[2 * i], (double)outline.points[2 * i + 1]));
    ck_assert_double_eq_tol(largest, 1, 1e-6);
    outline_free(&outline);
}
END_TEST

/* The hole has no part in it. */
START_TEST(test_square_with_hole) {
    gdImagePtr image = new_image(WHITE);
    gdImageFilledRectangle(image, 30, 40, 90, 80, BLACK);
    gdImageFilledRectangle(image, 45, 50, 70, 70, WHITE);
    struct outline outline = traced(image);
    check_box(&outline, 30, 40, 90, 80);
    check_spacing(&outline);
    ck_assert_double_eq_tol(length(&outline), 200, 1);
    ck_assert_double_eq_tol(area(&outline), 2400, 3);
    outline_free(&outline);
}
END_TEST

START_TEST(test_largest_of_several) {
    gdImagePtr image = new_image(WHITE);
    gdImageFilledRectangle(image, 5, 5, 20, 20, BLACK);
    gdImageFilledRectangle(image, 40, 30, 100, 60, BLACK);
    gdImageFilledRectangle(image, 5, 100, 100, 105, BLACK);
    struct outline outline = traced(image);
    check_box(&outline, 40, 30, 100, 60);
    outline_free(&outline);
}
END_TEST

/* Corners that touch belong to one shape, as the eye sees it. */
START_TEST(test_touching_corners) {
    gdImagePtr image = new_image(WHITE);
    gdImageFilledRectangle(image, 30, 30, 49, 49, BLACK);
    gdImageFilledRectangle(image, 50, 50, 69, 69, BLACK);
    struct outline outline = traced(image);
    check_box(&outline, 30, 30, 69, 69);
    outline_free(&outline);
}
END_TEST

/* A shape that runs out of the picture is cut off along its border. */
START_TEST(test_at_the_border) {
    gdImagePtr image = new_image(WHITE);
    gdImageFilledRectangle(image, 0, 40, 60, SIZE - 1, BLACK);
    struct outline outline = traced(image);
    check_box(&outline, 0, 40, 60, SIZE - 1);
    check_spacing(&outline);
    outline_free(&outline);
    /* All but a transparent corner. */
    image = new_image(BLACK);
    gdImageFilledRectangle(image, 0, 0, 9, 9, CLEAR);
    outline = traced(image);
    check_box(&outline, 0, 0, SIZE - 1, SIZE - 1);
    outline_free(&outline);
}
END_TEST

/* A dark square of 30 by 20 on light, or the other way round, on which few pixels are transparent. */
static gdImagePtr square_image(bool dark) {
    gdImagePtr image = new_image(dark ? WHITE : BLACK);
    gdImageFilledRectangle(image, 40, 50, 69, 69, dark ? BLACK : WHITE);
    return image;
}

/* A few transparent pixels, wherever they are, do not make the rest of the picture a shape. */
START_TEST(test_few_transparent) {
    static const int rectangles[][4] = {{0, 0, 0, 0},     {119, 119, 119, 119}, {110, 0, 119, 9},
                                        {0, 0, 11, 20},   {50, 0, 50, 119},     {80, 80, 119, 83},
                                        {45, 55, 50, 60}, {75, 20, 114, 110},   {0, 119, 9, 119}};
    for (int dark = 0; dark < 2; dark++) {
        gdImagePtr image = square_image(dark);
        const int *box = rectangles[_i];
        if (_i != 4) gdImageFilledRectangle(image, box[0], box[1], box[2], box[3], CLEAR);
        for (int y = 0; _i == 4 && y < SIZE; y += 13) gdImageSetPixel(image, (7 * y) % 39, y, CLEAR);
        struct outline outline = traced(image);
        check_box(&outline, 40, 50, 69, 69);
        ck_assert_uint_eq(outline.n, 192);
        outline_free(&outline);
    }
}
END_TEST

/* What has faded evenly, or a little, is looked at over white; more than half transparent is transparent. */
START_TEST(test_faded) {
    static const int alphas[] = {20, gdAlphaMax / 2, 100};
    gdImagePtr image = new_image(gdTrueColorAlpha(255, 255, 255, alphas[_i]));
    gdImageFilledRectangle(image, 40, 50, 69, 69, gdTrueColorAlpha(0, 0, 0, alphas[_i]));
    struct outline outline = traced(image);
    check_box(&outline, 40, 50, 69, 69);
    outline_free(&outline);
    image = new_image(gdTrueColorAlpha(0, 0, 0, gdAlphaTransparent));
    gdImageFilledRectangle(image, 40, 50, 69, 69, gdTrueColorAlpha(0, 0, 0, alphas[_i]));
    outline = traced(image);
    check_box(&outline, 40, 50, 69, 69);
    outline_free(&outline);
}
END_TEST

/* Of a picture of which much is transparent, the opaque part is the shape, whatever is drawn on it. */
START_TEST(test_much_transparent) {
    gdImagePtr image = square_image(_i % 2 == 0);
    if (_i < 2) {
        gdImageFilledRectangle(image, 0, 0, SIZE / 2 - 1, SIZE - 1, CLEAR);
        struct outline outline = traced(image);
        check_box(&outline, SIZE / 2, 0, SIZE - 1, SIZE - 1);
        outline_free(&outline);
        return;
    }
    /* A disc with soft edges that touches the picture's border. */
    for (int y = 0; y < SIZE; y++) {
        for (int x = 0; x < SIZE; x++) {
            const double beyond = hypot(x - 59.5, y - 59.5) - 58;
            const int alpha = (int)fmin(fmax(gdAlphaMax * beyond / 4, 0), gdAlphaMax);
            const int color = gdImageGetPixel(image, x, y);
            gdImageSetPixel(image, x, y, gdTrueColorAlpha(color >> 16, color & 255, color & 255, alpha));
        }
    }
    struct outline outline = traced(image);
    check_box(&outline, 0, 0, SIZE - 1, SIZE - 1);
    ck_assert_double_eq_tol(area(&outline), M_PI * 59.5 * 59.5, 250);
    outline_free(&outline);
}
END_TEST

/* A line one pixel wide is followed there and back. */
START_TEST(test_thin_line) {
    gdImagePtr image = new_image(WHITE);
    gdImageLine(image, 20, 60, 100, 60, BLACK);
    struct outline outline = traced(image);
    check_box(&outline, 20, 60, 100, 60);
    ck_assert_double_eq_tol(length(&outline), 160, 1.5);
    outline_free(&outline);
}
END_TEST

START_TEST(test_refused) {
    struct outline outline = {0};
    const int colors[] = {WHITE, BLACK, CLEAR};
    for (int i = 0; i < 3; i++) {
        gdImagePtr image = new_image(colors[i]);
        ck_assert(!outline_trace(image, &outline));
        gdImageDestroy(image);
    }
    gdImagePtr image = new_image(WHITE);
    gdImageSetPixel(image, 60, 60, BLACK);
    ck_assert(!outline_trace(image, &outline));
    gdImageDestroy(image);
    ck_assert_ptr_null(outline.points);
    float same[] = {1, 2, 1, 2, 1, 2};
    struct outline point = {.n = 3, .points = same};
    ck_assert(!outline_normalise(&point));
}
END_TEST

START_TEST(test_palette) {
    gdImagePtr image = gdImageCreate(SIZE, SIZE);
    const int background = gdImageColorAllocate(image, 10, 10, 10), shape = gdImageColorAllocate(image, 20, 20, 20);
    gdImageFilledRectangle(image, 0, 0, SIZE - 1, SIZE - 1, background);
    gdImageFilledRectangle(image, 30, 30, 60, 60, shape);
    gdImageColorTransparent(image, background);
    struct outline outline = traced(image);
    check_box(&outline, 30, 30, 60, 60);
    outline_free(&outline);
}
END_TEST

/* A rectangle of 4 by 2 given either way round: from the middle of its right side, by length, as the circle goes. */
START_TEST(test_by_arc_length) {
    float given[] = {-2, -1, 2, -1, 2, 0, 2, 1, -2, 1};
    static const float expected[] = {2, 0, 2, 1, -2, 1, -2, -1, 2, -1};
    static const double reached[] = {0, 1, 5, 7, 11};
    float x[5], points[10];
    if (_i == 1) {
        for (size_t k = 0; k < 2; k++) {
            for (size_t a = 0; a < 2; a++) {
                const float kept = given[2 * k + a];
                given[2 * k + a] = given[2 * (4 - k) + a];
                given[2 * (4 - k) + a] = kept;
            }
        }
    }
    outline_by_arc_length(&(struct outline){.n = 5, .points = given}, x, points);
    ck_assert_mem_eq(points, expected, sizeof expected);
    for (size_t i = 0; i < 5; i++) ck_assert_double_eq_tol((double)x[i], -1 + 2 * reached[i] / 12, 1e-6);
    float nowhere[] = {1, 1, 1, 1, 1, 1};
    outline_by_arc_length(&(struct outline){.n = 3, .points = nowhere}, x, points);
    for (size_t i = 0; i < 3; i++) ck_assert(x[i] == -1);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("outline");
    TCase *tcase = tcase_create("outline");
    tcase_add_loop_test(tcase, test_circle, 0, 5);
    tcase_add_test(tcase, test_square_with_hole);
    tcase_add_test(tcase, test_largest_of_several);
    tcase_add_test(tcase, test_touching_corners);
    tcase_add_test(tcase, test_at_the_border);
    tcase_add_loop_test(tcase, test_few_transparent, 0, 9);
    tcase_add_loop_test(tcase, test_faded, 0, 3);
    tcase_add_loop_test(tcase, test_much_transparent, 0, 4);
    tcase_add_test(tcase, test_thin_line);
    tcase_add_test(tcase, test_refused);
    tcase_add_test(tcase, test_palette);
    tcase_add_loop_test(tcase, test_by_arc_length, 0, 2);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
