/* SPDX-License-Identifier: MIT */
/**
 * @file export.h
 * What every header needs: the integer types, and the mark of what is exported.
 */
#ifndef SAPE_EXPORT_H
#define SAPE_EXPORT_H

#include <stddef.h>
#include <stdint.h>

/** Marks what the shared library exports; nothing else is visible. */
#if defined(__GNUC__)
#define SAPE_API __attribute__((visibility("default")))
#else
#define SAPE_API
#endif

#endif
