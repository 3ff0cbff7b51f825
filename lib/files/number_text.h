/* SPDX-License-Identifier: MIT */
/* Numbers as text that gives back the same bits, whatever the locale: integers in decimal, reals in hexadecimal. */
#ifndef SAPE_LIB_NUMBER_TEXT_H
#define SAPE_LIB_NUMBER_TEXT_H

#include <stdbool.h>
#include <stdint.h>

/* Characters that any number needs. */
#define SAPE_NUMBER_TEXT 32

void sape_integer_to_text(uint64_t value, char text[SAPE_NUMBER_TEXT]);

/* For example 0x1.8000000000000p+1 for 3, as Python's float.hex() has it. */
void sape_real_to_text(double value, char text[SAPE_NUMBER_TEXT]);

/* Back; false, and *value is left alone, for what the functions above do not write, and for "nan". */
bool sape_integer_from_text(const char *text, uint64_t *value);
bool sape_real_from_text(const char *text, double *value);

/* For people: in as few decimal digits, 6 at least, as give the value back, with the locale's decimal point. */
void sape_real_to_decimal(double value, char text[SAPE_NUMBER_TEXT]);

#endif
