/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libcxlfm: handles, addresses, and the checks in front of both doors
 */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "cxlfm-private.h"

#define DEFAULT_TIMEOUT 5000
#define EID_MIN 8
#define EID_MAX 254

int cxlfm_fail(cxlfm *fm, int error, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_string_vprintf(fm->error, format, args);
    va_end(args);
    if (error != CXLFM_ERROR_REFUSED) {
        fm->return_code = 0;
    }
    return error;
}

CxlfmDeadline cxlfm_deadline(unsigned milliseconds)
{
    return g_get_monotonic_time() + (int64_t)milliseconds * 1000;
}

int cxlfm_left(CxlfmDeadline deadline)
{
    int64_t left = deadline - g_get_monotonic_time();

    return left <= 0 ? 0 : MIN((left + 999) / 1000, G_MAXINT);
}

static void cxlfm_device_clear(gpointer data)
{
    CxlfmDevice *device = data;

    g_free(device->name);
    g_free(device->path);
}

CXLFM_EXPORT cxlfm *cxlfm_new(void)
{
    cxlfm *fm = g_new0(cxlfm, 1);

    fm->timeout = DEFAULT_TIMEOUT;
    fm->error = g_string_new(NULL);
    fm->fd = -1;
    fm->devices = g_array_new(false, true, sizeof(CxlfmDevice));
    g_array_set_clear_func(fm->devices, cxlfm_device_clear);
    g_queue_init(&fm->events);
    return fm;
}

CXLFM_EXPORT void cxlfm_free(cxlfm *fm)
{
    if (!fm) {
        return;
    }
    if (fm->state) {
        fm->door->close(fm);
    }
    if (fm->fd >= 0) {
        close(fm->fd);
    }
    g_queue_clear_full(&fm->events, free);
    g_array_unref(fm->devices);
    g_string_free(fm->error, true);
    g_free(fm->address);
    g_free(fm);
}

CXLFM_EXPORT void cxlfm_set_timeout(cxlfm *fm, unsigned milliseconds)
{
    fm->timeout = milliseconds;
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

CXLFM_EXPORT int cxlfm_connect(cxlfm *fm, const char *address)
{
    CxlfmDeadline deadline = cxlfm_deadline(fm->timeout);
    g_autofree char *where = NULL;
    const CxlfmDoor *door;
    int ret;

    if (fm->address) {
        return cxlfm_fail(fm, CXLFM_ERROR_INVALID,
                          "this handle has been connected to %s before",
                          fm->address);
    }
    fm->address = g_strdup(address);
    if (g_str_has_prefix(address, "qmp:")) {
        door = &cxlfm_door_qmp;
        where = g_strdup(address + strlen("qmp:"));
    } else if (g_str_has_prefix(address, "fm:")) {
        door = &cxlfm_door_fmapi;
        where = g_strdup(address + strlen("fm:"));
        ret = cxlfm_parse_eid(fm, where);
        if (ret < 0) {
            return ret;
        }
    } else {
        return cxlfm_fail(fm, CXLFM_ERROR_INVALID,
                          "address %s must begin with qmp: (a QEMU monitor) or "
                          "fm: (an FM API endpoint), e.g. qmp:/tmp/qmp-sock",
                          address);
    }
    ret = cxlfm_stream_open(fm, where, deadline);
    if (ret < 0) {
        return ret;
    }
    fm->door = door;
    return door->connect(fm, deadline);
}

CXLFM_EXPORT const char *cxlfm_error_text(const cxlfm *fm)
{
    return fm->error->str;
}

CXLFM_EXPORT uint16_t cxlfm_return_code(const cxlfm *fm)
{
    return fm->return_code;
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
    return fm->fd;
}

CXLFM_EXPORT size_t cxlfm_extent_limit(const cxlfm *fm)
{
    return cxlfm_is_fmapi(fm) && fm->state ?
           cxlfm_fmapi_request_extents(fm) : 0;
}

void cxlfm_add_device(cxlfm *fm, const char *name, const char *path)
{
    CxlfmDevice device = { g_strdup(name), g_strdup(path) };

    g_array_append_val(fm->devices, device);
}

CXLFM_EXPORT size_t cxlfm_device_count(const cxlfm *fm)
{
    return fm->devices->len;
}

CXLFM_EXPORT const char *cxlfm_device_name(const cxlfm *fm, size_t device)
{
    return device < fm->devices->len ?
           g_array_index(fm->devices, CxlfmDevice, device).name : NULL;
}

CXLFM_EXPORT const char *cxlfm_device_path(const cxlfm *fm, size_t device)
{
    return device < fm->devices->len ?
           g_array_index(fm->devices, CxlfmDevice, device).path : NULL;
}

/* Every call on a device starts here. */
static int cxlfm_check_device(cxlfm *fm, size_t device)
{
    if (!fm->door) {
        return cxlfm_fail(fm, CXLFM_ERROR_INVALID, "not connected");
    }
    if (fm->fd < 0) {
        return cxlfm_fail(fm, CXLFM_ERROR_UNREACHABLE,
                          "the connection to %s broke earlier: connect anew",
                          fm->address);
    }
    if (device >= fm->devices->len) {
        return cxlfm_fail(fm, CXLFM_ERROR_INVALID,
                          "%s has %u devices, there is no number %zu",
                          fm->address, fm->devices->len, device);
    }
    if (fm->door->fmapi) {
        cxlfm_fmapi_select(fm, device);
    }
    return 0;
}

CXLFM_EXPORT void cxlfm_snapshot_free(struct cxlfm_snapshot *snapshot)
{
    if (snapshot) {
        g_free(snapshot->hosts);
        g_free(snapshot->extents);
        g_free(snapshot);
    }
}

CXLFM_EXPORT int cxlfm_snapshot(cxlfm *fm, size_t device,
                                struct cxlfm_snapshot **ret_snapshot)
{
    struct cxlfm_snapshot *snapshot;
    int ret = cxlfm_check_device(fm, device);

    if (ret < 0) {
        return ret;
    }
    snapshot = g_new0(struct cxlfm_snapshot, 1);
    ret = fm->door->snapshot(fm, device, snapshot);
    if (ret < 0) {
        cxlfm_snapshot_free(snapshot);
        return ret;
    }
    *ret_snapshot = snapshot;
    return 0;
}

CXLFM_EXPORT int cxlfm_tags(cxlfm *fm, size_t device,
                            struct cxlfm_tag **ret_tags, size_t *ret_count)
{
    g_autoptr(GArray) tags = g_array_new(false, true,
                                         sizeof(struct cxlfm_tag));
    int ret = cxlfm_check_device(fm, device);

    if (ret < 0) {
        return ret;
    }
    ret = fm->door->tags(fm, device, tags);
    if (ret < 0) {
        return ret;
    }
    *ret_count = tags->len;
    *ret_tags = (struct cxlfm_tag *)g_array_free(g_steal_pointer(&tags),
                                                 false);
    return 0;
}

static int cxlfm_check_extents(cxlfm *fm, const struct cxlfm_extent *extents,
                               size_t count)
{
    size_t i;

    if (!count || !extents) {
        return cxlfm_fail(fm, CXLFM_ERROR_INVALID,
                          "no extent is listed; the prescriptive policy needs "
                          "at least one");
    }
    for (i = 0; i < count; i++) {
        const struct cxlfm_extent *e = &extents[i];

        if (!e->length || e->offset > UINT64_MAX - e->length) {
            return cxlfm_fail(fm, CXLFM_ERROR_INVALID,
                              "extent [0x%" PRIx64 ", +0x%" PRIx64 "] is %s",
                              e->offset, e->length,
                              e->length ? "larger than the address space" :
                              "empty");
        }
    }
    return 0;
}

static int cxlfm_check_region(cxlfm *fm, uint8_t region)
{
    if (region >= CXLFM_MAX_REGIONS) {
        return cxlfm_fail(fm, CXLFM_ERROR_INVALID,
                          "region %u does not exist: regions are 0 to %d",
                          region, CXLFM_MAX_REGIONS - 1);
    }
    return 0;
}

CXLFM_EXPORT int cxlfm_add(cxlfm *fm, size_t device,
                           const struct cxlfm_add *request)
{
    int ret = cxlfm_check_device(fm, device);

    if (ret < 0 || (ret = cxlfm_check_region(fm, request->region)) < 0) {
        return ret;
    }
    switch (request->policy) {
    case CXLFM_POLICY_FREE:
    case CXLFM_POLICY_CONTIGUOUS:
        if (!request->length) {
            return cxlfm_fail(fm, CXLFM_ERROR_INVALID,
                              "a size of 0 bytes adds nothing");
        }
        break;
    case CXLFM_POLICY_PRESCRIPTIVE:
        ret = cxlfm_check_extents(fm, request->extents,
                                  request->extent_count);
        break;
    case CXLFM_POLICY_SHARED:
        if (cxlfm_tag_is_zero(request->tag)) {
            return cxlfm_fail(fm, CXLFM_ERROR_INVALID,
                              "sharing needs the tag of existing capacity");
        }
        break;
    default:
        return cxlfm_fail(fm, CXLFM_ERROR_INVALID,
                          "add policy %u does not exist", request->policy);
    }
    return ret < 0 ? ret : fm->door->add(fm, device, request);
}

CXLFM_EXPORT int cxlfm_release(cxlfm *fm, size_t device,
                               const struct cxlfm_release *request)
{
    int ret = cxlfm_check_device(fm, device);

    if (ret < 0 || (ret = cxlfm_check_region(fm, request->region)) < 0) {
        return ret;
    }
    if (request->removal == CXLFM_REMOVE_PRESCRIPTIVE) {
        ret = cxlfm_check_extents(fm, request->extents,
                                  request->extent_count);
    } else if (request->removal != CXLFM_REMOVE_TAG) {
        return cxlfm_fail(fm, CXLFM_ERROR_INVALID,
                          "removal policy %u does not exist",
                          request->removal);
    }
    return ret < 0 ? ret : fm->door->release(fm, device, request);
}

CXLFM_EXPORT int cxlfm_reference(cxlfm *fm, size_t device,
                                 const uint8_t tag[CXLFM_TAG_SIZE], bool held)
{
    int ret = cxlfm_check_device(fm, device);

    if (ret < 0) {
        return ret;
    }
    if (cxlfm_tag_is_zero(tag)) {
        return cxlfm_fail(fm, CXLFM_ERROR_INVALID,
                          "a reference needs the tag of existing capacity");
    }
    return fm->door->reference(fm, device, tag, held);
}

CXLFM_EXPORT int cxlfm_set_region(cxlfm *fm, size_t device, uint8_t region,
                                  uint64_t block_size, bool sanitize)
{
    int ret = cxlfm_check_device(fm, device);

    if (ret < 0 || (ret = cxlfm_check_region(fm, region)) < 0) {
        return ret;
    }
    return fm->door->set_region(fm, device, region, block_size, sanitize);
}

CXLFM_EXPORT int cxlfm_subscribe(cxlfm *fm)
{
    int ret = cxlfm_check_device(fm, 0);

    return ret < 0 || !fm->door->subscribe ? ret : fm->door->subscribe(fm);
}

CXLFM_EXPORT int cxlfm_next_event(cxlfm *fm, unsigned timeout,
                                  struct cxlfm_event **ret_event)
{
    int ret;

    if (!g_queue_is_empty(&fm->events)) {
        *ret_event = g_queue_pop_head(&fm->events);
        return 1;
    }
    ret = cxlfm_check_device(fm, 0);
    if (ret < 0) {
        return ret;
    }
    ret = fm->door->pump(fm, timeout);
    if (ret >= 0 && fm->door->drain) {
        ret = fm->door->drain(fm);
    }
    if (ret < 0) {
        return ret;
    }
    *ret_event = g_queue_pop_head(&fm->events);
    return *ret_event != NULL;
}
