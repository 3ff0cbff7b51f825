/* SPDX-License-Identifier: MIT */
#include "mesh.h"

#include "mesh_file.h"
#include "message.h"

#include <assimp/cimport.h>
#include <assimp/postprocess.h>
#include <assimp/scene.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Where the importer's first complaint is kept while it reads. */
#define COMPLAINT_SIZE 256

#define NO_VERTEX UINT32_MAX

static void keep_complaint(const char *line, char *complaint) {
    const char *text = strstr(line, ": ");
    if (complaint[0] == '\0' && strncmp(line, "Error", 5) == 0 && text)
        snprintf(complaint, COMPLAINT_SIZE, "%.*s", (int)strcspn(text + 2, "\n"), text + 2);
}

static bool check_scene(const struct aiScene *scene, const char *path) {
    for (unsigned m = 0; m < scene->mNumMeshes; m++) {
        const struct aiMesh *part = scene->mMeshes[m];
        for (unsigned v = 0; v < part->mNumVertices; v++) {
            const struct aiVector3D *p = &part->mVertices[v];
            if (!isfinite(p->x) || !isfinite(p->y) || !isfinite(p->z))
                return message_error("'%s' has a vertex that is not finite: (%g, %g, %g)", path, (double)p->x,
                                     (double)p->y, (double)p->z);
        }
        for (unsigned f = 0; f < part->mNumFaces; f++)
            if (part->mFaces[f].mNumIndices == 0) return message_error("'%s' ends before its last face", path);
    }
    return true;
}

/* The importer repairs some errors and only logs them, so one that is logged counts as a failure. */
static const struct aiScene *import(const char *path) {
    char complaint[COMPLAINT_SIZE] = "";
    const struct aiLogStream log = {keep_complaint, complaint};
    aiAttachLogStream(&log);
    const struct aiScene *scene = aiImportFile(path, aiProcess_ValidateDataStructure);
    aiDetachLogStream(&log);
    if (scene && complaint[0] == '\0') return scene;
    message_error("cannot read '%s': %s", path, complaint[0] != '\0' ? complaint : aiGetErrorString());
    aiReleaseImport(scene);
    return NULL;
}

/* Polygons become triangles only in a scene that has been checked: empty faces would end the program there. */
static const struct aiScene *import_triangles(const char *path) {
    const struct aiScene *scene = import(path);
    if (!scene) return NULL;
    if (!check_scene(scene, path)) {
        aiReleaseImport(scene);
        return NULL;
    }
    scene = aiApplyPostProcessing(scene, aiProcess_Triangulate);
    if (!scene) message_error("cannot read '%s': %s", path, aiGetErrorString());
    return scene;
}

/* Open-addressed hash table of the vertices so far, by position. */
struct joiner {
    struct mesh *mesh;
    uint32_t *slots; /* vertex or NO_VERTEX; the number of slots is a power of 2 */
    size_t mask;
};

static size_t hash(const float position[3]) {
    uint32_t bits[3];
    memcpy(bits, position, sizeof bits);
    uint64_t h = (uint64_t)bits[0] * UINT64_C(0x9e3779b97f4a7c15);
    h = (h ^ h >> 32 ^ bits[1]) * UINT64_C(0xbf58476d1ce4e5b9);
    h = (h ^ h >> 32 ^ bits[2]) * UINT64_C(0x94d049bb133111eb);
    return (size_t)(h ^ h >> 32);
}

static uint32_t join(struct joiner *joiner, const struct aiVector3D *from) {
    struct mesh *mesh = joiner->mesh;
    /* Adding zero turns -0 into 0. */
    const float position[3] = {from->x + 0.0f, from->y + 0.0f, from->z + 0.0f};
    size_t slot = hash(position) & joiner->mask;
    for (; joiner->slots[slot] != NO_VERTEX; slot = (slot + 1) & joiner->mask)
        if (memcmp(mesh->vertices + 3 * (size_t)joiner->slots[slot], position, sizeof position) == 0)
            return joiner->slots[slot];
    memcpy(mesh->vertices + 3 * mesh->num_vertices, position, sizeof position);
    joiner->slots[slot] = (uint32_t)mesh->num_vertices;
    return (uint32_t)mesh->num_vertices++;
}

static size_t count_triangles(const struct aiScene *scene) {
    size_t count = 0;
    for (unsigned m = 0; m < scene->mNumMeshes; m++) {
        const struct aiMesh *part = scene->mMeshes[m];
        for (unsigned f = 0; f < part->mNumFaces; f++) count += part->mFaces[f].mNumIndices == 3;
    }
    return count;
}

static bool allocate(struct joiner *joiner, size_t num_faces) {
    size_t num_slots = 4;
    while (num_slots < 6 * num_faces) num_slots *= 2;
    joiner->mask = num_slots - 1;
    joiner->slots = malloc(num_slots * sizeof *joiner->slots);
    joiner->mesh->vertices = malloc(9 * num_faces * sizeof(float));
    joiner->mesh->faces = malloc(3 * num_faces * sizeof(uint32_t));
    if (!joiner->slots || !joiner->mesh->vertices || !joiner->mesh->faces) return message_out_of_memory();
    memset(joiner->slots, 0xff, num_slots * sizeof *joiner->slots);
    return true;
}

static bool same_position(const struct aiVector3D *a, const struct aiVector3D *b) {
    return a->x == b->x && a->y == b->y && a->z == b->z;
}

static void add_triangles(struct joiner *joiner, const struct aiMesh *part) {
    struct mesh *mesh = joiner->mesh;
    for (unsigned f = 0; f < part->mNumFaces; f++) {
        const struct aiFace *face = &part->mFaces[f];
        if (face->mNumIndices != 3) continue;
        const struct aiVector3D *corners[3];
        for (int k = 0; k < 3; k++) corners[k] = &part->mVertices[face->mIndices[k]];
        if (same_position(corners[0], corners[1]) || same_position(corners[1], corners[2]) ||
            same_position(corners[2], corners[0]))
            continue;
        uint32_t *out = mesh->faces + 3 * mesh->num_faces++;
        for (int k = 0; k < 3; k++) out[k] = join(joiner, corners[k]);
    }
}

/* Every node of these four formats has the identity as its transform, so that the meshes can be taken as they are. */
static bool copy_scene(struct mesh *mesh, const struct aiScene *scene, const char *path) {
    const size_t num_faces = count_triangles(scene);
    if (num_faces == 0) return message_error("'%s' holds no faces", path);
    if (num_faces > UINT32_MAX / 3 - 1) return message_error("'%s' has too many faces", path);
    struct joiner joiner = {.mesh = mesh};
    const bool done = allocate(&joiner, num_faces);
    for (unsigned m = 0; done && m < scene->mNumMeshes; m++) add_triangles(&joiner, scene->mMeshes[m]);
    free(joiner.slots);
    return done;
}

bool mesh_read(struct mesh *mesh, const char *path) {
    *mesh = (struct mesh){0};
    if (!mesh_file_check(path)) return false;
    const struct aiScene *scene = import_triangles(path);
    if (!scene) return false;
    bool done = copy_scene(mesh, scene, path);
    aiReleaseImport(scene);
    if (done && !(mesh_area(mesh) > 0.0)) done = message_error("'%s' has no face with an area", path);
    if (!done) mesh_free(mesh);
    return done;
}
