/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One claim of cxl-fmd, until it is as it was asked for
 */
#include <json-c/json.h>
#include <string.h>
#include "fleet-claim.h"

#define STEP_MIN_US (2 * 1000)
#define STEP_MAX_US (250 * 1000)

char *fleet_claim_path(const char *uuid)
{
    return g_strdup_printf("/v1/claims/%s", uuid);
}

const char *fleet_claim_phase(struct json_object *claim)
{
    const char *phase = fleet_text(fleet_member(claim, "status"), "phase");

    return *phase ? phase : "Pending";
}

/* Does @claim go on by itself? If not, its exit status, else -1 */
static int fleet_claim_settled(struct json_object *claim)
{
    static const struct { const char *phase; ToolExit exit; } ends[] = {
        { "Bound", TOOL_OK }, { "Declined", TOOL_REJECTED },
        { "Lost", TOOL_FAILED }, { "Stuck", TOOL_FAILED },
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(ends); i++) {
        if (!strcmp(fleet_claim_phase(claim), ends[i].phase)) {
            return ends[i].exit;
        }
    }
    return -1;
}

int fleet_claim_wait(Tool *tool, cxlfm *fm, const char *uuid, bool gone,
                     double timeout, const volatile sig_atomic_t *stop,
                     struct json_object **ret_claim, GError **error)
{
    gint64 end = g_get_monotonic_time() + (gint64)(timeout * G_USEC_PER_SEC);
    g_autofree char *path = fleet_claim_path(uuid);
    gint64 step = STEP_MIN_US, left;
    int exit = -1;

    *ret_claim = NULL;
    for (;;) {
        g_autoptr(GError) wrong = NULL;
        unsigned status;

        json_object_put(*ret_claim);
        *ret_claim = NULL;
        if (!fleet_ask(tool, fm, "GET", path, NULL, &status, ret_claim,
                       &wrong)) {
            if (gone && status == 404) {
                return TOOL_OK;
            }
            g_propagate_error(error, g_steal_pointer(&wrong));
            return -1;
        }
        exit = fleet_claim_settled(*ret_claim);
        /* What is to go is bound until it goes; only Stuck is an end. */
        if (gone && exit != TOOL_FAILED) {
            exit = -1;
        }
        left = end - g_get_monotonic_time();
        if (exit >= 0 || left <= 0 || (stop && *stop)) {
            return exit >= 0 ? exit : TOOL_TIMEOUT;
        }
        g_usleep(MIN(step, left));
        step = MIN(step * 2, STEP_MAX_US);
    }
}
