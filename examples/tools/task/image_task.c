/* SPDX-License-Identifier: MIT */
#include "task/image_task.h"

#include "cli/message.h"
#include "picture/colormap.h"
#include "task/functions.h"
#include "task/metrics.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static size_t num_pixels(const struct image_task *task) {
    return task->target.width * task->target.height;
}

static bool make_coordinates(struct image_task *task) {
    const size_t width = task->target.width, height = task->target.height;
    float *axes = malloc((width + height) * sizeof *axes);
    if (!axes) return message_out_of_memory();
    function_even_points(height, axes);
    function_even_points(width, axes + height);
    for (size_t i = 0; i < width * height; i++) {
        task->coordinates[2 * i] = axes[i / width];
        task->coordinates[2 * i + 1] = axes[height + i % width];
    }
    free(axes);
    return true;
}

static bool take_samples(struct image_task *task, const struct image_source *source) {
    const size_t channels = task->target.channels;
    if (!pixel_sampling_choose(source->sampling, &task->target, source->fraction, source->seed, &task->set))
        return false;
    task->sample_x = malloc(task->set.n * 2 * sizeof(float));
    task->sample_y = malloc(task->set.n * channels * sizeof(float));
    if (!task->sample_x || !task->sample_y) return message_out_of_memory();
    for (size_t i = 0; i < task->set.n; i++) {
        const size_t pixel = task->set.pixels[i];
        memcpy(task->sample_x + 2 * i, task->coordinates + 2 * pixel, 2 * sizeof(float));
        memcpy(task->sample_y + channels * i, task->target.values + channels * pixel, channels * sizeof(float));
    }
    return true;
}

static bool allocate(struct image_task *task) {
    const size_t n = num_pixels(task);
    task->coordinates = malloc(n * 2 * sizeof(float));
    task->fitted = malloc(n * task->target.channels * sizeof(float));
    task->revealed = malloc(n * sizeof(float));
    return (task->coordinates && task->fitted && task->revealed) || message_out_of_memory();
}

bool image_task_load(struct image_task *task, const struct image_source *source) {
    *task = (struct image_task){0};
    if (!picture_read(source->path, source->max_size, &task->target)) return false;
    if (allocate(task) && make_coordinates(task) && take_samples(task, source)) return true;
    image_task_free(task);
    return false;
}

void image_task_free(struct image_task *task) {
    picture_free(&task->target);
    pixel_set_free(&task->set);
    free(task->coordinates);
    free(task->sample_x);
    free(task->sample_y);
    free(task->fitted);
    free(task->revealed);
    *task = (struct image_task){0};
}

void image_task_note(const struct image_task *task, struct notes *notes) {
    notes_set(notes, "task", "image");
    notes_set(notes, "image.width", "%zu", task->target.width);
    notes_set(notes, "image.height", "%zu", task->target.height);
}

bool image_task_predict(struct image_task *task, const sape_field *field) {
    const size_t n = num_pixels(task), size[] = {task->target.height, task->target.width};
    static const float low[] = {-1, -1}, high[] = {1, 1};
    if (sape_field_predict_grid(field, size, low, high, task->fitted) != SAPE_OK ||
        sape_mask_revealed(sape_field_mask(field), n, task->coordinates, task->revealed) != SAPE_OK)
        return message_sape_error();
    for (size_t i = 0; i < n * task->target.channels; i++) task->fitted[i] = fminf(fmaxf(task->fitted[i], 0), 1);
    return true;
}

struct image_quality image_task_quality(const struct image_task *task) {
    const size_t channels = task->target.channels;
    const double n_all = (double)num_pixels(task), n_train = (double)task->set.n;
    double train = 0;
    for (size_t i = 0; i < task->set.n; i++)
        train += metrics_mse(channels, task->fitted + channels * task->set.pixels[i], task->sample_y + channels * i);
    const double all = n_all * metrics_mse(num_pixels(task) * channels, task->fitted, task->target.values);
    const double heldout = n_all > n_train ? fmax(all - train, 0) / (n_all - n_train) : NAN;
    return (struct image_quality){metrics_psnr(all / n_all), metrics_psnr(train / n_train), metrics_psnr(heldout)};
}

static gdImagePtr image_of(const struct image_task *task, const float *values) {
    return picture_to_image(task->target.width, task->target.height, task->target.channels, values);
}

gdImagePtr image_task_target(const struct image_task *task) {
    return image_of(task, task->target.values);
}

gdImagePtr image_task_fitted(const struct image_task *task) {
    return image_of(task, task->fitted);
}

gdImagePtr image_task_samples(const struct image_task *task) {
    const size_t channels = task->target.channels;
    struct picture seen;
    if (!picture_create(task->target.width, task->target.height, channels, &seen)) return NULL;
    for (size_t i = 0; i < num_pixels(task) * channels; i++) seen.values[i] = 1;
    for (size_t i = 0; i < task->set.n; i++)
        memcpy(seen.values + channels * task->set.pixels[i], task->sample_y + channels * i, channels * sizeof(float));
    gdImagePtr image = image_of(task, seen.values);
    picture_free(&seen);
    return image;
}

gdImagePtr image_task_heat_map(const struct image_task *task) {
    return colormap_image(task->target.width, task->target.height, task->revealed);
}
