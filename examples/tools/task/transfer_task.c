/* SPDX-License-Identifier: MIT */
#include "task/transfer_task.h"

#include "cli/message.h"
#include "cli/table.h"
#include "mesh/duplicates.h"
#include "task/sampling.h"
#include "task/surface_chamfer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define RADIUS 0.95

/* Points on either surface for the quality. */
enum { NUM_TEST = 100000 };

static bool read_meshes(struct transfer_task *task, const struct transfer_source *from) {
    return mesh_read(&task->source, from->source, RADIUS) &&
           duplicates_handle(&task->source, from->source, from->drop_duplicates) &&
           topology_check_manifold(&task->source, from->source) && mesh_read(&task->target, from->target, RADIUS);
}

static void share_area(const struct mesh *mesh, double *shares) {
    const double area = mesh_area(mesh);
    for (size_t f = 0; f < mesh->num_faces; f++) {
        const double third = vec3_length(triangle_area_vector(mesh_triangle(mesh, f))) / (3.0 * area);
        for (size_t k = 0; k < 3; k++) shares[mesh->faces[3 * f + k]] += third;
    }
}

static bool allocate(struct transfer_task *task) {
    const size_t n = task->source.num_vertices, most = n > task->num_points ? n : task->num_points;
    task->shares = calloc(n, sizeof *task->shares);
    task->points = malloc(3 * task->num_points * sizeof *task->points);
    task->found = malloc(most * sizeof *task->found);
    task->gradient = malloc(3 * n * sizeof *task->gradient);
    task->reached = malloc(2 * n * sizeof *task->reached);
    task->moved = (struct mesh){.num_vertices = n,
                                .num_faces = task->source.num_faces,
                                .vertices = malloc(3 * n * sizeof(float)),
                                .faces = task->source.faces};
    return (task->shares && task->points && task->found && task->gradient && task->reached && task->moved.vertices) ||
           message_out_of_memory();
}

static bool draw_points(struct transfer_task *task) {
    struct surface surface;
    if (!surface_build(&surface, &task->target)) return false;
    surface_sample(&surface, &task->random, task->num_points, task->points, NULL);
    surface_free(&surface);
    return true;
}

/* A pair's source is the point of the source's surface that is nearest to the one given. */
static struct correspondence correspond(const struct transfer_task *task, const struct bvh *bvh, vec3 source,
                                        vec3 target) {
    float point[3];
    struct nearest found;
    vec3_store(point, source);
    nearest_points(bvh, 1, point, &found, 1);
    struct correspondence pair = {.target = target};
    for (size_t k = 0; k < 3; k++) {
        pair.corners[k] = task->source.faces[3 * (size_t)found.face + k];
        pair.barycentric[k] = (double)found.barycentric[k];
    }
    return pair;
}

static bool place_pairs(struct transfer_task *task, const struct table *table) {
    struct bvh bvh;
    task->pairs = malloc((table->num_rows + 1) * sizeof *task->pairs);
    if (!task->pairs) return message_out_of_memory();
    if (!bvh_build(&bvh, &task->source)) return false;
    for (; task->num_pairs < table->num_rows; task->num_pairs++) {
        const double *row = table->values + 6 * task->num_pairs;
        task->pairs[task->num_pairs] =
            correspond(task, &bvh, placement_apply(task->source.placement, (vec3){row[0], row[1], row[2]}),
                       placement_apply(task->target.placement, (vec3){row[3], row[4], row[5]}));
    }
    bvh_free(&bvh);
    return true;
}

static bool read_pairs(struct transfer_task *task, const char *path) {
    struct table table;
    if (!path) return true;
    if (!table_read(path, 6, &table)) return false;
    const bool done = table.num_rows > 0 ? place_pairs(task, &table) : message_error("'%s' contains no pairs", path);
    table_free(&table);
    return done;
}

static bool load(struct transfer_task *task, const struct transfer_source *from) {
    if (!read_meshes(task, from) || !allocate(task) || !bvh_build(&task->bvh, &task->target) ||
        !rigidity_build(&task->rigidity, &task->source) || !draw_points(task) || !read_pairs(task, from->pairs))
        return false;
    share_area(&task->source, task->shares);
    memcpy(task->moved.vertices, task->source.vertices, 3 * task->source.num_vertices * sizeof(float));
    return true;
}

bool transfer_task_load(struct transfer_task *task, const struct transfer_source *source) {
    *task = (struct transfer_task){
        .rigidity_weight = source->rigidity,
        .num_points = source->num_points,
        .random = {source->seed},
        .num_threads = source->num_threads,
    };
    if (load(task, source)) return true;
    transfer_task_free(task);
    return false;
}

void transfer_task_free(struct transfer_task *task) {
    rigidity_free(&task->rigidity);
    bvh_free(&task->bvh);
    mesh_free(&task->source);
    mesh_free(&task->target);
    free(task->moved.vertices);
    free(task->shares);
    free(task->points);
    free(task->pairs);
    free(task->found);
    free(task->gradient);
    free(task->reached);
    *task = (struct transfer_task){0};
}

static void add(double *to, vec3 v, double factor) {
    to[0] += factor * v.x;
    to[1] += factor * v.y;
    to[2] += factor * v.z;
}

/* Adds the moved vertices of offsets at x; false when one of them is not finite or too far away for a tree. */
static bool move(struct transfer_task *task, const float *x, const float *offsets) {
    for (size_t i = 0; i < 3 * task->source.num_vertices; i++) {
        task->moved.vertices[i] = x[i] + offsets[i];
        if (!(fabsf(task->moved.vertices[i]) < SAPE_MAX_COORDINATE)) return false;
    }
    return true;
}

static double to_target(struct transfer_task *task, float *vertex_loss) {
    const size_t n = task->source.num_vertices;
    double sum = 0.0;
    nearest_points(&task->bvh, n, task->moved.vertices, task->found, task->num_threads);
    for (size_t i = 0; i < n; i++) {
        const struct nearest *found = &task->found[i];
        const vec3 way = vec3_subtract(vec3_load(task->moved.vertices + 3 * i), vec3_load(found->point));
        vertex_loss[i] = found->distance;
        sum += task->shares[i] * vec3_dot(way, way);
        add(task->gradient + 3 * i, way, 2.0 * task->shares[i]);
    }
    return sum;
}

/* Where a point of the moved mesh pulls from: its gradient goes to the corners of its face. */
static void pull(struct transfer_task *task, const uint32_t *corners, const double barycentric[3], vec3 way,
                 double factor) {
    for (size_t k = 0; k < 3; k++) add(task->gradient + 3 * (size_t)corners[k], way, factor * barycentric[k]);
}

static void reach(struct transfer_task *task, const struct nearest *found, const float *point) {
    const uint32_t *corners = task->source.faces + 3 * (size_t)found->face;
    double barycentric[3];
    for (size_t k = 0; k < 3; k++) {
        barycentric[k] = (double)found->barycentric[k];
        task->reached[2 * corners[k]] += barycentric[k] * (double)found->distance;
        task->reached[2 * corners[k] + 1] += barycentric[k];
    }
    const vec3 way = vec3_subtract(vec3_load(found->point), vec3_load(point));
    pull(task, corners, barycentric, way, 2.0 / (double)task->num_points);
}

static bool from_target(struct transfer_task *task, float *vertex_loss, double *mean) {
    const size_t n = task->source.num_vertices;
    struct bvh bvh;
    if (!bvh_build(&bvh, &task->moved)) return false;
    nearest_points(&bvh, task->num_points, task->points, task->found, task->num_threads);
    bvh_free(&bvh);
    memset(task->reached, 0, 2 * n * sizeof *task->reached);
    *mean = 0.0;
    for (size_t i = 0; i < task->num_points; i++) {
        const double distance = (double)task->found[i].distance;
        *mean += distance * distance / (double)task->num_points;
        reach(task, &task->found[i], task->points + 3 * i);
    }
    for (size_t i = 0; i < n; i++)
        if (task->reached[2 * i + 1] > 0.0) vertex_loss[i] += (float)(task->reached[2 * i] / task->reached[2 * i + 1]);
    return true;
}

static double of_pairs(struct transfer_task *task) {
    double sum = 0.0;
    for (size_t i = 0; i < task->num_pairs; i++) {
        const struct correspondence *pair = &task->pairs[i];
        triangle corners;
        vec3 *const places[] = {&corners.a, &corners.b, &corners.c};
        for (size_t k = 0; k < 3; k++) *places[k] = vec3_load(task->moved.vertices + 3 * (size_t)pair->corners[k]);
        const vec3 way = vec3_subtract(triangle_point(corners, pair->barycentric), pair->target);
        sum += vec3_dot(way, way) / (double)task->num_pairs;
        pull(task, pair->corners, pair->barycentric, way, 2.0 / (double)task->num_pairs);
    }
    return sum;
}

int transfer_task_loss(void *user, size_t n, const float *x, size_t output_dim, const float *offsets,
                       const float *targets, float *d_offsets, float *vertex_loss, double *loss) {
    struct transfer_task *task = user;
    (void)targets;
    memset(d_offsets, 0, n * output_dim * sizeof *d_offsets);
    memset(vertex_loss, 0, n * sizeof *vertex_loss);
    *loss = (double)NAN;
    if (!move(task, x, offsets)) return 0; /* the trainer sees that it diverged */
    double from = 0.0;
    memset(task->gradient, 0, 3 * n * sizeof *task->gradient);
    const double to = to_target(task, vertex_loss);
    if (!from_target(task, vertex_loss, &from)) return 1;
    const double energy = rigidity_energy(&task->rigidity, task->moved.vertices, task->rigidity_weight, task->gradient);
    *loss = to + from + of_pairs(task) + task->rigidity_weight * energy;
    for (size_t i = 0; i < 3 * n; i++) d_offsets[i] = (float)task->gradient[i];
    return 0;
}

/* The last two tensors of a network are the weights and biases that its outputs come from. */
bool transfer_task_begin(void *user, sape_field *field) {
    sape_network *network = sape_field_network(field);
    const size_t count = sape_network_tensor_count(network);
    (void)user;
    for (size_t i = count - 2; i < count; i++) {
        sape_tensor_info info = {.struct_size = sizeof info};
        if (sape_network_tensor_info(network, i, &info) != SAPE_OK) return message_sape_error();
        float *zeros = calloc(info.count, sizeof *zeros);
        if (!zeros) return message_out_of_memory();
        const sape_status status = sape_network_set_tensor(network, info.name, zeros, info.count);
        free(zeros);
        if (status != SAPE_OK) return message_sape_error();
    }
    return true;
}

bool transfer_task_move(struct transfer_task *task, const sape_field *field) {
    const size_t n = task->source.num_vertices;
    float *offsets = malloc(3 * n * sizeof *offsets);
    bool done = offsets || message_out_of_memory();
    if (done && sape_field_predict(field, n, task->source.vertices, offsets) != SAPE_OK) done = message_sape_error();
    done =
        done && (move(task, task->source.vertices, offsets) || message_error("a vertex has left the range of numbers"));
    free(offsets);
    return done;
}

bool transfer_task_quality(struct transfer_task *task, struct transfer_quality *quality) {
    const struct surface_pair pair = {&task->moved, &task->target, NUM_TEST, task->num_threads};
    quality->distortion = rigidity_distortion(&task->rigidity, task->moved.vertices);
    return surface_chamfer(&pair, &task->random, &quality->chamfer);
}
