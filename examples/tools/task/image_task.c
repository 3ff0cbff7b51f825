/* SPDX-License-Identifier: MIT */
#include "task/image_task.h"

#include "cli/message.h"
#include "picture/colormap.h"
#include "task/functions.h"
#include "task/metrics.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Samples that are predicted at a time. */
enum { CHUNK = 65536 };

static const float low[] = {-1, -1}, high[] = {1, 1};

static size_t num_pixels(const struct image_task *task) {
    return task->target.width * task->target.height;
}

static void find_place(const struct image_task *task, size_t pixel, float x[2]) {
    x[0] = task->rows[pixel / task->target.width];
    x[1] = task->columns[pixel % task->target.width];
}

static bool allocate(struct image_task *task) {
    task->rows = malloc(task->target.height * sizeof(float));
    task->columns = malloc(task->target.width * sizeof(float));
    task->fitted = malloc(num_pixels(task) * task->target.channels * sizeof(float));
    return (task->rows && task->columns && task->fitted) || message_out_of_memory();
}

/* Whether all pixels are samples, in their order. */
static bool are_all(const struct image_task *task) {
    bool all = task->set.n == num_pixels(task);
    for (size_t i = 0; all && i < task->set.n; i++) all = task->set.pixels[i] == i;
    return all;
}

static bool take_values(struct image_task *task) {
    const size_t channels = task->target.channels;
    task->sample_y = task->target.values;
    if (are_all(task)) return true;
    task->sample_y = task->gathered = malloc(task->set.n * channels * sizeof(float));
    if (!task->gathered) return message_out_of_memory();
    for (size_t i = 0; i < task->set.n; i++)
        memcpy(task->gathered + channels * i, task->target.values + channels * task->set.pixels[i],
               channels * sizeof(float));
    return true;
}

static bool take_samples(struct image_task *task, const struct image_source *source) {
    function_even_points(task->target.height, task->rows);
    function_even_points(task->target.width, task->columns);
    if (!pixel_sampling_choose(source->sampling, &task->target, source->fraction, source->seed, &task->set) ||
        !take_values(task))
        return false;
    task->sample_x = malloc(task->set.n * 2 * sizeof(float));
    if (!task->sample_x) return message_out_of_memory();
    for (size_t i = 0; i < task->set.n; i++) find_place(task, task->set.pixels[i], task->sample_x + 2 * i);
    return true;
}

bool image_task_load(struct image_task *task, const struct image_source *source) {
    *task = (struct image_task){0};
    if (!picture_read(source->path, source->max_size, &task->target)) return false;
    if (allocate(task) && take_samples(task, source)) return true;
    image_task_free(task);
    return false;
}

void image_task_free(struct image_task *task) {
    picture_free(&task->target);
    pixel_set_free(&task->set);
    free(task->rows);
    free(task->columns);
    free(task->sample_x);
    free(task->gathered);
    free(task->fitted);
    *task = (struct image_task){0};
}

void image_task_note(const struct image_task *task, struct notes *notes) {
    notes_set(notes, "task", "image");
    notes_set(notes, "image.width", "%zu", task->target.width);
    notes_set(notes, "image.height", "%zu", task->target.height);
}

static void clamp_values(size_t n, float *values) {
    for (size_t i = 0; i < n; i++) values[i] = fminf(fmaxf(values[i], 0), 1);
}

bool image_task_predict(struct image_task *task, const struct field_set *fields) {
    const size_t size[] = {task->target.height, task->target.width};
    if (!field_set_predict_grid(fields, size, low, high, task->fitted)) return false;
    clamp_values(num_pixels(task) * task->target.channels, task->fitted);
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

bool image_task_sample_psnr(const struct image_task *task, const sape_field *field, double *psnr) {
    const size_t channels = task->target.channels, n = task->set.n;
    float *outputs = malloc(CHUNK * channels * sizeof *outputs);
    if (!outputs) return message_out_of_memory();
    double sum = 0;
    bool done = true;
    for (size_t begin = 0; done && begin < n; begin += CHUNK) {
        const size_t count = n - begin < CHUNK ? n - begin : CHUNK;
        done = sape_field_predict(field, count, task->sample_x + 2 * begin, outputs) == SAPE_OK || message_sape_error();
        if (!done) break;
        clamp_values(count * channels, outputs);
        sum += (double)count * metrics_mse(count * channels, outputs, task->sample_y + channels * begin);
    }
    *psnr = metrics_psnr(sum / (double)n);
    free(outputs);
    return done;
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
    const int width = (int)task->target.width, height = (int)task->target.height;
    const size_t channels = task->target.channels;
    gdImagePtr image = gdImageCreateTrueColor(width, height);
    if (!image) {
        message_out_of_memory();
        return NULL;
    }
    gdImageFilledRectangle(image, 0, 0, width - 1, height - 1, gdTrueColor(255, 255, 255));
    for (size_t i = 0; i < task->set.n; i++) {
        const int pixel = (int)task->set.pixels[i];
        gdImageSetPixel(image, pixel % width, pixel / width, picture_color(channels, task->sample_y + channels * i));
    }
    return image;
}

/* The picture's size, or what has its shape and at most so many pixels in each direction. */
static void small_size(const struct image_task *task, size_t max_size, size_t size[2]) {
    const size_t height = task->target.height, width = task->target.width, longest = width > height ? width : height;
    const double scale = longest > max_size ? (double)max_size / (double)longest : 1;
    size[0] = (size_t)fmax(round((double)height * scale), 1);
    size[1] = (size_t)fmax(round((double)width * scale), 1);
}

gdImagePtr image_task_small_fit(const struct image_task *task, const sape_field *field, size_t max_size) {
    size_t size[2];
    struct picture small;
    small_size(task, max_size, size);
    if (!picture_create(size[1], size[0], task->target.channels, &small)) return NULL;
    gdImagePtr image = NULL;
    if (sape_field_predict_grid(field, size, low, high, small.values) == SAPE_OK)
        image = picture_to_image(small.width, small.height, small.channels, small.values);
    else
        message_sape_error();
    picture_free(&small);
    return image;
}

/* Needs 2 width + height + width numbers: the places of a row's pixels, of the rows, and what is revealed there. */
static bool draw_heat_map(const sape_mask *mask, gdImagePtr image, float *work) {
    const size_t width = (size_t)gdImageSX(image), height = (size_t)gdImageSY(image);
    float *x = work, *rows = x + 2 * width, *revealed = rows + height;
    function_even_points(width, revealed);
    for (size_t i = 0; i < width; i++) x[2 * i + 1] = revealed[i];
    function_even_points(height, rows);
    for (size_t y = 0; y < height; y++) {
        for (size_t i = 0; i < width; i++) x[2 * i] = rows[y];
        if (sape_mask_revealed(mask, width, x, revealed) != SAPE_OK) return message_sape_error();
        for (size_t i = 0; i < width; i++)
            gdImageSetPixel(image, (int)i, (int)y, colormap_coolwarm((double)revealed[i]));
    }
    return true;
}

gdImagePtr image_task_small_heat_map(const struct image_task *task, const sape_field *field, size_t max_size) {
    size_t size[2];
    small_size(task, max_size, size);
    gdImagePtr image = gdImageCreateTrueColor((int)size[1], (int)size[0]);
    float *work = malloc((3 * size[1] + size[0]) * sizeof *work);
    const bool ready = (image && work) || message_out_of_memory();
    const bool done = ready && draw_heat_map(sape_field_mask(field), image, work);
    free(work);
    if (done) return image;
    if (image) gdImageDestroy(image);
    return NULL;
}

gdImagePtr image_task_heat_map(const struct image_task *task, const sape_field *field) {
    return image_task_small_heat_map(task, field, SIZE_MAX);
}
