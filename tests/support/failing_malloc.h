/* SPDX-License-Identifier: MIT */
/*
 * The C library's allocator with requests that fail on demand. A program that links this has it in place of malloc()
 * and its relatives for every library in the process, so that what cJSON or the C library ask for fails as well.
 */
#ifndef SAPE_TESTS_FAILING_MALLOC_H
#define SAPE_TESTS_FAILING_MALLOC_H

#include <stddef.h>

/* From now on, in this thread, the first `requests` requests are met and the next one fails, once; negative: none
   fails. Blocks are counted from here on. */
void failing_malloc_begin(long requests);

/* Ends that. Returns how many requests there were. */
long failing_malloc_end(void);

/* Blocks handed out between begin and end that have not been given back. */
size_t failing_malloc_live(void);

#endif
