/* SPDX-License-Identifier: MIT */
/* The transfer task: the vertices of a source mesh move on to the surface of a target, and the faces stay as they are.
 */
#ifndef EXAMPLES_TRANSFER_TASK_H
#define EXAMPLES_TRANSFER_TASK_H

#include "mesh/bvh.h"
#include "mesh/nearest.h"
#include "mesh/rigidity.h"
#include "task/random.h"

#include <sape/sape.h>

/* A place on the source and where it shall go. */
struct correspondence {
    uint32_t corners[3]; /* vertices of the face it lies in */
    double barycentric[3];
    vec3 target;
};

/* Both meshes are placed within radius 0.95, each by itself. */
struct transfer_task {
    struct mesh source, target;
    struct bvh bvh;           /* of the target */
    struct rigidity rigidity; /* of the source */
    double rigidity_weight;
    double *shares; /* (source.num_vertices) a vertex's share of the source's area */
    size_t num_points;
    float *points; /* (num_points, 3) on the target */
    size_t num_pairs;
    struct correspondence *pairs; /* (num_pairs) */
    struct random random;
    size_t num_threads;

    struct mesh moved;     /* the source as it was looked at last; its faces are the source's */
    struct nearest *found; /* (the larger of source.num_vertices and num_points) */
    double *gradient;      /* (source.num_vertices, 3) */
    double *reached; /* (source.num_vertices, 2) distances from points of the target to a vertex, and their weights */
};

struct transfer_source {
    const char *source, *target;
    const char *pairs; /* rows of six numbers, a point of the source and where it goes, in the files' units; or NULL */
    bool drop_duplicates; /* faces that are there again in the source */
    size_t num_points;
    double rigidity;
    uint64_t seed;
    size_t num_threads;
};

struct transfer_quality {
    double chamfer; /* between the surfaces, within radius 0.95 */
    struct distortion distortion;
};

/* When it fails a message has been printed and there is nothing to free. The task must stay where it is. */
bool transfer_task_load(struct transfer_task *task, const struct transfer_source *source);
void transfer_task_free(struct transfer_task *task);

/*
 * The loss of offsets of all the source's vertices, as a sape_loss_fn whose user is the task: the mean squared distance
 * from the vertices to the target, weighted by area; that from points of the target to the moved surface; that of the
 * pairs; and the weight times the as-rigid-as-possible energy. A vertex's own loss, which drives the mask, is its
 * distance to the target plus the mean distance of the points of the target that have it next to them.
 */
int transfer_task_loss(void *user, size_t n, const float *x, size_t output_dim, const float *offsets,
                       const float *targets, float *d_offsets, float *vertex_loss, double *loss);

/* Makes a new field's offsets zero, so that the source starts where it is; a fit_begin_fn without a user. */
bool transfer_task_begin(void *user, sape_field *field);

/* Moves the vertices of task->moved as the field says. */
bool transfer_task_move(struct transfer_task *task, const sape_field *field);

/* What task->moved is worth. */
bool transfer_task_quality(struct transfer_task *task, struct transfer_quality *quality);

#endif
