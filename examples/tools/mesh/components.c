/* SPDX-License-Identifier: MIT */
#include "mesh/components.h"

#include "cli/message.h"
#include "mesh/topology.h"

#include <stdlib.h>
#include <string.h>

#define NO_COMPONENT UINT32_MAX

/* A face on the other side of an edge. */
struct neighbour {
    uint32_t face;
    bool against; /* it runs along the edge in the same direction, and so looks to the other side */
};

struct graph {
    struct neighbour *neighbours; /* (num_faces, 3), of which the first counts[face] are there */
    unsigned char *counts;        /* (num_faces) */
};

static void add_neighbour(struct graph *graph, const struct side *from, const struct side *to) {
    graph->neighbours[3 * (size_t)from->face + graph->counts[from->face]++] =
        (struct neighbour){to->face, from->forward == to->forward};
}

static void link_faces(struct graph *graph, const struct side *sides, size_t num_sides) {
    for (size_t begin = 0, count; begin < num_sides; begin += count) {
        count = topology_count_sides(sides + begin, num_sides - begin);
        if (count != 2 || sides[begin].face == sides[begin + 1].face) continue;
        add_neighbour(graph, &sides[begin], &sides[begin + 1]);
        add_neighbour(graph, &sides[begin + 1], &sides[begin]);
    }
}

/* Collects the component of a face; its faces follow those before in the list of all, which is the queue, too. */
static struct component collect(struct components *components, const struct graph *graph, size_t begin,
                                uint32_t first) {
    struct component component = {.begin = begin};
    const uint32_t index = (uint32_t)components->n;
    uint32_t *queue = components->faces + begin;
    size_t length = 1;
    queue[0] = first;
    components->of[first] = index;
    for (; component.num_faces < length; component.num_faces++) {
        const uint32_t face = queue[component.num_faces];
        component.num_turned += components->turned[face];
        for (size_t k = 0; k < graph->counts[face]; k++) {
            const struct neighbour *next = &graph->neighbours[3 * (size_t)face + k];
            const bool turned = components->turned[face] != next->against;
            if (components->of[next->face] == NO_COMPONENT) {
                components->of[next->face] = index;
                components->turned[next->face] = turned;
                queue[length++] = next->face;
            } else {
                component.one_sided |= components->turned[next->face] != turned;
            }
        }
    }
    return component;
}

/* The majority of a component's faces stay as they are, and all of one that has one side only. */
static void settle(struct components *components, size_t num_faces) {
    for (size_t f = 0; f < num_faces; f++) {
        const struct component *component = &components->all[components->of[f]];
        if (component->one_sided)
            components->turned[f] = false;
        else if (2 * component->num_turned > component->num_faces)
            components->turned[f] = !components->turned[f];
    }
    for (size_t c = 0; c < components->n; c++) {
        struct component *component = &components->all[c];
        if (component->one_sided)
            component->num_turned = 0;
        else if (2 * component->num_turned > component->num_faces)
            component->num_turned = component->num_faces - component->num_turned;
    }
}

/* Counts the edges at which a component's faces do not balance; balance (components->n) is 0 before and after. */
static void count_open(struct components *components, const struct side *sides, size_t num_sides, int *balance) {
    for (size_t begin = 0, count; begin < num_sides; begin += count) {
        count = topology_count_sides(sides + begin, num_sides - begin);
        for (size_t i = begin; i < begin + count; i++)
            balance[components->of[sides[i].face]] += sides[i].forward != components->turned[sides[i].face] ? 1 : -1;
        for (size_t i = begin; i < begin + count; i++) {
            const uint32_t index = components->of[sides[i].face];
            components->all[index].num_open += balance[index] != 0;
            balance[index] = 0;
        }
    }
}

static void measure_boxes(struct components *components, const struct mesh *mesh) {
    for (size_t c = 0; c < components->n; c++)
        for (int k = 0; k < 3; k++) {
            components->all[c].low[k] = INFINITY;
            components->all[c].high[k] = -INFINITY;
        }
    for (size_t i = 0; i < 3 * mesh->num_faces; i++) {
        struct component *component = &components->all[components->of[i / 3]];
        for (size_t k = 0; k < 3; k++) {
            const double value = (double)mesh->vertices[3 * (size_t)mesh->faces[i] + k];
            component->low[k] = fmin(component->low[k], value);
            component->high[k] = fmax(component->high[k], value);
        }
    }
}

/* Sums the tetrahedra from the middle of each component's box to its faces. */
static void measure_volumes(struct components *components, const struct mesh *mesh) {
    for (size_t f = 0; f < mesh->num_faces; f++) {
        struct component *component = &components->all[components->of[f]];
        const vec3 middle = {0.5 * (component->low[0] + component->high[0]),
                             0.5 * (component->low[1] + component->high[1]),
                             0.5 * (component->low[2] + component->high[2])};
        const triangle t = mesh_triangle(mesh, f);
        const vec3 a = vec3_subtract(t.a, middle), b = vec3_subtract(t.b, middle), c = vec3_subtract(t.c, middle);
        const double volume = vec3_dot(a, vec3_cross(b, c)) / 6.0;
        component->volume += components->turned[f] ? -volume : volume;
    }
}

static bool find(struct components *components, struct graph *graph, const struct mesh *mesh, struct side *sides) {
    const size_t n = mesh->num_faces;
    size_t begin = 0;
    link_faces(graph, sides, 3 * n);
    memset(components->of, 0xff, n * sizeof *components->of);
    for (size_t f = 0; f < n; f++) {
        if (components->of[f] != NO_COMPONENT) continue;
        components->all[components->n] = collect(components, graph, begin, (uint32_t)f);
        begin += components->all[components->n++].num_faces;
    }
    settle(components, n);
    int *balance = calloc(components->n + 1, sizeof *balance);
    if (!balance) return message_out_of_memory();
    count_open(components, sides, 3 * n, balance);
    free(balance);
    measure_boxes(components, mesh);
    measure_volumes(components, mesh);
    return true;
}

bool components_find(struct components *components, const struct mesh *mesh) {
    const size_t n = mesh->num_faces + 1;
    struct side *sides = topology_sides(mesh);
    struct graph graph = {malloc(3 * n * sizeof *graph.neighbours), calloc(n, 1)};
    *components = (struct components){.all = malloc(n * sizeof *components->all),
                                      .faces = malloc(n * sizeof *components->faces),
                                      .of = malloc(n * sizeof *components->of),
                                      .turned = calloc(n, sizeof *components->turned)};
    bool done = sides != NULL;
    if (done && !(graph.neighbours && graph.counts && components->all && components->faces && components->of &&
                  components->turned))
        done = message_out_of_memory();
    done = done && find(components, &graph, mesh, sides);
    free(sides);
    free(graph.neighbours);
    free(graph.counts);
    if (!done) components_free(components);
    return done;
}

void components_free(struct components *components) {
    free(components->all);
    free(components->faces);
    free(components->of);
    free(components->turned);
    *components = (struct components){0};
}
