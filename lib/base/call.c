/* SPDX-License-Identifier: MIT */
#include "base/call.h"

#include <pthread.h>
#include <stddef.h>

#if defined(__SSE2__)

#include <stdint.h>

/* MXCSR and the x87 control word as a program begins with them. */
#define DEFAULT_MXCSR 0x1f80u
#define DEFAULT_CONTROL 0x037fu
/* Exceptions that have been: they are no setting. */
#define FLAGS 0x3fu

/* The clobbers keep arithmetic on its side of them. */
static uint32_t read_mxcsr(void) {
    uint32_t mxcsr;
    __asm__ volatile("stmxcsr %0" : "=m"(mxcsr) : : "memory");
    return mxcsr;
}

static void write_mxcsr(uint32_t mxcsr) {
    __asm__ volatile("ldmxcsr %0" : : "m"(mxcsr) : "memory");
}

static uint16_t read_control(void) {
    uint16_t control;
    __asm__ volatile("fnstcw %0" : "=m"(control));
    return control;
}

static void write_control(uint16_t control) {
    __asm__ volatile("fldcw %0" : : "m"(control));
}

static uint16_t read_x87_flags(void) {
    uint16_t status;
    __asm__ volatile("fnstsw %0" : "=a"(status));
    return status & FLAGS;
}

static bool is_default(void) {
    return (read_mxcsr() & ~FLAGS) == DEFAULT_MXCSR && read_control() == DEFAULT_CONTROL;
}

/* FE_DFL_ENV is the C library's affair: not all of them reset denormals and their exceptions. */
static void set_default(void) {
    fesetenv(FE_DFL_ENV);
    write_mxcsr(DEFAULT_MXCSR);
    write_control(DEFAULT_CONTROL);
}

static unsigned read_flags(void) {
    return (read_mxcsr() & FLAGS) | (unsigned)read_x87_flags() << 16;
}

static void restore_flags(unsigned flags) {
    const unsigned now = read_flags(), added = now & ~flags;
    if (added >> 16 != 0) feclearexcept((int)(added >> 16) & FE_ALL_EXCEPT);
    if (((now ^ flags) & FLAGS) != 0) write_mxcsr(DEFAULT_MXCSR | (flags & FLAGS));
}

#else

/* Saving and setting the environment costs little elsewhere: no need to look whether it is the default one. */
static bool is_default(void) {
    return false;
}

static void set_default(void) {
    fesetenv(FE_DFL_ENV);
}

static unsigned read_flags(void) {
    return 0;
}

static void restore_flags(unsigned flags) {
    (void)flags;
}

#endif

static _Thread_local const char *current;

void sape_call_enter(struct sape_call *call, const char *name) {
    call->outer = current;
    if (current == NULL) current = name;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &call->cancel_state);
    call->unusual = !is_default();
    if (call->unusual) {
        fegetenv(&call->environment);
        set_default();
    } else {
        call->flags = read_flags();
    }
}

void sape_call_leave(const struct sape_call *call) {
    current = call->outer;
    if (call->unusual)
        fesetenv(&call->environment);
    else
        restore_flags(call->flags);
    pthread_setcancelstate(call->cancel_state, NULL);
}

const char *sape_call_name(void) {
    return current == NULL ? "libsape" : current;
}

const char *sape_call_pause(void) {
    const char *name = current;
    current = NULL;
    return name;
}

void sape_call_resume(const char *name) {
    current = name;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
    if (!is_default()) set_default();
}

static void do_nothing(void *context) {
    (void)context;
}

/* By way of a handler the address sanitizer learns that the frames of all callers are left. */
void sape_call_before(void) {
    pthread_cleanup_push(do_nothing, NULL);
    pthread_testcancel();
    pthread_cleanup_pop(0);
}

void sape_call_test_cancel(const struct sape_call *call) {
    pthread_setcancelstate(call->cancel_state, NULL);
    pthread_testcancel();
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
}
