/* SPDX-License-Identifier: MIT */
/* Boxes that face this way and that, and the winding numbers in and between them afterwards. */
#include <string.h>

#include "mesh/duplicates.h"
#include "mesh/orientation.h"
#include "mesh/winding.h"
#include "mesh_files.h"
#include "suite.h"

/* Boxes around (x, y, 0), as an OBJ file in text. */
struct boxes {
    size_t n;
    char text[8192];
};

static void add_box(struct boxes *boxes, double x, double y, double half, bool inwards) {
    static const int faces[12][3] = {{1, 3, 4}, {1, 4, 2}, {5, 6, 8}, {5, 8, 7}, {1, 2, 6}, {1, 6, 5},
                                     {3, 7, 8}, {3, 8, 4}, {1, 5, 7}, {1, 7, 3}, {2, 4, 8}, {2, 8, 6}};
    char *to = boxes->text + strlen(boxes->text);
    for (int i = 0; i < 8; i++)
        to += sprintf(to, "v %g %g %g\n", x + (i & 1 ? half : -half), y + (i & 2 ? half : -half), i & 4 ? half : -half);
    for (int f = 0; f < 12; f++) {
        const int base = 8 * (int)boxes->n, *c = faces[f];
        to += sprintf(to, "f %d %d %d\n", base + c[0], base + c[inwards ? 2 : 1], base + c[inwards ? 1 : 2]);
    }
    boxes->n++;
}

static struct mesh mend(const struct boxes *boxes, char message[MESH_FILES_PATH]) {
    mesh_files_write("boxes.obj", boxes->text, strlen(boxes->text));
    struct mesh mesh = mesh_files_read_back("boxes.obj");
    const struct quiet quiet = quiet_begin();
    ck_assert(orientation_mend(&mesh, "boxes.obj"));
    quiet_end(quiet, message);
    return mesh;
}

/* The winding number at (x, 0.01, 0.02) of the file. */
static double winding_at(const struct mesh *mesh, double x) {
    struct bvh bvh;
    struct winding winding;
    float point[3], number;
    ck_assert(bvh_build(&bvh, mesh) && winding_build(&winding, &bvh));
    vec3_store(point, placement_apply(mesh->placement, (vec3){x, 0.01, 0.02}));
    winding_numbers(&winding, INFINITY, 1, point, &number, 1);
    winding_free(&winding);
    bvh_free(&bvh);
    return (double)number;
}

/* Three boxes: a shell from 1 to 2 or 2 to 3 lies between neighbours. */
static void expect_nested(const bool inwards[3], const double expected[3], const char *words) {
    struct boxes boxes = {0};
    char message[MESH_FILES_PATH];
    for (int i = 0; i < 3; i++) add_box(&boxes, 0.0, 0.0, 3.0 - i, inwards[i]);
    struct mesh mesh = mend(&boxes, message);
    for (int i = 0; i < 3; i++) ck_assert_double_eq_tol(winding_at(&mesh, 2.5 - i), expected[i], 1e-3);
    ck_assert_msg(words ? strstr(message, words) != NULL : message[0] == '\0', "'%s'", message);
    mesh_free(&mesh);
}

START_TEST(boxes_within_boxes) {
    /* As it should be: a shell, its cavity, and a box in that; and boxes that overlap wholly. */
    expect_nested((const bool[]){false, true, false}, (const double[]){1, 0, 1}, NULL);
    expect_nested((const bool[]){false, false, false}, (const double[]){1, 2, 3}, NULL);
    /* The same inside out; the shell; the box in the cavity. */
    expect_nested((const bool[]){true, false, true}, (const double[]){1, 0, 1}, "component 1 of 3");
    expect_nested((const bool[]){true, true, false}, (const double[]){1, 0, 1}, "faced inwards and is flipped");
    expect_nested((const bool[]){false, true, true}, (const double[]){1, 0, 1}, "component 3 of 3");
}
END_TEST

START_TEST(a_box_beside_another_is_turned) {
    struct boxes boxes = {0};
    char message[MESH_FILES_PATH];
    add_box(&boxes, 0.0, 0.0, 1.0, false);
    add_box(&boxes, 4.0, 0.0, 1.0, true);
    struct mesh mesh = mend(&boxes, message);
    ck_assert_double_eq_tol(winding_at(&mesh, 0.0), 1.0, 1e-3);
    ck_assert_double_eq_tol(winding_at(&mesh, 4.0), 1.0, 1e-3);
    ck_assert_msg(strstr(message, "component 2 of 2, 12 triangles around (4, 0, 0)") != NULL, "%s", message);
    mesh_free(&mesh);
}
END_TEST

/* Turns a face of the text's first box. */
static void turn_face(struct boxes *boxes, int face) {
    char *at = boxes->text;
    for (int i = 0; i < face; i++) at = strstr(at, "\nf ") + 1;
    const char first = at[2];
    at[2] = at[4];
    at[4] = first;
}

START_TEST(faces_that_run_against_the_others_are_turned) {
    for (int inwards = 0; inwards < 2; inwards++) {
        struct boxes boxes = {0};
        char message[MESH_FILES_PATH];
        add_box(&boxes, 0.0, 0.0, 1.0, inwards);
        turn_face(&boxes, 3);
        turn_face(&boxes, 8);
        struct mesh mesh = mend(&boxes, message);
        ck_assert_double_eq_tol(winding_at(&mesh, 0.0), 1.0, 1e-3);
        ck_assert_ptr_nonnull(strstr(message, "2 faces faced the wrong way and are flipped"));
        mesh_free(&mesh);
    }
}
END_TEST

START_TEST(open_and_one_sided_components_stay) {
    static const char sheet[] = "v 0 0 0\nv 1 0 0\nv 0 1 0\nv 1 1 0\nf 1 2 3\nf 2 4 3\n";
    static const char moebius[] = "v 2 0 0\nv 3 0 0\nv -1 2 -.5\nv -1 2 .5\nv -1 -2 -.5\nv -1 -2 .5\nf 1 2 4\nf 1 4 3\n"
                                  "f 3 4 6\nf 3 6 5\nf 5 6 1\nf 5 1 2\n";
    struct boxes boxes = {0};
    char message[MESH_FILES_PATH];
    strcpy(boxes.text, sheet);
    struct mesh mesh = mend(&boxes, message);
    ck_assert_ptr_nonnull(strstr(message, "open at 4 edges"));
    ck_assert_uint_eq(mesh.faces[1], 1);
    mesh_free(&mesh);
    strcpy(boxes.text, moebius);
    mesh = mend(&boxes, message);
    ck_assert_ptr_nonnull(strstr(message, "only one side"));
    mesh_free(&mesh);
}
END_TEST

/* Two boxes that have an edge, then a wall with faces of both, in common: closed all the same. */
START_TEST(boxes_that_touch_stay_closed) {
    struct boxes boxes = {0};
    char message[MESH_FILES_PATH];
    add_box(&boxes, 0.0, 0.0, 1.0, false);
    add_box(&boxes, 2.0, 2.0, 1.0, true);
    struct mesh mesh = mend(&boxes, message);
    ck_assert_msg(strstr(message, "open") == NULL && strstr(message, "component 2 of 2") != NULL, "%s", message);
    mesh_free(&mesh);
    boxes = (struct boxes){0};
    add_box(&boxes, 0.0, 0.0, 1.0, false);
    add_box(&boxes, 2.0, 0.0, 1.0, false);
    mesh = mend(&boxes, message);
    ck_assert_str_eq(message, "");
    ck_assert_double_eq_tol(winding_at(&mesh, 0.0), 1.0, 1e-3);
    ck_assert_double_eq_tol(winding_at(&mesh, 2.0), 1.0, 1e-3);
    mesh_free(&mesh);
}
END_TEST

START_TEST(duplicates_are_named_and_dropped) {
    struct boxes boxes = {0};
    char message[MESH_FILES_PATH];
    add_box(&boxes, 0.0, 0.0, 1.0, true);
    strcat(boxes.text, "f 4 3 1\nf 1 2 6\n"); /* one as the box has it, one the other way */
    struct mesh mesh = mend(&boxes, message);
    for (int drop = 0; drop < 2; drop++) {
        const struct quiet quiet = quiet_begin();
        ck_assert(duplicates_handle(&mesh, "boxes.obj", drop));
        quiet_end(quiet, message);
        ck_assert_msg(strstr(message, "2 faces are duplicates, 1 of them facing the other way; the first is face 13, "
                                      "with the corners of face 1") != NULL,
                      "%s", message);
        ck_assert_uint_eq(mesh.num_faces, drop ? 12 : 14);
    }
    ck_assert(orientation_mend(&mesh, "boxes.obj"));
    ck_assert_double_eq_tol(winding_at(&mesh, 0.0), 1.0, 1e-3);
    mesh_free(&mesh);
}
END_TEST

int main(void) {
    TCase *boxes = tcase_create("boxes");
    tcase_add_checked_fixture(boxes, mesh_files_begin, mesh_files_end);
    tcase_add_test(boxes, boxes_within_boxes);
    tcase_add_test(boxes, a_box_beside_another_is_turned);
    tcase_add_test(boxes, faces_that_run_against_the_others_are_turned);
    tcase_add_test(boxes, open_and_one_sided_components_stay);
    tcase_add_test(boxes, boxes_that_touch_stay_closed);
    tcase_add_test(boxes, duplicates_are_named_and_dropped);
    Suite *suite = suite_create("orientation");
    suite_add_tcase(suite, boxes);
    return run_suite(suite);
}
