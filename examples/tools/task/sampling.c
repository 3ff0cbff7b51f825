/* SPDX-License-Identifier: MIT */
#include "task/sampling.h"

#include "cli/message.h"

#include <stdlib.h>
#include <string.h>

#define NEAR_NOISE 0.01
#define FAR_NOISE 0.1

bool surface_build(struct surface *surface, const struct mesh *mesh) {
    *surface = (struct surface){mesh, malloc(mesh->num_faces * sizeof *surface->cumulative)};
    if (!surface->cumulative) return message_out_of_memory();
    double area = 0.0;
    for (size_t f = 0; f < mesh->num_faces; f++) {
        area += vec3_length(triangle_area_vector(mesh_triangle(mesh, f)));
        surface->cumulative[f] = area;
    }
    return true;
}

void surface_free(struct surface *surface) {
    free(surface->cumulative);
    *surface = (struct surface){0};
}

static uint32_t face_by_area(const struct surface *surface, struct random *random) {
    size_t low = 0, high = surface->mesh->num_faces - 1;
    const double area = surface->cumulative[high] * random_uniform(random);
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (surface->cumulative[middle] > area)
            high = middle;
        else
            low = middle + 1;
    }
    return (uint32_t)low;
}

static void draw_barycentric(struct random *random, double barycentric[3]) {
    const double root = sqrt(random_uniform(random)), part = random_uniform(random);
    barycentric[0] = 1.0 - root;
    barycentric[1] = root * (1.0 - part);
    barycentric[2] = root * part;
}

void surface_sample(const struct surface *surface, struct random *random, size_t n, float *points,
                    struct surface_point *where) {
    for (size_t i = 0; i < n; i++) {
        const uint32_t face =
            i % 2 == 0 ? face_by_area(surface, random) : (uint32_t)random_below(random, surface->mesh->num_faces);
        double barycentric[3];
        draw_barycentric(random, barycentric);
        vec3_store(points + 3 * i, triangle_point(mesh_triangle(surface->mesh, face), barycentric));
        if (!where) continue;
        where[i].face = face;
        for (int k = 0; k < 3; k++) where[i].barycentric[k] = (float)barycentric[k];
    }
}

static void add_noise(struct random *random, double noise, size_t count, float *values) {
    for (size_t i = 0; i < count; i++)
        values[i] = fminf(1.0f, fmaxf(-1.0f, values[i] + (float)(noise * random_normal(random))));
}

void sample_near_surface(const struct surface *surface, struct random *random, double noise, size_t n, float *points) {
    surface_sample(surface, random, n, points, NULL);
    add_noise(random, noise, 3 * n, points);
}

void sample_cube(struct random *random, size_t n, float *points) {
    for (size_t i = 0; i < 3 * n; i++) points[i] = (float)(2.0 * random_uniform(random) - 1.0);
}

void label_points(const struct winding *winding, size_t n, const float *points, float *labels, size_t num_threads) {
    winding_numbers(winding, WINDING_USUAL_ACCURACY, n, points, labels, num_threads);
    for (size_t i = 0; i < n; i++) labels[i] = labels[i] < SAMPLING_INSIDE ? 1.0f : 0.0f;
}

void sample_occupancy(const struct surface *surface, const struct winding *winding, struct random *random, size_t n,
                      float *points, float *labels, size_t num_threads) {
    const size_t third = n / 3;
    float *far = points + 3 * third, *rest = far + 3 * third;
    surface_sample(surface, random, third, points, NULL);
    memcpy(far, points, 3 * third * sizeof *points);
    add_noise(random, NEAR_NOISE, 3 * third, points);
    add_noise(random, FAR_NOISE, 3 * third, far);
    sample_cube(random, n - 2 * third, rest);
    label_points(winding, n, points, labels, num_threads);
}
