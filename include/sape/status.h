/* SPDX-License-Identifier: MIT */
/**
 * @file status.h
 * What a call reports.
 *
 * Every function that can fail returns a #sape_status. When it is not #SAPE_OK, sape_last_error() says in words which
 * argument was wrong and what its value was. A call that fails leaves its outputs and its handles as they were, unless
 * its comment says otherwise.
 *
 * All of a call, callbacks included, runs in the default floating-point environment, whatever the caller's is: rounding
 * to nearest, denormals kept, no traps. So results do not depend on the caller's environment, and no argument sets off
 * a trap. Cancellation of the thread is disabled meanwhile: a call that waits for threads, files or callbacks acts on a
 * pending one before it has done anything, the others do not. With asynchronous cancellation a handle that a call has
 * just made may be lost. The caller's settings come back, exception flags included, when the call returns; after a
 * callback those of the call do.
 *
 * Any call may change errno, which carries nothing: what the operating system said is in the message. Nothing else of
 * the calling process or thread is changed for good: not the rounding mode, flush-to-zero or any other floating-point
 * setting, the locale, signal handlers and masks, umask, working directory or environment. The number of threads of
 * the BLAS library is one while a call that multiplies by it is inside, and then what it was. No signal, exit(),
 * abort() or output to a stream comes from the library.
 */
#ifndef SAPE_STATUS_H
#define SAPE_STATUS_H

#include "export.h"

#ifdef __cplusplus
extern "C" {
#endif

/** The outcome of a call. Values never change; new ones are added at the end. */
typedef enum sape_status {
    /** The call did what it says. */
    SAPE_OK = 0,
    /** An argument or a field of a parameter struct is out of its range. */
    SAPE_ERROR_ARGUMENT = 1,
    /** Memory could not be allocated, or a size does not fit in memory. */
    SAPE_ERROR_MEMORY = 2,
    /** An array or tensor does not have the size or shape asked for. */
    SAPE_ERROR_SHAPE = 3,
    /** An input holds NaN or an infinity. */
    SAPE_ERROR_NOT_FINITE = 4,
    /** The loss became NaN or infinite, and the parameters are the last ones that gave a finite loss; or a step left a
        parameter or a moment of the optimizer so, and was taken back. */
    SAPE_ERROR_DIVERGED = 5,
    /** No tensor or metadata entry has that name. */
    SAPE_ERROR_NOT_FOUND = 6,
    /** The operating system could not open, read or write a file. */
    SAPE_ERROR_FILE = 7,
    /** A file or buffer is not what its format demands. */
    SAPE_ERROR_FORMAT = 8,
    /** A struct or file was made by a newer libsape and uses what this one does not know. */
    SAPE_ERROR_VERSION = 9,
    /** The call cannot be made in the handle's present state (no data set yet, for example). */
    SAPE_ERROR_STATE = 10,
    /** This combination of options is not supported. */
    SAPE_ERROR_UNSUPPORTED = 11,
    /** A thread could not be started. */
    SAPE_ERROR_THREAD = 12,
    /** A callback of the caller reported a failure. */
    SAPE_ERROR_CALLBACK = 13
} sape_status;

/**
 * The name of a status, for example "SAPE_ERROR_ARGUMENT".
 *
 * @return a static string; for a value that is no status "unknown sape_status". Never NULL. Any thread.
 */
SAPE_API const char *sape_status_string(sape_status status);

/**
 * What the last failing call of this thread had to say, for example
 * "sape_mask_create: resolution is 2, must be at least 3".
 *
 * @return a string that stays valid until the next failing call of the same thread; "" when none has failed yet.
 *         Never NULL.
 */
SAPE_API const char *sape_last_error(void);

#ifdef __cplusplus
}
#endif

#endif
