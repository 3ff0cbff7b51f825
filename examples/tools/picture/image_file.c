/* SPDX-License-Identifier: MIT */
#include "picture/image_file.h"

#include "cli/message.h"
#include "picture/image_decode.h"
#include "picture/image_exif.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct bytes {
    unsigned char *data;
    size_t size;
};

struct format {
    const char *name;
    const char *magic;
    size_t offset; /* of the magic */
    image_decode_fn *decode;
};

static const struct format *find_format(const struct bytes *file) {
    static const struct format formats[] = {
        {"PNG", "\x89PNG", 0, image_decode_png}, {"JPEG", "\xff\xd8\xff", 0, image_decode_jpeg},
        {"GIF", "GIF8", 0, image_decode_gif},    {"WebP", "WEBP", 8, image_decode_webp},
        {"BMP", "BM", 0, image_decode_bmp},
    };
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        const size_t length = strlen(formats[i].magic);
        if (file->size < formats[i].offset + length) continue;
        if (memcmp(file->data + formats[i].offset, formats[i].magic, length) == 0) return &formats[i];
    }
    return NULL;
}

/* Reads all, or what suffices to see that it is no picture: a pipe need not end. */
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
    } while (count > 0 && find_format(bytes));
    if (ferror(stream)) return message_error("cannot read '%s': %s", path, strerror(errno));
    return true;
}

/* A stream of a file or of a pipe, without waiting for a program that may never write to it; else NULL and a message.
 */
static FILE *open_stream(const char *path, bool *pipe) {
    const int file = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    struct stat status;
    if (file < 0 || fstat(file, &status) != 0) {
        message_error("cannot read '%s': %s", path, strerror(errno));
    } else if (!S_ISREG(status.st_mode) && !S_ISFIFO(status.st_mode)) {
        message_error("cannot read '%s': %s", path,
                      S_ISDIR(status.st_mode) ? strerror(EISDIR) : "it is a device, not a file");
    } else {
        *pipe = S_ISFIFO(status.st_mode);
        fcntl(file, F_SETFL, fcntl(file, F_GETFL) & ~O_NONBLOCK);
        FILE *stream = fdopen(file, "rb");
        if (stream) return stream;
        message_out_of_memory();
    }
    if (file >= 0) close(file);
    return NULL;
}

static bool read_bytes(const char *path, struct bytes *bytes) {
    bool pipe;
    FILE *stream = open_stream(path, &pipe);
    if (!stream) return false;
    const bool read = read_stream(stream, path, bytes);
    fclose(stream);
    if (!read || bytes->size > 0) return read;
    return message_error("cannot read '%s': %s", path,
                         pipe ? "the pipe is empty: no program writes to it" : "the file is empty");
}

static gdImagePtr decode(const char *path, const struct bytes *file) {
    const struct format *format = find_format(file);
    if (!format) {
        message_error("cannot read '%s': it is not a PNG, JPEG, GIF, WebP or BMP picture", path);
        return NULL;
    }
    struct image_source source = {.data = file->data, .size = file->size, .orientation = 1, .format = format->name};
    gdImagePtr stored = format->decode(&source);
    if (!stored) {
        message_error("cannot read '%s': %s", path, source.reason);
        return NULL;
    }
    gdImagePtr image = image_exif_turn(stored, source.orientation);
    if (!image) message_out_of_memory();
    return image;
}

gdImagePtr image_file_read(const char *path) {
    struct bytes file = {NULL, 0};
    gdImagePtr image = read_bytes(path, &file) ? decode(path, &file) : NULL;
    free(file.data);
    return image;
}
