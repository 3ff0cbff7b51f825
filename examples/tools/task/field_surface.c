/* SPDX-License-Identifier: MIT */
#include "task/field_surface.h"

#include "cli/message.h"
#include "mesh/corner_normals.h"
#include "task/field_grid.h"

#include <stdlib.h>

static bool store_slopes(struct mesh *mesh, const struct field_set *fields) {
    if (!field_set_jacobian(fields, mesh->num_vertices, mesh->vertices, mesh->normals)) return false;
    for (size_t i = 0; i < mesh->num_vertices; i++)
        vec3_store(mesh->normals + 3 * i, vec3_unit(vec3_load(mesh->normals + 3 * i)));
    return true;
}

static bool store_face_normals(struct mesh *mesh) {
    enum { NO_CREASE = 180 };
    float *corners = corner_normals(mesh, NO_CREASE);
    if (!corners) return false;
    for (size_t i = 0; i < 3 * mesh->num_faces; i++)
        vec3_store(mesh->normals + 3 * (size_t)mesh->faces[i], vec3_load(corners + 3 * i));
    free(corners);
    return true;
}

/* The slopes of a grid jump from cell to cell, so that they would make its surface look rougher than it is. */
static bool add_normals(struct mesh *mesh, const struct field_set *fields) {
    mesh->normals = malloc(mesh->num_vertices * 3 * sizeof *mesh->normals);
    if (!mesh->normals) return message_out_of_memory();
    const bool grid = sape_encoder_kind(sape_field_encoder(fields->fields[0])) == SAPE_ENCODING_GRID;
    return grid ? store_face_normals(mesh) : store_slopes(mesh, fields);
}

bool field_surface(struct mesh *mesh, const struct field_set *fields, size_t size, const float *values) {
    const struct grid grid = field_grid(size, values);
    if (!marching_cubes(mesh, &grid, 0)) return false;
    if (add_normals(mesh, fields)) return true;
    mesh_free(mesh);
    return false;
}
