/* SPDX-License-Identifier: MIT */
/**
 * @file export.h
 * Declares integer types and the export mark for every header.
 */
#ifndef SAPE_EXPORT_H
#define SAPE_EXPORT_H

#include <stddef.h>
#include <stdint.h>

/** Marks a symbol that the shared library exports; all others are hidden. */
#if defined(_WIN32) && defined(SAPE_EXPORTS)
#define SAPE_API __declspec(dllexport)
#elif defined(__GNUC__) && !defined(_WIN32)
#define SAPE_API __attribute__((visibility("default")))
#else
#define SAPE_API
#endif

#endif
