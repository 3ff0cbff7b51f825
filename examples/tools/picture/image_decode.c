/* SPDX-License-Identifier: MIT */
#include "picture/image_decode.h"

#include "picture/image_file.h"

#include <stdarg.h>
#include <stdio.h>

__attribute__((format(printf, 2, 3))) static gdImagePtr keep_reason(struct image_source *source, const char *format,
                                                                    ...) {
    if (source->reason[0] != '\0') return NULL;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(source->reason, sizeof source->reason, format, arguments);
    va_end(arguments);
    return NULL;
}

gdImagePtr image_cut_off(struct image_source *source) {
    return keep_reason(source, "the %s picture is truncated", source->format);
}

gdImagePtr image_damaged(struct image_source *source, const char *detail) {
    return keep_reason(source, "the %s picture is damaged%s%s", source->format, *detail ? ": " : "", detail);
}

gdImagePtr image_unsupported(struct image_source *source, const char *detail) {
    return keep_reason(source, "this kind of %s is not supported: %s", source->format, detail);
}

gdImagePtr image_out_of_memory(struct image_source *source) {
    return keep_reason(source, "out of memory");
}

bool image_has_fair_size(struct image_source *source, unsigned long long width, unsigned long long height) {
    if (width == 0 || height == 0) {
        keep_reason(source, "it has %llu x %llu pixels", width, height);
        return false;
    }
    if (width <= IMAGE_FILE_MAX_PIXELS / height) return true;
    keep_reason(source, "it has %llu x %llu pixels; at most %d million are read", width, height,
                IMAGE_FILE_MAX_PIXELS / 1000000);
    return false;
}

gdImagePtr image_create(struct image_source *source, int width, int height) {
    gdImagePtr image = gdImageCreateTrueColor(width, height);
    if (!image) return image_out_of_memory(source);
    gdImageAlphaBlending(image, 0);
    gdImageFilledRectangle(image, 0, 0, width - 1, height - 1, gdTrueColorAlpha(255, 255, 255, gdAlphaTransparent));
    return image;
}

int image_color(int red, int green, int blue, int alpha) {
    return gdTrueColorAlpha(red, green, blue, gdAlphaMax - alpha / 2);
}
