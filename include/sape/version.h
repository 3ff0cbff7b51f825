/* SPDX-License-Identifier: MIT */
/**
 * @file version.h
 * Gives the versions of the headers and of the loaded library.
 *
 * The macros describe the headers that a program was compiled with, the functions the library that is loaded.
 */
#ifndef SAPE_VERSION_H
#define SAPE_VERSION_H

#include "export.h"

#ifdef __cplusplus
extern "C" {
#endif

/** The major version, raised when programs must change or be rebuilt. The SONAME follows it. */
#define SAPE_VERSION_MAJOR 0
/** The minor version, raised when something is added. */
#define SAPE_VERSION_MINOR 3
/** The patch version, raised for corrections. */
#define SAPE_VERSION_PATCH 0
/** The version as one number that grows with every version. */
#define SAPE_VERSION (SAPE_VERSION_MAJOR * 10000 + SAPE_VERSION_MINOR * 100 + SAPE_VERSION_PATCH)

/**
 * Returns the version of the loaded library as a number.
 *
 * Any thread may call it.
 *
 * @return #SAPE_VERSION of the loaded library.
 * @since 0.1.0
 */
SAPE_API uint32_t sape_version(void);

/**
 * Returns the version of the loaded library as text.
 *
 * Any thread may call it.
 *
 * @return "major.minor.patch", a static string; never NULL.
 * @since 0.1.0
 */
SAPE_API const char *sape_version_string(void);

#ifdef __cplusplus
}
#endif

#endif
