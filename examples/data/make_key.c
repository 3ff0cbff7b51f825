/* SPDX-License-Identifier: MIT */
/*
 * Draws the silhouette of the tests, a key with round and sharp parts, as a PNG file:
 *     cc make_key.c -o make_key -lgd && ./make_key > key.png
 */
#include <gd.h>
#include <stdio.h>

enum { WIDTH = 480, HEIGHT = 240, WHITE = 0xffffff, BLACK = 0x000000 };

int main(void) {
    gdImagePtr image = gdImageCreateTrueColor(WIDTH, HEIGHT);
    if (!image) return 1;
    gdImageFilledRectangle(image, 0, 0, WIDTH - 1, HEIGHT - 1, WHITE);
    /* The bow, its eye and the collar. */
    gdImageFilledEllipse(image, 110, 120, 180, 180, BLACK);
    gdImageFilledEllipse(image, 85, 120, 50, 50, WHITE);
    gdImageFilledRectangle(image, 205, 88, 223, 152, BLACK);
    /* The blade: a point on the right, notches below. */
    gdPoint blade[] = {{190, 102}, {430, 102}, {460, 120}, {430, 138}, {418, 158}, {400, 138}, {384, 138}, {366, 176},
                       {348, 138}, {332, 138}, {320, 150}, {308, 138}, {292, 138}, {276, 168}, {260, 138}, {190, 138}};
    gdImageFilledPolygon(image, blade, sizeof blade / sizeof *blade, BLACK);
    gdImagePng(image, stdout);
    gdImageDestroy(image);
    return fflush(stdout) != 0;
}
