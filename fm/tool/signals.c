/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Signals that end a command in good order */
#include <stddef.h>
#include "signals.h"

volatile sig_atomic_t signals_stop;

static void signals_on_signal(int number)
{
    signals_stop = 1;
}

void signals_catch(void)
{
    const struct sigaction stop = {
        .sa_handler = signals_on_signal, .sa_flags = SA_RESETHAND,
    };
    struct sigaction hangup;

    sigaction(SIGINT, &stop, NULL);
    sigaction(SIGTERM, &stop, NULL);
    sigaction(SIGHUP, NULL, &hangup);
    if (hangup.sa_handler != SIG_IGN) {
        sigaction(SIGHUP, &stop, NULL);
    }
}
