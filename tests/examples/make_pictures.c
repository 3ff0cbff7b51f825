/* SPDX-License-Identifier: MIT */
/* Writes small pictures of every kind that the examples read into the directory given. */
#include <gd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WIDTH = 24, HEIGHT = 16 };

typedef void write_fn(gdImagePtr image, FILE *stream);

static void write_jpeg(gdImagePtr image, FILE *stream) {
    gdImageJpeg(image, stream, 95);
}

static void write_bmp(gdImagePtr image, FILE *stream) {
    int size;
    void *data = gdImageBmpPtr(image, &size, 0);
    if (data) fwrite(data, 1, (size_t)size, stream);
    gdFree(data);
}

static void save(gdImagePtr image, write_fn *write, const char *directory, const char *name) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    FILE *stream = fopen(path, "wb");
    if (!stream) {
        perror(path);
        exit(EXIT_FAILURE);
    }
    write(image, stream);
    fclose(stream);
}

static gdImagePtr draw(int color_shift, int alpha) {
    gdImagePtr image = gdImageCreateTrueColor(WIDTH, HEIGHT);
    gdImageAlphaBlending(image, 0);
    gdImageSaveAlpha(image, 1);
    for (int y = 0; y < HEIGHT; y++) {
        for (int x = 0; x < WIDTH; x++) {
            const int level = 10 * x;
            const int other = (level + color_shift * y) % 256;
            gdImageSetPixel(image, x, y, gdTrueColorAlpha(level, other, other, x < WIDTH / 2 ? alpha : 0));
        }
    }
    return image;
}

int main(int argc, char **argv) {
    if (argc != 2) return EXIT_FAILURE;
    gdImagePtr color = draw(7, gdAlphaOpaque), grey = draw(0, gdAlphaOpaque), faded = draw(7, gdAlphaTransparent);
    gdImagePtr palette = gdImageCreatePaletteFromTrueColor(color, 0, 64);
    save(color, gdImagePng, argv[1], "color.png");
    save(color, write_jpeg, argv[1], "color.jpg");
    save(color, write_bmp, argv[1], "color.bmp");
    save(color, gdImageWebp, argv[1], "color.webp");
    save(palette, gdImageGif, argv[1], "palette.gif");
    save(palette, gdImagePng, argv[1], "palette.png");
    save(grey, gdImagePng, argv[1], "grey.png");
    save(faded, gdImagePng, argv[1], "alpha.png");
    gdImageDestroy(color);
    gdImageDestroy(grey);
    gdImageDestroy(faded);
    gdImageDestroy(palette);
    return EXIT_SUCCESS;
}
