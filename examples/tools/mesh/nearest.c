/* SPDX-License-Identifier: MIT */
#include "mesh/nearest.h"

#include "mesh/parallel.h"
#include "mesh/spatial_order.h"

#include <stdlib.h>

struct candidate {
    double square; /* of the distance */
    vec3 point;
    double barycentric[3];
};

/* The part of the way from a to b at which the line comes nearest to the point, within 0 and 1. */
static double nearest_part(vec3 a, vec3 b, vec3 point) {
    const vec3 along = vec3_subtract(b, a);
    const double square = vec3_dot(along, along);
    if (!(square > 0.0)) return 0.0;
    return fmin(1.0, fmax(0.0, vec3_dot(vec3_subtract(point, a), along) / square));
}

static struct candidate candidate_at(triangle t, const double barycentric[3], vec3 point) {
    struct candidate candidate = {.point = triangle_point(t, barycentric)};
    const vec3 d = vec3_subtract(candidate.point, point);
    candidate.square = vec3_dot(d, d);
    for (int k = 0; k < 3; k++) candidate.barycentric[k] = barycentric[k];
    return candidate;
}

/* On the nearest of the three sides; good for triangles without area too. */
static struct candidate nearest_on_sides(triangle t, vec3 point) {
    const vec3 corners[3] = {t.a, t.b, t.c};
    struct candidate best = {.square = INFINITY};
    for (int k = 0; k < 3; k++) {
        double barycentric[3] = {0.0, 0.0, 0.0};
        const int next = (k + 1) % 3;
        barycentric[next] = nearest_part(corners[k], corners[next], point);
        barycentric[k] = 1.0 - barycentric[next];
        const struct candidate candidate = candidate_at(t, barycentric, point);
        if (candidate.square < best.square) best = candidate;
    }
    return best;
}

static struct candidate nearest_on_triangle(triangle t, vec3 point) {
    const vec3 normal = triangle_area_vector(t);
    const vec3 a = vec3_subtract(t.a, point), b = vec3_subtract(t.b, point), c = vec3_subtract(t.c, point);
    const double scale = 0.5 / vec3_dot(normal, normal);
    const double u = scale * vec3_dot(normal, vec3_cross(b, c)), v = scale * vec3_dot(normal, vec3_cross(c, a));
    const double barycentric[3] = {u, v, 1.0 - u - v};
    /* Not a number, and so not inside, where there is no area. */
    const bool inside = barycentric[0] >= 0.0 && barycentric[1] >= 0.0 && barycentric[2] >= 0.0;
    return inside ? candidate_at(t, barycentric, point) : nearest_on_sides(t, point);
}

static double square_outside(double min, double max, double value) {
    const double outside = fmax(0.0, fmax(min - value, value - max));
    return outside * outside;
}

static double square_to_box(const struct bvh_node *node, vec3 point) {
    return square_outside(node->min.x, node->max.x, point.x) + square_outside(node->min.y, node->max.y, point.y) +
           square_outside(node->min.z, node->max.z, point.z);
}

struct search {
    const struct bvh *bvh;
    vec3 point;
    struct candidate best;
    uint32_t triangle;
};

static void search_leaf(struct search *search, const struct bvh_node *node) {
    for (uint32_t i = node->first; i < node->first + node->count; i++) {
        const struct candidate candidate = nearest_on_triangle(search->bvh->triangles[i], search->point);
        if (candidate.square < search->best.square) {
            search->best = candidate;
            search->triangle = i;
        }
    }
}

static void search_node(struct search *search, uint32_t index) {
    const struct bvh_node *nodes = search->bvh->nodes, *node = &nodes[index];
    if (node->right == 0) {
        search_leaf(search, node);
        return;
    }
    uint32_t near = index + 1, far = node->right;
    double near_square = square_to_box(&nodes[near], search->point);
    double far_square = square_to_box(&nodes[far], search->point);
    if (far_square < near_square) {
        const uint32_t saved = near;
        near = far;
        far = saved;
        const double saved_square = near_square;
        near_square = far_square;
        far_square = saved_square;
    }
    if (near_square < search->best.square) search_node(search, near);
    if (far_square < search->best.square) search_node(search, far);
}

struct request {
    const struct bvh *bvh;
    const float *points;
    const uint32_t *order; /* NULL for the points' own */
    struct nearest *found;
};

static void search_points(void *user, size_t begin, size_t end) {
    const struct request *request = user;
    for (size_t i = begin; i < end; i++) {
        const size_t index = request->order ? request->order[i] : i;
        struct search search = {.bvh = request->bvh, .point = vec3_load(request->points + 3 * index)};
        search.best.square = INFINITY;
        search_node(&search, 0);
        struct nearest *found = &request->found[index];
        vec3_store(found->point, search.best.point);
        found->distance = (float)sqrt(search.best.square);
        for (int k = 0; k < 3; k++) found->barycentric[k] = (float)search.best.barycentric[k];
        found->face = request->bvh->faces[search.triangle];
    }
}

void nearest_points(const struct bvh *bvh, size_t n, const float *points, struct nearest *found, size_t num_threads) {
    uint32_t *order = spatial_order(n, points);
    struct request request = {bvh, points, order, found};
    parallel_for(num_threads, n, search_points, &request);
    free(order);
}
