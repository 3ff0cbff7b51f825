/* SPDX-License-Identifier: MIT */
/*
 * Writes the mesh of the tests, a tube round a trefoil knot, as an OBJ file:
 *     cc make_knot.c -o make_knot -lm && ./make_knot > knot.obj
 */
#include <math.h>
#include <stdio.h>

#define RINGS 128
#define SIDES 16
#define TUBE_RADIUS 0.5

static const double pi = 3.14159265358979323846;

/* The knot's tangent is never vertical, so that the vertical can serve to span the tube's cross-section. */
static void print_vertex(int ring, int side) {
    const double t = 2.0 * pi * ring / RINGS, angle = 2.0 * pi * side / SIDES;
    const double tx = cos(t) + 4.0 * cos(2.0 * t), ty = 4.0 * sin(2.0 * t) - sin(t), tz = -3.0 * cos(3.0 * t);
    const double flat = hypot(tx, ty), length = hypot(flat, tz);
    const double sx = -ty / flat, sy = tx / flat;
    const double c = TUBE_RADIUS * cos(angle), s = TUBE_RADIUS * sin(angle) / length;
    printf("v %.5f %.5f %.5f\n", sin(t) + 2.0 * sin(2.0 * t) + c * sx - s * tz * sy,
           cos(t) - 2.0 * cos(2.0 * t) + c * sy + s * tz * sx, -sin(3.0 * t) + s * (tx * sy - ty * sx));
}

static int vertex(int ring, int side) {
    return 1 + (ring % RINGS) * SIDES + side % SIDES;
}

int main(void) {
    for (int ring = 0; ring < RINGS; ring++)
        for (int side = 0; side < SIDES; side++) print_vertex(ring, side);
    for (int ring = 0; ring < RINGS; ring++)
        for (int side = 0; side < SIDES; side++) {
            const int a = vertex(ring, side), b = vertex(ring + 1, side), c = vertex(ring + 1, side + 1),
                      d = vertex(ring, side + 1);
            printf("f %d %d %d\nf %d %d %d\n", a, c, b, a, d, c);
        }
    return fflush(stdout) != 0;
}
