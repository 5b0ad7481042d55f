/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Points at which tests end or stop the daemon: the environment names one,
 * CXL_FMD_KILL_AT=NAME (SIGKILL) or CXL_FMD_STOP_AT=NAME (SIGSTOP, once)
 */
#ifndef CXL_FMD_CRASH_H
#define CXL_FMD_CRASH_H

void crash_point(const char *name);

#endif /* CXL_FMD_CRASH_H */
