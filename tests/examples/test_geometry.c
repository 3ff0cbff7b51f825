/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fixture.h"
#include "mesh/corner_normals.h"
#include "mesh/crumbs.h"
#include "mesh/marching_cubes.h"
#include "mesh/nearest.h"
#include "mesh/parallel.h"
#include "mesh/render.h"
#include "mesh/spatial_order.h"
#include "mesh/topology.h"
#include "mesh/winding.h"
#include "suite.h"
#include "task/sampling.h"

#ifndef FIXTURE_DIR
#define FIXTURE_DIR "tests/fixtures"
#endif
#ifndef EXAMPLE_DATA_DIR
#define EXAMPLE_DATA_DIR "examples/data"
#endif

static struct fixture open_fixture(void) {
    return fixture_open(FIXTURE_DIR, "winding_wave2.safetensors");
}

static struct mesh fixture_mesh(const struct fixture *fixture, const char *faces_name) {
    struct tensor vertices = fixture_tensor(fixture, "vertices"), faces = fixture_tensor(fixture, "%s", faces_name);
    struct mesh mesh = {.num_vertices = vertices.shape[0], .num_faces = faces.shape[0]};
    mesh.vertices = malloc(vertices.count * sizeof *mesh.vertices);
    mesh.faces = malloc(faces.count * sizeof *mesh.faces);
    ck_assert(mesh.vertices && mesh.faces);
    memcpy(mesh.vertices, vertices.floats, vertices.count * sizeof *mesh.vertices);
    for (size_t i = 0; i < faces.count; i++) mesh.faces[i] = (uint32_t)faces.values[i];
    tensor_free(&vertices);
    tensor_free(&faces);
    return mesh;
}

static struct mesh read_knot(void) {
    struct mesh mesh;
    ck_assert(mesh_read(&mesh, EXAMPLE_DATA_DIR "/knot.obj", 0.95));
    return mesh;
}

static double volume(const struct mesh *mesh) {
    double sum = 0.0;
    for (size_t f = 0; f < mesh->num_faces; f++) {
        const triangle t = mesh_triangle(mesh, f);
        sum += vec3_dot(t.a, vec3_cross(t.b, t.c)) / 6.0;
    }
    return sum;
}

/* Reading places a mesh as the reference does, wherever it lies. */
START_TEST(the_fixture_is_what_reading_gives) {
    struct fixture fixture = open_fixture();
    struct mesh mesh = fixture_mesh(&fixture, "faces"), moved;
    char directory[512], path[600];
    snprintf(directory, sizeof directory, "%s/sape-geometry-XXXXXX", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
    ck_assert_ptr_nonnull(mkdtemp(directory));
    snprintf(path, sizeof path, "%s/moved.ply", directory);
    ck_assert(mesh_write_ply(&mesh, (struct placement){{1.0, 2.0, 3.0}, 1.0 / 70}, directory, "moved.ply"));
    ck_assert(mesh_read(&moved, path, 0.95));
    ck_assert_uint_eq(moved.num_faces, mesh.num_faces);
    for (size_t i = 0; i < 3 * mesh.num_faces; i++)
        for (size_t k = 0; k < 3; k++)
            ck_assert_float_eq_tol(moved.vertices[3 * moved.faces[i] + k], mesh.vertices[3 * mesh.faces[i] + k], 1e-6f);
    ck_assert(unlink(path) == 0 && rmdir(directory) == 0);
    mesh_free(&moved);
    mesh_free(&mesh);
    fixture_close(&fixture);
}
END_TEST

static void expect_winding(const char *faces, const char *expected_name, double accuracy, float tolerance) {
    struct fixture fixture = open_fixture();
    struct tensor points = fixture_tensor(&fixture, "points"), distance = fixture_tensor(&fixture, "distance"),
                  expected = fixture_tensor(&fixture, "%s", expected_name);
    struct mesh mesh = fixture_mesh(&fixture, faces);
    struct bvh bvh;
    struct winding winding;
    float *found = malloc(expected.count * sizeof *found);
    ck_assert(bvh_build(&bvh, &mesh) && winding_build(&winding, &bvh));
    winding_numbers(&winding, accuracy, expected.count, points.floats, found, 2);
    for (size_t i = 0; i < expected.count; i++) {
        ck_assert_float_eq_tol(found[i], expected.floats[i], tolerance);
        if (distance.floats[i] > 1e-3f)
            ck_assert_int_eq(found[i] < SAMPLING_INSIDE, expected.floats[i] < SAMPLING_INSIDE);
    }
    winding_free(&winding);
    bvh_free(&bvh);
    mesh_free(&mesh);
    free(found);
    tensor_free(&points);
    tensor_free(&distance);
    tensor_free(&expected);
    fixture_close(&fixture);
}

START_TEST(winding_numbers_equal_the_reference) {
    expect_winding("faces", "winding", WINDING_USUAL_ACCURACY, 1e-3f);
    expect_winding("damaged_faces", "damaged_winding", WINDING_USUAL_ACCURACY, 1e-3f);
    expect_winding("faces", "winding", INFINITY, 1e-4f);
    expect_winding("damaged_faces", "damaged_winding", INFINITY, 1e-4f);
}
END_TEST

START_TEST(winding_numbers_of_corners_and_sides_are_finite) {
    struct mesh knot = read_knot();
    struct bvh bvh;
    struct winding winding;
    ck_assert(bvh_build(&bvh, &knot) && winding_build(&winding, &bvh));
    float *numbers = malloc(knot.num_vertices * sizeof *numbers);
    winding_numbers(&winding, WINDING_USUAL_ACCURACY, knot.num_vertices, knot.vertices, numbers, 0);
    for (size_t i = 0; i < knot.num_vertices; i++) ck_assert(numbers[i] > -0.01f && numbers[i] < 1.01f);
    free(numbers);
    winding_free(&winding);
    bvh_free(&bvh);
    mesh_free(&knot);
}
END_TEST

static void expect_on_face(const struct nearest *found, const struct mesh *mesh) {
    const double weights[3] = {(double)found->barycentric[0], (double)found->barycentric[1],
                               (double)found->barycentric[2]};
    for (int k = 0; k < 3; k++) ck_assert(weights[k] >= 0.0);
    ck_assert_double_eq_tol(weights[0] + weights[1] + weights[2], 1.0, 1e-6);
    const vec3 there = triangle_point(mesh_triangle(mesh, found->face), weights);
    ck_assert_double_lt(vec3_length(vec3_subtract(there, vec3_load(found->point))), 1e-6);
}

START_TEST(nearest_points_equal_the_reference) {
    struct fixture fixture = open_fixture();
    struct tensor points = fixture_tensor(&fixture, "points"), distance = fixture_tensor(&fixture, "distance");
    struct mesh mesh = fixture_mesh(&fixture, "faces");
    const size_t n = distance.count;
    struct nearest *one = malloc(n * sizeof *one), *two = malloc(n * sizeof *two);
    struct bvh bvh;
    ck_assert(bvh_build(&bvh, &mesh));
    nearest_points(&bvh, n, points.floats, one, 1);
    nearest_points(&bvh, n, points.floats, two, 2);
    ck_assert_mem_eq(one, two, n * sizeof *one);
    for (size_t i = 0; i < n; i++) {
        ck_assert_float_eq_tol(one[i].distance, distance.floats[i], 1e-6f);
        expect_on_face(&one[i], &mesh);
    }
    free(one);
    free(two);
    bvh_free(&bvh);
    mesh_free(&mesh);
    tensor_free(&points);
    tensor_free(&distance);
    fixture_close(&fixture);
}
END_TEST

/* A square of area 4 in the plane z = 0: a thousand slices of one half, and the other half in one face, the last. */
static struct mesh make_uneven_square(void) {
    const uint32_t slices = 1000;
    struct mesh mesh = {.num_vertices = slices + 3, .num_faces = slices + 1};
    mesh.vertices = calloc(3 * mesh.num_vertices, sizeof(float));
    mesh.faces = calloc(3 * mesh.num_faces, sizeof(uint32_t));
    ck_assert(mesh.vertices && mesh.faces);
    vec3_store(mesh.vertices, (vec3){-1.0, -1.0, 0.0});
    vec3_store(mesh.vertices + 3, (vec3){1.0, -1.0, 0.0});
    for (uint32_t i = 0; i <= slices; i++) {
        vec3_store(mesh.vertices + 3 * (size_t)(2 + i), (vec3){-1.0 + 2.0 * i / slices, 1.0, 0.0});
        uint32_t *face = mesh.faces + 3 * (size_t)i;
        face[1] = i < slices ? 3 + i : 1;
        face[2] = 2 + i;
    }
    return mesh;
}

START_TEST(surface_samples_are_half_by_area_half_by_face) {
    struct mesh mesh = make_uneven_square();
    const size_t n = 20000;
    float *points = malloc(3 * n * sizeof *points);
    struct surface_point *where = malloc(n * sizeof *where);
    struct surface surface;
    struct random random = {5};
    ck_assert_double_eq_tol(mesh_area(&mesh), 4.0, 1e-4);
    ck_assert(surface_build(&surface, &mesh));
    surface_sample(&surface, &random, n, points, where);
    size_t in_large = 0;
    for (size_t i = 0; i < n; i++) {
        in_large += where[i].face == mesh.num_faces - 1;
        const float *b = where[i].barycentric;
        ck_assert_float_eq_tol(b[0] + b[1] + b[2], 1.0f, 1e-6f);
        ck_assert(points[3 * i + 2] == 0.0f && fabsf(points[3 * i]) <= 1.0f && fabsf(points[3 * i + 1]) <= 1.0f);
    }
    /* Half the area of half of the samples, and a thousandth of the others. */
    ck_assert_double_eq_tol((double)in_large / (double)n, 0.2505, 0.01);
    surface_free(&surface);
    free(where);
    free(points);
    mesh_free(&mesh);
}
END_TEST

/* The share of n points that are nearer to the knot than the distance. */
static double share_near(const struct bvh *bvh, size_t n, const float *points, float distance) {
    struct nearest *found = malloc(n * sizeof *found);
    nearest_points(bvh, n, points, found, 2);
    size_t near = 0;
    for (size_t i = 0; i < n; i++) near += found[i].distance < distance;
    free(found);
    return (double)near / (double)n;
}

START_TEST(occupancy_samples_are_thirds_with_labels) {
    struct mesh knot = read_knot();
    const size_t third = 2000, n = 3 * third + 1;
    float *points = malloc(3 * n * sizeof *points), *labels = malloc(n * sizeof *labels),
          *again = malloc(n * sizeof *again);
    struct bvh bvh;
    struct winding winding;
    struct surface surface;
    struct random random = {9};
    ck_assert(bvh_build(&bvh, &knot) && winding_build(&winding, &bvh) && surface_build(&surface, &knot));
    sample_occupancy(&surface, &winding, &random, n, points, labels, 2);
    for (size_t i = 0; i < 3 * n; i++) ck_assert(fabsf(points[i]) <= 1.0f);
    label_points(&winding, n, points, again, 1);
    ck_assert_mem_eq(labels, again, n * sizeof *labels);
    ck_assert_double_gt(share_near(&bvh, third, points, 0.03f), 0.99);
    ck_assert_double_lt(share_near(&bvh, third, points + 3 * third, 0.03f), 0.7);
    ck_assert_double_lt(share_near(&bvh, third, points + 6 * third, 0.03f), 0.2);
    double inside = 0.0;
    for (size_t i = 2 * third; i < n; i++) inside += labels[i] == 0.0f;
    ck_assert_double_eq_tol(8.0 * inside / (double)(third + 1), volume(&knot), 0.15);
    surface_free(&surface);
    winding_free(&winding);
    bvh_free(&bvh);
    free(again);
    free(labels);
    free(points);
    mesh_free(&knot);
}
END_TEST

/* A grid over [-1, 1]^3 of n^3 values, without the values. */
static struct grid make_grid(size_t n, float **values) {
    *values = malloc(n * n * n * sizeof **values);
    ck_assert_ptr_nonnull(*values);
    const double spacing = n > 1 ? 2.0 / (double)(n - 1) : 1.0;
    return (struct grid){
        {n, n, n},
        {-1.0, -1.0, -1.0},
        {spacing, spacing, spacing},
        *values,
    };
}

static void fill_sphere(const struct grid *grid, float *values, double radius) {
    const size_t n = grid->size[0];
    for (size_t i = 0; i < n * n * n; i++) {
        const size_t index[3] = {i % n, i / n % n, i / n / n};
        double square = 0.0;
        for (int a = 0; a < 3; a++) square += pow(grid->origin[a] + grid->spacing[a] * (double)index[a], 2.0);
        values[i] = (float)(sqrt(square) - radius);
    }
}

/* Extracts the surface and expects it closed; returns its Euler characteristic. */
static long long extract_closed(const struct grid *grid, float level, struct mesh *mesh) {
    struct topology topology;
    ck_assert(marching_cubes(mesh, grid, level));
    ck_assert(topology_build(&topology, mesh));
    ck_assert(topology_is_closed(&topology));
    const long long euler = topology_euler(&topology, mesh);
    topology_free(&topology);
    for (size_t i = 0; i < 3 * mesh->num_vertices; i++) ck_assert(isfinite(mesh->vertices[i]));
    return euler;
}

START_TEST(a_sphere_is_closed_and_round) {
    float *values;
    const struct grid grid = make_grid(64, &values);
    fill_sphere(&grid, values, 0.7);
    struct mesh mesh;
    ck_assert_int_eq((int)extract_closed(&grid, 0.0f, &mesh), 2);
    ck_assert_double_eq_tol(mesh_area(&mesh) / (4.0 * M_PI * 0.49), 1.0, 0.01);
    ck_assert_double_eq_tol(volume(&mesh) / (4.0 / 3.0 * M_PI * 0.343), 1.0, 0.01);
    for (size_t i = 0; i < mesh.num_vertices; i++)
        ck_assert_double_eq_tol(vec3_length(vec3_load(mesh.vertices + 3 * i)), 0.7, 1e-3);
    mesh_free(&mesh);
    free(values);
}
END_TEST

START_TEST(fields_of_noise_give_closed_surfaces) {
    /* All ambiguous cases occur, and everything at the border is cut. */
    for (uint64_t seed = 1; seed <= 20; seed++) {
        float *values;
        const struct grid grid = make_grid(12, &values);
        struct random random = {seed};
        for (size_t i = 0; i < 12 * 12 * 12; i++) values[i] = (float)random_normal(&random);
        struct mesh mesh;
        extract_closed(&grid, 0.1f, &mesh);
        ck_assert_uint_gt(mesh.num_faces, 1000);
        ck_assert_double_gt(volume(&mesh), 0.0);
        mesh_free(&mesh);
        free(values);
    }
}
END_TEST

START_TEST(fields_with_equal_infinite_and_missing_values_give_closed_surfaces) {
    static const float kinds[] = {0.0f, -1.0f, 1.0f, INFINITY, -INFINITY, NAN};
    float *values;
    const struct grid grid = make_grid(10, &values);
    struct random random = {3};
    for (size_t i = 0; i < 1000; i++) values[i] = kinds[random_below(&random, 6)];
    struct mesh mesh;
    extract_closed(&grid, 0.0f, &mesh);
    for (size_t f = 0; f < mesh.num_faces; f++)
        ck_assert_double_gt(vec3_length(triangle_area_vector(mesh_triangle(&mesh, f))), 0.0);
    mesh_free(&mesh);
    free(values);
}
END_TEST

START_TEST(a_full_grid_is_a_box_and_an_empty_one_nothing) {
    for (size_t n = 1; n <= 5; n += 4) {
        float *values;
        const struct grid grid = make_grid(n, &values);
        struct mesh mesh;
        for (size_t i = 0; i < n * n * n; i++) values[i] = -1.0f;
        ck_assert_int_eq((int)extract_closed(&grid, 0.0f, &mesh), 2);
        if (n > 1) ck_assert_double_eq_tol(volume(&mesh), 8.0, 0.05);
        mesh_free(&mesh);
        ck_assert(marching_cubes(&mesh, &grid, -1.0f));
        ck_assert(mesh.num_vertices == 0 && mesh.num_faces == 0);
        mesh_free(&mesh);
        free(values);
    }
}
END_TEST

START_TEST(pictures_show_the_mesh_in_the_middle) {
    float *values;
    const struct grid grid = make_grid(24, &values);
    fill_sphere(&grid, values, 0.5);
    struct mesh mesh;
    extract_closed(&grid, 0.0f, &mesh);
    const size_t width = 80, height = 60;
    float *picture = malloc(3 * width * height * sizeof *picture);
    ck_assert(render_mesh(&mesh, &render_usual_view, width, height, picture));
    size_t covered = 0;
    for (size_t i = 0; i < width * height; i++) {
        ck_assert(picture[3 * i] >= 0.0f && picture[3 * i] <= 1.0f);
        covered += picture[3 * i] < 1.0f;
    }
    /* The sphere's disc has half the radius of the picture's shorter side. */
    ck_assert_double_eq_tol((double)covered, M_PI * 15.0 * 15.0, 80.0);
    ck_assert(picture[0] == 1.0f && picture[3 * (30 * width + 40)] < 0.8f);
    free(picture);
    mesh_free(&mesh);
    free(values);
}
END_TEST

/* A box: two triangles a side, right angles at its edges. */
static struct mesh make_box(void) {
    static const uint32_t faces[] = {0, 2, 1, 1, 2, 3, 4, 5, 6, 5, 7, 6, 0, 1, 4, 1, 5, 4,
                                     2, 6, 3, 3, 6, 7, 0, 4, 2, 2, 4, 6, 1, 3, 5, 3, 7, 5};
    struct mesh mesh = {.num_vertices = 8, .num_faces = 12};
    mesh.vertices = malloc(24 * sizeof *mesh.vertices);
    mesh.faces = malloc(sizeof faces);
    ck_assert(mesh.vertices && mesh.faces);
    for (size_t i = 0; i < 24; i++) mesh.vertices[i] = i / 3 >> i % 3 & 1 ? 0.5f : -0.5f;
    memcpy(mesh.faces, faces, sizeof faces);
    ck_assert_double_eq_tol(volume(&mesh), 1.0, 1e-6);
    return mesh;
}

START_TEST(corner_normals_are_flat_at_edges_and_smooth_elsewhere) {
    struct mesh box = make_box();
    float *flat = corner_normals(&box, 40.0), *smooth = corner_normals(&box, 120.0);
    ck_assert(flat && smooth);
    for (size_t i = 0; i < 36; i++) {
        const vec3 face = vec3_unit(triangle_area_vector(mesh_triangle(&box, i / 3)));
        const vec3 diagonal = vec3_unit(vec3_load(box.vertices + 3 * (size_t)box.faces[i]));
        ck_assert_double_eq_tol(vec3_dot(vec3_load(flat + 3 * i), face), 1.0, 1e-6);
        /* Each of the three sides has its right angle there, however it is cut. */
        ck_assert_double_eq_tol(vec3_dot(vec3_load(smooth + 3 * i), diagonal), 1.0, 1e-6);
    }
    free(flat);
    free(smooth);
    mesh_free(&box);
}
END_TEST

START_TEST(crumbs_are_dropped_and_nothing_else) {
    static const double radii[] = {0.3, 0.15, 0.05};
    float *values;
    const struct grid grid = make_grid(80, &values);
    for (size_t i = 0; i < 80 * 80 * 80; i++) {
        const size_t position[] = {i % 80, i / 80 % 80, i / 6400};
        values[i] = 1.0f;
        for (size_t k = 0; k < 3; k++) {
            const vec3 middle = {-0.6 + 0.6 * (double)k, 0, 0};
            double p[3];
            for (int a = 0; a < 3; a++) p[a] = grid.origin[a] + grid.spacing[a] * (double)position[a];
            const vec3 to = vec3_subtract((vec3){p[0], p[1], p[2]}, middle);
            values[i] = fminf(values[i], (float)(vec3_length(to) - radii[k]));
        }
    }
    struct mesh mesh;
    size_t dropped;
    ck_assert_int_eq((int)extract_closed(&grid, 0.0f, &mesh), 6);
    const double all = volume(&mesh);
    ck_assert(crumbs_drop(&mesh, 0.0, &dropped));
    ck_assert_uint_eq(dropped, 0);
    ck_assert_double_eq_tol(volume(&mesh), all, 1e-12);
    ck_assert(crumbs_drop(&mesh, 0.01, &dropped));
    ck_assert_uint_eq(dropped, 1);
    ck_assert_double_eq_tol(all - volume(&mesh), 4.0 / 3.0 * M_PI * pow(0.05, 3), 1e-4);
    for (size_t i = 0; i < mesh.num_vertices; i++) ck_assert_float_lt(mesh.vertices[3 * i], 0.3f);
    ck_assert(crumbs_drop(&mesh, 0.5, &dropped));
    ck_assert_uint_eq(dropped, 1);
    struct topology topology;
    ck_assert(topology_build(&topology, &mesh));
    ck_assert(topology_is_closed(&topology) && topology_euler(&topology, &mesh) == 2);
    topology_free(&topology);
    mesh_free(&mesh);
    free(values);
}
END_TEST

struct visits {
    unsigned char *count;
};

static void visit(void *user, size_t begin, size_t end) {
    struct visits *visits = user;
    for (size_t i = begin; i < end; i++) visits->count[i]++;
}

START_TEST(parallel_loops_do_every_round_once) {
    static const size_t counts[] = {0, 1, 255, 256, 257, 10000};
    for (size_t c = 0; c < sizeof counts / sizeof *counts; c++)
        for (size_t threads = 0; threads <= 3; threads++) {
            struct visits visits = {calloc(counts[c] + 1, 1)};
            parallel_for(threads, counts[c], visit, &visits);
            for (size_t i = 0; i < counts[c]; i++) ck_assert_uint_eq(visits.count[i], 1);
            ck_assert_uint_eq(visits.count[counts[c]], 0);
            free(visits.count);
        }
}
END_TEST

START_TEST(the_spatial_order_has_every_point_once) {
    float points[3 * 500];
    unsigned char seen[500] = {0};
    struct random random = {1};
    for (size_t i = 0; i < 3 * 500; i++) points[i] = i % 3 == 2 ? 4.0f : (float)random_normal(&random);
    uint32_t *order = spatial_order(500, points);
    ck_assert_ptr_nonnull(order);
    for (size_t i = 0; i < 500; i++) ck_assert_uint_eq(seen[order[i]]++, 0);
    free(order);
}
END_TEST

START_TEST(random_numbers_have_their_distributions) {
    struct random random = {11};
    double sum = 0.0, squares = 0.0;
    size_t counts[3] = {0};
    const size_t n = 30000;
    for (size_t i = 0; i < n; i++) {
        const double value = random_normal(&random);
        sum += value;
        squares += value * value;
        counts[random_below(&random, 3)]++;
    }
    ck_assert_double_eq_tol(sum / (double)n, 0.0, 0.03);
    ck_assert_double_eq_tol(squares / (double)n, 1.0, 0.04);
    for (int k = 0; k < 3; k++) ck_assert_double_eq_tol((double)counts[k] / (double)n, 1.0 / 3.0, 0.015);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("geometry");
    TCase *distance = tcase_create("winding and distance");
    tcase_set_timeout(distance, 60.0);
    tcase_add_test(distance, the_fixture_is_what_reading_gives);
    tcase_add_test(distance, winding_numbers_equal_the_reference);
    tcase_add_test(distance, winding_numbers_of_corners_and_sides_are_finite);
    tcase_add_test(distance, nearest_points_equal_the_reference);
    TCase *sampling = tcase_create("sampling");
    tcase_add_test(sampling, surface_samples_are_half_by_area_half_by_face);
    tcase_add_test(sampling, occupancy_samples_are_thirds_with_labels);
    TCase *surfaces = tcase_create("surfaces");
    tcase_add_test(surfaces, a_sphere_is_closed_and_round);
    tcase_add_test(surfaces, fields_of_noise_give_closed_surfaces);
    tcase_add_test(surfaces, fields_with_equal_infinite_and_missing_values_give_closed_surfaces);
    tcase_add_test(surfaces, a_full_grid_is_a_box_and_an_empty_one_nothing);
    tcase_add_test(surfaces, pictures_show_the_mesh_in_the_middle);
    tcase_add_test(surfaces, corner_normals_are_flat_at_edges_and_smooth_elsewhere);
    tcase_add_test(surfaces, crumbs_are_dropped_and_nothing_else);
    TCase *tools = tcase_create("tools");
    tcase_add_test(tools, parallel_loops_do_every_round_once);
    tcase_add_test(tools, the_spatial_order_has_every_point_once);
    tcase_add_test(tools, random_numbers_have_their_distributions);
    suite_add_tcase(suite, distance);
    suite_add_tcase(suite, sampling);
    suite_add_tcase(suite, surfaces);
    suite_add_tcase(suite, tools);
    return run_suite(suite);
}
