/* SPDX-License-Identifier: MIT */
#include "insist.h"

#include <sape/status.h>
#include <stdio.h>
#include <stdlib.h>

void insist(int condition, const char *what) {
    if (condition) return;
    fprintf(stderr, "%s; the last error is: %s\n", what, sape_last_error());
    abort();
}
