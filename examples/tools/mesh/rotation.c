/* SPDX-License-Identifier: MIT */
#include "mesh/rotation.h"

/* Sweeps of Jacobi's method; it has converged long before. */
enum { MAX_SWEEPS = 16 };

void matrix3_add_outer(matrix3 *matrix, vec3 a, vec3 b) {
    matrix->rows[0] = vec3_add(matrix->rows[0], vec3_scale(b, a.x));
    matrix->rows[1] = vec3_add(matrix->rows[1], vec3_scale(b, a.y));
    matrix->rows[2] = vec3_add(matrix->rows[2], vec3_scale(b, a.z));
}

/* Horn's matrix, whose eigenvector of the largest eigenvalue is the quaternion. */
static void quaternion_matrix(const matrix3 *products, double m[4][4]) {
    const vec3 *r = products->rows;
    const double values[4][4] = {
        {r[0].x + r[1].y + r[2].z, r[2].y - r[1].z, r[0].z - r[2].x, r[1].x - r[0].y},
        {r[2].y - r[1].z, r[0].x - r[1].y - r[2].z, r[1].x + r[0].y, r[0].z + r[2].x},
        {r[0].z - r[2].x, r[1].x + r[0].y, r[1].y - r[0].x - r[2].z, r[2].y + r[1].z},
        {r[1].x - r[0].y, r[0].z + r[2].x, r[2].y + r[1].z, r[2].z - r[0].x - r[1].y},
    };
    for (int i = 0; i < 16; i++) m[i / 4][i % 4] = values[i / 4][i % 4];
}

/* Turns the plane of axes p and q so that m[p][q] becomes zero, and the vectors with it. */
static void turn(double m[4][4], double vectors[4][4], int p, int q) {
    const double difference = 0.5 * (m[q][q] - m[p][p]), length = hypot(difference, m[p][q]);
    const double t = m[p][q] / (difference >= 0.0 ? difference + length : difference - length);
    const double c = 1.0 / sqrt(1.0 + t * t), s = c * t;
    for (int k = 0; k < 4; k++) {
        const double kp = m[k][p], kq = m[k][q];
        m[k][p] = c * kp - s * kq;
        m[k][q] = s * kp + c * kq;
    }
    for (int k = 0; k < 4; k++) {
        const double pk = m[p][k], qk = m[q][k], vp = vectors[p][k], vq = vectors[q][k];
        m[p][k] = c * pk - s * qk;
        m[q][k] = s * pk + c * qk;
        vectors[p][k] = c * vp - s * vq;
        vectors[q][k] = s * vp + c * vq;
    }
}

/* Jacobi's method; the rows of vectors become the eigenvectors, the diagonal of m the eigenvalues. */
static void diagonalize(double m[4][4], double vectors[4][4]) {
    double size = 0.0;
    for (int i = 0; i < 16; i++) size = fmax(size, fabs(m[i / 4][i % 4]));
    for (int sweep = 0, turned = 1; turned && sweep < MAX_SWEEPS; sweep++) {
        turned = 0;
        for (int p = 0; p < 3; p++)
            for (int q = p + 1; q < 4; q++) {
                if (!(fabs(m[p][q]) > 1e-15 * size)) continue;
                turn(m, vectors, p, q);
                turned = 1;
            }
    }
}

static matrix3 rotation_of(const double q[4]) {
    const double w = q[0], x = q[1], y = q[2], z = q[3];
    return (matrix3){{
        {1.0 - 2.0 * (y * y + z * z), 2.0 * (x * y - w * z), 2.0 * (x * z + w * y)},
        {2.0 * (x * y + w * z), 1.0 - 2.0 * (x * x + z * z), 2.0 * (y * z - w * x)},
        {2.0 * (x * z - w * y), 2.0 * (y * z + w * x), 1.0 - 2.0 * (x * x + y * y)},
    }};
}

matrix3 rotation_between(const matrix3 *products) {
    double m[4][4], vectors[4][4] = {{1, 0, 0, 0}, {0, 1, 0, 0}, {0, 0, 1, 0}, {0, 0, 0, 1}};
    quaternion_matrix(products, m);
    diagonalize(m, vectors);
    int best = 0;
    for (int i = 1; i < 4; i++)
        if (m[i][i] > m[best][best]) best = i;
    return rotation_of(vectors[best]);
}
