/* SPDX-License-Identifier: MIT */
#ifndef SAPE_TESTS_FUZZ_INSIST_H
#define SAPE_TESTS_FUZZ_INSIST_H

/* Ends the program where the condition does not hold: a bug that no status tells of. */
void insist(int condition, const char *what);

#endif
