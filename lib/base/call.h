/* SPDX-License-Identifier: MIT */
/*
 * What a call of the library has to itself, whatever its caller's settings are: the default floating-point environment
 * (rounding to nearest, denormals kept, no traps), so that the result is the same in every thread and no bad argument
 * is a signal; and no thread cancellation, which would leave memory, locks and handles behind.
 */
#ifndef SAPE_LIB_CALL_H
#define SAPE_LIB_CALL_H

#include <fenv.h>
#include <stdbool.h>

/* The caller's settings. */
struct sape_call {
    int cancel_state;
    /* Whether the environment was not the default one, and what it was; flags alone where it was. */
    bool unusual;
    fenv_t environment;
    unsigned flags;
    /* The call that this one was made from, NULL for none. */
    const char *outer;
};

void sape_call_enter(struct sape_call *call, const char *name);
void sape_call_leave(const struct sape_call *call);

/* Acts on a cancellation of the thread before a call. */
void sape_call_before(void);

/* Acts on a cancellation of the thread, where the caller lets it, in the midst of a call: what must not be lost is to
   be the business of pthread_cleanup_push(), sape_call_leave() included. */
void sape_call_test_cancel(const struct sape_call *call);

/* The public call that the user has made, of those that this thread is in. */
const char *sape_call_name(void);

/* Around a callback: calls from there are the user's own. The result goes back to sape_call_resume(), which also sets
   again what the callback may have changed. */
const char *sape_call_pause(void);
void sape_call_resume(const char *name);

/* Begins a public call. The caller's settings come back when the function that it stands in is left. */
#define SAPE_BEGIN_CALL()                                                                                              \
    __attribute__((cleanup(sape_call_leave))) struct sape_call public_call;                                            \
    sape_call_enter(&public_call, __func__)

/* The same for a call that waits for threads, files or callbacks: it acts on a cancellation before it does anything. */
#define SAPE_BEGIN_LONG_CALL()                                                                                         \
    sape_call_before();                                                                                                \
    SAPE_BEGIN_CALL()

#endif
