/* SPDX-License-Identifier: MIT */
#include "image_file.h"

#include "image_size.h"
#include "message.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The first thing that libgd complained about; its error handler takes no argument to keep it elsewhere. */
static char complaint[256];

static void keep_complaint(int priority, const char *format, va_list arguments) {
    (void)priority;
    if (complaint[0] != '\0') return;
    vsnprintf(complaint, sizeof complaint, format, arguments);
    complaint[strcspn(complaint, "\n")] = '\0';
}

struct bytes {
    unsigned char *data;
    size_t size;
};

static bool read_stream(FILE *stream, const char *path, struct bytes *bytes) {
    size_t capacity = 0;
    size_t count;
    do {
        if (bytes->size == capacity) {
            capacity = capacity ? 2 * capacity : 65536;
            unsigned char *larger = capacity <= INT_MAX ? realloc(bytes->data, capacity) : NULL;
            if (!larger) return message_error("cannot read '%s': the file is too large", path);
            bytes->data = larger;
        }
        count = fread(bytes->data + bytes->size, 1, capacity - bytes->size, stream);
        bytes->size += count;
    } while (count > 0);
    if (ferror(stream)) return message_error("cannot read '%s': %s", path, strerror(errno));
    if (bytes->size == 0) return message_error("cannot read '%s': the file is empty", path);
    return true;
}

static bool read_bytes(const char *path, struct bytes *bytes) {
    FILE *stream = fopen(path, "rb");
    if (!stream) return message_error("cannot read '%s': %s", path, strerror(errno));
    const bool read = read_stream(stream, path, bytes);
    fclose(stream);
    return read;
}

/* A GIF's data comes in blocks led by their length; returns the offset behind the block of length 0, or size. */
static size_t skip_gif_blocks(const struct bytes *gif, size_t at) {
    while (at < gif->size && gif->data[at] != 0) at += (size_t)gif->data[at] + 1;
    return at < gif->size ? at + 1 : gif->size;
}

static size_t gif_color_table_size(unsigned char flags) {
    return flags & 0x80 ? (size_t)3 << ((flags & 7) + 1) : 0;
}

/* Whether the first frame is all there: libgd fills up what is missing without a word. */
static bool gif_is_complete(const struct bytes *gif) {
    enum { HEADER_SIZE = 13, FRAME_HEADER_SIZE = 10, EXTENSION = 0x21, FRAME = 0x2c };
    if (gif->size < HEADER_SIZE) return false;
    size_t at = HEADER_SIZE + gif_color_table_size(gif->data[10]);
    while (at < gif->size && gif->data[at] == EXTENSION) at = skip_gif_blocks(gif, at + 2);
    if (at + FRAME_HEADER_SIZE > gif->size || gif->data[at] != FRAME) return false;
    at += FRAME_HEADER_SIZE + gif_color_table_size(gif->data[at + FRAME_HEADER_SIZE - 1]) + 1;
    return skip_gif_blocks(gif, at) < gif->size;
}

static gdImagePtr decode_gif(int size, void *data) {
    const struct bytes gif = {data, (size_t)size};
    if (gif_is_complete(&gif)) return gdImageCreateFromGifPtr(size, data);
    snprintf(complaint, sizeof complaint, "the file is cut off");
    return NULL;
}

static gdImagePtr decode_jpeg(int size, void *data) {
    gdImagePtr image = gdImageCreateFromJpegPtrEx(size, data, 0);
    /* libjpeg fills up what is missing with grey and calls that recoverable. */
    if (image && strstr(complaint, "Premature end")) {
        gdImageDestroy(image);
        return NULL;
    }
    return image;
}

struct format {
    const char *name;
    const char *magic;
    size_t offset; /* of the magic */
    gdImagePtr (*decode)(int size, void *data);
    image_size_fn *size;
};

static const struct format *find_format(const struct bytes *file) {
    static const struct format formats[] = {
        {"PNG", "\x89PNG", 0, gdImageCreateFromPngPtr, image_size_png},
        {"JPEG", "\xff\xd8\xff", 0, decode_jpeg, image_size_jpeg},
        {"GIF", "GIF8", 0, decode_gif, image_size_gif},
        {"WebP", "WEBP", 8, gdImageCreateFromWebpPtr, image_size_webp},
        {"BMP", "BM", 0, gdImageCreateFromBmpPtr, image_size_bmp},
    };
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        const size_t length = strlen(formats[i].magic);
        if (file->size < formats[i].offset + length) continue;
        if (memcmp(file->data + formats[i].offset, formats[i].magic, length) == 0) return &formats[i];
    }
    return NULL;
}

/* A file of a few bytes can claim a picture that no memory holds. */
static bool is_of_fair_size(const char *path, const struct format *format, const struct bytes *file) {
    struct image_size size;
    if (!format->size(file->data, file->size, &size))
        return message_error("cannot read '%s': damaged or cut off %s picture", path, format->name);
    if (size.height == 0 || size.width <= IMAGE_FILE_MAX_PIXELS / size.height) return true;
    return message_error("cannot read '%s': it has %llu x %llu pixels; at most %d million are read", path, size.width,
                         size.height, IMAGE_FILE_MAX_PIXELS / 1000000);
}

static gdImagePtr decode(const char *path, struct bytes *file) {
    const struct format *format = find_format(file);
    if (!format) {
        message_error("cannot read '%s': it is no PNG, JPEG, GIF, WebP or BMP picture", path);
        return NULL;
    }
    if (!is_of_fair_size(path, format, file)) return NULL;
    complaint[0] = '\0';
    gdSetErrorMethod(keep_complaint);
    gdImagePtr image = format->decode((int)file->size, file->data);
    gdClearErrorMethod();
    if (!image)
        message_error("cannot read '%s': damaged or cut off %s picture%s%s", path, format->name,
                      complaint[0] ? ": " : "", complaint);
    return image;
}

gdImagePtr image_file_read(const char *path) {
    struct bytes file = {NULL, 0};
    gdImagePtr image = read_bytes(path, &file) ? decode(path, &file) : NULL;
    free(file.data);
    return image;
}
