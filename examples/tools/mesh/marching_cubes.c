/* SPDX-License-Identifier: MIT */
#include "mesh/marching_cubes.h"

#include "cli/message.h"
#include "mesh/cube_cases.h"

#include <stdlib.h>
#include <string.h>

#define NO_VERTEX UINT32_MAX

/* A vertex comes no nearer to a sample than this part of the spacing, so that no two vertices coincide. */
#define SHORTEST 1e-3

/*
 * The grid with one more layer of samples, all outside, on every side. Two neighbouring layers in z are held at a time:
 * whether each sample is inside, and the vertices on the three edges that begin at it.
 */
struct tracer {
    const struct grid *grid;
    double level;
    size_t width, height, depth;
    uint8_t *inside[2];    /* (height, width) */
    uint32_t *vertices[2]; /* (height, width, 3), NO_VERTEX where there is none yet */
    struct mesh *mesh;
    size_t vertex_capacity, face_capacity;
    struct cube_case cases[256];
};

/* Samples of the extra layers are infinitely far above the level. */
static double value_at(const struct tracer *tracer, const size_t position[3]) {
    const size_t *size = tracer->grid->size;
    for (int a = 0; a < 3; a++)
        if (position[a] == 0 || position[a] > size[a]) return INFINITY;
    return (double)tracer->grid->values[position[0] - 1 + size[0] * (position[1] - 1 + size[1] * (position[2] - 1))];
}

static void load_layer(struct tracer *tracer, size_t z) {
    uint8_t *inside = tracer->inside[z & 1];
    for (size_t y = 0; y < tracer->height; y++)
        for (size_t x = 0; x < tracer->width; x++) *inside++ = value_at(tracer, (size_t[3]){x, y, z}) < tracer->level;
    memset(tracer->vertices[z & 1], 0xff, 3 * tracer->width * tracer->height * sizeof(uint32_t));
}

/* The array with room for one more row of three 32-bit values; NULL, and the array as it was, when there is none. */
static void *grow(void *rows, size_t count, size_t *capacity) {
    if (count < *capacity) return rows;
    const size_t wanted = *capacity > 0 ? 2 * *capacity : 1024;
    void *larger = wanted < UINT32_MAX ? realloc(rows, wanted * 3 * sizeof(uint32_t)) : NULL;
    if (larger) *capacity = wanted;
    return larger;
}

/* How far along the edge the level is crossed. */
static double crossing(double begin, double end, double level) {
    const bool begin_inside = begin < level;
    const double inner = begin_inside ? begin : end, outer = begin_inside ? end : begin;
    const double part = (level - inner) / (outer - inner);
    const double limited = part >= SHORTEST ? fmin(part, 1.0 - SHORTEST) : SHORTEST;
    return begin_inside ? limited : 1.0 - limited;
}

static bool add_vertex(struct tracer *tracer, const size_t begin[3], unsigned axis, uint32_t *vertex) {
    struct mesh *mesh = tracer->mesh;
    float *vertices = grow(mesh->vertices, mesh->num_vertices, &tracer->vertex_capacity);
    if (!vertices) return false;
    mesh->vertices = vertices;
    size_t end[3] = {begin[0], begin[1], begin[2]};
    end[axis]++;
    const double part = crossing(value_at(tracer, begin), value_at(tracer, end), tracer->level);
    float *position = vertices + 3 * mesh->num_vertices;
    for (unsigned a = 0; a < 3; a++) {
        const double index = (double)begin[a] - 1.0 + (a == axis ? part : 0.0);
        position[a] = (float)(tracer->grid->origin[a] + tracer->grid->spacing[a] * index);
    }
    *vertex = (uint32_t)mesh->num_vertices++;
    return true;
}

/* The vertex on an edge of the cube whose first corner is given, made on first use. */
static bool vertex_on(struct tracer *tracer, const size_t cube[3], unsigned edge, uint32_t *vertex) {
    const unsigned corner = cube_edge_corner(edge), axis = edge / 4;
    const size_t begin[3] = {cube[0] + (corner & 1), cube[1] + (corner >> 1 & 1), cube[2] + (corner >> 2 & 1)};
    uint32_t *slot = &tracer->vertices[begin[2] & 1][3 * (begin[0] + tracer->width * begin[1]) + axis];
    if (*slot == NO_VERTEX && !add_vertex(tracer, begin, axis, slot)) return false;
    *vertex = *slot;
    return true;
}

static bool trace_cube(struct tracer *tracer, const size_t cube[3], unsigned inside) {
    const struct cube_case *found = &tracer->cases[inside];
    struct mesh *mesh = tracer->mesh;
    for (unsigned t = 0; t < found->num_triangles; t++) {
        uint32_t *faces = grow(mesh->faces, mesh->num_faces, &tracer->face_capacity);
        if (!faces) return false;
        mesh->faces = faces;
        for (unsigned k = 0; k < 3; k++)
            if (!vertex_on(tracer, cube, found->edges[3 * t + k], &faces[3 * mesh->num_faces + k])) return false;
        mesh->num_faces++;
    }
    return true;
}

static bool trace_layer(struct tracer *tracer, size_t z) {
    const uint8_t *lower = tracer->inside[z & 1], *upper = tracer->inside[(z + 1) & 1];
    const size_t row = tracer->width;
    for (size_t y = 0; y + 1 < tracer->height; y++)
        for (size_t x = 0; x + 1 < tracer->width; x++) {
            const uint8_t *l = lower + y * row + x, *u = upper + y * row + x;
            const unsigned inside = l[0] | (unsigned)l[1] << 1 | (unsigned)l[row] << 2 | (unsigned)l[row + 1] << 3 |
                                    (unsigned)u[0] << 4 | (unsigned)u[1] << 5 | (unsigned)u[row] << 6 |
                                    (unsigned)u[row + 1] << 7;
            if (!trace_cube(tracer, (size_t[3]){x, y, z}, inside)) return false;
        }
    return true;
}

static bool trace(struct tracer *tracer) {
    const size_t area = tracer->width * tracer->height;
    for (int i = 0; i < 2; i++) {
        tracer->inside[i] = malloc(area);
        tracer->vertices[i] = malloc(3 * area * sizeof(uint32_t));
    }
    bool done = tracer->inside[0] && tracer->inside[1] && tracer->vertices[0] && tracer->vertices[1];
    if (done) load_layer(tracer, 0);
    for (size_t z = 0; done && z + 1 < tracer->depth; z++) {
        load_layer(tracer, z + 1);
        done = trace_layer(tracer, z);
    }
    for (int i = 0; i < 2; i++) {
        free(tracer->inside[i]);
        free(tracer->vertices[i]);
    }
    return done;
}

bool marching_cubes(struct mesh *mesh, const struct grid *grid, float level) {
    *mesh = (struct mesh){0};
    struct tracer tracer = {.grid = grid,
                            .level = (double)level,
                            .width = grid->size[0] + 2,
                            .height = grid->size[1] + 2,
                            .depth = grid->size[2] + 2,
                            .mesh = mesh};
    for (unsigned inside = 0; inside < 256; inside++) tracer.cases[inside] = cube_case_derive(inside);
    if (trace(&tracer)) return true;
    mesh_free(mesh);
    return message_out_of_memory();
}
