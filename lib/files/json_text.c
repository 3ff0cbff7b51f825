/* SPDX-License-Identifier: MIT */
#include "files/json_text.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

/* The length of the UTF-8 character that the zero-terminated text begins with; 0 when it is none. */
static size_t utf8_length(const unsigned char *text) {
    if (text[0] < 0x80) return 1;
    if (text[0] < 0xC2 || text[0] > 0xF4) return 0;
    const size_t length = text[0] < 0xE0 ? 2 : text[0] < 0xF0 ? 3 : 4;
    for (size_t i = 1; i < length; i++)
        if ((text[i] & 0xC0) != 0x80) return 0;
    /* Longer than need be, half of a surrogate pair, or beyond U+10FFFF. */
    if ((text[0] == 0xE0 && text[1] < 0xA0) || (text[0] == 0xED && text[1] > 0x9F)) return 0;
    if ((text[0] == 0xF0 && text[1] < 0x90) || (text[0] == 0xF4 && text[1] > 0x8F)) return 0;
    return length;
}

/* Whether four hexadecimal digits follow that are not all zero. */
static bool is_code_point(const unsigned char *digits) {
    bool zero = true;
    for (size_t i = 0; i < 4; i++) {
        if (!isxdigit(digits[i])) return false;
        zero = zero && digits[i] == '0';
    }
    return !zero;
}

/* The length of a string's next character, escaped or not; 0 with what is wrong in *fault. */
static size_t character_length(const unsigned char *bytes, const char **fault) {
    const size_t length = bytes[0] == '\\' ? 2 : utf8_length(bytes);
    if (bytes[0] < ' ')
        *fault = "control character";
    else if (bytes[0] == '\\' && bytes[1] == 'u' && !is_code_point(bytes + 2))
        *fault = "escaped zero or wrong escape";
    else if (length == 0)
        *fault = "byte that is not UTF-8";
    return *fault == NULL ? length : 0;
}

/* The length of the integer that the text begins with; 0 with what is wrong in *fault. */
static size_t integer_length(const unsigned char *bytes, const char **fault) {
    const size_t length = strspn((const char *)bytes, "0123456789+-.eE");
    if (strspn((const char *)bytes, "0123456789") != length || (bytes[0] == '0' && length > 1))
        *fault = "number that is not a non-negative integer in plain digits";
    return *fault == NULL ? length : 0;
}

/* The same between strings, for a number or a single byte. */
static size_t token_length(const unsigned char *bytes, const char **fault) {
    if (bytes[0] == '-' || isdigit(bytes[0])) return integer_length(bytes, fault);
    if (bytes[0] == '\\') *fault = "escape outside a string";
    return *fault == NULL && strchr("\t\n\r", bytes[0]) != NULL && bytes[0] != 0 ? 1 : character_length(bytes, fault);
}

const char *sape_json_text_fault(const char *text, size_t length, size_t *at) {
    const unsigned char *bytes = (const unsigned char *)text;
    const char *fault = NULL;
    bool in_string = false;
    for (*at = 0; *at < length;) {
        const size_t step = in_string ? character_length(bytes + *at, &fault) : token_length(bytes + *at, &fault);
        if (fault != NULL) return fault;
        if (bytes[*at] == '"') in_string = !in_string;
        *at += step;
    }
    return NULL;
}
