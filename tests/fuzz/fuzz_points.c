/* SPDX-License-Identifier: MIT */
/* A libFuzzer target: any bytes as the table of points that the example programs read. */
#include "bytes_file.h"
#include "task/points.h"

#include <math.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t size);

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t size) {
    struct points points;
    if (!points_read(bytes_file(bytes, size, ".csv"), &points)) return 0;
    for (size_t i = 0; i < points.n; i++)
        if (!isfinite(points.x[i]) || !isfinite(points.y[i])) abort();
    points_free(&points);
    return 0;
}
