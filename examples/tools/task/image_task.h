/* SPDX-License-Identifier: MIT */
/* The image task: a picture, the part of it that is trained on, and how well a field fits the whole. */
#ifndef EXAMPLES_IMAGE_TASK_H
#define EXAMPLES_IMAGE_TASK_H

#include "cli/notes.h"
#include "picture/picture.h"
#include "task/field_set.h"
#include "task/pixel_sampling.h"

#include <sape/sape.h>

struct image_task {
    struct picture target;
    float *rows, *columns; /* (height), (width): where they lie, from -1 to 1 */
    struct pixel_set set;
    float *sample_x;       /* (set.n, 2) the training set: the row, then the column */
    const float *sample_y; /* (set.n, channels) their values: where all pixels are samples, the target's */
    float *gathered;       /* otherwise those that were gathered from it */
    float *fitted;         /* (height, width, channels), in [0, 1] */
};

struct image_quality {
    double psnr_all, psnr_train, psnr_heldout; /* dB; NaN where there are no pixels */
};

/* Where a task comes from. */
struct image_source {
    const char *path;
    size_t max_size; /* of the longest side */
    enum pixel_sampling sampling;
    double fraction;
    uint64_t seed;
};

/* When it fails a message has been printed and there is nothing to free. */
bool image_task_load(struct image_task *task, const struct image_source *source);
void image_task_free(struct image_task *task);

/* What a checkpoint says of the task. */
void image_task_note(const struct image_task *task, struct notes *notes);

/* Fills fitted from fields. */
bool image_task_predict(struct image_task *task, const struct field_set *fields);

/* What the last prediction is worth. */
struct image_quality image_task_quality(const struct image_task *task);

/* A field's PSNR over the samples, in dB, without a prediction of the whole picture. */
bool image_task_sample_psnr(const struct image_task *task, const sape_field *field, double *psnr);

/* True-colour images; NULL after a failure, with a message. */
gdImagePtr image_task_target(const struct image_task *task);
gdImagePtr image_task_samples(const struct image_task *task); /* on white */
gdImagePtr image_task_fitted(const struct image_task *task);
gdImagePtr image_task_heat_map(const struct image_task *task, const sape_field *field);

/* As the last two, at most that large in each direction: the field is evaluated at so many pixels only. */
gdImagePtr image_task_small_fit(const struct image_task *task, const sape_field *field, size_t max_size);
gdImagePtr image_task_small_heat_map(const struct image_task *task, const sape_field *field, size_t max_size);

#endif
