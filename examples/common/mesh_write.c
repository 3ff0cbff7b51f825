/* SPDX-License-Identifier: MIT */
#include "mesh.h"

#include "message.h"
#include "output.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STL_HEADER_SIZE 80

/* Both formats want little-endian numbers, whatever the processor's are. */
static unsigned char *put_bytes(unsigned char *to, uint32_t value, int count) {
    for (int i = 0; i < count; i++) *to++ = (unsigned char)(value >> 8 * i);
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
                    "property float x\nproperty float y\nproperty float z\n%s"
                    "element face %zu\nproperty list uchar uint vertex_indices\nend_header\n",
                    mesh->num_vertices,
                    mesh->normals ? "property float nx\nproperty float ny\nproperty float nz\n" : "", mesh->num_faces);
}

static void put_ply_body(unsigned char *to, const struct mesh *mesh) {
    for (size_t i = 0; i < mesh->num_vertices; i++) {
        to = put_floats(to, mesh->vertices + 3 * i);
        if (mesh->normals) to = put_floats(to, mesh->normals + 3 * i);
    }
    for (size_t f = 0; f < mesh->num_faces; f++) {
        *to++ = 3;
        for (int k = 0; k < 3; k++) to = put_bytes(to, mesh->faces[3 * f + (size_t)k], 4);
    }
}

bool mesh_write_ply(const struct mesh *mesh, const char *directory, const char *name) {
    char header[512];
    const size_t header_size = (size_t)print_ply_header(header, sizeof header, mesh);
    const size_t size = header_size + mesh->num_vertices * (mesh->normals ? 24 : 12) + mesh->num_faces * 13;
    unsigned char *bytes = malloc(size);
    if (!bytes) return message_out_of_memory();
    memcpy(bytes, header, header_size);
    put_ply_body(bytes + header_size, mesh);
    const bool done = output_write(directory, name, bytes, size);
    free(bytes);
    return done;
}

bool mesh_write_stl(const struct mesh *mesh, const char *directory, const char *name) {
    const size_t size = STL_HEADER_SIZE + 4 + mesh->num_faces * 50;
    unsigned char *bytes = calloc(1, size);
    if (!bytes) return message_out_of_memory();
    unsigned char *to = put_bytes(bytes + STL_HEADER_SIZE, (uint32_t)mesh->num_faces, 4);
    for (size_t f = 0; f < mesh->num_faces; f++) {
        float normal[3];
        vec3_store(normal, vec3_unit(triangle_area_vector(mesh_triangle(mesh, f))));
        to = put_floats(to, normal);
        for (int k = 0; k < 3; k++) to = put_floats(to, mesh->vertices + 3 * (size_t)mesh->faces[3 * f + (size_t)k]);
        to += 2; /* the attribute, 0 */
    }
    const bool done = output_write(directory, name, bytes, size);
    free(bytes);
    return done;
}
