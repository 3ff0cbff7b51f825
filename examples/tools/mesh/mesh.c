/* SPDX-License-Identifier: MIT */
#include "mesh/mesh.h"

#include <stdlib.h>

vec3 placement_apply(struct placement placement, vec3 point) {
    return vec3_scale(vec3_subtract(point, placement.center), placement.scale);
}

vec3 placement_undo(struct placement placement, vec3 point) {
    return vec3_add(vec3_scale(point, 1.0 / placement.scale), placement.center);
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
    free(mesh->numbers);
    *mesh = (struct mesh){0};
}
