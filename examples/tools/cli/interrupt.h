/* SPDX-License-Identifier: MIT */
/* Ctrl-C, SIGTERM and the terminal's end (SIGHUP): the first asks for an early end, the second ends the program. */
#ifndef EXAMPLES_INTERRUPT_H
#define EXAMPLES_INTERRUPT_H

#include <stdbool.h>

void interrupt_catch(void);
bool interrupt_requested(void);

#endif
