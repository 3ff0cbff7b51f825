/* SPDX-License-Identifier: MIT */
/**
 * @file status.h
 * Reports the outcome of a call.
 *
 * Every function that can fail returns a #sape_status. If that is not #SAPE_OK, sape_last_error() says which argument
 * was wrong and what its value was. A call that fails leaves its outputs and its handles unchanged, unless its comment
 * says otherwise.
 *
 * Floating point: a call, with its callbacks, runs in the default floating-point environment: rounding to nearest,
 * denormals kept, no traps. Results therefore do not depend on the caller's environment, and no argument raises a trap.
 * The caller's settings and exception flags are restored when the call returns; those of the call are restored after
 * each callback.
 *
 * Cancellation: a thread cannot be cancelled inside a call. A call that waits for threads, files or callbacks acts on a
 * pending cancellation before it does anything; other calls do not act on it. sape_trainer_run() also acts on it
 * between iterations. With asynchronous cancellation, a handle that a call has just made may be lost.
 *
 * Process state: a call may change errno, which carries no information; the operating system's reason is in the
 * message. A call changes nothing else of the process or thread permanently: no floating-point setting, locale, signal
 * handler or mask, umask, working directory or environment variable. The library raises no signal, calls neither
 * exit() nor abort(), and writes to no stream. sape.h says which state is global.
 */
#ifndef SAPE_STATUS_H
#define SAPE_STATUS_H

#include "export.h"

#ifdef __cplusplus
extern "C" {
#endif

/** The outcome of a call. Values never change; new ones are added at the end. */
typedef enum sape_status {
    /** The call succeeded. */
    SAPE_OK = 0,
    /** An argument or parameter is invalid: out of range, or NULL. */
    SAPE_ERROR_ARGUMENT = 1,
    /** Memory could not be allocated, or a size exceeds the address space. */
    SAPE_ERROR_MEMORY = 2,
    /** An array or tensor has the wrong size or shape. */
    SAPE_ERROR_SHAPE = 3,
    /** An input contains NaN or infinity. */
    SAPE_ERROR_NOT_FINITE = 4,
    /**
     * The loss, a parameter or a moment became NaN or infinite. After such a loss, the parameters are the last ones
     * that gave a finite loss. A step that would make a parameter or a moment of the optimizer so is undone.
     */
    SAPE_ERROR_DIVERGED = 5,
    /** No tensor or metadata entry has that name. */
    SAPE_ERROR_NOT_FOUND = 6,
    /** The operating system could not open, read or write a file. */
    SAPE_ERROR_FILE = 7,
    /** A file or buffer violates its format, or contradicts itself. */
    SAPE_ERROR_FORMAT = 8,
    /** A struct or file from a newer libsape uses an unknown feature. */
    SAPE_ERROR_VERSION = 9,
    /** The handle's state does not allow the call, for example without data. */
    SAPE_ERROR_STATE = 10,
    /** The combination of options is not supported, or not on this machine. */
    SAPE_ERROR_UNSUPPORTED = 11,
    /** A thread could not be started. */
    SAPE_ERROR_THREAD = 12,
    /** A callback reported a failure. */
    SAPE_ERROR_CALLBACK = 13
} sape_status;

/**
 * Returns the name of a status, for example "SAPE_ERROR_ARGUMENT".
 *
 * Any thread may call it.
 *
 * @param[in] status the status.
 * @return a static string, "unknown sape_status" for any other value; never NULL.
 * @since 0.1.0
 */
SAPE_API const char *sape_status_string(sape_status status);

/**
 * Returns the message of this thread's last failed call.
 *
 * For example "sape_mask_create: resolution is 2, must be 3 to 4096". Every thread has its own message.
 *
 * @return a string that stays valid until the thread's next failed call; "" if no call has failed yet. Never NULL.
 * @since 0.1.0
 */
SAPE_API const char *sape_last_error(void);

#ifdef __cplusplus
}
#endif

#endif
