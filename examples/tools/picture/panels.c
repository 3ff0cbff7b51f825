/* SPDX-License-Identifier: MIT */
#include "picture/panels.h"

#include "cli/message.h"

#include <gdfontl.h>
#include <string.h>

enum { GAP = 10, CAPTION_HEIGHT = 24, WHITE = 0xffffff, BLACK = 0x000000 };

struct size {
    int width, height;
};

static struct size shown_size(gdImagePtr image, int max_size) {
    const int width = gdImageSX(image), height = gdImageSY(image);
    const int longest = width > height ? width : height;
    if (longest <= max_size) return (struct size){width, height};
    const int small_width = (int)((long)width * max_size / longest);
    const int small_height = (int)((long)height * max_size / longest);
    return (struct size){small_width > 0 ? small_width : 1, small_height > 0 ? small_height : 1};
}

static int text_width(const char *text) {
    return gdFontGetLarge()->w * (int)strlen(text);
}

/* Wide enough for picture and caption. */
static int column_width(struct size size, const char *caption) {
    const int text = text_width(caption);
    return size.width > text ? size.width : text;
}

static void draw_panel(gdImagePtr joined, int left, int column, gdImagePtr image, struct size size,
                       const char *caption) {
    /* libgd takes unsigned char without const and does not change it. */
    gdImageString(joined, gdFontGetLarge(), left + (column - text_width(caption)) / 2,
                  (CAPTION_HEIGHT - gdFontGetLarge()->h) / 2, (unsigned char *)caption, BLACK);
    gdImageCopyResampled(joined, image, left + (column - size.width) / 2, CAPTION_HEIGHT, 0, 0, size.width, size.height,
                         gdImageSX(image), gdImageSY(image));
}

gdImagePtr panels_join(size_t count, const gdImagePtr *images, const char *const *captions, int max_size) {
    int width = GAP, height = 0;
    for (size_t i = 0; i < count; i++) {
        const struct size size = shown_size(images[i], max_size);
        width += column_width(size, captions[i]) + GAP;
        if (size.height > height) height = size.height;
    }
    gdImagePtr joined = gdImageCreateTrueColor(width, CAPTION_HEIGHT + height + GAP);
    if (!joined) {
        message_out_of_memory();
        return NULL;
    }
    gdImageFilledRectangle(joined, 0, 0, gdImageSX(joined) - 1, gdImageSY(joined) - 1, WHITE);
    int left = GAP;
    for (size_t i = 0; i < count; i++) {
        const struct size size = shown_size(images[i], max_size);
        const int column = column_width(size, captions[i]);
        draw_panel(joined, left, column, images[i], size, captions[i]);
        left += column + GAP;
    }
    return joined;
}
