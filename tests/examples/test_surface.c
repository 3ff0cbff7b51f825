/* SPDX-License-Identifier: MIT */
/* The normals of a field's surface: its slopes, and for grids the means of the faces around. */
#include <math.h>
#include <stdlib.h>

#include "mesh/corner_normals.h"
#include "suite.h"
#include "task/field_grid.h"
#include "task/field_surface.h"
#include "task/random.h"

#define RADIUS 0.6

enum { SAMPLES = 4096, SIZE = 40 };

static void check(sape_status status) {
    ck_assert_msg(status == SAPE_OK, "%s", sape_last_error());
}

static sape_field *create_field(sape_encoding encoding) {
    sape_encoder_params encoder;
    sape_mask_params mask;
    sape_network_params network;
    sape_encoder_params_init(&encoder, sizeof encoder);
    sape_mask_params_init(&mask, sizeof mask);
    sape_network_params_init(&network, sizeof network);
    encoder.kind = encoding;
    encoder.domain_dim = 3;
    if (encoding == SAPE_ENCODING_GRID) {
        encoder.num_levels = 2;
        encoder.base_resolution = 8;
        encoder.finest_resolution = 16;
    } else {
        encoder.num_frequencies = 16;
        encoder.std = 1.0;
    }
    mask.policy = SAPE_POLICY_NONE;
    network.hidden_dim = 32;
    network.num_layers = 1;
    network.output_dim = 1;
    sape_field *field;
    check(sape_field_create(&encoder, &mask, &network, &field));
    return field;
}

/* Fits the distance to a sphere. */
static void fit_sphere(sape_field *field) {
    float *x = malloc(3 * SAMPLES * sizeof *x), *distances = malloc(SAMPLES * sizeof *distances);
    struct random random = {1};
    sape_optimizer_params optimizer;
    sape_trainer *trainer;
    ck_assert(x && distances);
    for (size_t i = 0; i < SAMPLES; i++) {
        const vec3 p = {random_normal(&random) / 2, random_normal(&random) / 2, random_normal(&random) / 2};
        vec3_store(x + 3 * i, (vec3){fmax(fmin(p.x, 1), -1), fmax(fmin(p.y, 1), -1), fmax(fmin(p.z, 1), -1)});
        distances[i] = (float)(vec3_length(vec3_load(x + 3 * i)) - RADIUS);
    }
    sape_optimizer_params_init(&optimizer, sizeof optimizer);
    optimizer.learning_rate = 1e-2;
    check(sape_trainer_create(NULL, &optimizer, field, &trainer));
    check(sape_trainer_set_data(trainer, SAMPLES, x, distances));
    check(sape_trainer_run(trainer, 100, NULL, NULL, NULL));
    sape_trainer_free(trainer);
    free(x);
    free(distances);
}

static struct mesh surface_of(const struct field_set *fields) {
    float *values = malloc((size_t)SIZE * SIZE * SIZE * sizeof *values);
    struct mesh mesh;
    ck_assert(values && field_grid_evaluate(fields, SIZE, values));
    ck_assert(field_surface(&mesh, fields, SIZE, values));
    ck_assert_uint_gt(mesh.num_faces, 1000);
    free(values);
    return mesh;
}

/* How far normals (num_vertices, 3) of any length are from pointing away from the middle, as the sphere's do: the mean
   of one less the cosine. */
static double roughness(const struct mesh *mesh, const float *normals) {
    double sum = 0.0;
    for (size_t i = 0; i < mesh->num_vertices; i++)
        sum += 1.0 - vec3_dot(vec3_unit(vec3_load(normals + 3 * i)), vec3_unit(vec3_load(mesh->vertices + 3 * i)));
    return sum / (double)mesh->num_vertices;
}

static float *slopes_at_vertices(const struct field_set *fields, const struct mesh *mesh) {
    float *slopes = malloc(3 * mesh->num_vertices * sizeof *slopes);
    ck_assert(slopes && field_set_jacobian(fields, mesh->num_vertices, mesh->vertices, slopes));
    return slopes;
}

START_TEST(normals_are_slopes) {
    sape_field *field = create_field(SAPE_ENCODING_FOURIER);
    const struct field_set fields = {1, {field}};
    fit_sphere(field);
    struct mesh mesh = surface_of(&fields);
    float *slopes = slopes_at_vertices(&fields, &mesh);
    for (size_t i = 0; i < mesh.num_vertices; i++)
        ck_assert_double_eq_tol(vec3_dot(vec3_load(mesh.normals + 3 * i), vec3_unit(vec3_load(slopes + 3 * i))), 1.0,
                                1e-6);
    free(slopes);
    mesh_free(&mesh);
    sape_field_free(field);
}
END_TEST

START_TEST(normals_of_grids_are_those_of_their_faces) {
    sape_field *field = create_field(SAPE_ENCODING_GRID);
    const struct field_set fields = {1, {field}};
    fit_sphere(field);
    struct mesh mesh = surface_of(&fields);
    float *corners = corner_normals(&mesh, 180.0), *slopes = slopes_at_vertices(&fields, &mesh);
    for (size_t i = 0; i < 3 * mesh.num_faces; i++)
        ck_assert_double_eq_tol(
            vec3_dot(vec3_load(corners + 3 * i), vec3_load(mesh.normals + 3 * (size_t)mesh.faces[i])), 1.0, 1e-5);
    ck_assert_double_lt(roughness(&mesh, slopes), 0.01);
    ck_assert_double_lt(roughness(&mesh, mesh.normals), 0.5 * roughness(&mesh, slopes));
    free(corners);
    free(slopes);
    mesh_free(&mesh);
    sape_field_free(field);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("surface");
    TCase *tcase = tcase_create("surface");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, normals_are_slopes);
    tcase_add_test(tcase, normals_of_grids_are_those_of_their_faces);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
