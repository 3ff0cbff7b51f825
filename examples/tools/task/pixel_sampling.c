/* SPDX-License-Identifier: MIT */
#include "task/pixel_sampling.h"

#include "cli/message.h"
#include "task/random.h"

#include <math.h>
#include <stdlib.h>

const char *const pixel_sampling_names[] = {"random", "grid", "edges", NULL};

/* Added to every weight, so that plain areas have a chance too. */
#define EDGE_FLOOR 1e-3

static size_t share_of(size_t total, double fraction) {
    const size_t share = (size_t)((double)total * fraction);
    return share < 1 ? 1 : share;
}

/* One pass over the pixels, each taken with the chance that makes the number right (Knuth, algorithm S). */
static void choose_random(size_t total, size_t wanted, struct random *random, struct pixel_set *set) {
    for (size_t i = 0; i < total; i++)
        if ((double)(total - i) * random_uniform(random) < (double)(wanted - set->n))
            set->pixels[set->n++] = (uint32_t)i;
}

static void choose_grid(const struct picture *picture, double fraction, struct pixel_set *set) {
    const size_t step = (size_t)fmax(round(1 / sqrt(fraction)), 1);
    for (size_t y = 0; y < picture->height; y += step)
        for (size_t x = 0; x < picture->width; x += step) set->pixels[set->n++] = (uint32_t)(y * picture->width + x);
}

static double brightness(const struct picture *picture, size_t y, size_t x) {
    const float *pixel = picture->values + (y * picture->width + x) * picture->channels;
    if (picture->channels == 1) return (double)pixel[0];
    return 0.299 * (double)pixel[0] + 0.587 * (double)pixel[1] + 0.114 * (double)pixel[2];
}

/* Absolute Laplacian with replicated borders. */
static double edge_strength(const struct picture *picture, size_t y, size_t x) {
    const size_t up = y > 0 ? y - 1 : y, down = y + 1 < picture->height ? y + 1 : y;
    const size_t left = x > 0 ? x - 1 : x, right = x + 1 < picture->width ? x + 1 : x;
    return fabs(brightness(picture, up, x) + brightness(picture, down, x) + brightness(picture, y, left) +
                brightness(picture, y, right) - 4 * brightness(picture, y, x));
}

struct keyed {
    double key;
    size_t pixel;
};

static int by_falling_key(const void *left, const void *right) {
    const double a = ((const struct keyed *)left)->key, b = ((const struct keyed *)right)->key;
    return (a < b) - (a > b);
}

/* Weighted choice without replacement: the largest log(u) / weight win (Efraimidis and Spirakis 2006). */
static bool choose_edges(const struct picture *picture, size_t wanted, struct random *random, struct pixel_set *set) {
    const size_t total = picture->width * picture->height;
    struct keyed *keyed = malloc(total * sizeof *keyed);
    if (!keyed) return message_out_of_memory();
    for (size_t i = 0; i < total; i++) {
        const double weight = edge_strength(picture, i / picture->width, i % picture->width) + EDGE_FLOOR;
        keyed[i] = (struct keyed){log(random_uniform(random)) / weight, i};
    }
    qsort(keyed, total, sizeof *keyed, by_falling_key);
    for (; set->n < wanted; set->n++) set->pixels[set->n] = (uint32_t)keyed[set->n].pixel;
    free(keyed);
    return true;
}

bool pixel_sampling_choose(enum pixel_sampling kind, const struct picture *picture, double fraction, uint64_t seed,
                           struct pixel_set *set) {
    const size_t total = picture->width * picture->height;
    struct random random = {seed};
    *set = (struct pixel_set){0, malloc(total * sizeof *set->pixels)};
    if (!set->pixels) return message_out_of_memory();
    bool chosen = true;
    switch (kind) {
    case PIXEL_SAMPLING_RANDOM:
        choose_random(total, share_of(total, fraction), &random, set);
        break;
    case PIXEL_SAMPLING_GRID:
        choose_grid(picture, fraction, set);
        break;
    case PIXEL_SAMPLING_EDGES:
        chosen = choose_edges(picture, share_of(total, fraction), &random, set);
        break;
    }
    if (!chosen) pixel_set_free(set);
    return chosen;
}

void pixel_set_free(struct pixel_set *set) {
    free(set->pixels);
    set->pixels = NULL;
}
