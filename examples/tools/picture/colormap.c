/* SPDX-License-Identifier: MIT */
#include "picture/colormap.h"

#include "cli/message.h"

#include <math.h>

/* Moreland's map at nine even steps; between them it is all but linear. */
static const int control_points[][3] = {
    {59, 76, 192},   {98, 130, 234},  {141, 176, 254}, {184, 208, 249}, {221, 221, 221},
    {245, 196, 173}, {244, 154, 123}, {222, 96, 77},   {180, 4, 38},
};
enum { LAST_POINT = sizeof control_points / sizeof *control_points - 1 };

int colormap_coolwarm(double value) {
    const double position = fmin(fmax(value, 0), 1) * LAST_POINT;
    const int lower = position < LAST_POINT ? (int)position : LAST_POINT - 1;
    const double share = position - lower;
    int color[3];
    for (int c = 0; c < 3; c++) {
        const double low = control_points[lower][c], high = control_points[lower + 1][c];
        color[c] = (int)lrint(low + share * (high - low));
    }
    return gdTrueColor(color[0], color[1], color[2]);
}

gdImagePtr colormap_image(size_t width, size_t height, const float *values) {
    gdImagePtr image = gdImageCreateTrueColor((int)width, (int)height);
    if (!image) {
        message_out_of_memory();
        return NULL;
    }
    for (int y = 0; y < (int)height; y++)
        for (int x = 0; x < (int)width; x++) gdImageSetPixel(image, x, y, colormap_coolwarm((double)*values++));
    return image;
}
