/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What systemd is told and gives */
#include "notify.h"
#ifdef FMD_HAVE_SYSTEMD
#include <glib.h>
#include <inttypes.h>
#include <systemd/sd-daemon.h>

void notify_ready(void)
{
    sd_notify(0, "READY=1");
}

void notify_reloading(void)
{
    sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%" PRIi64,
               (int64_t)g_get_monotonic_time());
}

void notify_stopping(void)
{
    sd_notify(0, "STOPPING=1");
}

void notify_watchdog(void)
{
    sd_notify(0, "WATCHDOG=1");
}

int64_t notify_watchdog_ms(void)
{
    uint64_t period;

    return sd_watchdog_enabled(0, &period) > 0 ? MAX(period / 3000, 1) : 0;
}

int notify_socket(void)
{
    return sd_listen_fds(1) >= 1 ? SD_LISTEN_FDS_START : -1;
}
#else
void notify_ready(void)
{
}

void notify_reloading(void)
{
}

void notify_stopping(void)
{
}

void notify_watchdog(void)
{
}

int64_t notify_watchdog_ms(void)
{
    return 0;
}

int notify_socket(void)
{
    return -1;
}
#endif
