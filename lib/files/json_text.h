/* SPDX-License-Identifier: MIT */
/* What a JSON text must be before a parser that works on C strings and doubles can be trusted with it. */
#ifndef SAPE_LIB_JSON_TEXT_H
#define SAPE_LIB_JSON_TEXT_H

#include <stddef.h>

/*
 * Checks length bytes, which a zero byte follows: UTF-8, no control characters but white space between values, no
 * string with a zero character in it, and no number but integers from 0, in digits alone. Returns NULL, or what is
 * wrong in words, with its position in *at.
 */
const char *sape_json_text_fault(const char *text, size_t length, size_t *at);

#endif
