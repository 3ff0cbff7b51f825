/* SPDX-License-Identifier: MIT */
#include "cli/program.h"

#include "cli/message.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void program_begin(void) {
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    /* The lowest free number is taken, so those below are open. stdout must fail: nobody has its text. */
    for (int number = STDIN_FILENO; number <= STDERR_FILENO; number++)
        if (fcntl(number, F_GETFD) == -1) open("/dev/null", number == STDERR_FILENO ? O_WRONLY : O_RDONLY);
}

int program_end(bool done) {
    const bool failed = ferror(stdout);
    errno = 0;
    if (fclose(stdout) != 0 || failed)
        done =
            message_error("cannot write to the standard output%s%s", errno ? ": " : "", errno ? strerror(errno) : "");
    return done ? EXIT_SUCCESS : EXIT_FAILURE;
}
