/* SPDX-License-Identifier: MIT */
/* Joins pictures side by side, each enlarged to a size by whole factors, for the documents. Of
   PICTURE.png:X,Y,WIDTH,HEIGHT only that rectangle is taken. */
#include "cli/message.h"
#include "picture/panels.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_PICTURES = 12 };

static gdImagePtr read_picture(const char *path) {
    FILE *file = fopen(path, "rb");
    gdImagePtr picture = file ? gdImageCreateFromPng(file) : NULL;
    if (file) fclose(file);
    if (!picture) {
        message_error("cannot read %s", path);
        exit(EXIT_FAILURE);
    }
    return picture;
}

/* A picture, or a rectangle of it. */
static gdImagePtr read_part(const char *argument) {
    gdRect part;
    char path[4096];
    snprintf(path, sizeof path, "%s", argument);
    char *colon = strrchr(path, ':');
    if (!colon || sscanf(colon, ":%d,%d,%d,%d", &part.x, &part.y, &part.width, &part.height) != 4)
        return read_picture(path);
    *colon = '\0';
    gdImagePtr whole = read_picture(path), cropped = gdImageCrop(whole, &part);
    gdImageDestroy(whole);
    return cropped;
}

static gdImagePtr read_enlarged(const char *argument, int size) {
    gdImagePtr small = read_part(argument);
    if (!small) return NULL;
    const int longest = gdImageSX(small) > gdImageSY(small) ? gdImageSX(small) : gdImageSY(small);
    const int factor = longest < size ? (size + longest - 1) / longest : 1;
    const int width = factor * gdImageSX(small), height = factor * gdImageSY(small);
    gdImagePtr large = gdImageCreateTrueColor(width, height);
    if (large) gdImageCopyResized(large, small, 0, 0, 0, 0, width, height, gdImageSX(small), gdImageSY(small));
    gdImageDestroy(small);
    return large;
}

int main(int argc, char **argv) {
    gdImagePtr images[MAX_PICTURES];
    const char *captions[MAX_PICTURES];
    size_t count = 0;
    if (argc < 5 || argc % 2 == 0 || argc > 3 + 2 * MAX_PICTURES) {
        message_error("usage: join_pictures OUT.png SIZE CAPTION PICTURE.png [CAPTION PICTURE.png]...");
        return 2;
    }
    const int size = atoi(argv[2]);
    for (int i = 3; i < argc; i += 2) {
        captions[count] = argv[i];
        images[count] = read_enlarged(argv[i + 1], size);
        if (!images[count++]) return message_out_of_memory(), EXIT_FAILURE;
    }
    gdImagePtr joined = panels_join(count, images, captions, 2 * size);
    FILE *file = joined ? fopen(argv[1], "wb") : NULL;
    if (!file) return message_error("cannot write %s", argv[1]), EXIT_FAILURE;
    gdImagePngEx(joined, file, 9);
    for (size_t i = 0; i < count; i++) gdImageDestroy(images[i]);
    gdImageDestroy(joined);
    return fclose(file) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
