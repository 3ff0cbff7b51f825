/* SPDX-License-Identifier: MIT */
#include "json_text.h"

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

const char *sape_json_text_fault(const char *text, size_t length, size_t *at) {
    const unsigned char *bytes = (const unsigned char *)text;
    for (size_t i = 0; i < length;) {
        *at = i;
        if (bytes[i] < ' ' && (bytes[i] == 0 || strchr("\t\n\r", bytes[i]) == NULL)) return "control character";
        if (bytes[i] == '\\') {
            /* Only strings can hold one, so the text need not be told apart from them. */
            if (bytes[i + 1] == 'u' && !is_code_point(bytes + i + 2)) return "escaped zero or wrong escape";
            i += 2;
            continue;
        }
        const size_t step = utf8_length(bytes + i);
        if (step == 0) return "byte that is not UTF-8";
        i += step;
    }
    return NULL;
}
