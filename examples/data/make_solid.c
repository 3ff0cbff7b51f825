/* SPDX-License-Identifier: MIT */
/*
 * Writes solids of one connectivity as OBJ files, to be transferred on to each other:
 *     cc make_solid.c -o make_solid -lm && ./make_solid sphere 24 > sphere.obj
 * The kinds are sphere, ellipsoid, bent (a bent sausage) and star (a sphere with bumps). The number is that of
 * subdivisions of a cube's edge, so that there are 12 n^2 faces.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The solids as functions of a point of the unit sphere. */
static void to_sphere(double p[3]) {
    (void)p;
}

static void to_ellipsoid(double p[3]) {
    p[0] *= 1.5;
    p[2] *= 0.7;
}

/* Drawn out along x, then bent round an axis along y. */
static void to_bent(double p[3]) {
    const double angle = 1.5 * p[0], radius = 1.2 + 0.4 * p[2];
    p[0] = radius * sin(angle);
    p[1] *= 0.4;
    p[2] = radius * cos(angle) - 1.2;
}

static void to_star(double p[3]) {
    const double scale =
        1.0 + 0.25 * sin(4.0 * p[0]) * sin(4.0 * p[1] + 1.0) * sin(4.0 * p[2] + 2.0) + 0.3 * pow(fabs(p[2]), 8.0);
    for (int a = 0; a < 3; a++) p[a] *= scale;
}

static const struct kind {
    const char *name;
    void (*move)(double p[3]);
} kinds[] = {{"sphere", to_sphere}, {"ellipsoid", to_ellipsoid}, {"bent", to_bent}, {"star", to_star}};

/* Point (i, j) of a side of the cube, on the sphere; points that sides share are written by each of them. */
static void print_vertex(const struct kind *kind, int side, int i, int j, int n) {
    const double pi = 3.14159265358979323846, sign = side < 3 ? 1.0 : -1.0;
    double p[3];
    p[side % 3] = sign;
    p[(side + 1) % 3] = sign * tan(pi / 4.0 * (2.0 * i / n - 1.0));
    p[(side + 2) % 3] = tan(pi / 4.0 * (2.0 * j / n - 1.0));
    const double length = sqrt(p[0] * p[0] + p[1] * p[1] + p[2] * p[2]);
    for (int a = 0; a < 3; a++) p[a] /= length;
    kind->move(p);
    printf("v %.5f %.5f %.5f\n", p[0], p[1], p[2]);
}

static void print_solid(const struct kind *kind, int n) {
    for (int side = 0; side < 6; side++)
        for (int i = 0; i <= n; i++)
            for (int j = 0; j <= n; j++) print_vertex(kind, side, i, j, n);
    for (int side = 0; side < 6; side++)
        for (int i = 0; i < n; i++)
            for (int j = 0; j < n; j++) {
                const int a = 1 + (side * (n + 1) + i) * (n + 1) + j, b = a + n + 1;
                printf("f %d %d %d\nf %d %d %d\n", a, b, b + 1, a, b + 1, a + 1);
            }
}

int main(int argc, char **argv) {
    const int n = argc == 3 ? atoi(argv[2]) : 0;
    for (size_t k = 0; n > 0 && k < sizeof kinds / sizeof *kinds; k++)
        if (strcmp(argv[1], kinds[k].name) == 0) return print_solid(&kinds[k], n), fflush(stdout) != 0;
    fprintf(stderr, "usage: %s sphere|ellipsoid|bent|star SUBDIVISIONS\n", argv[0]);
    return 2;
}
