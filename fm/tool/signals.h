/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Signals that end a command in good order: what it has asked for stands, so
 * it says that, instead of dying without a word
 */
#ifndef CXL_FM_SIGNALS_H
#define CXL_FM_SIGNALS_H

#include <signal.h>

/* One of them came: wait for nothing any more. */
extern volatile sig_atomic_t signals_stop;

/*
 * From now on SIGINT, SIGTERM and SIGHUP set signals_stop; the same a second
 * time ends the program. A hangup that is ignored, as nohup(1) has it, stays
 * ignored.
 */
void signals_catch(void);

#endif /* CXL_FM_SIGNALS_H */
