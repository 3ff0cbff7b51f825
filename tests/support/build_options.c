/* SPDX-License-Identifier: MIT */
/* What the library under test was built with. */
#include <string.h>

#include "support.h"

bool has_cblas(void) {
    sape_description description = {.struct_size = sizeof description};
    return sape_describe(&description) == SAPE_OK && strcmp(description.blas, "none") != 0;
}
