/* SPDX-License-Identifier: MIT */
#include "mesh.h"

#include <stdlib.h>

struct box {
    double min[3], max[3];
};

static struct box bounding_box(const struct mesh *mesh) {
    struct box box = {{INFINITY, INFINITY, INFINITY}, {-INFINITY, -INFINITY, -INFINITY}};
    for (size_t i = 0; i < 3 * mesh->num_vertices; i++) {
        double value = (double)mesh->vertices[i];
        box.min[i % 3] = fmin(box.min[i % 3], value);
        box.max[i % 3] = fmax(box.max[i % 3], value);
    }
    return box;
}

struct placement mesh_placement(const struct mesh *mesh, double radius) {
    struct box box = bounding_box(mesh);
    vec3 center = {0.5 * (box.min[0] + box.max[0]), 0.5 * (box.min[1] + box.max[1]), 0.5 * (box.min[2] + box.max[2])};
    double farthest = 0.0;
    for (size_t i = 0; i < mesh->num_vertices; i++)
        farthest = fmax(farthest, vec3_length(vec3_subtract(vec3_load(mesh->vertices + 3 * i), center)));
    return farthest > 0.0 ? (struct placement){center, radius / farthest} : (struct placement){{0.0, 0.0, 0.0}, 1.0};
}

vec3 placement_apply(struct placement placement, vec3 point) {
    return vec3_scale(vec3_subtract(point, placement.center), placement.scale);
}

vec3 placement_undo(struct placement placement, vec3 point) {
    return vec3_add(vec3_scale(point, 1.0 / placement.scale), placement.center);
}

void mesh_fit_into_radius(struct mesh *mesh, double radius) {
    const struct placement placement = mesh_placement(mesh, radius);
    for (size_t i = 0; i < mesh->num_vertices; i++) {
        float *vertex = mesh->vertices + 3 * i;
        vec3_store(vertex, placement_apply(placement, vec3_load(vertex)));
    }
}

double mesh_area(const struct mesh *mesh) {
    double area = 0.0;
    for (size_t f = 0; f < mesh->num_faces; f++) area += vec3_length(triangle_area_vector(mesh_triangle(mesh, f)));
    return area;
}

void mesh_free(struct mesh *mesh) {
    free(mesh->vertices);
    free(mesh->faces);
    free(mesh->normals);
    free(mesh->colors);
    *mesh = (struct mesh){0};
}
