/* SPDX-License-Identifier: MIT */
/* Joins pictures side by side, each enlarged to a size by whole factors, for the documents. */
#include "cli/message.h"
#include "picture/panels.h"

#include <stdio.h>
#include <stdlib.h>

enum { MAX_PICTURES = 12 };

static gdImagePtr read_enlarged(const char *path, int size) {
    FILE *file = fopen(path, "rb");
    gdImagePtr small = file ? gdImageCreateFromPng(file) : NULL;
    if (file) fclose(file);
    if (!small) {
        message_error("cannot read %s", path);
        exit(EXIT_FAILURE);
    }
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
