/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libcxlfm: handles, addresses, and which door an address leads to
 */
#include <stdlib.h>
#include <string.h>
#include "device.h"
#include "done.h"
#include "door.h"
#include "error.h"
#include "export.h"
#include "fmapi-ops.h"
#include "fmd-ops.h"
#include "handle.h"
#include "mctp-net.h"
#include "qmp-ops.h"
#include "ready.h"
#include "stream.h"

#define DEFAULT_TIMEOUT 5000
#define EID_MIN 8
#define EID_MAX 254

CXLFM_EXPORT const char *cxlfm_version(void)
{
    return CXLFM_VERSION;
}

CXLFM_EXPORT void cxlfm_set_log(cxlfm *fm, cxlfm_log_fn log, void *opaque)
{
    fm->log = log;
    fm->log_opaque = opaque;
}

CXLFM_EXPORT cxlfm *cxlfm_new(void)
{
    cxlfm *fm = g_new0(cxlfm, 1);

    fm->timeout = DEFAULT_TIMEOUT;
    fm->error = g_string_new(NULL);
    fm->fd = fm->poll_fd = fm->mark_fd = -1;
    fm->devices = cxlfm_devices_new();
    g_queue_init(&fm->events);
    return fm;
}

/* As before it was connected, but for the address, which errors name */
static void cxlfm_disconnect(cxlfm *fm)
{
    if (fm->state) {
        fm->door->close(fm);
        fm->state = NULL;
    }
    fm->door = NULL;
    fm->eid = 0;
    fm->network = 0;
    fm->news = false;
    cxlfm_ready_close(fm);
    cxlfm_stream_close(fm);
    g_queue_clear_full(&fm->events, free);
    g_array_set_size(fm->devices, 0);
}

CXLFM_EXPORT void cxlfm_free(cxlfm *fm)
{
    if (!fm) {
        return;
    }
    cxlfm_disconnect(fm);
    g_array_unref(fm->devices);
    g_string_free(fm->error, true);
    g_free(fm->address);
    g_free(fm);
}

CXLFM_EXPORT void cxlfm_set_timeout(cxlfm *fm, unsigned milliseconds)
{
    fm->timeout = milliseconds;
}

CXLFM_EXPORT void cxlfm_set_own(cxlfm *fm, bool own)
{
    fm->own = own;
}

/* Cut ",eid=N" from the end of @where. */
static int cxlfm_parse_eid(cxlfm *fm, char *where)
{
    char *option = g_strrstr(where, ",eid="), *end;
    unsigned long eid;

    if (!option) {
        return 0;
    }
    eid = strtoul(option + strlen(",eid="), &end, 10);
    if (!g_ascii_isdigit(option[strlen(",eid=")]) || *end || eid < EID_MIN ||
        eid > EID_MAX) {
        return cxlfm_fail(fm, CXLFM_ERROR_INVALID,
                          "address %s: an MCTP endpoint id is a number from "
                          "%d to %d", fm->address, EID_MIN, EID_MAX);
    }
    *option = '\0';
    fm->eid = eid;
    return 0;
}

/* Which door fm->address leads to; *ret_where is the rest of it. */
static const struct cxlfm_door_ops *cxlfm_choose(cxlfm *fm, char **ret_where,
                                                 int *ret)
{
    *ret = 0;
    if (g_str_has_prefix(fm->address, "qmp:")) {
        *ret_where = g_strdup(fm->address + strlen("qmp:"));
        return &cxlfm_door_qmp;
    }
    if (g_str_has_prefix(fm->address, "fm:")) {
        *ret_where = g_strdup(fm->address + strlen("fm:"));
        *ret = cxlfm_parse_eid(fm, *ret_where);
        return &cxlfm_door_fmapi;
    }
    if (g_str_has_prefix(fm->address, "fmd:")) {
        *ret_where = g_strdup(fm->address + strlen("fmd:"));
        return &cxlfm_door_fmd;
    }
    *ret = cxlfm_fail(fm, CXLFM_ERROR_INVALID,
                      "address %s must begin with qmp: (a QEMU monitor), fm: "
                      "(an FM API endpoint) or fmd: (cxl-fmd, which holds "
                      "them), e.g. qmp:/tmp/qmp-sock", fm->address);
    return NULL;
}

/* A line of ours, or a socket of the kernel's MCTP */
static int cxlfm_open_line(cxlfm *fm, const char *where,
                           CxlfmDeadline deadline)
{
    if (fm->door->fmapi && g_str_has_prefix(where, "mctp:")) {
        return cxlfm_mctp_net_open(fm, where + strlen("mctp:"));
    }
    return cxlfm_stream_open(fm, where, deadline);
}

/* fm->address, within the time for one answer */
static int cxlfm_dial(cxlfm *fm)
{
    CxlfmDeadline deadline = cxlfm_deadline(fm->timeout);
    g_autofree char *where = NULL;
    int ret;

    fm->door = cxlfm_choose(fm, &where, &ret);
    if (ret >= 0 && !fm->door->own_line) {
        ret = cxlfm_open_line(fm, where, deadline);
    }
    if (ret >= 0) {
        ret = fm->door->connect(fm, deadline);
    }
    if (ret < 0) {
        cxlfm_disconnect(fm);
        return ret;
    }
    cxlfm_ready_open(fm);
    cxlfm_log(fm, "%s: connected, %zu devices", fm->address,
              cxlfm_device_count(fm));
    return cxlfm_done(fm, 0);
}

CXLFM_EXPORT int cxlfm_connect(cxlfm *fm, const char *address)
{
    if (fm->door) {
        return cxlfm_fail(fm, CXLFM_ERROR_INVALID,
                          "this handle is connected to %s already",
                          fm->address);
    }
    g_free(fm->address);
    fm->address = g_strdup(address);
    return cxlfm_dial(fm);
}

CXLFM_EXPORT int cxlfm_reconnect(cxlfm *fm)
{
    bool subscribed = fm->subscribed;
    int ret;

    if (!fm->address) {
        return cxlfm_fail(fm, CXLFM_ERROR_INVALID,
                          "this handle was never connected");
    }
    cxlfm_disconnect(fm);
    ret = cxlfm_dial(fm);
    return ret < 0 || !subscribed || !cxlfm_device_count(fm) ? ret :
           cxlfm_subscribe(fm);
}

CXLFM_EXPORT const char *cxlfm_address(const cxlfm *fm)
{
    return fm->address ? fm->address : "";
}

CXLFM_EXPORT bool cxlfm_is_fmapi(const cxlfm *fm)
{
    return fm->door && fm->door->fmapi;
}

CXLFM_EXPORT int cxlfm_fd(const cxlfm *fm)
{
    return fm->poll_fd;
}
