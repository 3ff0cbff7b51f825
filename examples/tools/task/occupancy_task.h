/* SPDX-License-Identifier: MIT */
/* The occupancy task: a mesh, samples of what is inside and outside it, and how well a field tells the two apart. */
#ifndef EXAMPLES_OCCUPANCY_TASK_H
#define EXAMPLES_OCCUPANCY_TASK_H

#include "task/field_set.h"
#include "task/sampling.h"

/* Sets of samples at most; epochs have them in turn. */
enum { OCCUPANCY_MAX_SETS = 10 };

/* Points with their labels: 1 outside, 0 inside. */
struct occupancy_samples {
    size_t n;
    float *points, *labels; /* (n, 3), (n) */
};

struct occupancy_task {
    struct mesh mesh; /* within radius 0.95, its faces turned outwards */
    struct bvh bvh;
    struct winding winding;
    struct surface surface;
    struct random random;
    size_t num_samples; /* of a set */
    size_t num_sets;
    size_t num_threads;
    double sampling_seconds; /* spent on epochs so far */
    size_t num_drawn;
    struct occupancy_samples epochs[OCCUPANCY_MAX_SETS]; /* the first num_drawn are there */
    struct occupancy_samples near, uniform, heldout;     /* for occupancy_task_quality(), never trained on */
};

struct occupancy_quality {
    double iou_uniform, iou_near; /* of the insides; near means normal noise of 0.02 */
    double bce;                   /* over points drawn as those of an epoch */
};

/* Where a task comes from. */
struct occupancy_source {
    const char *path;
    bool drop_duplicates; /* faces that are there again */
    size_t num_samples;   /* of a set */
    size_t num_sets;
    uint64_t seed;
    size_t num_threads;
};

/* When it fails a message has been printed and there is nothing to free. The task must stay where it is. */
bool occupancy_task_load(struct occupancy_task *task, const struct occupancy_source *source);
void occupancy_task_free(struct occupancy_task *task);

/*
 * The samples of an epoch, counted from 0; drawn, with those of the epochs before it, when first asked for. NULL, with
 * a message printed, without memory.
 */
const struct occupancy_samples *occupancy_task_epoch(struct occupancy_task *task, uint64_t epoch);

/* What fields are worth. */
bool occupancy_task_quality(const struct occupancy_task *task, const struct field_set *fields,
                            struct occupancy_quality *quality);

/* Mean distance from points of the target to the mesh, plus that from points of the mesh to the target. */
bool occupancy_task_chamfer(struct occupancy_task *task, const struct mesh *mesh, double *chamfer);

#endif
