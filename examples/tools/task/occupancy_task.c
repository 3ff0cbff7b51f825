/* SPDX-License-Identifier: MIT */
#include "task/occupancy_task.h"

#include "cli/message.h"
#include "cli/stopwatch.h"
#include "mesh/duplicates.h"
#include "mesh/orientation.h"
#include "task/surface_chamfer.h"

#include <math.h>
#include <stdlib.h>

#define RADIUS 0.95
#define TEST_NOISE 0.02

/* Points for the quality, of each kind, and for the distance between two surfaces, on each. */
enum { NUM_TEST = 100000 };

static bool samples_create(struct occupancy_samples *samples, size_t n) {
    *samples = (struct occupancy_samples){n, calloc(n, 3 * sizeof(float)), calloc(n, sizeof(float))};
    return (samples->points && samples->labels) || message_out_of_memory();
}

static void samples_free(struct occupancy_samples *samples) {
    free(samples->points);
    free(samples->labels);
    *samples = (struct occupancy_samples){0};
}

static void label(const struct occupancy_task *task, struct occupancy_samples *samples) {
    label_points(&task->winding, samples->n, samples->points, samples->labels, task->num_threads);
}

static void draw_epoch(struct occupancy_task *task, struct occupancy_samples *samples) {
    sample_occupancy(&task->surface, &task->winding, &task->random, samples->n, samples->points, samples->labels,
                     task->num_threads);
}

static bool draw_test_samples(struct occupancy_task *task) {
    if (!samples_create(&task->near, NUM_TEST) || !samples_create(&task->uniform, NUM_TEST) ||
        !samples_create(&task->heldout, NUM_TEST))
        return false;
    sample_near_surface(&task->surface, &task->random, TEST_NOISE, NUM_TEST, task->near.points);
    sample_cube(&task->random, NUM_TEST, task->uniform.points);
    label(task, &task->near);
    label(task, &task->uniform);
    draw_epoch(task, &task->heldout);
    return true;
}

static bool has_inside(const struct occupancy_task *task, const char *path) {
    for (size_t i = 0; i < NUM_TEST; i++)
        if (task->near.labels[i] == 0) return true;
    return message_error("'%s' has no inside: it encloses nothing", path);
}

static bool load(struct occupancy_task *task, const struct occupancy_source *source) {
    const char *path = source->path;
    return mesh_read(&task->mesh, path, RADIUS) && duplicates_handle(&task->mesh, path, source->drop_duplicates) &&
           orientation_mend(&task->mesh, path) && bvh_build(&task->bvh, &task->mesh) &&
           winding_build(&task->winding, &task->bvh) && surface_build(&task->surface, &task->mesh) &&
           draw_test_samples(task) && has_inside(task, path);
}

bool occupancy_task_load(struct occupancy_task *task, const struct occupancy_source *source) {
    *task = (struct occupancy_task){
        .random = {source->seed},
        .num_samples = source->num_samples,
        .num_sets = source->num_sets,
        .num_threads = source->num_threads,
    };
    if (load(task, source)) return true;
    occupancy_task_free(task);
    return false;
}

void occupancy_task_free(struct occupancy_task *task) {
    for (size_t i = 0; i < OCCUPANCY_MAX_SETS; i++) samples_free(&task->epochs[i]);
    samples_free(&task->near);
    samples_free(&task->uniform);
    samples_free(&task->heldout);
    surface_free(&task->surface);
    winding_free(&task->winding);
    bvh_free(&task->bvh);
    mesh_free(&task->mesh);
}

/* Epochs are drawn in their order, so that a resumed run has the samples of one that never stopped. */
static bool draw_epochs(struct occupancy_task *task, size_t count) {
    const double begin = stopwatch_now();
    for (; task->num_drawn < count; task->num_drawn++) {
        struct occupancy_samples *samples = &task->epochs[task->num_drawn];
        if (!samples_create(samples, task->num_samples)) return false;
        draw_epoch(task, samples);
    }
    task->sampling_seconds += stopwatch_now() - begin;
    return true;
}

const struct occupancy_samples *occupancy_task_epoch(struct occupancy_task *task, uint64_t epoch) {
    const size_t count = epoch < task->num_sets ? (size_t)epoch + 1 : task->num_sets;
    return draw_epochs(task, count) ? &task->epochs[epoch % task->num_sets] : NULL;
}

/* Intersection over union of what is inside and what the logits call so. */
static double iou(size_t n, const float *logits, const float *labels) {
    size_t both = 0, either = 0;
    for (size_t i = 0; i < n; i++) {
        const bool fitted = logits[i] < 0, target = labels[i] == 0;
        both += fitted && target;
        either += fitted || target;
    }
    return either > 0 ? (double)both / (double)either : (double)NAN;
}

bool occupancy_task_quality(const struct occupancy_task *task, const struct field_set *fields,
                            struct occupancy_quality *quality) {
    float *logits = malloc(NUM_TEST * sizeof *logits);
    if (!logits) return message_out_of_memory();
    bool done = field_set_predict(fields, NUM_TEST, task->uniform.points, logits);
    if (done) quality->iou_uniform = iou(NUM_TEST, logits, task->uniform.labels);
    done = done && field_set_predict(fields, NUM_TEST, task->near.points, logits);
    if (done) quality->iou_near = iou(NUM_TEST, logits, task->near.labels);
    done = done && field_set_predict(fields, NUM_TEST, task->heldout.points, logits);
    if (done && sape_loss_evaluate(SAPE_LOSS_BCE, NUM_TEST, 1, logits, task->heldout.labels, NULL, NULL,
                                   &quality->bce) != SAPE_OK)
        done = message_sape_error();
    free(logits);
    return done;
}

bool occupancy_task_chamfer(struct occupancy_task *task, const struct mesh *mesh, double *chamfer) {
    const struct surface_pair pair = {&task->mesh, mesh, NUM_TEST, task->num_threads};
    return surface_chamfer(&pair, &task->random, chamfer);
}
