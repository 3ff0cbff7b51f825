/* SPDX-License-Identifier: MIT */
/* The variants of the four formats that are met outside: each is read as the same cube, or refused with the reason. */
#include <string.h>

#include "mesh/topology.h"
#include "mesh_files.h"
#include "suite.h"

#ifndef CASES_DIR
#define CASES_DIR "tests/cases"
#endif

/* A cube from -1 to 1. */
static void expect_cube(struct mesh *mesh, const char *name) {
    struct topology topology;
    ck_assert_msg(mesh->num_vertices == 8 && mesh->num_faces == 12, "%s: %zu vertices, %zu faces", name,
                  mesh->num_vertices, mesh->num_faces);
    ck_assert_double_eq_tol(mesh_area(mesh) / (mesh->placement.scale * mesh->placement.scale), 24.0, 1e-4);
    ck_assert(topology_build(&topology, mesh));
    ck_assert_msg(topology_is_closed(&topology), "%s", name);
    topology_free(&topology);
    mesh_free(mesh);
}

START_TEST(the_cases_are_cubes) {
    static const char *const names[] = {"tristrip.ply", "first_nl.ply", "nomtl.obj", "upper.stl",
                                        "c6.off",       "coffrgb.off",  "ok.obj"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char path[MESH_FILES_PATH];
        struct mesh mesh;
        snprintf(path, sizeof path, "%s/%s", CASES_DIR, names[i]);
        ck_assert_msg(mesh_read(&mesh, path, 0.95), "%s", names[i]);
        expect_cube(&mesh, names[i]);
    }
}
END_TEST

static void expect_text_cube(const char *name, const char *text) {
    mesh_files_write(name, text, strlen(text));
    struct mesh mesh;
    char message[MESH_FILES_PATH];
    ck_assert_msg(mesh_files_read(name, &mesh, message), "%s%s", message, text);
    expect_cube(&mesh, text);
}

#define OBJ_CORNERS "v -1 -1 -1\nv 1 -1 -1\nv -1 1 -1\nv 1 1 -1\nv -1 -1 1\nv 1 -1 1\nv -1 1 1\nv 1 1 1\n"
#define OBJ_QUADS "f 1 3 4 2\nf 5 6 8 7\nf 1 2 6 5\nf 3 7 8 4\nf 1 5 7 3\nf 2 4 8 6\n"
#define CORNERS "-1 -1 -1\n1 -1 -1\n-1 1 -1\n1 1 -1\n-1 -1 1\n1 -1 1\n-1 1 1\n1 1 1\n"
#define QUADS "4 0 2 3 1\n4 4 5 7 6\n4 0 1 5 4\n4 2 6 7 3\n4 0 4 6 2\n4 1 3 7 5\n"

/* The text with what replaces every one of its newlines. */
static void expect_line_end(const char *name, const char *text, const char *line_end) {
    char changed[4096], *to = changed;
    for (; *text; text++) to = stpcpy(to, *text == '\n' ? line_end : (char[]){*text, '\0'});
    expect_text_cube(name, changed);
}

START_TEST(every_line_end_is_read) {
    static const char *const line_ends[] = {"\r\n", "\r", " \n", "\t \r\n", "\n\n\n"};
    const char *ply = "ply\nformat ascii 1.0\nelement vertex 8\nproperty float x\nproperty float y\nproperty float z\n"
                      "element face 6\nproperty list uchar int vertex_index\nend_header\n" CORNERS QUADS;
    for (size_t i = 0; i < sizeof line_ends / sizeof *line_ends; i++) {
        expect_line_end("a.obj", OBJ_CORNERS OBJ_QUADS, line_ends[i]);
        expect_line_end("a.off", "OFF\n8 6 0\n" CORNERS QUADS, line_ends[i]);
        expect_line_end("a.ply", ply, line_ends[i]);
    }
}
END_TEST

START_TEST(variants_of_obj) {
    expect_text_cube("a.obj", "\xef\xbb\xbf# a mark before\nmtllib no such file.mtl\nusemtl x\n" OBJ_CORNERS OBJ_QUADS);
    expect_text_cube("a.obj", OBJ_CORNERS "f -8 -6 -5 -7\nf -4 -3 -1 -2\nf -8 -7 -3 -4\nf -6 -2 -1 -5\nf -8 -4 -2 -6\n"
                                          "f -7 -5 -1 -3\n");
    expect_text_cube("a.obj", "v -1 -1 -1 1\nv 1 -1 -1 1.0\nv -1 1 -1 1 0 0\nv 1 1 -1 # c\nv\t-1\t-1\t1\nv 1e0 -1. +1\n"
                              "v -1 1 1\nv 1 1 1\nvn 0 0 nan\nvt 0 0\no a b\ns off\nl 1 2\np 1\n"
                              "f 1/1 3/1 4/1 2/1\nf 5//1 6//1 8//1 7//1\nf 1/1/1 2/1/1 6/1/1 5/1/1 # c\nf 3 7 \\\n8 4\n"
                              "f 1 5 7 3\nf 2 4 8 6");
    expect_text_cube("a.obj", OBJ_QUADS OBJ_CORNERS); /* faces first */
}
END_TEST

START_TEST(variants_of_off) {
    expect_text_cube("a.off", "OFF 8 6 12\n" CORNERS QUADS);
    expect_text_cube("a.off", "8 6 12\n" CORNERS QUADS);
    expect_text_cube("a.off", "# c\nOFF\n# c\n8 6\n" CORNERS "# c\n4 0 2 3 1 255 0 0\n4 4 5 7 6 0.5 0.5 0.5 1.0\n"
                              "4 0 1 5 4 7\n4 2 6 7 3 # c\n4 0 4 6 2\n4 1 3 7 5\n");
    const char *rows = "-1 -1 -1 1 0 0 1\n1 -1 -1 1 0 0 1\n-1 1 -1 1 0 0 1\n1 1 -1 1 0 0 1\n-1 -1 1 .1 .2 .3 .4\n"
                       "1 -1 1 0 0 0 1\n-1 1 1 0 0 0 1\n1 1 1 0 0 0 1\n" QUADS;
    static const char *const kinds[] = {"OFF", "COFF", "NOFF", "STOFF", "CNOFF"};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        char text[2048];
        snprintf(text, sizeof text, "%s\n8 6 0\n%s", kinds[i], rows);
        expect_text_cube("a.off", text);
    }
}
END_TEST

#define PLY(vertex, face) "ply\nformat ascii 1.0\ncomment c\nobj_info o\n" vertex face "end_header\n"
#define XYZ "element vertex 8\nproperty float x\nproperty float y\nproperty float z\n"

START_TEST(variants_of_ply) {
    expect_text_cube(
        "a.ply",
        PLY("element camera 1\nproperty float f\nproperty list uchar float l\n" XYZ,
            "element face 6\nproperty uchar red\nproperty list uint8 int32 vertex_indices\n"
            "property list uchar float texcoord\nelement edge 1\nproperty int v\n") "1 3 1 2 3\n" CORNERS
                                                                                    "0 4 0 2 3 1 0\n0 4 4 5 7 6 1 9\n0 "
                                                                                    "4 0 1 5 4 0\n0 4 2 6 7 3 0\n"
                                                                                    "0 4 0 4 6 2 0\n0 4 1 3 7 5 "
                                                                                    "0\n7\n");
    expect_text_cube("a.ply", PLY(XYZ, "element face 6\nproperty list int uint corners\n") CORNERS QUADS);
    expect_text_cube("a.ply", PLY("element face 6\nproperty list ushort short vertex_index\n", XYZ) QUADS CORNERS);
    expect_text_cube(
        "a.ply",
        PLY("element vertex 8\nproperty double nx\nproperty float64 x\nproperty double y\n"
            "property double z\n",
            "element tristrips 1\nproperty list int int vertex_indices\n") "nan -1 -1 -1\n-nan(ind) 1 -1 -1\n"
                                                                           "0 -1 1 -1\n0 1 1 -1\n0 -1 -1 1\n0 1 -1 "
                                                                           "1\n0 -1 1 1\n0 1 1 1\n"
                                                                           "29 0 2 1 3 -1 4 5 6 7 -1 0 1 4 5 -1 2 6 3 "
                                                                           "7 -1 0 4 2 6 -1 1 3 5 7\n");
}
END_TEST

/* A binary file of the cube, with numbers of that type and order. */
static void expect_binary_cube(const char *format, bool big, bool wide, const char *line_end) {
    char header[512], bytes[2048];
    snprintf(header, sizeof header,
             "ply%sformat %s 1.0%selement vertex 8%sproperty %s x%sproperty %s y%sproperty %s z%selement face 6%s"
             "property list uchar ushort vertex_indices%send_header%s",
             line_end, format, line_end, line_end, wide ? "double" : "float", line_end, wide ? "double" : "float",
             line_end, wide ? "double" : "float", line_end, line_end, line_end, line_end);
    static const unsigned char quads[6][4] = {{0, 2, 3, 1}, {4, 5, 7, 6}, {0, 1, 5, 4},
                                              {2, 6, 7, 3}, {0, 4, 6, 2}, {1, 3, 7, 5}};
    char *to = stpcpy(bytes, header);
    for (int i = 0; i < 24; i++) {
        const double value = i / 3 >> i % 3 & 1 ? 1.0 : -1.0;
        const float narrow = (float)value;
        const size_t size = wide ? 8 : 4;
        for (size_t k = 0; k < size; k++)
            *to++ = (wide ? (const char *)&value : (const char *)&narrow)[big ? size - 1 - k : k];
    }
    for (int f = 0; f < 6; f++) {
        *to++ = 4;
        for (int k = 0; k < 4; k++, to += 2) {
            to[big] = (char)quads[f][k];
            to[!big] = 0;
        }
    }
    mesh_files_write("a.ply", bytes, (size_t)(to - bytes));
    struct mesh mesh = mesh_files_read_back("a.ply");
    expect_cube(&mesh, header);
}

START_TEST(binary_ply_of_both_byte_orders) {
    static const char *const line_ends[] = {"\n", "\r\n", "\r"};
    for (int i = 0; i < 12; i++)
        expect_binary_cube(i & 1 ? "binary_big_endian" : "binary_little_endian", i & 1, i & 2, line_ends[i / 4]);
}
END_TEST

/* A concave pentagon and a quadrilateral: the area tells whether they were cut within themselves. */
START_TEST(concave_polygons_are_cut_within) {
    static const struct {
        const char *text;
        double area;
    } polygons[] = {
        {"v 0 0 0\nv 4 0 0\nv 4 4 0\nv 2 1 0\nv 0 4 0\nf 1 2 3 4 5\n", 10.0},
        {"v 0 0 0\nv 2 1 0\nv 0 4 0\nv 1 1 0\nf 1 2 3 4\n", 2.0},
        {"v 0 0 5\nv 0 4 5\nv 1 1 5\nv 4 0 5\nf 4 3 2 1\n", 4.0},
        {"v 0 0 0\nv 3 0 0\nv 3 3 0\nv 2 3 0\nv 2 1 0\nv 1 1 0\nv 1 3 0\nv 0 3 0\nf 6 7 8 1 2 3 4 5\n", 7.0}};
    for (size_t i = 0; i < sizeof polygons / sizeof *polygons; i++) {
        mesh_files_write("a.obj", polygons[i].text, strlen(polygons[i].text));
        struct mesh mesh = mesh_files_read_back("a.obj");
        ck_assert_double_eq_tol(mesh_area(&mesh) / (mesh.placement.scale * mesh.placement.scale), polygons[i].area,
                                1e-5);
        mesh_free(&mesh);
    }
}
END_TEST

static void expect_reason(const char *name, const char *bytes, size_t size, const char *reason) {
    struct mesh mesh;
    char message[MESH_FILES_PATH];
    mesh_files_write(name, bytes, size);
    ck_assert_msg(!mesh_files_read(name, &mesh, message), "%s was read", bytes);
    ck_assert_msg(strstr(message, reason) != NULL, "'%s' does not say '%s'", message, reason);
}

START_TEST(what_is_not_read_has_its_reason) {
    static const struct {
        const char *name, *text, *reason;
    } files[] = {{"a.off", "4OFF\n8 6 0\n" CORNERS QUADS, "'4OFF' are not supported"},
                 {"a.off", "nOFF\n3\n8 6 0\n" CORNERS QUADS, "'nOFF' are not supported"},
                 {"a.off", "OFF BINARY\nxyz", "binary OFF"},
                 {"a.off", "OFF\n8 6 0\n-1 -1\n", ":3: a number is missing"},
                 {"a.obj", "v 0,5 1 2\n", ":1: '0,5' is not a number"},
                 {"a.obj", "v 1 2\n", ":1: a number is missing"},
                 {"a.obj", OBJ_CORNERS "f 1 2 x\n", ":9: 'x' is not a vertex index"},
                 {"a.ply", PLY(XYZ, "element face 6\nproperty list uchar int vertex_index\n") "1 2 3 4\n" CORNERS QUADS,
                  "more values than the header declares"},
                 {"a.ply", PLY("element vertex 1\nproperty float x\n", "") "1\n", "no x, y and z"},
                 {"a.ply", PLY(XYZ, "element face 6\nproperty int n\n") CORNERS, "no list of vertices"},
                 {"a.ply", PLY(XYZ, "") CORNERS, "contains no faces"},
                 {"a.ply", "ply\nformat binary_middle_endian 1.0\nend_header\n", "not understood"},
                 {"a.stl", "solid x\nfacet normal 0 0 1\nouter loop\nvertex 0 0 0\nvertex 1 0 0\nendloop\n",
                  ":6: 'vertex' is missing"}};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        expect_reason(files[i].name, files[i].text, strlen(files[i].text), files[i].reason);
    expect_reason("a.obj", "\xff\xfev\0 \0", 6, "UTF-16");
    expect_reason("a.obj", "v 0 0\0 0\n", 9, "zero byte");
}
END_TEST

START_TEST(the_same_shape_far_from_the_origin_is_the_same) {
    struct mesh near, far;
    ck_assert(mesh_read(&near, CASES_DIR "/prism_origin.obj", 0.95));
    ck_assert(mesh_read(&far, CASES_DIR "/prism_utm.obj", 0.95));
    ck_assert_uint_eq(near.num_vertices, far.num_vertices);
    for (size_t i = 0; i < 3 * near.num_vertices; i++) ck_assert_float_eq_tol(near.vertices[i], far.vertices[i], 1e-6f);
    ck_assert_double_eq_tol(mesh_area(&near), mesh_area(&far), 1e-6);
    ck_assert_double_eq_tol(far.placement.center.y, 4649776.0, 1e-6);
    mesh_free(&near);
    mesh_free(&far);
}
END_TEST

int main(void) {
    TCase *files = tcase_create("files");
    tcase_add_checked_fixture(files, mesh_files_begin, mesh_files_end);
    tcase_add_test(files, the_cases_are_cubes);
    tcase_add_test(files, every_line_end_is_read);
    tcase_add_test(files, variants_of_obj);
    tcase_add_test(files, variants_of_off);
    tcase_add_test(files, variants_of_ply);
    tcase_add_test(files, binary_ply_of_both_byte_orders);
    tcase_add_test(files, concave_polygons_are_cut_within);
    tcase_add_test(files, what_is_not_read_has_its_reason);
    tcase_add_test(files, the_same_shape_far_from_the_origin_is_the_same);
    Suite *suite = suite_create("mesh_formats");
    suite_add_tcase(suite, files);
    return run_suite(suite);
}
