/* SPDX-License-Identifier: MIT */
/* Animated GIFs with one palette for all frames. */
#ifndef EXAMPLES_ANIMATION_H
#define EXAMPLES_ANIMATION_H

#include <gd.h>
#include <stdbool.h>

struct animation;

/* Begins an animation whose palette suits the colours of a true-colour image; NULL without memory. */
struct animation *animation_create(gdImagePtr colors);
void animation_free(struct animation *animation);

/* Adds a true-colour frame, shown for some hundredths of a second. All frames have the first one's size. */
bool animation_add(struct animation *animation, gdImagePtr frame, int hundredths);

/* Ends the animation and writes it to directory/name. */
bool animation_write(struct animation *animation, const char *directory, const char *name);

#endif
