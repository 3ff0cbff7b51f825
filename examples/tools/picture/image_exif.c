/* SPDX-License-Identifier: MIT */
#include "picture/image_exif.h"

#include <libexif/exif-data.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static const unsigned char PREFIX[] = {'E', 'x', 'i', 'f', 0, 0};

static int orientation_of(ExifData *exif) {
    const ExifEntry *entry = exif_content_get_entry(exif->ifd[EXIF_IFD_0], EXIF_TAG_ORIENTATION);
    const ExifByteOrder order = exif_data_get_byte_order(exif);
    ExifLong orientation = 1;
    /* Some programs store a long integer. */
    if (entry && entry->format == EXIF_FORMAT_SHORT && entry->size >= 2)
        orientation = exif_get_short(entry->data, order);
    else if (entry && entry->format == EXIF_FORMAT_LONG && entry->size >= 4)
        orientation = exif_get_long(entry->data, order);
    return orientation >= 1 && orientation <= 8 ? (int)orientation : 1;
}

int image_exif_orientation(const unsigned char *data, size_t n) {
    /* libexif wants the prefix, and looks at the first 64 KiB only. */
    enum { MOST = 65536 };
    const size_t skipped = n >= sizeof PREFIX && memcmp(data, PREFIX, sizeof PREFIX) == 0 ? sizeof PREFIX : 0;
    const size_t size = n - skipped < MOST ? n - skipped : MOST;
    unsigned char *block = malloc(sizeof PREFIX + size);
    ExifData *exif = exif_data_new();
    int orientation = 1;
    if (block && exif) {
        memcpy(block, PREFIX, sizeof PREFIX);
        memcpy(block + sizeof PREFIX, data + skipped, size);
        exif_data_unset_option(exif, EXIF_DATA_OPTION_FOLLOW_SPECIFICATION);
        exif_data_load_data(exif, block, (unsigned int)(sizeof PREFIX + size));
        orientation = orientation_of(exif);
    }
    if (exif) exif_data_unref(exif);
    free(block);
    return orientation;
}

gdImagePtr image_exif_turn(gdImagePtr image, int orientation) {
    if (orientation == 1) return image;
    const bool swapped = orientation >= 5, flip_x = strchr("2378", '0' + orientation) != NULL,
               flip_y = strchr("3467", '0' + orientation) != NULL;
    const int width = gdImageSX(image), height = gdImageSY(image);
    gdImagePtr turned = gdImageCreateTrueColor(swapped ? height : width, swapped ? width : height);
    for (int y = 0; turned && y < gdImageSY(turned); y++) {
        for (int x = 0; x < gdImageSX(turned); x++) {
            const int column = swapped ? y : x, row = swapped ? x : y;
            const int from_x = flip_x ? width - 1 - column : column, from_y = flip_y ? height - 1 - row : row;
            gdImageTrueColorPixel(turned, x, y) = gdImageGetTrueColorPixel(image, from_x, from_y);
        }
    }
    if (turned && gdImageTrueColor(image)) gdImageColorTransparent(turned, gdImageGetTransparent(image));
    gdImageDestroy(image);
    return turned;
}
