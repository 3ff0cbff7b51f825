/* SPDX-License-Identifier: MIT */
/* Writes what fit_image trains on, for tests/bench/rivals: height, width, channels and the number of samples as 64-bit
   numbers, the samples' pixels as 32-bit numbers, and the picture's values as floats. */
#include "cli/message.h"
#include "task/image_task.h"

#include <stdio.h>
#include <stdlib.h>

static bool write_task(const struct image_task *task) {
    const struct picture *target = &task->target;
    const uint64_t header[] = {target->height, target->width, target->channels, task->set.n};
    const size_t num_values = target->height * target->width * target->channels;
    return fwrite(header, sizeof header, 1, stdout) == 1 &&
           fwrite(task->set.pixels, sizeof *task->set.pixels, task->set.n, stdout) == task->set.n &&
           fwrite(target->values, sizeof *target->values, num_values, stdout) == num_values && fflush(stdout) == 0;
}

int main(int argc, char **argv) {
    if (argc != 5) {
        message_error("usage: write_samples PICTURE MAX_SIZE FRACTION SEED");
        return 2;
    }
    const struct image_source source = {argv[1], strtoull(argv[2], NULL, 10), PIXEL_SAMPLING_RANDOM,
                                        strtod(argv[3], NULL), strtoull(argv[4], NULL, 10)};
    struct image_task task;
    if (!image_task_load(&task, &source)) return EXIT_FAILURE;
    const bool written = write_task(&task) || message_error("the samples cannot be written");
    image_task_free(&task);
    return written ? EXIT_SUCCESS : EXIT_FAILURE;
}
