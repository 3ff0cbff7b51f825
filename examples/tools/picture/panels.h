/* SPDX-License-Identifier: MIT */
/* Pictures side by side. */
#ifndef EXAMPLES_PANELS_H
#define EXAMPLES_PANELS_H

#include <gd.h>
#include <stddef.h>

/*
 * A true-colour image of others side by side on white, each with its caption above. Those whose longest side exceeds
 * max_size are shown smaller. NULL without memory.
 */
gdImagePtr panels_join(size_t count, const gdImagePtr *images, const char *const *captions, int max_size);

#endif
