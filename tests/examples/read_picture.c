/* SPDX-License-Identifier: MIT */
/* Prints width, height, channels and the bytes in hexadecimal of every picture given, or that it is refused. */
#include "picture/picture.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv) {
    for (int i = 1; i < argc; i++) {
        struct picture picture;
        if (!picture_read(argv[i], SIZE_MAX, &picture)) {
            puts("refused");
            continue;
        }
        printf("%zu %zu %zu ", picture.width, picture.height, picture.channels);
        for (size_t k = 0; k < picture.width * picture.height * picture.channels; k++)
            printf("%02x", (unsigned)lrintf(255 * picture.values[k]));
        putchar('\n');
        picture_free(&picture);
    }
    return EXIT_SUCCESS;
}
