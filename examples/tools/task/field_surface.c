/* SPDX-License-Identifier: MIT */
#include "task/field_surface.h"

#include "cli/message.h"
#include "task/field_grid.h"

#include <stdlib.h>

static bool add_normals(struct mesh *mesh, const sape_field *field) {
    const size_t n = mesh->num_vertices;
    float *ones = malloc(n * sizeof *ones);
    mesh->normals = malloc(n * 3 * sizeof *mesh->normals);
    bool done = ones && mesh->normals;
    if (!done) message_out_of_memory();
    for (size_t i = 0; done && i < n; i++) ones[i] = 1;
    if (done && sape_field_backward(field, n, mesh->vertices, ones, NULL, mesh->normals) != SAPE_OK)
        done = message_sape_error();
    for (size_t i = 0; done && i < n; i++)
        vec3_store(mesh->normals + 3 * i, vec3_unit(vec3_load(mesh->normals + 3 * i)));
    free(ones);
    return done;
}

bool field_surface(struct mesh *mesh, const sape_field *field, size_t size, const float *values) {
    const struct grid grid = field_grid(size, values);
    if (!marching_cubes(mesh, &grid, 0)) return false;
    if (add_normals(mesh, field)) return true;
    mesh_free(mesh);
    return false;
}
