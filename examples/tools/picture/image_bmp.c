/* SPDX-License-Identifier: MIT */
/*
 * BMP in all its kinds but those that hold other formats. libgd reads neither the newer headers nor bit fields, and
 * no small library of Debian does.
 */
#include "picture/image_decode.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { FILE_HEADER_SIZE = 14, OS2_HEADER_SIZE = 12, WINDOWS_HEADER_SIZE = 40, OS2_LARGE_HEADER_SIZE = 64 };
enum compression { RGB, RLE8, RLE4, BITFIELDS, ALPHA_BITFIELDS = 6 };
enum { RED, GREEN, BLUE, ALPHA, NUM_MASKS };

struct bmp {
    uint32_t header_size, compression, depth, num_colors;
    int64_t width, height;
    bool top_down;
    uint32_t masks[NUM_MASKS]; /* of pixels of more than 8 bits */
    int palette[256];          /* of others, as libgd's colours */
    const unsigned char *pixels;
    size_t size, stride; /* of the pixels, and of a row; in bytes */
};

static uint32_t number(const unsigned char *data, size_t bytes) {
    uint32_t value = 0;
    for (size_t i = bytes; i-- > 0;) value = value << 8 | data[i];
    return value;
}

static bool read_header(struct image_source *source, struct bmp *bmp) {
    const unsigned char *data = source->data;
    if (source->size < FILE_HEADER_SIZE + OS2_HEADER_SIZE) return image_cut_off(source);
    bmp->header_size = number(data + 14, 4);
    if (source->size < FILE_HEADER_SIZE + (size_t)bmp->header_size) return image_cut_off(source);
    const bool old = bmp->header_size == OS2_HEADER_SIZE;
    if (!old && (bmp->header_size < 16 || bmp->header_size > 124)) return image_unsupported(source, "its header");
    const int32_t height = old ? (int32_t)number(data + 20, 2) : (int32_t)number(data + 22, 4);
    bmp->width = old ? (int32_t)number(data + 18, 2) : (int32_t)number(data + 18, 4);
    bmp->height = llabs((long long)height);
    bmp->top_down = height < 0;
    bmp->depth = number(data + (old ? 24 : 28), 2);
    bmp->compression = bmp->header_size >= 20 ? number(data + 30, 4) : RGB;
    bmp->num_colors = bmp->header_size >= 36 ? number(data + 46, 4) : 0;
    return true;
}

/* What the masks are where the file gives none. */
static void set_usual_masks(struct bmp *bmp) {
    static const uint32_t masks_16[NUM_MASKS] = {0x7c00, 0x3e0, 0x1f, 0},
                          masks_24[NUM_MASKS] = {0xff0000, 0xff00, 0xff, 0};
    for (int i = 0; i < NUM_MASKS; i++) bmp->masks[i] = bmp->depth == 16 ? masks_16[i] : masks_24[i];
}

static bool read_masks(struct image_source *source, struct bmp *bmp) {
    set_usual_masks(bmp);
    if (bmp->compression != BITFIELDS && bmp->compression != ALPHA_BITFIELDS) return true;
    /* In the header, or behind one that has no room for them. */
    const bool with_alpha = bmp->header_size >= 56 || bmp->compression == ALPHA_BITFIELDS;
    const size_t count = with_alpha ? NUM_MASKS : ALPHA, begin = FILE_HEADER_SIZE + WINDOWS_HEADER_SIZE;
    if (source->size < begin + 4 * count) return image_cut_off(source);
    for (size_t i = 0; i < count; i++) bmp->masks[i] = number(source->data + begin + 4 * i, 4);
    return true;
}

static bool is_supported(const struct bmp *bmp) {
    const uint32_t depth = bmp->depth;
    switch (bmp->compression) {
    case RGB:
        return depth == 1 || depth == 2 || depth == 4 || depth == 8 || depth == 16 || depth == 24 || depth == 32;
    case RLE8:
        return depth == 8;
    case RLE4:
        return depth == 4;
    case BITFIELDS:
    case ALPHA_BITFIELDS:
        /* OS/2 has other kinds under these numbers. */
        return bmp->header_size >= WINDOWS_HEADER_SIZE && bmp->header_size != OS2_LARGE_HEADER_SIZE &&
               (depth == 16 || depth == 32);
    }
    return false;
}

/* Colours that the file lacks are black. */
static void read_palette(const struct image_source *source, struct bmp *bmp, size_t pixels_at) {
    const size_t begin = FILE_HEADER_SIZE + bmp->header_size, entry = bmp->header_size == OS2_HEADER_SIZE ? 3 : 4;
    size_t count = bmp->depth <= 8 ? (size_t)1 << bmp->depth : 0;
    if (bmp->num_colors > 0 && bmp->num_colors < count) count = bmp->num_colors;
    for (size_t i = 0; i < count && begin + entry * (i + 1) <= pixels_at; i++) {
        const unsigned char *color = source->data + begin + entry * i;
        bmp->palette[i] = gdTrueColor(color[2], color[1], color[0]);
    }
}

/* A run of a compressed picture: where it goes on, and whether all of it was there. */
struct rle {
    unsigned char *indices; /* (height, width), from the first row stored */
    int64_t x, y;
    const unsigned char *at, *end;
    bool by_byte; /* a colour has a byte, not half of one */
};

static void put_colors(const struct bmp *bmp, struct rle *rle, const unsigned char *colors, size_t count, bool repeat) {
    for (size_t i = 0; i < count; i++, rle->x++) {
        const unsigned char byte = colors[repeat ? 0 : rle->by_byte ? i : i / 2];
        if (rle->x >= bmp->width || rle->y >= bmp->height) continue;
        rle->indices[rle->y * bmp->width + rle->x] = rle->by_byte ? byte : i % 2 == 0 ? byte >> 4 : byte & 15;
    }
}

/* After a zero: the end of a row, a move, or colours that do not repeat. */
static bool escape(const struct bmp *bmp, struct rle *rle, unsigned char code) {
    enum { END_OF_ROW, MOVE = 2 };
    if (code == END_OF_ROW) {
        rle->x = 0;
        rle->y++;
        return true;
    }
    const size_t bytes = code == MOVE ? 2 : rle->by_byte ? code : (code + 1u) / 2;
    if ((size_t)(rle->end - rle->at) < bytes) return false;
    if (code == MOVE) {
        rle->x += rle->at[0];
        rle->y += rle->at[1];
    } else {
        put_colors(bmp, rle, rle->at, code, false);
    }
    rle->at += bytes + bytes % 2;
    return true;
}

static bool unpack(const struct bmp *bmp, struct rle *rle) {
    enum { END_OF_PICTURE = 1 };
    while (rle->y < bmp->height) {
        if (rle->end - rle->at < 2) return rle->y == bmp->height - 1 && rle->x >= bmp->width;
        const unsigned char count = rle->at[0], value = rle->at[1];
        rle->at += 2;
        if (count == 0 && value == END_OF_PICTURE) return true;
        if (count > 0)
            put_colors(bmp, rle, rle->at - 1, count, true);
        else if (!escape(bmp, rle, value))
            return false;
    }
    return true;
}

static uint32_t share(uint32_t pixel, uint32_t mask) {
    return mask == 0 ? 0 : (uint32_t)(((uint64_t)(pixel & mask) * 255 + mask / 2) / mask);
}

static int color_at(const struct bmp *bmp, const unsigned char *row, int x) {
    const size_t bit = (size_t)x * bmp->depth;
    if (bmp->depth <= 8) return bmp->palette[row[bit / 8] >> (8 - bmp->depth - bit % 8) & ((1u << bmp->depth) - 1)];
    const uint32_t pixel = number(row + bit / 8, bmp->depth / 8);
    const uint32_t alpha = bmp->masks[ALPHA] == 0 ? 255 : share(pixel, bmp->masks[ALPHA]);
    return image_color((int)share(pixel, bmp->masks[RED]), (int)share(pixel, bmp->masks[GREEN]),
                       (int)share(pixel, bmp->masks[BLUE]), (int)alpha);
}

static bool is_transparent(gdImagePtr image) {
    for (int y = 0; y < gdImageSY(image); y++)
        for (int x = 0; x < gdImageSX(image); x++)
            if (gdTrueColorGetAlpha(gdImageTrueColorPixel(image, x, y)) != gdAlphaTransparent) return false;
    return true;
}

static gdImagePtr to_image(struct image_source *source, const struct bmp *bmp) {
    const int width = (int)bmp->width, height = (int)bmp->height;
    gdImagePtr image = image_create(source, width, height);
    for (int y = 0; image && y < height; y++) {
        const unsigned char *row = bmp->pixels + (size_t)(bmp->top_down ? y : height - 1 - y) * bmp->stride;
        for (int x = 0; x < width; x++) gdImageTrueColorPixel(image, x, y) = color_at(bmp, row, x);
    }
    return image;
}

/* Some programs leave the alpha of all pixels at zero, and mean that there is none. */
static gdImagePtr decode_pixels(struct image_source *source, struct bmp *bmp) {
    if (bmp->size < bmp->stride * (size_t)(bmp->height - 1) + ((size_t)bmp->width * bmp->depth + 7) / 8)
        return image_cut_off(source);
    gdImagePtr image = to_image(source, bmp);
    if (!image || !is_transparent(image)) return image;
    gdImageDestroy(image);
    bmp->masks[ALPHA] = 0;
    return to_image(source, bmp);
}

static gdImagePtr decode_runs(struct image_source *source, struct bmp *bmp) {
    struct rle rle = {.indices = calloc((size_t)bmp->height, (size_t)bmp->width),
                      .at = bmp->pixels,
                      .end = bmp->pixels + bmp->size,
                      .by_byte = bmp->compression == RLE8};
    if (!rle.indices) return image_out_of_memory(source);
    gdImagePtr image = NULL;
    if (unpack(bmp, &rle)) {
        bmp->pixels = rle.indices;
        bmp->stride = (size_t)bmp->width;
        bmp->depth = 8;
        image = to_image(source, bmp);
    } else {
        image_cut_off(source);
    }
    free(rle.indices);
    return image;
}

gdImagePtr image_decode_bmp(struct image_source *source) {
    struct bmp bmp = {0};
    if (!read_header(source, &bmp)) return NULL;
    if (!is_supported(&bmp)) {
        char detail[64];
        snprintf(detail, sizeof detail, "%u bits a pixel, compression %u", bmp.depth, bmp.compression);
        return image_unsupported(source, detail);
    }
    if (bmp.width < 0) return image_damaged(source, "its width is negative");
    if (!image_has_fair_size(source, (unsigned long long)bmp.width, (unsigned long long)bmp.height)) return NULL;
    if (!read_masks(source, &bmp)) return NULL;
    const size_t pixels_at = number(source->data + 10, 4);
    if (pixels_at < FILE_HEADER_SIZE + bmp.header_size) return image_damaged(source, "its pixels lie in its header");
    if (pixels_at > source->size) return image_cut_off(source);
    read_palette(source, &bmp, pixels_at);
    bmp.pixels = source->data + pixels_at;
    bmp.size = source->size - pixels_at;
    bmp.stride = ((size_t)bmp.width * bmp.depth + 31) / 32 * 4;
    return bmp.compression == RLE8 || bmp.compression == RLE4 ? decode_runs(source, &bmp) : decode_pixels(source, &bmp);
}
