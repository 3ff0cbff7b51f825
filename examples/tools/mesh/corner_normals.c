/* SPDX-License-Identifier: MIT */
#include "mesh/corner_normals.h"

#include "cli/message.h"

#include <stdlib.h>

/* A face's corner at its vertex. */
struct corner {
    vec3 normal;  /* the face's, one long */
    double angle; /* in radians */
};

struct table {
    struct corner *corners; /* (num_faces, 3) */
    uint32_t *begins;       /* (num_vertices + 1) where the corners of a vertex begin among: */
    uint32_t *around;       /* (num_faces, 3) the corners, vertex by vertex */
};

static double angle_at(vec3 a, vec3 b, vec3 c) {
    const vec3 to_b = vec3_unit(vec3_subtract(b, a)), to_c = vec3_unit(vec3_subtract(c, a));
    return acos(fmin(fmax(vec3_dot(to_b, to_c), -1.0), 1.0));
}

static void describe_corners(const struct mesh *mesh, struct corner *corners) {
    for (size_t f = 0; f < mesh->num_faces; f++) {
        const triangle t = mesh_triangle(mesh, f);
        const vec3 normal = vec3_unit(triangle_area_vector(t));
        corners[3 * f] = (struct corner){normal, angle_at(t.a, t.b, t.c)};
        corners[3 * f + 1] = (struct corner){normal, angle_at(t.b, t.c, t.a)};
        corners[3 * f + 2] = (struct corner){normal, angle_at(t.c, t.a, t.b)};
    }
}

/* begins (num_vertices + 1) is 0 before. */
static void collect_around(const struct mesh *mesh, uint32_t *begins, uint32_t *around) {
    const size_t num_corners = 3 * mesh->num_faces;
    for (size_t i = 0; i < num_corners; i++) begins[mesh->faces[i]]++;
    uint32_t end = 0;
    for (size_t v = 0; v <= mesh->num_vertices; v++) {
        end += begins[v];
        begins[v] = end;
    }
    for (size_t i = num_corners; i-- > 0;) around[--begins[mesh->faces[i]]] = (uint32_t)i;
}

static vec3 normal_at(const struct mesh *mesh, const struct table *table, size_t corner, double least_cosine) {
    const vec3 own = table->corners[corner].normal;
    const size_t vertex = mesh->faces[corner];
    vec3 sum = {0, 0, 0};
    for (size_t k = table->begins[vertex]; k < table->begins[vertex + 1]; k++) {
        const struct corner *other = &table->corners[table->around[k]];
        if (vec3_dot(own, other->normal) >= least_cosine) sum = vec3_add(sum, vec3_scale(other->normal, other->angle));
    }
    return vec3_length(sum) > 0 ? vec3_unit(sum) : own;
}

float *corner_normals(const struct mesh *mesh, double crease) {
    const size_t num_corners = 3 * mesh->num_faces;
    struct table table = {malloc((num_corners + 1) * sizeof *table.corners),
                          calloc(mesh->num_vertices + 1, sizeof *table.begins),
                          malloc((num_corners + 1) * sizeof *table.around)};
    float *normals = malloc((3 * num_corners + 1) * sizeof *normals);
    if (table.corners && table.begins && table.around && normals) {
        describe_corners(mesh, table.corners);
        collect_around(mesh, table.begins, table.around);
        for (size_t i = 0; i < num_corners; i++)
            vec3_store(normals + 3 * i, normal_at(mesh, &table, i, cos(crease * M_PI / 180.0)));
    } else {
        message_out_of_memory();
        free(normals);
        normals = NULL;
    }
    free(table.corners);
    free(table.begins);
    free(table.around);
    return normals;
}
