/* SPDX-License-Identifier: MIT */
/* Vectors of three doubles and triangles made of them. */
#ifndef EXAMPLES_VEC3_H
#define EXAMPLES_VEC3_H

#include <math.h>

typedef struct vec3 {
    double x, y, z;
} vec3;

typedef struct triangle {
    vec3 a, b, c;
} triangle;

static inline vec3 vec3_load(const float *v) {
    return (vec3){(double)v[0], (double)v[1], (double)v[2]};
}

static inline void vec3_store(float *out, vec3 v) {
    out[0] = (float)v.x;
    out[1] = (float)v.y;
    out[2] = (float)v.z;
}

static inline vec3 vec3_add(vec3 a, vec3 b) {
    return (vec3){a.x + b.x, a.y + b.y, a.z + b.z};
}

static inline vec3 vec3_subtract(vec3 a, vec3 b) {
    return (vec3){a.x - b.x, a.y - b.y, a.z - b.z};
}

static inline vec3 vec3_scale(vec3 v, double factor) {
    return (vec3){v.x * factor, v.y * factor, v.z * factor};
}

static inline double vec3_dot(vec3 a, vec3 b) {
    return a.x * b.x + a.y * b.y + a.z * b.z;
}

static inline vec3 vec3_cross(vec3 a, vec3 b) {
    return (vec3){a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x};
}

static inline double vec3_length(vec3 v) {
    return sqrt(vec3_dot(v, v));
}

/* v made one long; a zero vector stays zero. */
static inline vec3 vec3_unit(vec3 v) {
    double length = vec3_length(v);
    return length > 0.0 ? vec3_scale(v, 1.0 / length) : v;
}

static inline vec3 triangle_centroid(triangle t) {
    return vec3_scale(vec3_add(vec3_add(t.a, t.b), t.c), 1.0 / 3.0);
}

/* The normal, as long as the area; it points to where the corners are seen counter-clockwise. */
static inline vec3 triangle_area_vector(triangle t) {
    return vec3_scale(vec3_cross(vec3_subtract(t.b, t.a), vec3_subtract(t.c, t.a)), 0.5);
}

/* The point u a + v b + w c. */
static inline vec3 triangle_point(triangle t, const double barycentric[3]) {
    return vec3_add(vec3_add(vec3_scale(t.a, barycentric[0]), vec3_scale(t.b, barycentric[1])),
                    vec3_scale(t.c, barycentric[2]));
}

#endif
