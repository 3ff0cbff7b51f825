/* SPDX-License-Identifier: MIT */
/*
 * Times the winding numbers of a million points, drawn as the samples of fit_occupancy, and compares some of them with
 * the sums over all triangles:
 *
 *     bench_winding MESH [THREADS]
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/message.h"
#include "cli/stopwatch.h"
#include "task/sampling.h"

enum { NUM_POINTS = 1000000, NUM_COMPARED = 1000 };

struct times {
    double wall, processor; /* seconds, the processor's of all threads together */
};

static struct times times_now(void) {
    return (struct times){stopwatch_now(), (double)clock() / CLOCKS_PER_SEC};
}

static void print_times(const char *what, struct times begin) {
    const struct times end = times_now();
    printf("%s: %.2f s, %.2f s of processor time\n", what, end.wall - begin.wall, end.processor - begin.processor);
}

static void draw_points(const struct surface *surface, float *points) {
    struct random random = {0};
    const size_t third = NUM_POINTS / 3;
    sample_near_surface(surface, &random, 0.01, third, points);
    sample_near_surface(surface, &random, 0.1, third, points + 3 * third);
    sample_cube(&random, NUM_POINTS - 2 * third, points + 6 * third);
}

static void compare(const struct winding *winding, const float *points, const float *numbers, size_t num_threads) {
    static float some[3 * NUM_COMPARED], exact[NUM_COMPARED];
    const size_t step = NUM_POINTS / NUM_COMPARED;
    for (size_t i = 0; i < NUM_COMPARED; i++) memcpy(some + 3 * i, points + 3 * step * i, 3 * sizeof *some);
    const struct times begin = times_now();
    winding_numbers(winding, INFINITY, NUM_COMPARED, some, exact, num_threads);
    print_times("the same of a thousand of them over all triangles", begin);
    double sum = 0.0, largest = 0.0;
    size_t labels = 0;
    for (size_t i = 0; i < NUM_COMPARED; i++) {
        const float number = numbers[step * i];
        const double difference = fabs((double)number - (double)exact[i]);
        sum += difference;
        largest = fmax(largest, difference);
        labels += (number < SAMPLING_INSIDE) != (exact[i] < SAMPLING_INSIDE);
    }
    printf("difference %.1e on average, at most %.1e; %zu labels differ\n", sum / NUM_COMPARED, largest, labels);
}

static bool measure(const struct mesh *mesh, size_t num_threads) {
    struct bvh bvh = {0};
    struct winding winding = {0};
    struct surface surface = {0};
    float *points = malloc(3 * NUM_POINTS * sizeof *points), *numbers = malloc(NUM_POINTS * sizeof *numbers);
    struct times begin = times_now();
    bool done = (points && numbers) || message_out_of_memory();
    done = done && bvh_build(&bvh, mesh) && winding_build(&winding, &bvh);
    printf("%zu triangles\n", mesh->num_faces);
    print_times("tree", begin);
    if (done && surface_build(&surface, mesh)) {
        draw_points(&surface, points);
        begin = times_now();
        winding_numbers(&winding, WINDING_USUAL_ACCURACY, NUM_POINTS, points, numbers, num_threads);
        print_times("winding numbers of a million points", begin);
        compare(&winding, points, numbers, num_threads);
    }
    surface_free(&surface);
    winding_free(&winding);
    bvh_free(&bvh);
    free(points);
    free(numbers);
    return done;
}

int main(int argc, char **argv) {
    struct mesh mesh;
    if (argc != 2 && argc != 3) return fprintf(stderr, "usage: %s MESH [THREADS]\n", argv[0]), 2;
    if (!mesh_read(&mesh, argv[1], 0.95)) return EXIT_FAILURE;
    const bool done = measure(&mesh, argc == 3 ? strtoul(argv[2], NULL, 10) : 0);
    mesh_free(&mesh);
    return done ? EXIT_SUCCESS : EXIT_FAILURE;
}
