/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: what operators ask, over QMP
 *
 * A request is brought into the core's terms (dcd/request.h) and decided there:
 * nothing changes before the core has agreed to all of it. The answer is not
 * sent before it is so (device/settle.c). Devices may be unplugged meanwhile.
 */
#include "qemu/osdep.h"
#include "hw/cxl/cxl.h"
#include "hw/cxl/dcd/head.h"
#include "hw/cxl/dcd/memory.h"
#include "hw/cxl/dcd/request.h"
#include "hw/cxl/dcd/state.h"
#include "hw/cxl/dcd/trace.h"
#include "qmp.h"
#include "qapi/error.h"
#include "qapi/qapi-commands-cxl.h"

/* Times that memory is taken for what others have claimed by then */
#define PREPARE_TRIES 4

CXLDcdDevice *cxl_dcd_qmp_device(const char *path, Error **errp)
{
    bool ambiguous = false;
    Object *obj = object_resolve_path(path, &ambiguous);
    CXLDcdDevice *device;

    if (!obj) {
        error_setg(errp, ambiguous ? "path '%s' names more than one object"
                                   : "there is no object at path '%s'", path);
        return NULL;
    }
    device = (CXLDcdDevice *)object_dynamic_cast(obj, TYPE_CXL_DCD);
    if (!device) {
        error_setg(errp, "the object at path '%s' is a %s, not a "
                   TYPE_CXL_DCD " device", path, object_get_typename(obj));
        return NULL;
    }
    if (!device->dcd) {
        error_setg(errp, "device '%s' has no dynamic capacity: it was made "
                   "without '" CXL_DCD_PROP_REGIONS "' and 'num-dc-regions'",
                   path);
        return NULL;
    }
    return device;
}

/* Hosts elsewhere have heads of their own; others the core refuses. */
static bool cxl_dcd_qmp_host(CXLDcdDevice *device, bool has_host, uint16_t host,
                             uint16_t *ret_host, Error **errp)
{
    g_autofree char *wrong = NULL;

    *ret_host = has_host ? host : cxl_dcd_config(device->dcd)->host_id;
    wrong = cxl_dcd_head_wrong_host(device, *ret_host);
    if (wrong) {
        error_setg(errp, "%s", wrong);
    }
    return !wrong;
}

/* Pass the core's refusal on. */
static void cxl_dcd_qmp_refused(CXLDcdDevice *device, const GError *error,
                                Error **errp)
{
    trace_cxl_dcd_refused(device->path, error->code, error->message);
    error_setg(errp, "%s", error->message);
}

/* Until what was decided is so, or the device is gone, which is as good */
static void coroutine_fn cxl_dcd_qmp_done(CXLDcdDevice *device, bool clean)
{
    object_ref(OBJECT(device));
    cxl_dcd_settle_co(device, clean);
    object_unref(OBJECT(device));
}

/*
 * What is being sanitized may be free in a moment: it is waited for, once. True
 * and @error cleared: ask again.
 */
static bool coroutine_fn cxl_dcd_qmp_waited(CXLDcdDevice *device,
                                            GError **error)
{
    if ((*error)->code != CXL_DCD_RC_RETRY_REQUIRED ||
        cxl_dcd_clean(device)) {
        return false;
    }
    cxl_dcd_settle_co(device, true);
    if (device->gone || cxl_dcd_ending()) {
        return false;
    }
    g_clear_error(error);
    return true;
}

/*
 * Memory that an offer needs is taken meanwhile, and what left becomes clean.
 * Others may always be faster: then it is done with the machine waiting.
 */
static bool coroutine_fn cxl_dcd_qmp_offer(CXLDcdDevice *device,
                                           const CXLDcdAddRequest *request,
                                           GError **error)
{
    unsigned prepared = 0;
    bool waited = false, ok;

    while (true) {
        cxl_dcd_prepare_may_wait(device, prepared < PREPARE_TRIES);
        ok = cxl_dcd_add(device->dcd, request, error);
        cxl_dcd_prepare_may_wait(device, false);
        if (ok) {
            return true;
        }
        if ((*error)->code == CXL_DCD_RC_RETRY_REQUIRED &&
            prepared < PREPARE_TRIES && cxl_dcd_preparing(device)) {
            prepared++;
            cxl_dcd_settle_prepare_co(device);
            if (device->gone || cxl_dcd_ending()) {
                return false;
            }
            g_clear_error(error);
        } else if (waited || !cxl_dcd_qmp_waited(device, error)) {
            return false;
        } else {
            waited = true;
        }
    }
}

static const uint8_t cxl_dcd_add_policies[] = {
    [CXL_EXTENT_SELECTION_POLICY_FREE] = CXL_DCD_POLICY_FREE,
    [CXL_EXTENT_SELECTION_POLICY_CONTIGUOUS] = CXL_DCD_POLICY_CONTIGUOUS,
    [CXL_EXTENT_SELECTION_POLICY_PRESCRIPTIVE] = CXL_DCD_POLICY_PRESCRIPTIVE,
    [CXL_EXTENT_SELECTION_POLICY_ENABLE_SHARED_ACCESS] =
        CXL_DCD_POLICY_SHARED_ACCESS,
};

/* Ranges of a request, out of the list that the command's parser made */
static GArray *cxl_dcd_qmp_ranges(const CxlDynamicCapacityExtentList *list)
{
    GArray *ranges = g_array_new(false, false, sizeof(CXLDcdAskRange));

    for (; list; list = list->next) {
        CXLDcdAskRange range = { list->value->offset, list->value->len };

        g_array_append_val(ranges, range);
    }
    return ranges;
}

/* What both commands take by the same names, as the core's question */
static CXLDcdAsk cxl_dcd_qmp_ask(bool has_region, uint8_t region,
                                 bool has_region_id, uint8_t region_id,
                                 const char *tag, bool has_length,
                                 uint64_t length, const GArray *ranges)
{
    return (CXLDcdAsk) {
        .has_region = has_region, .region = region,
        .has_region_id = has_region_id, .region_id = region_id,
        .tag = tag, .has_length = has_length, .length = length,
        .ranges = (CXLDcdAskRange *)ranges->data, .count = ranges->len,
    };
}

void coroutine_fn qmp_cxl_add_dynamic_capacity(
    const char *path, bool has_host_id, uint16_t host_id, bool has_policy,
    CxlExtentSelectionPolicy policy, bool has_region, uint8_t region,
    bool has_region_id, uint8_t region_id, const char *tag, bool has_length,
    uint64_t length, bool has_extents, CxlDynamicCapacityExtentList *list,
    Error **errp)
{
    CXLDcdDevice *device = cxl_dcd_qmp_device(path, errp);
    g_autoptr(GArray) ranges = cxl_dcd_qmp_ranges(has_extents ? list : NULL);
    g_autoptr(GArray) extents = NULL;
    g_autoptr(GError) error = NULL;
    CXLDcdAsk ask = cxl_dcd_qmp_ask(has_region, region, has_region_id,
                                    region_id, tag, has_length, length,
                                    ranges);
    CXLDcdAddRequest request = {
        .policy = cxl_dcd_add_policies[has_policy ? policy :
                      CXL_EXTENT_SELECTION_POLICY_PRESCRIPTIVE],
    };

    if (!device || !cxl_dcd_qmp_host(device, has_host_id, host_id,
                                     &request.host_id, errp)) {
        return;
    }
    extents = cxl_dcd_ask_add(device->dcd, &ask, &request, &error);
    if (!extents) {
        cxl_dcd_qmp_refused(device, error, errp);
        return;
    }
    trace_cxl_dcd_add(device->path, request.host_id, request.policy,
                      request.region, tag ?: "", request.length,
                      request.count);
    object_ref(OBJECT(device));
    if (cxl_dcd_qmp_offer(device, &request, &error)) {
        cxl_dcd_qmp_done(device, false);
    } else {
        cxl_dcd_qmp_refused(device, error, errp);
    }
    object_unref(OBJECT(device));
}

void coroutine_fn qmp_cxl_release_dynamic_capacity(
    const char *path, bool has_host_id, uint16_t host_id, bool has_policy,
    CxlExtentRemovalPolicy policy, bool has_forced, bool forced,
    bool has_sanitize, bool sanitize, bool has_region, uint8_t region,
    bool has_region_id, uint8_t region_id, const char *tag, bool has_length,
    uint64_t length, bool has_extents, CxlDynamicCapacityExtentList *list,
    Error **errp)
{
    CXLDcdDevice *device = cxl_dcd_qmp_device(path, errp);
    g_autoptr(GArray) ranges = cxl_dcd_qmp_ranges(has_extents ? list : NULL);
    g_autoptr(GArray) extents = NULL;
    g_autoptr(GError) error = NULL;
    CXLDcdAsk ask = cxl_dcd_qmp_ask(has_region, region, has_region_id,
                                    region_id, tag, has_length, length,
                                    ranges);
    CXLDcdRemoveRequest request = {
        .policy = has_policy &&
                  policy == CXL_EXTENT_REMOVAL_POLICY_TAG_BASED ?
                  CXL_DCD_REMOVE_TAG : CXL_DCD_REMOVE_PRESCRIPTIVE,
        .forced = has_forced && forced,
        .sanitize = has_sanitize && sanitize,
    };

    if (!device || !cxl_dcd_qmp_host(device, has_host_id, host_id,
                                     &request.host_id, errp)) {
        return;
    }
    extents = cxl_dcd_ask_remove(device->dcd, &ask, &request, &error);
    if (!extents) {
        cxl_dcd_qmp_refused(device, error, errp);
        return;
    }
    trace_cxl_dcd_remove(device->path, request.host_id, request.policy,
                         request.forced, request.sanitize, tag ?: "",
                         request.length, request.count);
    if (!cxl_dcd_remove(device->dcd, &request, &error)) {
        cxl_dcd_qmp_refused(device, error, errp);
    } else {
        cxl_dcd_qmp_done(device, request.forced);
    }
}

void coroutine_fn qmp_cxl_set_dynamic_capacity_region(
    const char *path, uint8_t region, bool has_block_size, uint64_t block_size,
    bool has_sanitize, bool sanitize, Error **errp)
{
    CXLDcdDevice *device = cxl_dcd_qmp_device(path, errp);
    g_autoptr(GError) error = NULL;
    CXLDcdAsk ask = { .has_region = true, .region = region };
    const CXLDcdRegionConfig *config;
    int number;

    if (!device) {
        return;
    }
    if (!cxl_dcd_ask_region(device->dcd, &ask, &number, &error)) {
        cxl_dcd_qmp_refused(device, error, errp);
        return;
    }
    config = &cxl_dcd_config(device->dcd)->regions[number];
    block_size = has_block_size ? block_size : config->block_size;
    sanitize = has_sanitize ? sanitize : config->sanitize;
    object_ref(OBJECT(device));
    if (cxl_dcd_set_region(device->dcd, number, block_size, sanitize, &error) ||
        (cxl_dcd_qmp_waited(device, &error) &&
         cxl_dcd_set_region(device->dcd, number, block_size, sanitize,
                            &error))) {
        cxl_dcd_qmp_done(device, false);
    } else {
        cxl_dcd_qmp_refused(device, error, errp);
    }
    object_unref(OBJECT(device));
}

static void coroutine_fn cxl_dcd_qmp_reference(const char *path,
                                               const char *tag, bool held,
                                               Error **errp)
{
    CXLDcdDevice *device = cxl_dcd_qmp_device(path, errp);
    g_autoptr(GError) error = NULL;
    CXLDcdTag bytes;

    if (!device) {
        return;
    }
    trace_cxl_dcd_reference(device->path, tag, held);
    if (!cxl_dcd_ask_tag(tag, &bytes, &error) ||
        !(held ? cxl_dcd_reference_add(device->dcd, &bytes, &error)
               : cxl_dcd_reference_remove(device->dcd, &bytes, &error))) {
        cxl_dcd_qmp_refused(device, error, errp);
        return;
    }
    cxl_dcd_persist_changed(device);
    cxl_dcd_qmp_done(device, !held);
}

void coroutine_fn qmp_cxl_add_dynamic_capacity_reference(const char *path,
                                                         const char *tag,
                                                         Error **errp)
{
    cxl_dcd_qmp_reference(path, tag, true, errp);
}

void coroutine_fn qmp_cxl_remove_dynamic_capacity_reference(const char *path,
                                                            const char *tag,
                                                            Error **errp)
{
    cxl_dcd_qmp_reference(path, tag, false, errp);
}

void coroutine_fn qmp_cxl_dynamic_capacity_reference(const char *path,
                                                     const char *tag, bool held,
                                                     Error **errp)
{
    cxl_dcd_qmp_reference(path, tag, held, errp);
}
