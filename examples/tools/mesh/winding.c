/* SPDX-License-Identifier: MIT */
#include "mesh/winding.h"

#include "cli/message.h"
#include "mesh/parallel.h"
#include "mesh/spatial_order.h"

#include <stdlib.h>

/*
 * With d from the point to the centre of the group, the group's winding number times 4 pi is the integral over its
 * surface of n.(d + x) / |d + x|^3, x being the offset from the centre. The gradient of the harmonic kernel has
 * symmetric derivatives, so of the moments of x and n only the symmetric parts count: d.N / r^3 + (tr M) / r^3 - 3 d.M
 * d / r^5 + (15 S[d, d, d] / r^7 - 9 d.t / r^5) / 2 where N, M, S integrate n, x n and x x n, and t is the trace of S.
 */
struct winding_group {
    vec3 center;
    double radius;
    vec3 normal;       /* N */
    double linear[6];  /* M: xx, yy, zz, then the sums of both mixed terms xy, xz, yz */
    double square[10]; /* S as coefficients of the cubic form: xxx, yyy, zzz, xxy, xxz, yyx, yyz, zzx, zzy, xyz */
    vec3 trace;        /* t */
};

static void add_linear(double m[6], vec3 x, vec3 n) {
    m[0] += x.x * n.x;
    m[1] += x.y * n.y;
    m[2] += x.z * n.z;
    m[3] += x.x * n.y + x.y * n.x;
    m[4] += x.x * n.z + x.z * n.x;
    m[5] += x.y * n.z + x.z * n.y;
}

static void add_square(double s[10], vec3 x, vec3 n) {
    s[0] += x.x * x.x * n.x;
    s[1] += x.y * x.y * n.y;
    s[2] += x.z * x.z * n.z;
    s[3] += x.x * (x.x * n.y + 2.0 * x.y * n.x);
    s[4] += x.x * (x.x * n.z + 2.0 * x.z * n.x);
    s[5] += x.y * (x.y * n.x + 2.0 * x.x * n.y);
    s[6] += x.y * (x.y * n.z + 2.0 * x.z * n.y);
    s[7] += x.z * (x.z * n.x + 2.0 * x.x * n.z);
    s[8] += x.z * (x.z * n.y + 2.0 * x.y * n.z);
    s[9] += 2.0 * (x.x * x.y * n.z + x.x * x.z * n.y + x.y * x.z * n.x);
}

/* The trace of the symmetric tensor behind a cubic form: a mixed coefficient is three equal entries. */
static vec3 trace_of(const double s[10]) {
    return (vec3){s[0] + (s[5] + s[7]) / 3.0, s[1] + (s[3] + s[8]) / 3.0, s[2] + (s[4] + s[6]) / 3.0};
}

static double linear_form(const double m[6], vec3 d) {
    return m[0] * d.x * d.x + m[1] * d.y * d.y + m[2] * d.z * d.z + m[3] * d.x * d.y + m[4] * d.x * d.z +
           m[5] * d.y * d.z;
}

static double square_form(const double s[10], vec3 d) {
    return d.x * d.x * (s[0] * d.x + s[3] * d.y + s[4] * d.z) + d.y * d.y * (s[1] * d.y + s[5] * d.x + s[6] * d.z) +
           d.z * d.z * (s[2] * d.z + s[7] * d.x + s[8] * d.y) + s[9] * d.x * d.y * d.z;
}

static vec3 weighted_center(const triangle *triangles, size_t count) {
    vec3 sum = {0.0, 0.0, 0.0}, plain = sum;
    double area = 0.0;
    for (size_t i = 0; i < count; i++) {
        const double weight = vec3_length(triangle_area_vector(triangles[i]));
        const vec3 centroid = triangle_centroid(triangles[i]);
        sum = vec3_add(sum, vec3_scale(centroid, weight));
        plain = vec3_add(plain, centroid);
        area += weight;
    }
    return area > 0.0 ? vec3_scale(sum, 1.0 / area) : vec3_scale(plain, 1.0 / (double)count);
}

/* Integrals over a triangle: the centroid is exact for linear functions, the middles of the sides for squares. */
static void add_triangle(struct winding_group *group, triangle t) {
    const vec3 n = triangle_area_vector(t), third = vec3_scale(n, 1.0 / 3.0);
    const vec3 a = vec3_subtract(t.a, group->center), b = vec3_subtract(t.b, group->center),
               c = vec3_subtract(t.c, group->center);
    group->normal = vec3_add(group->normal, n);
    add_linear(group->linear, vec3_subtract(triangle_centroid(t), group->center), n);
    add_square(group->square, vec3_scale(vec3_add(a, b), 0.5), third);
    add_square(group->square, vec3_scale(vec3_add(b, c), 0.5), third);
    add_square(group->square, vec3_scale(vec3_add(c, a), 0.5), third);
    group->radius = fmax(group->radius, fmax(vec3_length(a), fmax(vec3_length(b), vec3_length(c))));
}

static struct winding_group expand(const triangle *triangles, size_t count) {
    struct winding_group group = {.center = weighted_center(triangles, count)};
    for (size_t i = 0; i < count; i++) add_triangle(&group, triangles[i]);
    group.trace = trace_of(group.square);
    return group;
}

/* The expansion, 4 pi times the winding number; square is |d|^2. */
static double far_field(const struct winding_group *group, vec3 d, double square) {
    const double i2 = 1.0 / square, i3 = i2 * sqrt(i2);
    const double trace = group->linear[0] + group->linear[1] + group->linear[2];
    const double cubic = 7.5 * i2 * square_form(group->square, d) - 4.5 * vec3_dot(group->trace, d);
    return i3 * (vec3_dot(group->normal, d) + trace + i2 * (cubic - 3.0 * linear_form(group->linear, d)));
}

/*
 * A sum of half solid angles, held as a direction in the complex plane and a number of whole turns: multiplying is
 * faster than an arc tangent for every triangle.
 */
struct turning {
    double real, imaginary, turns;
};

/* Adds the half angle of the number real + i imaginary, which lies within half a turn either way. */
static void turn(struct turning *turning, double real, double imaginary) {
    /* Zero when the point is a corner of the triangle or on a side: the angle is not defined, and adds nothing. */
    if (real == 0.0 && imaginary == 0.0) return;
    const double r = turning->real * real - turning->imaginary * imaginary;
    const double i = turning->real * imaginary + turning->imaginary * real;
    if (turning->imaginary >= 0.0 && imaginary >= 0.0 && i < 0.0) turning->turns += 1.0;
    if (turning->imaginary < 0.0 && imaginary < 0.0 && i >= 0.0) turning->turns -= 1.0;
    turning->real = r;
    turning->imaginary = i;
}

static void add_solid_angle(struct turning *turning, triangle t, vec3 point) {
    const vec3 a = vec3_subtract(t.a, point), b = vec3_subtract(t.b, point), c = vec3_subtract(t.c, point);
    const double la = vec3_length(a), lb = vec3_length(b), lc = vec3_length(c);
    turn(turning, la * lb * lc + vec3_dot(a, b) * lc + vec3_dot(b, c) * la + vec3_dot(c, a) * lb,
         vec3_dot(a, vec3_cross(b, c)));
}

/* Adds a leaf's triangles. The product of a few numbers stays in range; it is normalised after each leaf. */
static void add_leaf(struct turning *turning, const struct bvh *bvh, const struct bvh_node *leaf, vec3 point) {
    for (size_t i = 0; i < leaf->count; i++) add_solid_angle(turning, bvh->triangles[leaf->first + i], point);
    const double factor = 1.0 / (fabs(turning->real) + fabs(turning->imaginary));
    turning->real *= factor;
    turning->imaginary *= factor;
}

static double winding_number(const struct winding *winding, double accuracy, vec3 point) {
    const struct bvh *bvh = winding->bvh;
    uint32_t stack[BVH_MAX_DEPTH];
    size_t height = 0;
    double distant = 0.0;
    struct turning near = {1.0, 0.0, 0.0};
    stack[height++] = 0;
    while (height > 0) {
        const uint32_t index = stack[--height];
        const struct bvh_node *node = &bvh->nodes[index];
        const struct winding_group *group = &winding->groups[index];
        const vec3 d = vec3_subtract(group->center, point);
        const double square = vec3_dot(d, d), limit = accuracy * group->radius;
        if (square > limit * limit) {
            distant += far_field(group, d, square);
        } else if (node->right == 0) {
            add_leaf(&near, bvh, node, point);
        } else {
            stack[height++] = node->right;
            stack[height++] = index + 1;
        }
    }
    return distant / (4.0 * M_PI) + atan2(near.imaginary, near.real) / (2.0 * M_PI) + near.turns;
}

struct request {
    const struct winding *winding;
    double accuracy;
    const float *points;
    const uint32_t *order; /* NULL for the points' own */
    float *numbers;
};

static void number_points(void *user, size_t begin, size_t end) {
    const struct request *request = user;
    for (size_t i = begin; i < end; i++) {
        const size_t index = request->order ? request->order[i] : i;
        const vec3 point = vec3_load(request->points + 3 * index);
        request->numbers[index] = (float)winding_number(request->winding, request->accuracy, point);
    }
}

void winding_numbers(const struct winding *winding, double accuracy, size_t n, const float *points, float *numbers,
                     size_t num_threads) {
    uint32_t *order = spatial_order(n, points);
    struct request request = {winding, accuracy, points, order, numbers};
    parallel_for(num_threads, n, number_points, &request);
    free(order);
}

bool winding_build(struct winding *winding, const struct bvh *bvh) {
    *winding = (struct winding){bvh, malloc(bvh->num_nodes * sizeof *winding->groups)};
    if (!winding->groups) return message_out_of_memory();
    for (size_t i = 0; i < bvh->num_nodes; i++)
        winding->groups[i] = expand(bvh->triangles + bvh->nodes[i].first, bvh->nodes[i].count);
    return true;
}

void winding_free(struct winding *winding) {
    free(winding->groups);
    *winding = (struct winding){0};
}
