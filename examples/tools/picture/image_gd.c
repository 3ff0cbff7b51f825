/* SPDX-License-Identifier: MIT */
/* What libgd decodes, which reads PNG with or without its end, and of a GIF the first frame without its place. */
#include "picture/image_decode.h"
#include "picture/image_exif.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* The first thing that libgd complained about; its error handler takes no argument to keep it elsewhere. */
static char complaint[128];

static void keep_complaint(int priority, const char *format, va_list arguments) {
    (void)priority;
    if (complaint[0] != '\0') return;
    vsnprintf(complaint, sizeof complaint, format, arguments);
    complaint[strcspn(complaint, "\n")] = '\0';
}

static gdImagePtr decode(struct image_source *source, gdImagePtr (*create)(int size, void *data)) {
    complaint[0] = '\0';
    gdSetErrorMethod(keep_complaint);
    gdImagePtr image = create((int)source->size, source->data);
    gdClearErrorMethod();
    return image ? image : image_damaged(source, complaint);
}

static size_t big_endian(const unsigned char *data) {
    return (size_t)data[0] << 24 | (size_t)data[1] << 16 | (size_t)data[2] << 8 | data[3];
}

static int little_endian(const unsigned char *data) {
    return data[0] | data[1] << 8;
}

/* Goes through the chunks, which must end as they should; of the first with EXIF data the orientation is taken. */
static bool read_png_chunks(struct image_source *source) {
    enum { SIGNATURE_SIZE = 8, FRAME_SIZE = 12 };
    const unsigned char *data = source->data;
    bool found = false;
    for (size_t at = SIGNATURE_SIZE; source->size - at >= FRAME_SIZE;) {
        const size_t length = big_endian(data + at);
        if (length > source->size - at - FRAME_SIZE) return false;
        if (memcmp(data + at + 4, "IEND", 4) == 0) return true;
        if (!found && memcmp(data + at + 4, "eXIf", 4) == 0) {
            source->orientation = image_exif_orientation(data + at + 8, length);
            found = true;
        }
        at += FRAME_SIZE + length;
    }
    return false;
}

gdImagePtr image_decode_png(struct image_source *source) {
    enum { HEADER_SIZE = 33 };
    if (source->size < HEADER_SIZE) return image_cut_off(source);
    if (!image_has_fair_size(source, big_endian(source->data + 16), big_endian(source->data + 20))) return NULL;
    if (!read_png_chunks(source)) return image_cut_off(source);
    return decode(source, gdImageCreateFromPngPtr);
}

struct gif_frame {
    int left, top, width, height;
};

/* A GIF's data comes in blocks led by their length; returns the offset behind the block of length 0, or size. */
static size_t skip_gif_blocks(const struct image_source *gif, size_t at) {
    while (at < gif->size && gif->data[at] != 0) at += (size_t)gif->data[at] + 1;
    return at < gif->size ? at + 1 : gif->size;
}

static size_t gif_color_table_size(unsigned char flags) {
    return flags & 0x80 ? (size_t)3 << ((flags & 7) + 1) : 0;
}

/* Whether all is there, to the trailer, and a frame in it; fills in the first. */
static bool read_gif_frames(const struct image_source *gif, struct gif_frame *first) {
    enum { HEADER_SIZE = 13, FRAME_HEADER_SIZE = 10, EXTENSION = 0x21, FRAME = 0x2c, TRAILER = 0x3b };
    bool found = false;
    size_t at = HEADER_SIZE + gif_color_table_size(gif->data[10]);
    while (at < gif->size && gif->data[at] != TRAILER) {
        const unsigned char *frame = gif->data + at;
        if (*frame == EXTENSION) {
            at = skip_gif_blocks(gif, at + 2);
        } else if (*frame != FRAME) {
            at++;
        } else if (gif->size - at < FRAME_HEADER_SIZE) {
            return false;
        } else {
            if (!found)
                *first = (struct gif_frame){little_endian(frame + 1), little_endian(frame + 3),
                                            little_endian(frame + 5), little_endian(frame + 7)};
            found = true;
            at += FRAME_HEADER_SIZE + gif_color_table_size(frame[FRAME_HEADER_SIZE - 1]) + 1;
            at = skip_gif_blocks(gif, at);
        }
    }
    return found && at < gif->size;
}

static int larger(int a, int b) {
    return a > b ? a : b;
}

/* A first frame that reaches beyond the canvas makes it larger. */
gdImagePtr image_decode_gif(struct image_source *source) {
    enum { HEADER_SIZE = 13 };
    struct gif_frame frame = {0};
    if (source->size < HEADER_SIZE || !read_gif_frames(source, &frame)) return image_cut_off(source);
    const int width = larger(little_endian(source->data + 6), frame.left + frame.width);
    const int height = larger(little_endian(source->data + 8), frame.top + frame.height);
    if (!image_has_fair_size(source, (unsigned)width, (unsigned)height)) return NULL;
    /* libgd refuses what it would not draw anyway. */
    const int sizes[] = {width, height};
    for (int i = 0; i < 4; i++) source->data[6 + i] = (unsigned char)(sizes[i / 2] >> 8 * (i % 2));
    gdImagePtr image = decode(source, gdImageCreateFromGifPtr);
    gdImagePtr canvas = image ? image_create(source, width, height) : NULL;
    if (canvas) gdImageCopy(canvas, image, frame.left, frame.top, 0, 0, gdImageSX(image), gdImageSY(image));
    if (image) gdImageDestroy(image);
    return canvas;
}
