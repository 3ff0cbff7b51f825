/* SPDX-License-Identifier: MIT */
#include "mesh/rigidity.h"

#include "cli/message.h"

#include <stdlib.h>
#include <string.h>

/* From the first to the second vertex of an edge. */
static vec3 along(struct edge edge, const float *positions) {
    return vec3_subtract(vec3_load(positions + 3 * (size_t)edge.b), vec3_load(positions + 3 * (size_t)edge.a));
}

bool rigidity_build(struct rigidity *rigidity, const struct mesh *rest) {
    *rigidity = (struct rigidity){.rest = rest};
    if (!topology_build(&rigidity->topology, rest)) return false;
    for (size_t e = 0; e < rigidity->topology.num_edges; e++) {
        const vec3 edge = along(rigidity->topology.edges[e], rest->vertices);
        rigidity->square_length += 2.0 * vec3_dot(edge, edge);
    }
    rigidity->rotations = malloc(rest->num_vertices * sizeof *rigidity->rotations);
    if (rigidity->rotations) return true;
    rigidity_free(rigidity);
    return message_out_of_memory();
}

void rigidity_free(struct rigidity *rigidity) {
    topology_free(&rigidity->topology);
    free(rigidity->rotations);
    *rigidity = (struct rigidity){0};
}

/* An edge counts the same seen from either of its ends. */
static void fit_rotations(struct rigidity *rigidity, const float *positions) {
    matrix3 *rotations = rigidity->rotations;
    memset(rotations, 0, rigidity->rest->num_vertices * sizeof *rotations);
    for (size_t e = 0; e < rigidity->topology.num_edges; e++) {
        const struct edge edge = rigidity->topology.edges[e];
        const vec3 moved = along(edge, positions), rest = along(edge, rigidity->rest->vertices);
        matrix3_add_outer(&rotations[edge.a], moved, rest);
        matrix3_add_outer(&rotations[edge.b], moved, rest);
    }
    for (size_t i = 0; i < rigidity->rest->num_vertices; i++) rotations[i] = rotation_between(&rotations[i]);
}

static void add(double *to, vec3 v, double factor) {
    to[0] += factor * v.x;
    to[1] += factor * v.y;
    to[2] += factor * v.z;
}

/* The rotations are the best ones, so the energy does not change with them and they have no part in the gradient. */
double rigidity_energy(struct rigidity *rigidity, const float *positions, double weight, double *gradient) {
    fit_rotations(rigidity, positions);
    double energy = 0.0;
    for (size_t e = 0; e < rigidity->topology.num_edges; e++) {
        const struct edge edge = rigidity->topology.edges[e];
        const vec3 moved = along(edge, positions), rest = along(edge, rigidity->rest->vertices);
        const vec3 at_a = vec3_subtract(moved, matrix3_apply(&rigidity->rotations[edge.a], rest));
        const vec3 at_b = vec3_subtract(moved, matrix3_apply(&rigidity->rotations[edge.b], rest));
        energy += vec3_dot(at_a, at_a) + vec3_dot(at_b, at_b);
        const double factor = 2.0 * weight / rigidity->square_length;
        add(gradient + 3 * (size_t)edge.a, vec3_add(at_a, at_b), -factor);
        add(gradient + 3 * (size_t)edge.b, vec3_add(at_a, at_b), factor);
    }
    return energy / rigidity->square_length;
}

/* Length of an edge over its length at rest. */
static double edge_ratio(const struct rigidity *rigidity, struct edge edge, const float *positions) {
    return vec3_length(along(edge, positions)) / vec3_length(along(edge, rigidity->rest->vertices));
}

static bool is_flipped(const struct rigidity *rigidity, size_t face, const float *positions) {
    const struct mesh moved = {.vertices = (float *)positions, .faces = rigidity->rest->faces};
    const vec3 rest = triangle_area_vector(mesh_triangle(rigidity->rest, face));
    vec3 expected = {0.0, 0.0, 0.0};
    for (size_t k = 0; k < 3; k++)
        expected = vec3_add(expected, matrix3_apply(&rigidity->rotations[rigidity->rest->faces[3 * face + k]], rest));
    return vec3_dot(triangle_area_vector(mesh_triangle(&moved, face)), expected) < 0.0;
}

struct distortion rigidity_distortion(struct rigidity *rigidity, const float *positions) {
    struct distortion distortion = {.max_stretch = 1.0};
    const size_t num_edges = rigidity->topology.num_edges;
    fit_rotations(rigidity, positions);
    for (size_t e = 0; e < num_edges; e++) {
        const double ratio = edge_ratio(rigidity, rigidity->topology.edges[e], positions);
        const double stretch = fmax(ratio, 1.0 / ratio);
        distortion.max_stretch = fmax(distortion.max_stretch, stretch);
        distortion.mean_stretch += stretch / (double)num_edges;
    }
    for (size_t f = 0; f < rigidity->rest->num_faces; f++) distortion.num_flipped += is_flipped(rigidity, f, positions);
    return distortion;
}

bool rigidity_vertex_stretch(const struct rigidity *rigidity, const float *positions, float *stretch) {
    const size_t n = rigidity->rest->num_vertices;
    float *degree = calloc(n, sizeof *degree);
    if (!degree) return message_out_of_memory();
    memset(stretch, 0, n * sizeof *stretch);
    for (size_t e = 0; e < rigidity->topology.num_edges; e++) {
        const struct edge edge = rigidity->topology.edges[e];
        const float ratio = (float)log2(edge_ratio(rigidity, edge, positions));
        stretch[edge.a] += ratio;
        stretch[edge.b] += ratio;
        degree[edge.a]++;
        degree[edge.b]++;
    }
    for (size_t i = 0; i < n; i++) stretch[i] /= degree[i];
    free(degree);
    return true;
}
