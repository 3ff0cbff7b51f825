/* SPDX-License-Identifier: MIT */
/* In place of product_cblas.c where libsape is built with -Dblas=none. */
#include "network/product.h"

const struct sape_product *const sape_product_cblas = NULL;

void sape_cblas_describe(const char **library, const char **kernel) {
    *library = "none";
    *kernel = "none";
}

void sape_product_enter(const struct sape_product *product) {
    (void)product;
}

void sape_product_leave(const struct sape_product *product) {
    (void)product;
}
