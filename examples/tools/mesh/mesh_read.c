/* SPDX-License-Identifier: MIT */
#include "mesh/mesh.h"

#include "cli/message.h"
#include "cli/text.h"
#include "mesh/mesh_soup.h"
#include "mesh/polygon.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#define NO_VERTEX UINT32_MAX

static const size_t MAX_FILE_SIZE = (size_t)64 << 30;

typedef bool (*reader)(struct mesh_soup *soup, struct text *text);

static reader find_reader(const char *path) {
    static const struct {
        const char *extension;
        reader read;
    } formats[] = {{".stl", mesh_read_stl}, {".obj", mesh_read_obj}, {".ply", mesh_read_ply}, {".off", mesh_read_off}};
    const char *extension = strrchr(path, '.');
    for (size_t i = 0; extension && i < sizeof formats / sizeof *formats; i++)
        if (strcasecmp(extension, formats[i].extension) == 0) return formats[i].read;
    message_error("'%s' is not a mesh: its name must end in .stl, .obj, .ply or .off", path);
    return NULL;
}

static bool read_soup(struct mesh_soup *soup, const char *path) {
    struct text text;
    struct stat status;
    const reader read = find_reader(path);
    if (!read) return false;
    if (stat(path, &status) == 0 && !S_ISREG(status.st_mode))
        return message_error("cannot read '%s': it is not a regular file", path);
    if (!text_load(&text, path, MAX_FILE_SIZE, TEXT_BYTES)) return false;
    const bool done = (text.size > 0 || message_error("'%s' is empty", path)) && read(soup, &text);
    text_free(&text);
    return done && mesh_soup_check(soup);
}

/* The triangles of the soup. */
struct triangles {
    size_t n, num_dropped;
    uint32_t *corners, *numbers; /* (n, 3), (n) */
    uint32_t first_dropped;      /* a face's number */
};

static bool same_position(const struct mesh_soup *soup, uint32_t a, uint32_t b) {
    return memcmp(soup->vertices + 3 * (size_t)a, soup->vertices + 3 * (size_t)b, 3 * sizeof(double)) == 0;
}

/* Leaves out corners that lie where the one before does; returns how many are left. */
static size_t merge_corners(const struct mesh_soup *soup, uint32_t *corners, size_t n) {
    size_t kept = 0;
    for (size_t i = 0; i < n; i++)
        if (kept == 0 || !same_position(soup, corners[kept - 1], corners[i])) corners[kept++] = corners[i];
    while (kept > 1 && same_position(soup, corners[kept - 1], corners[0])) kept--;
    return kept;
}

static void drop(struct triangles *triangles, uint32_t number) {
    if (triangles->num_dropped++ == 0) triangles->first_dropped = number;
}

/* Room for cutting polygons of this many corners. */
struct cutter {
    double *points;
    uint32_t *left;
};

static void cut_polygon(struct triangles *triangles, const struct mesh_soup *soup, struct cutter *cutter, size_t p) {
    const size_t begin = p > 0 ? soup->ends[p - 1] : 0;
    uint32_t *corners = soup->corners + begin;
    const size_t n = merge_corners(soup, corners, soup->ends[p] - begin);
    if (n < 3) {
        drop(triangles, (uint32_t)p + 1);
        return;
    }
    uint32_t *out = triangles->corners + 3 * triangles->n;
    polygon_cut(soup->vertices, n, corners, cutter->points, cutter->left, out);
    for (size_t i = 0; i < n - 2; i++) {
        uint32_t *to = triangles->corners + 3 * triangles->n;
        memmove(to, out + 3 * i, 3 * sizeof *to);
        if (same_position(soup, to[0], to[1]) || same_position(soup, to[1], to[2]) || same_position(soup, to[2], to[0]))
            drop(triangles, (uint32_t)p + 1);
        else
            triangles->numbers[triangles->n++] = (uint32_t)p + 1;
    }
}

static bool cut(struct triangles *triangles, const struct mesh_soup *soup) {
    size_t count = 0, most = 3;
    for (size_t p = 0, begin = 0; p < soup->num_polygons; begin = soup->ends[p++]) {
        const size_t n = soup->ends[p] - begin;
        count += n > 2 ? n - 2 : 0;
        most = n > most ? n : most;
    }
    if (count == 0) return message_error("'%s' contains no faces", soup->path);
    if (count > UINT32_MAX / 3 - 1) return message_error("'%s' has too many faces", soup->path);
    struct cutter cutter = {malloc(2 * most * sizeof(double)), malloc(most * sizeof(uint32_t))};
    *triangles = (struct triangles){.corners = malloc(3 * count * sizeof(uint32_t)),
                                    .numbers = malloc(count * sizeof(uint32_t))};
    const bool done =
        (cutter.points && cutter.left && triangles->corners && triangles->numbers) || message_out_of_memory();
    for (size_t p = 0; done && p < soup->num_polygons; p++) cut_polygon(triangles, soup, &cutter, p);
    free(cutter.points);
    free(cutter.left);
    return done;
}

static vec3 position(const struct mesh_soup *soup, uint32_t vertex) {
    const double *p = soup->vertices + 3 * (size_t)vertex;
    return (vec3){p[0], p[1], p[2]};
}

/* What takes the middle of the bounding box to the origin, and the farthest corner to that distance from it. */
static bool place(struct placement *placement, const struct mesh_soup *soup, const struct triangles *triangles,
                  double radius) {
    double low[3] = {INFINITY, INFINITY, INFINITY}, high[3] = {-INFINITY, -INFINITY, -INFINITY}, farthest = 0.0;
    for (size_t i = 0; i < 3 * triangles->n; i++)
        for (size_t k = 0; k < 3; k++) {
            const double value = soup->vertices[3 * (size_t)triangles->corners[i] + k];
            low[k] = fmin(low[k], value);
            high[k] = fmax(high[k], value);
        }
    placement->center = (vec3){low[0] / 2 + high[0] / 2, low[1] / 2 + high[1] / 2, low[2] / 2 + high[2] / 2};
    for (size_t i = 0; i < 3 * triangles->n; i++)
        farthest = fmax(farthest, vec3_length(vec3_subtract(position(soup, triangles->corners[i]), placement->center)));
    placement->scale = radius / farthest;
    return triangles->n == 0 || (isfinite(farthest) && isfinite(placement->scale) && placement->scale > 0.0) ||
           message_error("'%s' is too large or too small: its farthest vertex is %g from the center", soup->path,
                         farthest);
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

/* The vertex of the mesh at a position. */
static uint32_t join(struct joiner *joiner, const float position[3]) {
    struct mesh *mesh = joiner->mesh;
    size_t slot = hash(position) & joiner->mask;
    for (; joiner->slots[slot] != NO_VERTEX; slot = (slot + 1) & joiner->mask)
        if (memcmp(mesh->vertices + 3 * (size_t)joiner->slots[slot], position, 3 * sizeof(float)) == 0)
            return joiner->slots[slot];
    memcpy(mesh->vertices + 3 * mesh->num_vertices, position, 3 * sizeof(float));
    joiner->slots[slot] = (uint32_t)mesh->num_vertices;
    return (uint32_t)mesh->num_vertices++;
}

/* Places a corner; adding zero turns -0 into 0. */
static void place_corner(struct placement placement, vec3 from, float to[3]) {
    vec3_store(to, placement_apply(placement, from));
    for (int k = 0; k < 3; k++) to[k] += 0.0f;
}

/* Adds a triangle, unless two of its corners now lie at the same point. */
static bool add_triangle(struct joiner *joiner, const struct mesh_soup *soup, const uint32_t *corners) {
    struct mesh *mesh = joiner->mesh;
    float at[3][3];
    for (size_t k = 0; k < 3; k++) place_corner(mesh->placement, position(soup, corners[k]), at[k]);
    for (size_t k = 0; k < 3; k++)
        if (memcmp(at[k], at[(k + 1) % 3], sizeof *at) == 0) return false;
    for (size_t k = 0; k < 3; k++) mesh->faces[3 * mesh->num_faces + k] = join(joiner, at[k]);
    mesh->num_faces++;
    return true;
}

static bool allocate(struct joiner *joiner, size_t num_faces) {
    size_t num_slots = 4;
    while (num_slots < 6 * num_faces) num_slots *= 2;
    joiner->mask = num_slots - 1;
    joiner->slots = malloc(num_slots * sizeof *joiner->slots);
    joiner->mesh->vertices = malloc((9 * num_faces + 1) * sizeof(float));
    joiner->mesh->faces = malloc((3 * num_faces + 1) * sizeof(uint32_t));
    joiner->mesh->numbers = malloc((num_faces + 1) * sizeof(uint32_t));
    if (!joiner->slots || !joiner->mesh->vertices || !joiner->mesh->faces || !joiner->mesh->numbers)
        return message_out_of_memory();
    memset(joiner->slots, 0xff, num_slots * sizeof *joiner->slots);
    return true;
}

/* Vertices are numbered as the faces name them. */
static bool join_all(struct mesh *mesh, const struct mesh_soup *soup, struct triangles *triangles) {
    struct joiner joiner = {.mesh = mesh};
    const bool done = allocate(&joiner, triangles->n);
    for (size_t i = 0; done && i < triangles->n; i++) {
        if (add_triangle(&joiner, soup, triangles->corners + 3 * i))
            mesh->numbers[mesh->num_faces - 1] = triangles->numbers[i];
        else
            drop(triangles, triangles->numbers[i]);
    }
    free(joiner.slots);
    return done;
}

/* Says what is left out. */
static bool warn(const struct mesh_soup *soup, const struct triangles *triangles) {
    bool *used = calloc(soup->num_vertices + 1, sizeof *used);
    size_t num_unused = 0, first = 0;
    if (!used) return message_out_of_memory();
    for (size_t i = 0; i < soup->num_corners; i++) used[soup->corners[i]] = true;
    for (size_t v = soup->num_vertices; v-- > 0;) {
        if (used[v]) continue;
        num_unused++;
        first = v + 1;
    }
    free(used);
    if (num_unused > 0)
        message_warning("'%s': %zu vertices belong to no face and are ignored; the first is vertex %zu", soup->path,
                        num_unused, first);
    if (triangles->num_dropped > 0)
        message_warning(
            "'%s': %zu triangles have two corners at the same point and are ignored; the first is in face %u",
            soup->path, triangles->num_dropped, triangles->first_dropped);
    return true;
}

bool mesh_read(struct mesh *mesh, const char *path, double radius) {
    struct mesh_soup soup = {.path = path};
    struct triangles triangles = {0};
    *mesh = (struct mesh){0};
    bool done = read_soup(&soup, path) && cut(&triangles, &soup) &&
                place(&mesh->placement, &soup, &triangles, radius) && join_all(mesh, &soup, &triangles);
    if (done && !(mesh_area(mesh) > 0.0)) done = message_error("'%s' has no face with a nonzero area", path);
    done = done && warn(&soup, &triangles);
    free(triangles.corners);
    free(triangles.numbers);
    mesh_soup_free(&soup);
    if (!done) mesh_free(mesh);
    return done;
}
