/* SPDX-License-Identifier: MIT */
/* A libFuzzer target: any bytes as a mesh; the first one chooses the format. */
#include "bytes_file.h"
#include "mesh/duplicates.h"
#include "mesh/mesh.h"
#include "mesh/orientation.h"

#include <math.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t size);

/* What the programs rely on. */
static void check(const struct mesh *mesh) {
    for (size_t i = 0; i < 3 * mesh->num_vertices; i++)
        if (!(fabsf(mesh->vertices[i]) < 0.951f)) abort();
    for (size_t i = 0; i < 3 * mesh->num_faces; i++)
        if (mesh->faces[i] >= mesh->num_vertices) abort();
    if (mesh->num_faces == 0) abort();
}

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t size) {
    static const char *const endings[] = {".stl", ".obj", ".ply", ".off"};
    struct mesh mesh;
    if (size < 1 || !mesh_read(&mesh, bytes_file(bytes + 1, size - 1, endings[bytes[0] % 4]), 0.95)) return 0;
    check(&mesh);
    if (!duplicates_handle(&mesh, "", bytes[0] & 4) || !orientation_mend(&mesh, "")) abort();
    check(&mesh);
    mesh_free(&mesh);
    return 0;
}
