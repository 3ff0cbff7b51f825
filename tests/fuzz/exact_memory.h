/* SPDX-License-Identifier: MIT */
#ifndef SAPE_TESTS_FUZZ_EXACT_MEMORY_H
#define SAPE_TESTS_FUZZ_EXACT_MEMORY_H

/* Before the first file is read. */
void use_exact_memory(void);

#endif
