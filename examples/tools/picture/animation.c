/* SPDX-License-Identifier: MIT */
#include "picture/animation.h"

#include "cli/message.h"
#include "cli/output.h"

#include <stdio.h>
#include <stdlib.h>

enum { PALETTE_SIZE = 256, NUM_BUCKETS = 1 << 15 };

struct animation {
    gdImagePtr palette;         /* of one pixel: only its colours count */
    short nearest[NUM_BUCKETS]; /* palette index of a colour cut to 5 bits a channel; -1 when not looked up yet */
    FILE *stream;               /* into data */
    char *data;
    size_t size;
    gdImagePtr previous; /* frame */
};

static gdImagePtr make_palette(gdImagePtr colors) {
    gdImagePtr reduced = gdImageCreatePaletteFromTrueColor(colors, 0, PALETTE_SIZE);
    gdImagePtr palette = reduced ? gdImageCreatePalette(1, 1) : NULL;
    if (palette) gdImagePaletteCopy(palette, reduced);
    if (reduced) gdImageDestroy(reduced);
    return palette;
}

struct animation *animation_create(gdImagePtr colors) {
    struct animation *animation = calloc(1, sizeof *animation);
    if (animation) {
        animation->palette = make_palette(colors);
        animation->stream = open_memstream(&animation->data, &animation->size);
        for (size_t i = 0; i < NUM_BUCKETS; i++) animation->nearest[i] = -1;
    }
    if (animation && animation->palette && animation->stream) return animation;
    message_out_of_memory();
    animation_free(animation);
    return NULL;
}

void animation_free(struct animation *animation) {
    if (!animation) return;
    if (animation->stream) fclose(animation->stream);
    if (animation->palette) gdImageDestroy(animation->palette);
    if (animation->previous) gdImageDestroy(animation->previous);
    free(animation->data);
    free(animation);
}

static int palette_index(struct animation *animation, int color) {
    const int red = gdTrueColorGetRed(color), green = gdTrueColorGetGreen(color), blue = gdTrueColorGetBlue(color);
    short *nearest = &animation->nearest[(red >> 3) << 10 | (green >> 3) << 5 | blue >> 3];
    if (*nearest < 0) *nearest = (short)gdImageColorClosest(animation->palette, red, green, blue);
    return *nearest;
}

static gdImagePtr reduce(struct animation *animation, gdImagePtr frame) {
    gdImagePtr reduced = gdImageCreatePalette(gdImageSX(frame), gdImageSY(frame));
    if (!reduced) return NULL;
    gdImagePaletteCopy(reduced, animation->palette);
    for (int y = 0; y < gdImageSY(frame); y++)
        for (int x = 0; x < gdImageSX(frame); x++)
            gdImageSetPixel(reduced, x, y, palette_index(animation, gdImageTrueColorPixel(frame, x, y)));
    return reduced;
}

bool animation_add(struct animation *animation, gdImagePtr frame, int hundredths) {
    gdImagePtr reduced = reduce(animation, frame);
    if (!reduced) return message_out_of_memory();
    if (!animation->previous) gdImageGifAnimBegin(reduced, animation->stream, 1, 0);
    /* libgd stores only what differs from the previous frame, and cannot store nothing. */
    const bool same = animation->previous && (gdImageCompare(reduced, animation->previous) & GD_CMP_IMAGE) == 0;
    gdImagePtr previous = same ? NULL : animation->previous;
    gdImageGifAnimAdd(reduced, animation->stream, 0, 0, 0, hundredths, gdDisposalNone, previous);
    if (animation->previous) gdImageDestroy(animation->previous);
    animation->previous = reduced;
    return true;
}

bool animation_write(struct animation *animation, const char *directory, const char *name) {
    gdImageGifAnimEnd(animation->stream);
    if (fflush(animation->stream) != 0) return message_out_of_memory();
    return output_write(directory, name, animation->data, animation->size);
}
