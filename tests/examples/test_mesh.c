/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mesh/mesh.h"
#include "mesh/topology.h"
#include "mesh_files.h"
#include "suite.h"

#ifndef EXAMPLE_DATA_DIR
#define EXAMPLE_DATA_DIR "examples/data"
#endif

static void expect_refused(const char *name, const void *bytes, size_t size, const char *words) {
    struct mesh mesh = {.num_faces = 7};
    char message[MESH_FILES_PATH];
    mesh_files_write(name, bytes, size);
    ck_assert_msg(!mesh_files_read(name, &mesh, message), "%s was read: %s", name, (const char *)bytes);
    ck_assert_msg(strstr(message, words) != NULL, "\"%s\" does not say \"%s\"", message, words);
    ck_assert_msg(strstr(message, name) != NULL, "\"%s\" does not name the file", message);
    ck_assert(mesh.num_vertices == 0 && mesh.num_faces == 0 && !mesh.vertices && !mesh.faces && !mesh.normals);
}

static void expect_text_refused(const char *name, const char *text, const char *words) {
    expect_refused(name, text, strlen(text), words);
}

#define OBJ_VERTICES "v 0 0 0\nv 1 0 0\nv 0 1 0\nv 0 0 1\n"
#define OBJ_TETRAHEDRON OBJ_VERTICES "f 1 3 2\nf 1 2 4\nf 2 3 4\nf 3 1 4\n"
#define FACET(a, b, c) "facet normal 0 0 0\nouter loop\nvertex " a "\nvertex " b "\nvertex " c "\nendloop\nendfacet\n"
#define STL_OPEN_END                                                                                                   \
    "solid thing\n" FACET("0 0 0", "0 1 0", "1 0 0") FACET("0 0 0", "1 0 0", "0 0 1") FACET("1 0 0", "0 1 0", "0 0 1") \
        FACET("0 1 0", "0 0 0", "0 0 1")
#define PLY_HEADER(vertices, faces)                                                                                    \
    "ply\nformat ascii 1.0\nelement vertex " vertices "\nproperty float x\nproperty float y\nproperty float z\n"       \
    "element face " faces "\nproperty list uchar int vertex_indices\nend_header\n"
#define CORNERS "0 0 0\n1 0 0\n0 1 0\n0 0 1\n"
#define TETRAHEDRON CORNERS "3 0 2 1\n3 0 1 3\n3 1 2 3\n3 2 0 3\n"

/* In the units of the file. */
static double area_of(const struct mesh *mesh) {
    return mesh_area(mesh) / (mesh->placement.scale * mesh->placement.scale);
}

static void expect_tetrahedron(const struct mesh *mesh) {
    struct topology topology;
    ck_assert_uint_eq(mesh->num_vertices, 4);
    ck_assert_uint_eq(mesh->num_faces, 4);
    ck_assert_double_eq_tol(area_of(mesh), 1.5 + 0.5 * sqrt(3.0), 1e-6);
    ck_assert(topology_build(&topology, mesh));
    ck_assert(topology_is_closed(&topology));
    ck_assert_uint_eq(topology.num_edges, 6);
    ck_assert_int_eq((int)topology_euler(&topology, mesh), 2);
    topology_free(&topology);
}

static void expect_read_as_tetrahedron(const char *name, const char *text) {
    mesh_files_write(name, text, strlen(text));
    struct mesh mesh = mesh_files_read_back(name);
    expect_tetrahedron(&mesh);
    mesh_free(&mesh);
}

START_TEST(every_format_gives_the_same_closed_mesh) {
    expect_read_as_tetrahedron("a.obj", OBJ_TETRAHEDRON);
    expect_read_as_tetrahedron("a.stl", STL_OPEN_END "endsolid thing\n");
    expect_read_as_tetrahedron("a.ply", PLY_HEADER("4", "4") TETRAHEDRON);
    expect_read_as_tetrahedron("a.off", "OFF\n# a comment with a 9999999 in it\n4 4 6\n" TETRAHEDRON);
    expect_read_as_tetrahedron("UPPER.OBJ", OBJ_TETRAHEDRON);
}
END_TEST

START_TEST(what_is_no_triangle_is_cut_or_dropped) {
    static const char quad[] = "v 0 0 0\nv 1 0 0\nv 1 1 0\nv 0 1 0\nv 9 9 9\nl 1 2 3\np 4\nf 1 2 3 4\nf 1 1 2\n";
    mesh_files_write("quad.obj", quad, sizeof quad - 1);
    struct mesh mesh = mesh_files_read_back("quad.obj");
    ck_assert_uint_eq(mesh.num_vertices, 4);
    ck_assert_uint_eq(mesh.num_faces, 2);
    ck_assert_double_eq_tol(area_of(&mesh), 1.0, 1e-6);
    mesh_free(&mesh);
}
END_TEST

START_TEST(vertices_that_differ_a_little_stay_apart) {
    static const char tiny[] = "v 0 0 0\nv 1e-7 0 0\nv 0 1e-7 0\nf 1 2 3\n";
    mesh_files_write("tiny.obj", tiny, sizeof tiny - 1);
    struct mesh mesh = mesh_files_read_back("tiny.obj");
    ck_assert_uint_eq(mesh.num_vertices, 3);
    mesh_free(&mesh);
}
END_TEST

START_TEST(several_parts_become_one_mesh) {
    static const char parts[] = "o a\n" OBJ_VERTICES "f 1 2 3\no b\nv 5 5 5\nv 6 5 5\nv 5 6 5\nf 5 6 7\n";
    mesh_files_write("parts.obj", parts, sizeof parts - 1);
    struct mesh mesh = mesh_files_read_back("parts.obj");
    ck_assert_uint_eq(mesh.num_vertices, 6);
    ck_assert_uint_eq(mesh.num_faces, 2);
    mesh_free(&mesh);
}
END_TEST

START_TEST(files_that_are_no_mesh_are_refused) {
    static const char *const names[] = {"a.stl", "a.obj", "a.ply", "a.off"};
    for (size_t i = 0; i < 4; i++) expect_text_refused(names[i], "", "is empty");
    for (size_t i = 0; i < 4; i++) expect_text_refused(names[i], "a text that is no mesh at all\n", "a.");
    expect_text_refused("a.txt", OBJ_TETRAHEDRON, "must end in");
    expect_text_refused("no_extension", OBJ_TETRAHEDRON, "must end in");
    struct mesh mesh;
    char message[MESH_FILES_PATH];
    ck_assert(!mesh_files_read("missing.stl", &mesh, message));
    ck_assert_ptr_nonnull(strstr(message, "cannot open"));
}
END_TEST

START_TEST(vertices_that_are_not_finite_are_refused) {
    expect_text_refused("a.obj", "v 0 0 0\nv nan 0 0\nv 0 1 0\nf 1 2 3\n", "not finite");
    expect_text_refused("a.ply", PLY_HEADER("3", "1") "0 0 0\n1 nan 0\n0 1 0\n3 0 1 2\n", "not finite");
    expect_text_refused("a.off", "OFF\n3 1 0\n0 0 0\n1 0 nan\n0 1 0\n3 0 1 2\n", "not finite");
    expect_text_refused("a.stl", "solid x\n" FACET("0 0 0", "1e999 0 0", "0 1 0") "endsolid x\n", "not finite");
}
END_TEST

START_TEST(indices_out_of_range_are_refused) {
    static const char *const wrong[] = {"5", "9", "-9", "0", "4000000000", "99999999999999999999"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char text[MESH_FILES_PATH];
        snprintf(text, sizeof text, OBJ_VERTICES "f 1 2 %s\n", wrong[i]);
        expect_text_refused("a.obj", text, "ndex");
        if (strcmp(wrong[i], "0") == 0) continue; /* right where counting begins at 0 */
        snprintf(text, sizeof text, PLY_HEADER("4", "1") CORNERS "3 0 1 %s\n", wrong[i]);
        expect_text_refused("a.ply", text, "out of range");
        snprintf(text, sizeof text, "OFF\n4 1 0\n" CORNERS "3 0 1 %s\n", wrong[i]);
        expect_text_refused("a.off", text, "out of range");
    }
}
END_TEST

START_TEST(headers_without_an_end_are_refused) {
    expect_text_refused("a.ply", "ply\nformat ascii 1.0\nelement vertex 4\n", "no complete PLY");
    expect_text_refused("a.ply", "ply\nformat ascii 1.0\nelement vertex 4 end_header\n" TETRAHEDRON, "not understood");
    expect_text_refused("a.ply", "ply\nformat ascii 1.0\nelement vertex 4\nend_headers\n" TETRAHEDRON,
                        "'end_headers  ' is not understood");
}
END_TEST

START_TEST(faces_without_vertices_are_refused) {
    expect_text_refused("a.ply", PLY_HEADER("4", "4") CORNERS "0\n0\n0\n0\n", "contains no faces");
    expect_text_refused("a.ply", PLY_HEADER("4", "2") CORNERS "3 0 1 2\n", "declares more");
}
END_TEST

START_TEST(counts_that_no_file_could_hold_are_refused) {
    expect_text_refused("a.ply", PLY_HEADER("4000000000", "1") TETRAHEDRON, "declares more");
    expect_text_refused("a.ply", PLY_HEADER("4", "4000000000") TETRAHEDRON, "declares more");
    expect_text_refused("a.ply",
                        "ply\nformat binary_little_endian 1.0\nelement edge 4000000000\nelement vertex 3\n"
                        "property float x\nproperty float y\nproperty float z\nend_header\n",
                        "declares more");
    expect_text_refused("a.off", "OFF\n4000000000 1 0\n" TETRAHEDRON, "declares more");
    expect_text_refused("a.off", "OFF\n4 4000000000 0\n" TETRAHEDRON, "declares more");
    expect_text_refused("a.off", "OFF\n4 1 0\n" CORNERS "2000000000 0 1 2\n", "a number is missing");
}
END_TEST

START_TEST(meshes_without_a_surface_are_refused) {
    expect_text_refused("points.obj", OBJ_VERTICES, "no faces");
    expect_text_refused("points.ply", PLY_HEADER("4", "0") CORNERS, "no faces");
    expect_text_refused("points.off", "OFF\n4 0 0\n" CORNERS, "no faces");
    expect_text_refused("lines.obj", OBJ_VERTICES "l 1 2 3\n", "no faces");
    expect_text_refused("once.obj", OBJ_VERTICES "f 1 1 2\n", "no face with a nonzero area");
    expect_text_refused("line.obj", "v 0 0 0\nv 1 0 0\nv 2 0 0\nf 1 2 3\n", "no face with a nonzero area");
}
END_TEST

START_TEST(text_files_cut_short_are_refused) {
    expect_text_refused("a.stl", STL_OPEN_END, "complete");
    expect_text_refused("a.ply", PLY_HEADER("4", "5") TETRAHEDRON, "declares more");
    expect_text_refused("a.off", "OFF\n4 5 0\n" TETRAHEDRON, "a.off");
}
END_TEST

/* A binary STL file of one face, announcing a number of them. */
static void make_binary_stl(unsigned char bytes[134], unsigned char num_faces) {
    static const float corners[9] = {0.0f, 0.0f, 0.0f, 1.0f, 0.0f, 0.0f, 0.0f, 1.0f, 0.0f};
    memset(bytes, 0, 134);
    memcpy(bytes, "solid, although it is not in ASCII", 34);
    bytes[80] = num_faces;
    memcpy(bytes + 84 + 12, corners, sizeof corners);
}

START_TEST(binary_stl_files_are_read_whole_or_not_at_all) {
    unsigned char bytes[134];
    make_binary_stl(bytes, 1);
    mesh_files_write("a.stl", bytes, sizeof bytes);
    struct mesh mesh = mesh_files_read_back("a.stl");
    ck_assert_uint_eq(mesh.num_faces, 1);
    ck_assert_double_eq_tol(area_of(&mesh), 0.5, 1e-7);
    mesh_free(&mesh);
    for (size_t size = 1; size < sizeof bytes; size++) expect_refused("a.stl", bytes, size, "complete");
    make_binary_stl(bytes, 255);
    expect_refused("a.stl", bytes, sizeof bytes, "complete");
    make_binary_stl(bytes, 0);
    expect_refused("a.stl", bytes, 84, "a.stl");
}
END_TEST

/* Vertices are numbered as the faces name them, so that reading again leaves them as they are. */
static void expect_equal(const struct mesh *a, const struct mesh *b) {
    ck_assert_uint_eq(a->num_vertices, b->num_vertices);
    ck_assert_uint_eq(a->num_faces, b->num_faces);
    ck_assert_mem_eq(a->faces, b->faces, 3 * a->num_faces * sizeof(uint32_t));
    for (size_t i = 0; i < 3 * a->num_vertices; i++) ck_assert_float_eq_tol(a->vertices[i], b->vertices[i], 2e-7f);
}

START_TEST(what_is_written_is_read_again) {
    struct mesh knot, again;
    ck_assert(mesh_read(&knot, EXAMPLE_DATA_DIR "/knot.obj", 0.95));
    ck_assert(mesh_write_stl(&knot, placement_none, mesh_files_folder, "knot.stl"));
    again = mesh_files_read_back("knot.stl");
    expect_equal(&knot, &again);
    mesh_free(&again);
    ck_assert(mesh_write_ply(&knot, placement_none, mesh_files_folder, "knot.ply"));
    again = mesh_files_read_back("knot.ply");
    expect_equal(&knot, &again);
    mesh_free(&again);
    knot.normals = calloc(3 * knot.num_vertices, sizeof(float));
    ck_assert(mesh_write_ply(&knot, placement_none, mesh_files_folder, "normals.ply"));
    again = mesh_files_read_back("normals.ply");
    expect_equal(&knot, &again);
    mesh_free(&again);
    mesh_free(&knot);
}
END_TEST

/* A double has room for coordinates in metres of the whole earth, and for micrometres beside them. */
START_TEST(a_mesh_far_from_the_origin_keeps_its_shape) {
    const struct placement far = {{500000.0, 4649776.0, 17.0}, 0.25};
    struct mesh knot, again;
    ck_assert(mesh_read(&knot, EXAMPLE_DATA_DIR "/knot.obj", 0.95));
    ck_assert(mesh_write_ply(&knot, far, mesh_files_folder, "far.ply"));
    again = mesh_files_read_back("far.ply");
    expect_equal(&knot, &again);
    ck_assert_double_eq_tol(again.placement.center.x, far.center.x, 1e-5);
    ck_assert_double_eq_tol(again.placement.center.y, far.center.y, 1e-5);
    ck_assert_double_eq_tol(again.placement.scale, far.scale, 1e-5);
    mesh_free(&again);
    mesh_free(&knot);
}
END_TEST

START_TEST(binary_ply_files_cut_short_are_refused) {
    mesh_files_write("a.obj", OBJ_TETRAHEDRON, strlen(OBJ_TETRAHEDRON));
    struct mesh mesh = mesh_files_read_back("a.obj");
    ck_assert(mesh_write_ply(&mesh, mesh.placement, mesh_files_folder, "a.ply"));
    mesh_free(&mesh);
    char path[MESH_FILES_PATH];
    unsigned char bytes[MESH_FILES_PATH];
    mesh_files_path(path, "a.ply");
    FILE *stream = fopen(path, "rb");
    const size_t size = fread(bytes, 1, sizeof bytes, stream);
    fclose(stream);
    const size_t rows = 4 * 24 + 4 * 13;
    ck_assert_uint_gt(size, rows);
    for (size_t missing = 1; missing <= rows; missing++)
        expect_refused("cut.ply", bytes, size - missing, "declares more");
}
END_TEST

START_TEST(a_mesh_is_centred_by_its_box_and_scaled) {
    static const char text[] = "v 99 99 99\nv 3 1 5\nv 7 1 5\nv 3 4 5\nf 2 3 4\n";
    static const float expected[] = {-4.0f, -3.0f, 0.0f, 4.0f, -3.0f, 0.0f, -4.0f, 3.0f, 0.0f};
    char path[MESH_FILES_PATH];
    struct mesh mesh;
    mesh_files_write("a.obj", text, sizeof text - 1);
    mesh_files_path(path, "a.obj");
    ck_assert(mesh_read(&mesh, path, 5.0));
    for (int i = 0; i < 9; i++) ck_assert_float_eq_tol(mesh.vertices[i], expected[i], 1e-6f);
    const vec3 corner = placement_undo(mesh.placement, vec3_load(mesh.vertices + 3));
    ck_assert(corner.x == 7.0 && corner.y == 1.0 && corner.z == 5.0);
    mesh_free(&mesh);
}
END_TEST

START_TEST(topology_counts_what_is_wrong_with_edges) {
    float vertices[15] = {0.0f};
    uint32_t open[] = {0, 1, 2, 2, 1, 3}, flipped[] = {0, 1, 2, 1, 2, 3}, fan[] = {0, 1, 2, 1, 0, 3, 0, 1, 4};
    struct topology topology;
    struct mesh mesh = {.num_vertices = 5, .num_faces = 2, .vertices = vertices, .faces = open};
    ck_assert(topology_build(&topology, &mesh));
    ck_assert(topology.num_edges == 5 && topology.num_boundary == 4 && topology.num_inconsistent == 0);
    ck_assert(!topology_is_closed(&topology));
    topology_free(&topology);
    mesh.faces = flipped;
    ck_assert(topology_build(&topology, &mesh));
    ck_assert(topology.num_boundary == 4 && topology.num_inconsistent == 1 && topology.num_non_manifold == 0);
    topology_free(&topology);
    ck_assert(topology_check_manifold(&mesh, "flipped"));
    mesh.faces = fan;
    mesh.num_faces = 3;
    ck_assert(topology_build(&topology, &mesh));
    ck_assert(topology.num_edges == 7 && topology.num_boundary == 6 && topology.num_non_manifold == 1);
    topology_free(&topology);
    ck_assert(!topology_check_manifold(&mesh, "fan"));
}
END_TEST

int main(void) {
    TCase *files = tcase_create("files");
    tcase_add_checked_fixture(files, mesh_files_begin, mesh_files_end);
    tcase_add_test(files, every_format_gives_the_same_closed_mesh);
    tcase_add_test(files, what_is_no_triangle_is_cut_or_dropped);
    tcase_add_test(files, vertices_that_differ_a_little_stay_apart);
    tcase_add_test(files, several_parts_become_one_mesh);
    tcase_add_test(files, files_that_are_no_mesh_are_refused);
    tcase_add_test(files, vertices_that_are_not_finite_are_refused);
    tcase_add_test(files, indices_out_of_range_are_refused);
    tcase_add_test(files, headers_without_an_end_are_refused);
    tcase_add_test(files, faces_without_vertices_are_refused);
    tcase_add_test(files, counts_that_no_file_could_hold_are_refused);
    tcase_add_test(files, meshes_without_a_surface_are_refused);
    tcase_add_test(files, text_files_cut_short_are_refused);
    tcase_add_test(files, binary_stl_files_are_read_whole_or_not_at_all);
    tcase_add_test(files, what_is_written_is_read_again);
    tcase_add_test(files, binary_ply_files_cut_short_are_refused);
    tcase_add_test(files, a_mesh_far_from_the_origin_keeps_its_shape);
    tcase_add_test(files, a_mesh_is_centred_by_its_box_and_scaled);
    TCase *geometry = tcase_create("geometry");
    tcase_add_test(geometry, topology_counts_what_is_wrong_with_edges);
    Suite *suite = suite_create("mesh");
    suite_add_tcase(suite, files);
    suite_add_tcase(suite, geometry);
    return run_suite(suite);
}
