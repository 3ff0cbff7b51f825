/* SPDX-License-Identifier: MIT */
#include "task/mask_slices.h"

#include "cli/message.h"
#include "picture/colormap.h"
#include "picture/panels.h"

#include <stdlib.h>

enum { SIZE = 192, RAMP_WIDTH = 8, RAMP_STEPS = 256 };

/* A plane through the origin, as it is drawn. */
struct plane {
    const char *caption;
    int across, up; /* the axes to the right and upwards */
};

static const struct plane planes[] = {{"x = 0", 1, 2}, {"y = 0", 0, 2}, {"z = 0", 0, 1}};
enum { NUM_PLANES = sizeof planes / sizeof *planes };

static float pixel_center(int pixel) {
    return (float)(2 * pixel + 1 - SIZE) / SIZE;
}

static gdImagePtr slice(const sape_mask *mask, const struct plane *plane) {
    float *points = calloc(SIZE * SIZE, 3 * sizeof *points);
    float *share = malloc(SIZE * SIZE * sizeof *share);
    gdImagePtr image = NULL;
    if (points && share) {
        for (int i = 0; i < SIZE * SIZE; i++) {
            points[3 * i + plane->across] = pixel_center(i % SIZE);
            points[3 * i + plane->up] = -pixel_center(i / SIZE);
        }
        if (sape_mask_revealed(mask, SIZE * SIZE, points, share) == SAPE_OK)
            image = colormap_image(SIZE, SIZE, share);
        else
            message_sape_error();
    } else {
        message_out_of_memory();
    }
    free(points);
    free(share);
    return image;
}

gdImagePtr mask_slices_image(const sape_mask *mask) {
    gdImagePtr images[NUM_PLANES], joined = NULL;
    const char *captions[NUM_PLANES];
    size_t count = 0;
    while (count < NUM_PLANES && (images[count] = slice(mask, &planes[count]))) {
        captions[count] = planes[count].caption;
        count++;
    }
    if (count == NUM_PLANES) joined = panels_join(count, images, captions, SIZE);
    while (count > 0) gdImageDestroy(images[--count]);
    return joined;
}

gdImagePtr mask_slices_colors(void) {
    float ramp[RAMP_STEPS * RAMP_WIDTH];
    for (size_t i = 0; i < RAMP_STEPS * RAMP_WIDTH; i++) ramp[i] = (float)(i / RAMP_WIDTH) / (RAMP_STEPS - 1);
    gdImagePtr image = colormap_image(RAMP_WIDTH, RAMP_STEPS, ramp);
    if (!image) return NULL;
    const char *const caption = "revealed";
    gdImagePtr colors = panels_join(1, &image, &caption, RAMP_STEPS);
    gdImageDestroy(image);
    return colors;
}
