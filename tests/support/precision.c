/* SPDX-License-Identifier: MIT */
#include "precision.h"

#include <sape/sape.h>
#include <string.h>

double by_precision(double fp32, double bf16x3, double bf16) {
    sape_description description = {.struct_size = sizeof description};
    if (sape_describe(&description) != SAPE_OK) return fp32;
    if (strcmp(description.precision, "bf16") == 0) return bf16;
    return strcmp(description.precision, "bf16x3") == 0 ? bf16x3 : fp32;
}

bool has_differences(void) {
    return by_precision(1.0, 1.0, 0.0) > 0.0;
}
