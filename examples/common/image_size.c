/* SPDX-License-Identifier: MIT */
#include "image_size.h"

#include <string.h>

static unsigned long long big_endian(const unsigned char *data, int bytes) {
    unsigned long long value = 0;
    for (int i = 0; i < bytes; i++) value = value << 8 | data[i];
    return value;
}

static unsigned long long little_endian(const unsigned char *data, int bytes) {
    unsigned long long value = 0;
    for (int i = bytes; i-- > 0;) value = value << 8 | data[i];
    return value;
}

bool image_size_png(const unsigned char *data, size_t n, struct image_size *size) {
    if (n < 24) return false;
    *size = (struct image_size){big_endian(data + 16, 4), big_endian(data + 20, 4)};
    return true;
}

bool image_size_gif(const unsigned char *data, size_t n, struct image_size *size) {
    if (n < 10) return false;
    *size = (struct image_size){little_endian(data + 6, 2), little_endian(data + 8, 2)};
    return true;
}

/* One below 2^31, whose sign tells whether rows go up or down. */
static unsigned long long magnitude(unsigned long long length) {
    return length < 1ull << 31 ? length : (1ull << 32) - length;
}

bool image_size_bmp(const unsigned char *data, size_t n, struct image_size *size) {
    if (n < 26) return false;
    if (little_endian(data + 14, 4) == 12)
        *size = (struct image_size){little_endian(data + 18, 2), little_endian(data + 20, 2)};
    else
        *size = (struct image_size){magnitude(little_endian(data + 18, 4)), magnitude(little_endian(data + 22, 4))};
    return true;
}

bool image_size_webp(const unsigned char *data, size_t n, struct image_size *size) {
    if (n < 30 || memcmp(data, "RIFF", 4) != 0) return false;
    const unsigned long long packed = little_endian(data + 21, 4);
    if (memcmp(data + 12, "VP8 ", 4) == 0)
        *size = (struct image_size){little_endian(data + 26, 2) & 0x3fff, little_endian(data + 28, 2) & 0x3fff};
    else if (memcmp(data + 12, "VP8L", 4) == 0)
        *size = (struct image_size){(packed & 0x3fff) + 1, (packed >> 14 & 0x3fff) + 1};
    else
        *size = (struct image_size){little_endian(data + 24, 3) + 1, little_endian(data + 27, 3) + 1};
    return true;
}

/* Whether a JPEG's segment is a frame header, of any kind of coding. */
static bool is_frame(unsigned char marker) {
    return marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc;
}

static bool stands_alone(unsigned char marker) {
    return marker == 0 || marker == 1 || (marker >= 0xd0 && marker <= 0xd8);
}

bool image_size_jpeg(const unsigned char *data, size_t n, struct image_size *size) {
    for (size_t at = 0; at + 8 < n;) {
        if (data[at] != 0xff || data[at + 1] == 0xff || stands_alone(data[at + 1])) {
            at++;
        } else if (is_frame(data[at + 1])) {
            *size = (struct image_size){big_endian(data + at + 7, 2), big_endian(data + at + 5, 2)};
            return true;
        } else {
            at += 2 + (size_t)big_endian(data + at + 2, 2);
        }
    }
    return false;
}
