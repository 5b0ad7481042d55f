/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What systemd is told and gives; nothing happens when it did not start us */
#ifndef CXL_FMD_NOTIFY_H
#define CXL_FMD_NOTIFY_H

#include <stdint.h>

void notify_ready(void);
void notify_reloading(void);
void notify_stopping(void);
void notify_watchdog(void);
/* How often notify_watchdog() is to be called; 0: never */
int64_t notify_watchdog_ms(void);
/* A listening socket that was handed over; -1: none */
int notify_socket(void);

#endif /* CXL_FMD_NOTIFY_H */
