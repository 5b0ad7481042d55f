/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Add capacity: the request, and what to tell the person who asked
 */
#include <stdio.h>
#include "change-add.h"
#include "text.h"

static uint64_t change_add_bytes(const struct cxlfm_add *request)
{
    return request->policy == CXLFM_POLICY_PRESCRIPTIVE ?
           change_bytes(request->extents, request->extent_count) :
           request->length;
}

/* "1 GiB" or "the capacity of tag ..." for sentences */
static char *change_add_what(const struct cxlfm_add *request)
{
    g_autofree char *tag = format_tag(request->tag);

    return request->policy != CXLFM_POLICY_SHARED ?
           format_size(change_add_bytes(request)) :
           g_strdup_printf("the capacity of tag %s", tag);
}

static int change_add_begin(const Target *target, const void *request,
                            struct cxlfm_wait **ret_wait)
{
    return cxlfm_wait_begin_add(target->fm, target->device, request, ret_wait);
}

static int change_add_send(const Target *target, const void *request,
                           uint64_t *ret_done)
{
    return cxlfm_add(target->fm, target->device, request);
}

static int change_add_tell(Tool *tool, const Target *target,
                           const void *opaque,
                           const struct cxlfm_outcome *outcome)
{
    const struct cxlfm_add *request = opaque;
    g_autofree char *got = format_size(outcome->done);
    g_autofree char *wanted = change_add_what(request);
    g_autofree char *pieces = format_count(outcome->extent_count, "extent");
    double seconds = outcome->elapsed / 1000.0;
    unsigned host = request->host;

    switch (outcome->state) {
    case CXLFM_OUTCOME_DONE:
        if (!tool->json) {
            printf("%s: host %u accepted %s in %s of region %u (%.2f s)\n",
                   target->name, host, got, pieces, request->region, seconds);
        }
        return TOOL_OK;
    case CXLFM_OUTCOME_PARTIAL:
        fprintf(stderr, "cxl-fm: %s: host %u accepted %s of %s and declined "
                "the rest (%.2f s)\n", target->name, host, got, wanted,
                seconds);
        return TOOL_REJECTED;
    case CXLFM_OUTCOME_REJECTED:
        fprintf(stderr, "cxl-fm: %s: host %u declined all of %s that was "
                "offered (%.2f s); its kernel log may say why\n",
                target->name, host, wanted, seconds);
        return TOOL_REJECTED;
    default:
        fprintf(stderr, "cxl-fm: %s: host %u has not answered the offer of %s "
                "within %.1f s; it stands, 'cxl-fm extents' shows it. Is the "
                "guest up, and its CXL driver one for dynamic capacity?\n",
                target->name, host, wanted, seconds);
        return TOOL_TIMEOUT;
    }
}

int change_add(Tool *tool, const Target *target,
               const struct cxlfm_add *request, const ChangeOptions *options,
               GError **error)
{
    g_autofree char *what = change_add_what(request);
    g_autofree char *sentence = g_strdup_printf(
        "offer %s of region %u to host %u (policy %s)", what, request->region,
        request->host, policy_name(request->policy));
    g_autofree char *sent_text = g_strdup_printf(
        "offered %s of region %u to host %u", what, request->region,
        request->host);
    const Change change = {
        .wish = {
            .action = "add", .host = request->host, .region = request->region,
            .adding = true, .bytes = change_add_bytes(request),
            .tag = request->tag, .extents = request->extents,
            .count = request->extent_count, .coming = options->coming,
        },
        .request = request, .sentence = sentence, .verb = "accepted",
        .sent = "offered", .sent_text = sent_text,
        .begin = change_add_begin, .send = change_add_send,
        .tell = change_add_tell,
    };

    return change_run(tool, target, &change, options, error);
}
