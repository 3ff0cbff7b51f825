/* SPDX-License-Identifier: MIT */
#include "cli/interrupt.h"

#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>

static const int caught[] = {SIGINT, SIGTERM, SIGHUP};
enum { NUM_CAUGHT = sizeof caught / sizeof *caught };

/* The signal may come to any thread, such as one of the BLAS library's. */
static atomic_bool requested;

/* The second one, whichever it is, finds the default action. */
static void on_interrupt(int signal_number) {
    (void)signal_number;
    atomic_store(&requested, true);
    for (size_t i = 0; i < NUM_CAUGHT; i++) signal(caught[i], SIG_DFL);
}

void interrupt_catch(void) {
    for (size_t i = 0; i < NUM_CAUGHT; i++) {
        const struct sigaction action = {.sa_handler = on_interrupt, .sa_flags = SA_RESTART};
        struct sigaction old;
        /* Whoever ignores the end of a terminal, as nohup does, wants the program to go on. */
        if (caught[i] == SIGHUP && sigaction(SIGHUP, NULL, &old) == 0 && old.sa_handler == SIG_IGN) continue;
        sigaction(caught[i], &action, NULL);
    }
}

bool interrupt_requested(void) {
    return atomic_load(&requested);
}
