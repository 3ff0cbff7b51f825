/* SPDX-License-Identifier: MIT */
#include "task/field_surface.h"

#include "cli/message.h"
#include "task/field_grid.h"

#include <stdlib.h>

static bool add_normals(struct mesh *mesh, const struct field_set *fields) {
    const size_t n = mesh->num_vertices;
    mesh->normals = malloc(n * 3 * sizeof *mesh->normals);
    if (!mesh->normals) return message_out_of_memory();
    if (!field_set_slopes(fields, n, mesh->vertices, mesh->normals)) return false;
    for (size_t i = 0; i < n; i++) vec3_store(mesh->normals + 3 * i, vec3_unit(vec3_load(mesh->normals + 3 * i)));
    return true;
}

bool field_surface(struct mesh *mesh, const struct field_set *fields, size_t size, const float *values) {
    const struct grid grid = field_grid(size, values);
    if (!marching_cubes(mesh, &grid, 0)) return false;
    if (add_normals(mesh, fields)) return true;
    mesh_free(mesh);
    return false;
}
