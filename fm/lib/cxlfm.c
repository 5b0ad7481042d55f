/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libcxlfm: the checks in front of both doors
 */
#include <inttypes.h>
#include "device.h"
#include "done.h"
#include "door.h"
#include "error.h"
#include "export.h"
#include "handle.h"

CXLFM_EXPORT size_t cxlfm_extent_limit(const cxlfm *fm)
{
    return fm->door && fm->door->extent_limit && fm->state ?
           fm->door->extent_limit(fm) : 0;
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
    if (device >= cxlfm_device_count(fm)) {
        return cxlfm_fail(fm, CXLFM_ERROR_INVALID,
                          "%s has %zu devices, there is no number %zu",
                          fm->address, cxlfm_device_count(fm), device);
    }
    if (fm->door->select) {
        fm->door->select(fm, device);
    }
    return 0;
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
    ret = cxlfm_done(fm, fm->door->snapshot(fm, device, snapshot));
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
    ret = cxlfm_done(fm, fm->door->tags(fm, device, tags));
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

/* What a later library knows and this one does not must not be lost silently. */
static int cxlfm_check_reserved(cxlfm *fm, const uint64_t *reserved,
                                size_t count)
{
    size_t i;

    for (i = 0; i < count; i++) {
        if (reserved[i]) {
            return cxlfm_fail(fm, CXLFM_ERROR_INVALID,
                              "reserved members of a request must be 0; was "
                              "this program built for a later libcxlfm?");
        }
    }
    return 0;
}

CXLFM_EXPORT int cxlfm_add(cxlfm *fm, size_t device,
                           const struct cxlfm_add *request)
{
    int ret = cxlfm_check_device(fm, device);

    if (ret < 0 || (ret = cxlfm_check_region(fm, request->region)) < 0 ||
        (ret = cxlfm_check_reserved(fm, request->reserved,
                                    G_N_ELEMENTS(request->reserved))) < 0) {
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
    return ret < 0 ? ret : cxlfm_done(fm, fm->door->add(fm, device, request));
}

CXLFM_EXPORT int cxlfm_release(cxlfm *fm, size_t device,
                               const struct cxlfm_release *request)
{
    int ret = cxlfm_check_device(fm, device);

    if (ret < 0 || (ret = cxlfm_check_region(fm, request->region)) < 0 ||
        (ret = cxlfm_check_reserved(fm, request->reserved,
                                    G_N_ELEMENTS(request->reserved))) < 0) {
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
    return ret < 0 ? ret :
           cxlfm_done(fm, fm->door->release(fm, device, request));
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
    return cxlfm_done(fm, fm->door->reference(fm, device, tag, held));
}

CXLFM_EXPORT int cxlfm_set_region(cxlfm *fm, size_t device, uint8_t region,
                                  uint64_t block_size, bool sanitize)
{
    int ret = cxlfm_check_device(fm, device);

    if (ret < 0 || (ret = cxlfm_check_region(fm, region)) < 0) {
        return ret;
    }
    return cxlfm_done(fm, fm->door->set_region(fm, device, region, block_size,
                                               sanitize));
}

CXLFM_EXPORT int cxlfm_subscribe(cxlfm *fm)
{
    int ret = cxlfm_check_device(fm, 0);

    if (ret >= 0 && fm->door->subscribe) {
        ret = fm->door->subscribe(fm);
    }
    if (ret >= 0) {
        fm->subscribed = true;
        /* Of events that were there before nobody is notified. */
        fm->news = fm->door->drain;
    }
    return cxlfm_done(fm, ret);
}

/* Take in what comes within @timeout ms. */
static int cxlfm_collect(cxlfm *fm, unsigned timeout)
{
    int ret = cxlfm_check_device(fm, 0);

    if (ret >= 0) {
        ret = fm->door->pump(fm, fm->news ? 0 : timeout);
    }
    if (ret >= 0) {
        fm->news = false;
        ret = fm->door->drain ? fm->door->drain(fm) : 0;
    }
    return ret;
}

CXLFM_EXPORT int cxlfm_next_event(cxlfm *fm, unsigned timeout,
                                  struct cxlfm_event **ret_event)
{
    CxlfmDeadline deadline = cxlfm_deadline(timeout);
    int ret = 0;

    while (g_queue_is_empty(&fm->events) && ret >= 0) {
        bool last = !fm->news && !cxlfm_left(deadline);

        ret = cxlfm_collect(fm, cxlfm_left(deadline));
        if (last) {
            break;
        }
    }
    if (ret < 0) {
        return cxlfm_done(fm, ret);
    }
    *ret_event = g_queue_pop_head(&fm->events);
    return cxlfm_done(fm, *ret_event != NULL);
}

CXLFM_EXPORT int cxlfm_daemon_call(cxlfm *fm, const char *method,
                                   const char *path, const char *body,
                                   unsigned *ret_status, char **ret_answer)
{
    if (!fm->door) {
        return cxlfm_fail(fm, CXLFM_ERROR_INVALID, "not connected");
    }
    if (!fm->door->daemon_call) {
        return cxlfm_fail(fm, CXLFM_ERROR_UNSUPPORTED,
                          "%s is no cxl-fmd: claims, hosts and health are "
                          "asked of one (fmd:/run/cxl-fmd/api)", fm->address);
    }
    if (*path != '/') {
        return cxlfm_fail(fm, CXLFM_ERROR_INVALID,
                          "path '%s' must begin with a slash", path);
    }
    return fm->door->daemon_call(fm, method, path, body, ret_status,
                                 ret_answer);
}
