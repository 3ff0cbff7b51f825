/* SPDX-License-Identifier: MIT */
#include <sape/version.h>

#define TEXT(x) #x
#define STRING(x) TEXT(x)

uint32_t sape_version(void) {
    return SAPE_VERSION;
}

const char *sape_version_string(void) {
    return STRING(SAPE_VERSION_MAJOR) "." STRING(SAPE_VERSION_MINOR) "." STRING(SAPE_VERSION_PATCH);
}
