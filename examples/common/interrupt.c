/* SPDX-License-Identifier: MIT */
#include "interrupt.h"

#include <signal.h>
#include <stddef.h>

static volatile sig_atomic_t requested;

static void on_interrupt(int signal_number) {
    (void)signal_number;
    requested = 1;
}

void interrupt_catch(void) {
    /* SA_RESETHAND: the second one finds the default action. */
    const struct sigaction action = {.sa_handler = on_interrupt, .sa_flags = (int)(SA_RESETHAND | SA_RESTART)};
    sigaction(SIGINT, &action, NULL);
}

bool interrupt_requested(void) {
    return requested;
}
