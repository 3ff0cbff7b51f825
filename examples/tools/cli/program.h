/* SPDX-License-Identifier: MIT */
/* A program's beginning and its end. */
#ifndef EXAMPLES_PROGRAM_H
#define EXAMPLES_PROGRAM_H

#include <stdbool.h>

/* Makes it safe to write: a reader that has gone and a file that has become too large are errors, no signals, and no
   file of the program's takes the number of a standard stream that was closed. */
void program_begin(void);

/* The exit status: success when all was done and what went to stdout has arrived. */
int program_end(bool done);

#endif
