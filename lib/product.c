/* SPDX-License-Identifier: MIT */
#include "product.h"

#include <stdlib.h>
#include <string.h>

const struct sape_product *sape_product_select(void) {
    const char *wanted = getenv("SAPE_PRODUCT");
    return wanted != NULL && strcmp(wanted, "cblas") == 0 ? &sape_product_cblas : &sape_product_packed;
}
