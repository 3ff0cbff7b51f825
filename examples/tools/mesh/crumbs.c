/* SPDX-License-Identifier: MIT */
#include "mesh/crumbs.h"

#include "cli/message.h"
#include "mesh/components.h"

#include <stdlib.h>
#include <string.h>

static double largest_volume(const struct components *components) {
    double largest = 0;
    for (size_t c = 0; c < components->n; c++) largest = fmax(largest, fabs(components->all[c].volume));
    return largest;
}

/* Moves the faces that stay to the front. */
static void keep_faces(struct mesh *mesh, const struct components *components, double least, size_t *num_dropped) {
    size_t kept = 0;
    for (size_t c = 0; c < components->n; c++) *num_dropped += fabs(components->all[c].volume) < least;
    for (size_t f = 0; f < mesh->num_faces; f++) {
        if (fabs(components->all[components->of[f]].volume) < least) continue;
        memmove(mesh->faces + 3 * kept, mesh->faces + 3 * f, 3 * sizeof *mesh->faces);
        if (mesh->numbers) mesh->numbers[kept] = mesh->numbers[f];
        kept++;
    }
    mesh->num_faces = kept;
}

static void move_vertex(float *values, size_t from, size_t to) {
    if (values) memmove(values + 3 * to, values + 3 * from, 3 * sizeof *values);
}

/* Moves the vertices that faces use to the front; places (num_vertices) is for their new numbers, and 0 before. */
static void keep_vertices(struct mesh *mesh, uint32_t *places) {
    uint32_t kept = 0;
    for (size_t i = 0; i < 3 * mesh->num_faces; i++) places[mesh->faces[i]] = 1;
    for (size_t v = 0; v < mesh->num_vertices; v++) {
        if (places[v] == 0) continue;
        move_vertex(mesh->vertices, v, kept);
        move_vertex(mesh->normals, v, kept);
        move_vertex(mesh->colors, v, kept);
        places[v] = kept++;
    }
    for (size_t i = 0; i < 3 * mesh->num_faces; i++) mesh->faces[i] = places[mesh->faces[i]];
    mesh->num_vertices = kept;
}

bool crumbs_drop(struct mesh *mesh, double share, size_t *num_dropped) {
    struct components components;
    *num_dropped = 0;
    if (!components_find(&components, mesh)) return false;
    uint32_t *places = calloc(mesh->num_vertices + 1, sizeof *places);
    if (places) {
        keep_faces(mesh, &components, share * largest_volume(&components), num_dropped);
        keep_vertices(mesh, places);
    }
    free(places);
    components_free(&components);
    return places != NULL || message_out_of_memory();
}
