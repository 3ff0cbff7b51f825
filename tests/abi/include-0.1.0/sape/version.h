/* SPDX-License-Identifier: MIT */
/**
 * @file version.h
 * The version of the headers (macros) and of the library that is loaded (functions).
 */
#ifndef SAPE_VERSION_H
#define SAPE_VERSION_H

#include "export.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Raised when programs must be changed or built again; the SONAME follows it. */
#define SAPE_VERSION_MAJOR 0
/** Raised when something is added. */
#define SAPE_VERSION_MINOR 1
/** Raised for corrections. */
#define SAPE_VERSION_PATCH 0
/** One number that grows with every version. */
#define SAPE_VERSION (SAPE_VERSION_MAJOR * 10000 + SAPE_VERSION_MINOR * 100 + SAPE_VERSION_PATCH)

/** @return #SAPE_VERSION of the library that is loaded. Any thread. */
SAPE_API uint32_t sape_version(void);

/** @return "major.minor.patch" of the library that is loaded, a static string. Any thread. */
SAPE_API const char *sape_version_string(void);

#ifdef __cplusplus
}
#endif

#endif
