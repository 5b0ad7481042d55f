/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The FM API door: its table, and the set-up of a connection
 *
 * Set-up as r3.2 8.2.10.1 has it: Identify tells the largest request, Set
 * Response Message Limit the largest answer.
 */
#include <inttypes.h>
#include <string.h>
#include "device.h"
#include "fmapi-call.h"
#include "fmapi-change.h"
#include "fmapi-config.h"
#include "fmapi-event.h"
#include "fmapi-list.h"
#include "fmapi-ops.h"
#include "handle.h"

/*
 * A device is called by its serial number. One without has all ones or zeros,
 * and several may have the same: then the address tells them apart.
 */
static void cxlfm_fmapi_name(cxlfm *fm, uint64_t serial)
{
    g_autofree char *name = g_strdup_printf("%016" PRIx64, serial);
    bool unique = serial && ~serial;
    size_t i;

    for (i = 0; i < cxlfm_device_count(fm); i++) {
        unique &= !!strcmp(cxlfm_device_name(fm, i), name);
    }
    if (!unique) {
        const char *where = fm->address + strlen("fm:");

        g_free(name);
        name = cxlfm_fmapi_endpoints(fm) == 1 ? g_strdup(where) :
               g_strdup_printf("%s,eid=%u", where, cxlfm_fmapi_eid(fm));
    }
    cxlfm_devices_add(fm, name, "");
}

static int cxlfm_fmapi_set_up(cxlfm *fm)
{
    const uint8_t limit = CXL_DCD_LIMIT_MAX;
    CXLDcdIdentifyResponse id;
    const uint8_t *answer;
    size_t len;
    int ret = cxlfm_fmapi_identify(fm, &id);

    if (ret >= 0) {
        ret = cxlfm_fmapi_call(fm, CXLFM_PAYLOAD(CXL_DCD_OP_SET_RESPONSE_LIMIT,
                                                 limit, 1), &answer, &len);
    }
    if (ret < 0) {
        return ret;
    }
    cxlfm_fmapi_set_request_max(fm, 1u << CLAMP(id.max_message,
                                                CXL_DCD_LIMIT_MIN,
                                                CXL_DCD_LIMIT_MAX));
    cxlfm_fmapi_name(fm, cxl_dcd_get64(id.serial));
    return 0;
}

static int cxlfm_fmapi_connect(cxlfm *fm, CxlfmDeadline deadline)
{
    int ret = cxlfm_fmapi_open(fm, deadline);
    size_t i;

    for (i = 0; ret >= 0 && i < cxlfm_fmapi_endpoints(fm); i++) {
        cxlfm_fmapi_select(fm, i);
        ret = cxlfm_fmapi_set_up(fm);
    }
    return ret;
}

const struct cxlfm_door_ops cxlfm_door_fmapi = {
    .fmapi = true,
    .connect = cxlfm_fmapi_connect,
    .close = cxlfm_fmapi_close,
    .select = cxlfm_fmapi_select,
    .snapshot = cxlfm_fmapi_snapshot,
    .tags = cxlfm_fmapi_tags,
    .add = cxlfm_fmapi_add,
    .release = cxlfm_fmapi_release,
    .extent_limit = cxlfm_fmapi_extent_limit,
    .reference = cxlfm_fmapi_reference,
    .set_region = cxlfm_fmapi_set_region,
    .subscribe = cxlfm_fmapi_subscribe,
    .waiting = cxlfm_fmapi_waiting,
    .pump = cxlfm_fmapi_pump,
    .drain = cxlfm_fmapi_drain,
};
