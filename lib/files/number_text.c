/* SPDX-License-Identifier: MIT */
#include "files/number_text.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FRACTION_BITS 52

void sape_integer_to_text(uint64_t value, char text[SAPE_NUMBER_TEXT]) {
    snprintf(text, SAPE_NUMBER_TEXT, "%" PRIu64, value);
}

/* Not %a, which writes the locale's decimal point. */
void sape_real_to_text(double value, char text[SAPE_NUMBER_TEXT]) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    const char *sign = signbit(value) ? "-" : "";
    const uint64_t fraction = bits & ((UINT64_C(1) << FRACTION_BITS) - 1);
    const int exponent = (int)(bits >> FRACTION_BITS & 0x7FF);
    if (!isfinite(value))
        snprintf(text, SAPE_NUMBER_TEXT, "%s%s", sign, isnan(value) ? "nan" : "inf");
    else if (value == 0.0)
        snprintf(text, SAPE_NUMBER_TEXT, "%s0x0.0p+0", sign);
    else
        snprintf(text, SAPE_NUMBER_TEXT, "%s0x%d.%013" PRIx64 "p%+d", sign, exponent != 0, fraction,
                 exponent != 0 ? exponent - 1023 : -1022);
}

bool sape_integer_from_text(const char *text, uint64_t *value) {
    char again[SAPE_NUMBER_TEXT];
    const uint64_t read = strtoull(text, NULL, 10);
    sape_integer_to_text(read, again);
    if (strcmp(again, text) != 0) return false;
    *value = read;
    return true;
}

static double read_magnitude(const char *text) {
    int lead, exponent;
    uint64_t fraction;
    if (strcmp(text, "inf") == 0) return INFINITY;
    if (sscanf(text, "0x%1d.%13" SCNx64 "p%5d", &lead, &fraction, &exponent) != 3) return 0.0;
    return ldexp((double)((lead > 0 ? UINT64_C(1) << FRACTION_BITS : 0) + fraction), exponent - FRACTION_BITS);
}

/* Writing it again must give the same text, so that reading need not be strict itself. */
bool sape_real_from_text(const char *text, double *value) {
    char again[SAPE_NUMBER_TEXT];
    const bool negative = text[0] == '-';
    const double magnitude = read_magnitude(text + negative), read = negative ? -magnitude : magnitude;
    sape_real_to_text(read, again);
    if (strcmp(again, text) != 0) return false;
    *value = read;
    return true;
}

void sape_real_to_decimal(double value, char text[SAPE_NUMBER_TEXT]) {
    int digits = 6;
    do snprintf(text, SAPE_NUMBER_TEXT, "%.*g", digits, value);
    while (digits++ < 17 && strtod(text, NULL) != value);
}
