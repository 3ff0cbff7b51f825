/* SPDX-License-Identifier: MIT */
#include "topology.h"

#include "message.h"

#include <stdlib.h>

/* One side of a face. */
struct side {
    struct edge edge;
    bool forward; /* the face runs from edge.a to edge.b */
};

static int compare_sides(const void *left, const void *right) {
    const struct edge *l = &((const struct side *)left)->edge, *r = &((const struct side *)right)->edge;
    if (l->a != r->a) return l->a < r->a ? -1 : 1;
    return (l->b > r->b) - (l->b < r->b);
}

static struct side *list_sides(const struct mesh *mesh) {
    struct side *sides = malloc(3 * mesh->num_faces * sizeof *sides);
    for (size_t i = 0; sides && i < 3 * mesh->num_faces; i++) {
        const uint32_t from = mesh->faces[i], to = mesh->faces[i % 3 == 2 ? i - 2 : i + 1];
        sides[i].forward = from < to;
        sides[i].edge = from < to ? (struct edge){from, to} : (struct edge){to, from};
    }
    if (sides) qsort(sides, 3 * mesh->num_faces, sizeof *sides, compare_sides);
    return sides;
}

static void count_edge(struct topology *topology, const struct side *sides, size_t count) {
    topology->edges[topology->num_edges++] = sides[0].edge;
    topology->num_boundary += count == 1;
    topology->num_non_manifold += count > 2;
    topology->num_inconsistent += count == 2 && sides[0].forward == sides[1].forward;
}

bool topology_build(struct topology *topology, const struct mesh *mesh) {
    const size_t num_sides = 3 * mesh->num_faces;
    struct side *sides = list_sides(mesh);
    *topology = (struct topology){.edges = malloc(num_sides * sizeof *topology->edges)};
    if (!sides || !topology->edges) {
        free(sides);
        topology_free(topology);
        return message_out_of_memory();
    }
    for (size_t begin = 0, end; begin < num_sides; begin = end) {
        for (end = begin + 1; end < num_sides && compare_sides(&sides[begin], &sides[end]) == 0;) end++;
        count_edge(topology, sides + begin, end - begin);
    }
    free(sides);
    return true;
}

long long topology_euler(const struct topology *topology, const struct mesh *mesh) {
    return (long long)mesh->num_vertices - (long long)topology->num_edges + (long long)mesh->num_faces;
}

bool topology_is_closed(const struct topology *topology) {
    return topology->num_boundary == 0 && topology->num_non_manifold == 0 && topology->num_inconsistent == 0;
}

bool topology_check_manifold(const struct mesh *mesh, const char *path) {
    struct topology topology;
    if (!topology_build(&topology, mesh)) return false;
    const size_t count = topology.num_non_manifold;
    topology_free(&topology);
    return count == 0 || message_error("'%s' is not manifold: more than two faces meet in %zu edges", path, count);
}

void topology_free(struct topology *topology) {
    free(topology->edges);
    *topology = (struct topology){0};
}
