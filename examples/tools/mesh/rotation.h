/* SPDX-License-Identifier: MIT */
/* The rotation between two sets of vectors. */
#ifndef EXAMPLES_ROTATION_H
#define EXAMPLES_ROTATION_H

#include "mesh/vec3.h"

typedef struct matrix3 {
    vec3 rows[3];
} matrix3;

static inline vec3 matrix3_apply(const matrix3 *matrix, vec3 v) {
    return (vec3){vec3_dot(matrix->rows[0], v), vec3_dot(matrix->rows[1], v), vec3_dot(matrix->rows[2], v)};
}

/* Adds the outer product a b^T to the matrix. */
void matrix3_add_outer(matrix3 *matrix, vec3 a, vec3 b);

/*
 * The rotation R, never a reflection, that makes the sum of |a_i - R b_i|^2 least, where products is the sum of all
 * a_i b_i^T. By the quaternion method of Horn (1987), so that flat and degenerate sets have a rotation as well.
 */
matrix3 rotation_between(const matrix3 *products);

#endif
