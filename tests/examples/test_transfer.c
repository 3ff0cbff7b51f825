/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mesh/rigidity.h"
#include "suite.h"
#include "task/random.h"
#include "task/transfer_task.h"

#ifndef EXAMPLE_DATA_DIR
#define EXAMPLE_DATA_DIR "examples/data"
#endif

/* A flat square of n x n cells of side 1, each cut into two triangles. */
static struct mesh make_sheet(uint32_t n) {
    struct mesh mesh = {.num_vertices = (n + 1) * (n + 1), .num_faces = 2 * n * n};
    mesh.vertices = calloc(3 * mesh.num_vertices, sizeof(float));
    mesh.faces = malloc(3 * mesh.num_faces * sizeof(uint32_t));
    ck_assert(mesh.vertices && mesh.faces);
    for (uint32_t i = 0; i < mesh.num_vertices; i++)
        vec3_store(mesh.vertices + 3 * (size_t)i, (vec3){i % (n + 1), i / (n + 1), 0.0});
    uint32_t *face = mesh.faces;
    for (uint32_t y = 0; y < n; y++)
        for (uint32_t x = 0; x < n; x++) {
            const uint32_t a = y * (n + 1) + x, corners[6] = {a, a + 1, a + n + 2, a, a + n + 2, a + n + 1};
            memcpy(face, corners, sizeof corners);
            face += 6;
        }
    return mesh;
}

static float *copy_vertices(const struct mesh *mesh) {
    float *copy = malloc(3 * mesh->num_vertices * sizeof *copy);
    ck_assert_ptr_nonnull(copy);
    memcpy(copy, mesh->vertices, 3 * mesh->num_vertices * sizeof *copy);
    return copy;
}

/* A turn by the angle round an axis. */
static vec3 turn(vec3 p, vec3 axis, double angle) {
    const vec3 k = vec3_unit(axis);
    return vec3_add(vec3_add(vec3_scale(p, cos(angle)), vec3_scale(vec3_cross(k, p), sin(angle))),
                    vec3_scale(k, vec3_dot(k, p) * (1.0 - cos(angle))));
}

static void expect_rotation(const vec3 *from, size_t count, vec3 axis, double angle) {
    matrix3 products = {0};
    for (size_t i = 0; i < count; i++) matrix3_add_outer(&products, turn(from[i], axis, angle), from[i]);
    const matrix3 found = rotation_between(&products);
    for (size_t i = 0; i < count; i++) {
        const vec3 rest = vec3_subtract(matrix3_apply(&found, from[i]), turn(from[i], axis, angle));
        ck_assert_double_lt(vec3_length(rest), 1e-7);
    }
}

START_TEST(rotations_are_found) {
    const vec3 solid[] = {{1, 0, 0}, {0.2, 2, 0}, {0, -1, 3}}, flat[] = {{1, 2, 0}, {-3, 1, 0}}, line[] = {{0, 0, 2}};
    for (int i = 0; i <= 12; i++) {
        const double angle = M_PI * i / 12;
        expect_rotation(solid, 3, (vec3){1, 2, -1}, angle);
        expect_rotation(flat, 2, (vec3){0.3, 0, 1}, angle);
        expect_rotation(line, 1, (vec3){1, 0, 0}, angle);
    }
}
END_TEST

START_TEST(reflections_and_nothing_get_a_rotation) {
    const matrix3 products[] = {{{{1, 0, 0}, {0, 1, 0}, {0, 0, -1}}},
                                {{{0, 0, 0}, {0, 0, 0}, {0, 0, 0}}},
                                {{{-1, 0, 0}, {0, -1, 0}, {0, 0, -1}}}};
    for (size_t i = 0; i < 3; i++) {
        const matrix3 r = rotation_between(&products[i]);
        ck_assert_double_eq_tol(vec3_dot(r.rows[0], vec3_cross(r.rows[1], r.rows[2])), 1.0, 1e-12);
    }
}
END_TEST

START_TEST(rigid_motions_cost_nothing) {
    struct mesh sheet = make_sheet(5);
    struct rigidity rigidity;
    ck_assert(rigidity_build(&rigidity, &sheet));
    float *moved = copy_vertices(&sheet);
    for (size_t i = 0; i < sheet.num_vertices; i++)
        vec3_store(moved + 3 * i, vec3_add(turn(vec3_load(moved + 3 * i), (vec3){3, -1, 2}, 2.5), (vec3){4, 5, 6}));
    double *gradient = calloc(3 * sheet.num_vertices, sizeof *gradient);
    ck_assert_double_lt(rigidity_energy(&rigidity, moved, 1.0, gradient), 1e-12);
    for (size_t i = 0; i < 3 * sheet.num_vertices; i++) ck_assert_double_lt(fabs(gradient[i]), 1e-6);
    const struct distortion distortion = rigidity_distortion(&rigidity, moved);
    ck_assert_double_eq_tol(distortion.max_stretch, 1.0, 1e-5);
    ck_assert_uint_eq(distortion.num_flipped, 0);
    free(gradient);
    free(moved);
    rigidity_free(&rigidity);
    mesh_free(&sheet);
}
END_TEST

START_TEST(stretching_costs_what_it_should) {
    struct mesh sheet = make_sheet(4);
    struct rigidity rigidity;
    ck_assert(rigidity_build(&rigidity, &sheet));
    float *moved = copy_vertices(&sheet), *stretch = malloc(sheet.num_vertices * sizeof *stretch);
    for (size_t i = 0; i < 3 * sheet.num_vertices; i++) moved[i] *= 3.0f;
    double *gradient = calloc(3 * sheet.num_vertices, sizeof *gradient);
    /* Every edge is left with twice its length at rest. */
    ck_assert_double_eq_tol(rigidity_energy(&rigidity, moved, 1.0, gradient), 4.0, 1e-6);
    struct distortion distortion = rigidity_distortion(&rigidity, moved);
    ck_assert_double_eq_tol(distortion.max_stretch, 3.0, 1e-6);
    ck_assert_double_eq_tol(distortion.mean_stretch, 3.0, 1e-6);
    ck_assert(rigidity_vertex_stretch(&rigidity, moved, stretch));
    for (size_t i = 0; i < sheet.num_vertices; i++) ck_assert_float_eq_tol(stretch[i], log2f(3.0f), 1e-5f);
    /* Shrinking counts as much. */
    for (size_t i = 0; i < 3 * sheet.num_vertices; i++) moved[i] /= 9.0f;
    distortion = rigidity_distortion(&rigidity, moved);
    ck_assert_double_eq_tol(distortion.max_stretch, 3.0, 1e-5);
    free(gradient);
    free(stretch);
    free(moved);
    rigidity_free(&rigidity);
    mesh_free(&sheet);
}
END_TEST

START_TEST(folded_faces_are_counted) {
    struct mesh sheet = make_sheet(8);
    struct rigidity rigidity;
    ck_assert(rigidity_build(&rigidity, &sheet));
    float *moved = copy_vertices(&sheet);
    ck_assert_uint_eq(rigidity_distortion(&rigidity, moved).num_flipped, 0);
    /* A vertex in the middle goes over the next one: two of its six faces then look down. */
    moved[3 * (4 * 9 + 4)] += 1.5f;
    ck_assert_uint_eq(rigidity_distortion(&rigidity, moved).num_flipped, 2);
    free(moved);
    rigidity_free(&rigidity);
    mesh_free(&sheet);
}
END_TEST

START_TEST(the_energy_has_its_gradient) {
    struct mesh sheet = make_sheet(3);
    struct rigidity rigidity;
    struct random random = {7};
    ck_assert(rigidity_build(&rigidity, &sheet));
    float *moved = copy_vertices(&sheet);
    const size_t count = 3 * sheet.num_vertices;
    for (size_t i = 0; i < count; i++) moved[i] += (float)(0.3 * random_normal(&random));
    double *gradient = calloc(count, sizeof *gradient), *unused = calloc(count, sizeof *unused);
    rigidity_energy(&rigidity, moved, 5.0, gradient);
    for (size_t i = 0; i < count; i++) {
        const float kept = moved[i], step = 1.0f / 256;
        moved[i] = kept + step;
        const double above = rigidity_energy(&rigidity, moved, 0.0, unused);
        const float upper = moved[i];
        moved[i] = kept - step;
        const double below = rigidity_energy(&rigidity, moved, 0.0, unused);
        const double slope = (above - below) / (double)(upper - moved[i]);
        ck_assert_double_eq_tol(gradient[i], 5.0 * slope, 1e-4);
        moved[i] = kept;
    }
    free(unused);
    free(gradient);
    free(moved);
    rigidity_free(&rigidity);
    mesh_free(&sheet);
}
END_TEST

/* The knot on to itself, with one pair. */
static void load_task(struct transfer_task *task, const char *pairs, double rigidity) {
    const struct transfer_source source = {.source = EXAMPLE_DATA_DIR "/knot.obj",
                                           .target = EXAMPLE_DATA_DIR "/knot.obj",
                                           .pairs = pairs,
                                           .num_points = 500,
                                           .rigidity = rigidity,
                                           .num_threads = 1};
    ck_assert(transfer_task_load(task, &source));
}

static double loss_of(struct transfer_task *task, const float *offsets, float *gradient, float *vertex_loss) {
    double loss;
    const size_t n = task->source.num_vertices;
    ck_assert_int_eq(transfer_task_loss(task, n, task->source.vertices, 3, offsets, NULL, gradient, vertex_loss, &loss),
                     0);
    return loss;
}

START_TEST(nothing_is_to_be_done_between_equal_meshes) {
    struct transfer_task task;
    load_task(&task, NULL, 1.0);
    const size_t n = task.source.num_vertices;
    float *offsets = calloc(3 * n, sizeof *offsets), *gradient = malloc(3 * n * sizeof *gradient),
          *vertex_loss = malloc(n * sizeof *vertex_loss);
    ck_assert_double_lt(loss_of(&task, offsets, gradient, vertex_loss), 1e-10);
    for (size_t i = 0; i < n; i++) ck_assert_float_lt(vertex_loss[i], 1e-5f);
    struct transfer_quality quality;
    ck_assert(transfer_task_quality(&task, &quality));
    ck_assert_double_lt(quality.chamfer, 1e-6);
    /* Moved as a whole, the mesh is wrong everywhere. */
    for (size_t i = 0; i < 3 * n; i++) offsets[i] = i % 3 == 2 ? 0.05f : 0.0f;
    ck_assert_double_gt(loss_of(&task, offsets, gradient, vertex_loss), 1e-4);
    free(vertex_loss);
    free(gradient);
    free(offsets);
    transfer_task_free(&task);
}
END_TEST

static void write_pair(char path[64]) {
    strcpy(path, "/tmp/sape-pairs-XXXXXX");
    const int file = mkstemp(path);
    FILE *stream = fdopen(file, "w");
    ck_assert_ptr_nonnull(stream);
    fputs("# a pair\n0.1 0.2\t0.3 1  2 3\n", stream);
    ck_assert_int_eq(fclose(stream), 0);
}

/* Nearest points may jump, so steps in random directions are taken, not one for every coordinate. */
START_TEST(the_loss_has_its_gradient) {
    char path[64];
    struct transfer_task task;
    struct random random = {3};
    write_pair(path);
    load_task(&task, path, 0.5);
    ck_assert_uint_eq(task.num_pairs, 1);
    const size_t n = task.source.num_vertices;
    float *offsets = malloc(3 * n * sizeof *offsets), *stepped = malloc(3 * n * sizeof *stepped),
          *way = malloc(3 * n * sizeof *way), *gradient = malloc(3 * n * sizeof *gradient),
          *unused = malloc(3 * n * sizeof *unused), *vertex_loss = malloc(n * sizeof *vertex_loss);
    for (size_t i = 0; i < 3 * n; i++) offsets[i] = (float)(0.02 * random_normal(&random));
    loss_of(&task, offsets, gradient, vertex_loss);
    for (int direction = 0; direction < 5; direction++) {
        double along = 0.0, values[2];
        for (size_t i = 0; i < 3 * n; i++) {
            way[i] = (float)random_normal(&random);
            along += (double)way[i] * (double)gradient[i];
        }
        for (int side = 0; side < 2; side++) {
            for (size_t i = 0; i < 3 * n; i++) stepped[i] = offsets[i] + (side ? 1e-4f : -1e-4f) * way[i];
            values[side] = loss_of(&task, stepped, unused, vertex_loss);
        }
        ck_assert_double_eq_tol((values[1] - values[0]) / 2e-4, along, 0.01 * fabs(along) + 2e-3);
    }
    float *const arrays[] = {offsets, stepped, way, gradient, unused, vertex_loss};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++) free(arrays[i]);
    transfer_task_free(&task);
    remove(path);
}
END_TEST

START_TEST(what_is_not_finite_is_not_searched) {
    struct transfer_task task;
    load_task(&task, NULL, 0.1);
    const size_t n = task.source.num_vertices;
    float *offsets = calloc(3 * n, sizeof *offsets), *gradient = malloc(3 * n * sizeof *gradient),
          *vertex_loss = malloc(n * sizeof *vertex_loss);
    offsets[7] = INFINITY;
    ck_assert(isnan(loss_of(&task, offsets, gradient, vertex_loss)));
    free(vertex_loss);
    free(gradient);
    free(offsets);
    transfer_task_free(&task);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("transfer");
    TCase *rigidity = tcase_create("rigidity");
    tcase_add_test(rigidity, rotations_are_found);
    tcase_add_test(rigidity, reflections_and_nothing_get_a_rotation);
    tcase_add_test(rigidity, rigid_motions_cost_nothing);
    tcase_add_test(rigidity, stretching_costs_what_it_should);
    tcase_add_test(rigidity, folded_faces_are_counted);
    tcase_add_test(rigidity, the_energy_has_its_gradient);
    TCase *task = tcase_create("task");
    tcase_set_timeout(task, 60.0);
    tcase_add_test(task, nothing_is_to_be_done_between_equal_meshes);
    tcase_add_test(task, the_loss_has_its_gradient);
    tcase_add_test(task, what_is_not_finite_is_not_searched);
    suite_add_tcase(suite, rigidity);
    suite_add_tcase(suite, task);
    return run_suite(suite);
}
