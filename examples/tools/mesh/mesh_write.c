/* SPDX-License-Identifier: MIT */
#include "mesh/mesh.h"

#include "cli/message.h"
#include "cli/output.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STL_HEADER_SIZE 80

/* Both formats want little-endian numbers, whatever the processor's are. */
static unsigned char *put_bytes(unsigned char *to, uint32_t value, int count) {
    for (int i = 0; i < count; i++) *to++ = (unsigned char)(value >> 8 * i);
    return to;
}

static unsigned char *put_doubles(unsigned char *to, vec3 v) {
    const double values[3] = {v.x, v.y, v.z};
    for (int i = 0; i < 3; i++) {
        uint64_t bits;
        memcpy(&bits, &values[i], sizeof bits);
        to = put_bytes(put_bytes(to, (uint32_t)bits, 4), (uint32_t)(bits >> 32), 4);
    }
    return to;
}

static unsigned char *put_floats(unsigned char *to, const float *values) {
    for (int i = 0; i < 3; i++) {
        uint32_t bits;
        memcpy(&bits, &values[i], sizeof bits);
        to = put_bytes(to, bits, 4);
    }
    return to;
}

static int print_ply_header(char *to, size_t size, const struct mesh *mesh) {
    return snprintf(to, size,
                    "ply\nformat binary_little_endian 1.0\nelement vertex %zu\n"
                    "property double x\nproperty double y\nproperty double z\n%s"
                    "element face %zu\nproperty list uchar uint vertex_indices\nend_header\n",
                    mesh->num_vertices,
                    mesh->normals ? "property float nx\nproperty float ny\nproperty float nz\n" : "", mesh->num_faces);
}

/* Where a vertex lies once it has gone back. */
static vec3 place_of(const struct mesh *mesh, struct placement placement, size_t vertex) {
    return placement_undo(placement, vec3_load(mesh->vertices + 3 * vertex));
}

static void put_ply_body(unsigned char *to, const struct mesh *mesh, struct placement placement) {
    for (size_t i = 0; i < mesh->num_vertices; i++) {
        to = put_doubles(to, place_of(mesh, placement, i));
        if (mesh->normals) to = put_floats(to, mesh->normals + 3 * i);
    }
    for (size_t f = 0; f < mesh->num_faces; f++) {
        *to++ = 3;
        for (int k = 0; k < 3; k++) to = put_bytes(to, mesh->faces[3 * f + (size_t)k], 4);
    }
}

bool mesh_write_ply(const struct mesh *mesh, struct placement placement, const char *directory, const char *name) {
    char header[512];
    const size_t header_size = (size_t)print_ply_header(header, sizeof header, mesh);
    const size_t size = header_size + mesh->num_vertices * (mesh->normals ? 36 : 24) + mesh->num_faces * 13;
    unsigned char *bytes = malloc(size);
    if (!bytes) return message_out_of_memory();
    memcpy(bytes, header, header_size);
    put_ply_body(bytes + header_size, mesh, placement);
    const bool done = output_write(directory, name, bytes, size);
    free(bytes);
    return done;
}

/* Single precision resolves the center's coordinates to 2^-24 of them; less than a thousandth of the size is coarse. */
static void warn_of_precision(struct placement placement, const char *directory, const char *name) {
    const vec3 center = placement.center;
    const double farthest = fmax(fabs(center.x), fmax(fabs(center.y), fabs(center.z)));
    if (ldexp(farthest, -24) * placement.scale > 1e-3)
        message_warning("'%s/%s' is inexact: the mesh lies far from the origin, and STL has single precision only",
                        directory, name);
}

static unsigned char *put_facet(unsigned char *to, const struct mesh *mesh, struct placement placement, size_t face) {
    float values[3];
    vec3_store(values, vec3_unit(triangle_area_vector(mesh_triangle(mesh, face))));
    to = put_floats(to, values);
    for (size_t k = 0; k < 3; k++) {
        vec3_store(values, place_of(mesh, placement, mesh->faces[3 * face + k]));
        to = put_floats(to, values);
    }
    return to + 2; /* the attribute, 0 */
}

bool mesh_write_stl(const struct mesh *mesh, struct placement placement, const char *directory, const char *name) {
    const size_t size = STL_HEADER_SIZE + 4 + mesh->num_faces * 50;
    unsigned char *bytes = calloc(1, size);
    if (!bytes) return message_out_of_memory();
    unsigned char *to = put_bytes(bytes + STL_HEADER_SIZE, (uint32_t)mesh->num_faces, 4);
    for (size_t f = 0; f < mesh->num_faces; f++) to = put_facet(to, mesh, placement, f);
    const bool done = output_write(directory, name, bytes, size);
    free(bytes);
    if (done) warn_of_precision(placement, directory, name);
    return done;
}
