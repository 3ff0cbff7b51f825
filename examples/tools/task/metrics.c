/* SPDX-License-Identifier: MIT */
#include "task/metrics.h"

#include <math.h>

double metrics_mse(size_t n, const float *a, const float *b) {
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        const double difference = (double)a[i] - (double)b[i];
        sum += difference * difference;
    }
    return n == 0 ? NAN : sum / (double)n;
}

double metrics_psnr(double mse) {
    return -10 * log10(mse);
}

double metrics_mse_of_psnr(double psnr) {
    return pow(10, -psnr / 10);
}
