/* SPDX-License-Identifier: MIT */
#include "mesh/topology.h"

#include "cli/message.h"

#include <stdio.h>
#include <stdlib.h>

static int compare(uint32_t a, uint32_t b) {
    return (a > b) - (a < b);
}

static int compare_edges(const struct edge *l, const struct edge *r) {
    return l->a != r->a ? compare(l->a, r->a) : compare(l->b, r->b);
}

static int compare_sides(const void *left, const void *right) {
    const struct side *l = left, *r = right;
    const int order = compare_edges(&l->edge, &r->edge);
    return order != 0 ? order : compare(l->face, r->face);
}

struct side *topology_sides(const struct mesh *mesh) {
    struct side *sides = malloc((3 * mesh->num_faces + 1) * sizeof *sides);
    if (!sides) message_out_of_memory();
    for (size_t i = 0; sides && i < 3 * mesh->num_faces; i++) {
        const uint32_t from = mesh->faces[i], to = mesh->faces[i % 3 == 2 ? i - 2 : i + 1];
        sides[i].face = (uint32_t)(i / 3);
        sides[i].forward = from < to;
        sides[i].edge = from < to ? (struct edge){from, to} : (struct edge){to, from};
    }
    if (sides) qsort(sides, 3 * mesh->num_faces, sizeof *sides, compare_sides);
    return sides;
}

size_t topology_count_sides(const struct side *sides, size_t num_sides) {
    size_t count = 1;
    while (count < num_sides && compare_edges(&sides[0].edge, &sides[count].edge) == 0) count++;
    return count;
}

static void count_edge(struct topology *topology, const struct side *sides, size_t count) {
    topology->edges[topology->num_edges++] = sides[0].edge;
    topology->num_boundary += count == 1;
    topology->num_non_manifold += count > 2;
    topology->num_inconsistent += count == 2 && sides[0].forward == sides[1].forward;
}

bool topology_build(struct topology *topology, const struct mesh *mesh) {
    const size_t num_sides = 3 * mesh->num_faces;
    struct side *sides = topology_sides(mesh);
    *topology = (struct topology){0};
    if (!sides) return false;
    topology->edges = malloc(num_sides * sizeof *topology->edges);
    for (size_t begin = 0, count; topology->edges && begin < num_sides; begin += count) {
        count = topology_count_sides(sides + begin, num_sides - begin);
        count_edge(topology, sides + begin, count);
    }
    free(sides);
    return topology->edges || message_out_of_memory();
}

long long topology_euler(const struct topology *topology, const struct mesh *mesh) {
    return (long long)mesh->num_vertices - (long long)topology->num_edges + (long long)mesh->num_faces;
}

bool topology_is_closed(const struct topology *topology) {
    return topology->num_boundary == 0 && topology->num_non_manifold == 0 && topology->num_inconsistent == 0;
}

/* The numbers of the faces of an edge, as "1, 2, 3"; of many only the first. */
static void list_faces(char *to, size_t size, const struct mesh *mesh, const struct side *sides, size_t count) {
    size_t length = 0;
    for (size_t i = 0; i < count && length + 32 < size; i++) {
        const uint32_t face = sides[i].face, number = mesh->numbers ? mesh->numbers[face] : face + 1;
        length += (size_t)snprintf(to + length, size - length, "%s%u", i > 0 ? ", " : "", number);
    }
}

static vec3 place_of(const struct mesh *mesh, uint32_t vertex) {
    const vec3 point = vec3_load(mesh->vertices + 3 * (size_t)vertex);
    return mesh->placement.scale > 0.0 ? placement_undo(mesh->placement, point) : point;
}

static bool report_edge(const struct mesh *mesh, const char *path, const struct side *sides, size_t count,
                        size_t num_edges) {
    char faces[128];
    const vec3 a = place_of(mesh, sides->edge.a), b = place_of(mesh, sides->edge.b);
    list_faces(faces, sizeof faces, mesh, sides, count);
    return message_error("'%s' is not manifold: more than two faces meet in %zu edges, the first from (%.8g, %.8g, "
                         "%.8g) to (%.8g, %.8g, %.8g), of the faces %s",
                         path, num_edges, a.x, a.y, a.z, b.x, b.y, b.z, faces);
}

bool topology_check_manifold(const struct mesh *mesh, const char *path) {
    const size_t num_sides = 3 * mesh->num_faces;
    size_t num_edges = 0, first = 0, first_count = 0;
    struct side *sides = topology_sides(mesh);
    if (!sides) return false;
    for (size_t begin = 0, count; begin < num_sides; begin += count) {
        count = topology_count_sides(sides + begin, num_sides - begin);
        if (count <= 2 || num_edges++ > 0) continue;
        first = begin;
        first_count = count;
    }
    const bool manifold = num_edges == 0 || report_edge(mesh, path, sides + first, first_count, num_edges);
    free(sides);
    return manifold;
}

void topology_free(struct topology *topology) {
    free(topology->edges);
    *topology = (struct topology){0};
}
