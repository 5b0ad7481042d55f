/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Points at which tests end or stop the daemon */
#include <glib.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>
#include "crash.h"

void crash_point(const char *name)
{
    static bool stopped;

    if (!g_strcmp0(getenv("CXL_FMD_KILL_AT"), name)) {
        kill(getpid(), SIGKILL);
    }
    if (!stopped && !g_strcmp0(getenv("CXL_FMD_STOP_AT"), name)) {
        stopped = true;
        /* Of this thread: it does not go on until others have stopped, too. */
        raise(SIGSTOP);
    }
}
