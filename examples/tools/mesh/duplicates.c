/* SPDX-License-Identifier: MIT */
#include "mesh/duplicates.h"

#include "cli/message.h"

#include <stdlib.h>
#include <string.h>

/* A face by its corners in ascending order. */
struct key {
    uint32_t corners[3], face;
};

static void swap(uint32_t *a, uint32_t *b) {
    const uint32_t kept = *a;
    *a = *b;
    *b = kept;
}

static struct key key_of(const struct mesh *mesh, uint32_t face) {
    struct key key = {.face = face};
    uint32_t *c = key.corners;
    memcpy(c, mesh->faces + 3 * (size_t)face, sizeof key.corners);
    if (c[0] > c[1]) swap(&c[0], &c[1]);
    if (c[1] > c[2]) swap(&c[1], &c[2]);
    if (c[0] > c[1]) swap(&c[0], &c[1]);
    return key;
}

static int compare_corners(const struct key *l, const struct key *r) {
    for (int k = 0; k < 3; k++)
        if (l->corners[k] != r->corners[k]) return l->corners[k] < r->corners[k] ? -1 : 1;
    return 0;
}

static int compare_keys(const void *left, const void *right) {
    const struct key *l = left, *r = right;
    const int order = compare_corners(l, r);
    return order != 0 ? order : (l->face > r->face) - (l->face < r->face);
}

bool duplicates_find(const struct mesh *mesh, uint32_t *first) {
    struct key *keys = malloc((mesh->num_faces + 1) * sizeof *keys);
    if (!keys) return message_out_of_memory();
    for (size_t f = 0; f < mesh->num_faces; f++) keys[f] = key_of(mesh, (uint32_t)f);
    qsort(keys, mesh->num_faces, sizeof *keys, compare_keys);
    for (size_t i = 0; i < mesh->num_faces; i++) {
        const bool again = i > 0 && compare_corners(&keys[i - 1], &keys[i]) == 0;
        first[keys[i].face] = again ? first[keys[i - 1].face] : keys[i].face;
    }
    free(keys);
    return true;
}

bool duplicates_agree(const struct mesh *mesh, uint32_t a, uint32_t b) {
    const uint32_t *from = mesh->faces + 3 * (size_t)a, *to = mesh->faces + 3 * (size_t)b;
    size_t k = 0;
    while (k < 2 && to[k] != from[0]) k++;
    return to[(k + 1) % 3] == from[1];
}

static void drop_again(struct mesh *mesh, const uint32_t *first) {
    size_t kept = 0;
    for (size_t f = 0; f < mesh->num_faces; f++) {
        if (first[f] != f) continue;
        memmove(mesh->faces + 3 * kept, mesh->faces + 3 * f, 3 * sizeof *mesh->faces);
        mesh->numbers[kept++] = mesh->numbers[f];
    }
    mesh->num_faces = kept;
}

bool duplicates_handle(struct mesh *mesh, const char *path, bool drop) {
    uint32_t *first = malloc((mesh->num_faces + 1) * sizeof *first);
    if (!first) return message_out_of_memory();
    const bool done = duplicates_find(mesh, first);
    size_t count = 0, opposite = 0, example = 0;
    for (size_t f = mesh->num_faces; done && f-- > 0;) {
        if (first[f] == f) continue;
        count++;
        opposite += !duplicates_agree(mesh, first[f], (uint32_t)f);
        example = f;
    }
    if (count > 0)
        message_warning("'%s': %zu faces are duplicates, %zu of them facing the other way; the first is face %u, with "
                        "the corners of face %u%s",
                        path, count, opposite, mesh->numbers[example], mesh->numbers[first[example]],
                        drop ? "; they are dropped" : "; --drop-duplicate-faces drops them");
    if (count > 0 && drop) drop_again(mesh, first);
    free(first);
    return done;
}
