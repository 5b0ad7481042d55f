/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A core whose owner writes down all that it is asked: see the header
 */
#include <stdio.h>
#include "dcd-owner.h"

static GError *refusal;

/* --- Text --- */

CXLDcdTag tag_of(char letter)
{
    CXLDcdTag tag;

    memset(tag.bytes, letter, sizeof(tag.bytes));
    return tag;
}

static void append_range(const Owner *owner, GString *out, uint64_t dpa,
                         uint64_t len)
{
    int region = cxl_dcd_region_of(owner->dcd, dpa, len);
    const CXLDcdRegionConfig *r;

    if (region < 0) {
        g_string_append_printf(out, "@%" G_GINT64_MODIFIER "x+%"
                               G_GINT64_MODIFIER "x", dpa, len);
        return;
    }
    r = &cxl_dcd_config(owner->dcd)->regions[region];
    g_assert_cmphex((dpa - r->base) % r->block_size, ==, 0);
    g_assert_cmphex(len % r->block_size, ==, 0);
    g_string_append_printf(out, "%d:%" G_GUINT64_FORMAT "+%" G_GUINT64_FORMAT,
                           region, (dpa - r->base) / r->block_size,
                           len / r->block_size);
}

void append_extent(const Owner *owner, GString *out, const CXLDcdExtent *e)
{
    append_range(owner, out, e->dpa, e->len);
    if (!cxl_dcd_tag_is_null(&e->tag)) {
        g_string_append_printf(out, " %c#%u", e->tag.bytes[0], e->sequence);
    } else {
        g_assert_cmpuint(e->sequence, ==, 0);
    }
}

static void parse_extent(const Owner *owner, const char *text,
                         CXLDcdExtent *ret)
{
    uint64_t start, len;
    unsigned region, sequence = 0;
    char letter = 0;

    memset(ret, 0, sizeof(*ret));
    if (*text == '@') {
        g_assert_cmpint(sscanf(text, "@%" G_GINT64_MODIFIER "x+%"
                               G_GINT64_MODIFIER "x %c#%u", &start, &len,
                               &letter, &sequence), >=, 2);
    } else {
        const CXLDcdRegionConfig *r;

        g_assert_cmpint(sscanf(text, "%u:%" G_GINT64_MODIFIER "u+%"
                               G_GINT64_MODIFIER "u %c#%u", &region, &start,
                               &len, &letter, &sequence), >=, 3);
        r = &cxl_dcd_config(owner->dcd)->regions[region];
        start = r->base + start * r->block_size;
        len *= r->block_size;
    }
    ret->dpa = start;
    ret->len = len;
    ret->tag = tag_of(letter);
    ret->sequence = sequence;
}

GArray *parse_extents(const Owner *owner, const char *text)
{
    GArray *extents = g_array_new(FALSE, FALSE, sizeof(CXLDcdExtent));
    g_auto(GStrv) parts = g_strsplit(text, ", ", -1);

    for (unsigned i = 0; parts[i]; i++) {
        CXLDcdExtent extent;

        parse_extent(owner, parts[i], &extent);
        g_array_append_val(extents, extent);
    }
    return extents;
}

/* --- What the core asks of its owner --- */

static uint32_t owner_room(void *opaque)
{
    return ((Owner *)opaque)->room;
}

static void owner_event(void *opaque, const CXLDcdEvent *event)
{
    static const char *const names[] = {
        "offer", "release", "forced", "region", "fm-added", "fm-released"
    };
    Owner *owner = opaque;
    CXLDcdExtent extent = {
        .dpa = event->dpa, .len = event->length, .sequence = event->sequence,
    };

    g_assert_cmpuint(event->type, <, G_N_ELEMENTS(names));
    g_assert_cmpuint(event->host_id, ==,
                     event->type >= CXL_DCD_EVENT_ADD_RESPONSE ? HOST : 0);
    g_assert_cmpuint(event->available_extents, ==,
                     cxl_dcd_available_extents(owner->dcd));
    g_assert_cmpuint(event->available_tags, ==,
                     cxl_dcd_available_tags(owner->dcd));
    g_string_append_printf(owner->trace, "%s ", names[event->type]);
    if (event->type == CXL_DCD_EVENT_REGION_CONFIG) {
        g_string_append_printf(owner->trace, "%u", event->region);
    } else {
        memcpy(extent.tag.bytes, event->tag, sizeof(event->tag));
        append_extent(owner, owner->trace, &extent);
    }
    g_string_append(owner->trace, event->more ? " more\n" : "\n");
}

static void trace_range(Owner *owner, const char *what,
                        const CXLDcdRange *range)
{
    g_string_append_printf(owner->trace, "%s ", what);
    append_range(owner, owner->trace, range->dpa, range->len);
    g_string_append_c(owner->trace, '\n');
}

static void owner_reach(void *opaque, const CXLDcdRange *range, bool reachable)
{
    trace_range(opaque, reachable ? "reach" : "unreach", range);
}

static void owner_commit(void *opaque)
{
    g_string_append(((Owner *)opaque)->trace, "commit\n");
}

static void owner_sanitize(void *opaque, const CXLDcdRange *range, bool must)
{
    trace_range(opaque, must ? "zero" : "discard", range);
}

static void owner_outcome(void *opaque, CXLDcdOutcome outcome,
                          const CXLDcdExtent *extents, size_t count)
{
    static const char *const names[] = {
        "ADDED", "REJECTED", "RELEASED", "FORCED"
    };
    Owner *owner = opaque;

    g_assert_cmpuint(outcome, <, G_N_ELEMENTS(names));
    g_string_append(owner->trace, names[outcome]);
    for (size_t i = 0; i < count; i++) {
        g_string_append(owner->trace, i ? ", " : " ");
        append_extent(owner, owner->trace, &extents[i]);
    }
    g_string_append_c(owner->trace, '\n');
}

static bool owner_claim(void *opaque, const CXLDcdExtent *extents,
                        size_t count, bool join, GError **error)
{
    Owner *owner = opaque;

    if (owner->refuse_claim) {
        g_set_error_literal(error, CXL_DCD_ERROR,
                            CXL_DCD_RC_RESOURCES_EXHAUSTED,
                            owner->refuse_claim);
        return false;
    }
    if (owner->busy_claims) {
        owner->busy_claims--;
        g_set_error_literal(error, CXL_DCD_ERROR, CXL_DCD_RC_BUSY, "taken");
        return false;
    }
    g_string_append(owner->trace, "claim");
    for (size_t i = 0; i < count; i++) {
        g_string_append(owner->trace, i ? ", " : " ");
        append_range(owner, owner->trace, extents[i].dpa, extents[i].len);
    }
    if (!cxl_dcd_tag_is_null(&extents[0].tag)) {
        g_string_append_printf(owner->trace, " %c", extents[0].tag.bytes[0]);
    }
    g_string_append_c(owner->trace, '\n');
    return true;
}

static void owner_unclaim(void *opaque, const CXLDcdRange *range)
{
    trace_range(opaque, "unclaim", range);
}

static const CXLDcdOps owner_ops = {
    .event_room = owner_room,
    .event = owner_event,
    .reach = owner_reach,
    .commit = owner_commit,
    .sanitize = owner_sanitize,
    .outcome = owner_outcome,
    .claim = owner_claim,
    .unclaim = owner_unclaim,
};

/* --- Making --- */

CXLDcdConfig owner_config(void)
{
    return (CXLDcdConfig) {
        .host_id = HOST, .max_extents = MAX_EXTENTS, .max_tags = MAX_TAGS,
        .num_regions = 4,
        .regions = {
            { .base = REGION0_BASE, .decode_length = 256 * MIB,
              .length = 128 * MIB, .block_size = 2 * MIB,
              .block_sizes = MIB | 2 * MIB | 4 * MIB,
              .sanitize_configurable = true },
            { .base = REGION1_BASE, .decode_length = 256 * MIB,
              .length = 64 * MIB, .block_size = 4 * MIB,
              .block_sizes = 4 * MIB, .sanitize = true },
            { .base = REGION2_BASE, .decode_length = 256 * MIB,
              .length = 64 * MIB, .block_size = 2 * MIB,
              .block_sizes = 2 * MIB, .attributes = CXL_DCD_REGION_SHARABLE },
            { .base = REGION3_BASE, .decode_length = 512 * MIB,
              .length = 64 * MIB, .block_size = 2 * MIB,
              .block_sizes = 2 * MIB,
              .attributes = CXL_DCD_REGION_SHARABLE |
                            CXL_DCD_REGION_READ_ONLY },
        },
    };
}

Owner *owner_new_with(const CXLDcdConfig *config)
{
    Owner *owner = g_new0(Owner, 1);
    g_autoptr(GError) error = NULL;

    owner->trace = g_string_new(NULL);
    owner->room = UINT32_MAX;
    owner->dcd = cxl_dcd_new(config, &owner_ops, owner, &error);
    g_assert_no_error(error);
    return owner;
}

Owner *owner_new(void)
{
    CXLDcdConfig config = owner_config();

    return owner_new_with(&config);
}

Owner *owner_copy(const Owner *owner)
{
    g_autoptr(GByteArray) bytes = cxl_dcd_save(owner->dcd);
    Owner *copy = owner_new_with(cxl_dcd_config(owner->dcd));
    g_autoptr(GError) error = NULL;

    cxl_dcd_restore(copy->dcd, bytes->data, bytes->len, &error);
    g_assert_no_error(error);
    cxl_dcd_assert_state(copy->dcd);
    return copy;
}

void owner_free(Owner *owner)
{
    if (owner) {
        cxl_dcd_free(owner->dcd);
        g_string_free(owner->trace, TRUE);
        g_free(owner);
        g_clear_error(&refusal);
    }
}

/* --- Requests --- */

typedef struct Before {
    GByteArray *bytes;
    size_t traced;
} Before;

static Before before(Owner *owner)
{
    g_clear_error(&refusal);
    return (Before) { cxl_dcd_save(owner->dcd), owner->trace->len };
}

/* The code of what just happened; @changes: also when it was refused. */
static uint16_t after(Owner *owner, Before was, bool ok, bool changes)
{
    cxl_dcd_assert_state(owner->dcd);
    g_assert_cmpint(ok, ==, !refusal);
    if (!ok && !changes) {
        g_autoptr(GByteArray) now = cxl_dcd_save(owner->dcd);

        g_assert_cmpmem(now->data, now->len, was.bytes->data, was.bytes->len);
    }
    if (!ok) {
        g_assert_cmpstr(owner->trace->str + was.traced, ==, "");
        g_assert_cmpuint(refusal->domain, ==, CXL_DCD_ERROR);
        g_assert_cmpint(refusal->code, !=, CXL_DCD_RC_SUCCESS);
    }
    g_byte_array_unref(was.bytes);
    return ok ? CXL_DCD_RC_SUCCESS : refusal->code;
}

uint16_t add_request(Owner *owner, const CXLDcdAddRequest *request)
{
    Before was = before(owner);

    return after(owner, was, cxl_dcd_add(owner->dcd, request, &refusal),
                 false);
}

uint16_t add(Owner *owner, const char *extents)
{
    g_autoptr(GArray) list = parse_extents(owner, extents);

    return add_request(owner, &(CXLDcdAddRequest) {
        .host_id = HOST, .policy = CXL_DCD_POLICY_PRESCRIPTIVE,
        .extents = (const CXLDcdExtent *)(void *)list->data,
        .count = list->len,
    });
}

static uint16_t add_policy(Owner *owner, uint8_t policy, uint8_t region,
                           uint64_t blocks, char tag)
{
    const CXLDcdConfig *config = cxl_dcd_config(owner->dcd);
    uint64_t block = region < config->num_regions ?
                     config->regions[region].block_size : 1;

    return add_request(owner, &(CXLDcdAddRequest) {
        .host_id = HOST, .policy = policy, .region = region,
        .length = blocks * block, .tag = tag_of(tag),
    });
}

uint16_t add_free(Owner *owner, uint8_t region, uint64_t blocks, char tag)
{
    return add_policy(owner, CXL_DCD_POLICY_FREE, region, blocks, tag);
}

uint16_t add_contiguous(Owner *owner, uint8_t region, uint64_t blocks,
                        char tag)
{
    return add_policy(owner, CXL_DCD_POLICY_CONTIGUOUS, region, blocks, tag);
}

uint16_t add_shared(Owner *owner, uint8_t region, char tag)
{
    return add_policy(owner, CXL_DCD_POLICY_SHARED_ACCESS, region, 0, tag);
}

uint16_t remove_request(Owner *owner, const CXLDcdRemoveRequest *request)
{
    Before was = before(owner);

    return after(owner, was, cxl_dcd_remove(owner->dcd, request, &refusal),
                 false);
}

static uint16_t remove_extents(Owner *owner, const char *extents, bool forced)
{
    g_autoptr(GArray) list = parse_extents(owner, extents);

    return remove_request(owner, &(CXLDcdRemoveRequest) {
        .host_id = HOST, .policy = CXL_DCD_REMOVE_PRESCRIPTIVE,
        .forced = forced,
        .extents = (const CXLDcdExtent *)(void *)list->data,
        .count = list->len,
    });
}

uint16_t ask_back(Owner *owner, const char *extents)
{
    return remove_extents(owner, extents, false);
}

uint16_t force(Owner *owner, const char *extents)
{
    return remove_extents(owner, extents, true);
}

static uint16_t remove_tag(Owner *owner, char tag, uint64_t bytes, bool forced)
{
    return remove_request(owner, &(CXLDcdRemoveRequest) {
        .host_id = HOST, .policy = CXL_DCD_REMOVE_TAG, .forced = forced,
        .length = bytes, .tag = tag_of(tag),
    });
}

uint16_t ask_tag(Owner *owner, char tag, uint64_t bytes)
{
    return remove_tag(owner, tag, bytes, false);
}

uint16_t force_tag(Owner *owner, char tag, uint64_t bytes)
{
    return remove_tag(owner, tag, bytes, true);
}

/* A refused part of an answer drops the chain: that is saved state. */
uint16_t append(Owner *owner, CXLDcdChain kind, const char *ranges)
{
    g_autoptr(GArray) list = parse_extents(owner, ranges);
    g_autofree CXLDcdRange *entries = g_new(CXLDcdRange, list->len + 1);
    Before was = before(owner);

    for (unsigned i = 0; i < list->len; i++) {
        const CXLDcdExtent *e = &g_array_index(list, CXLDcdExtent, i);

        entries[i] = (CXLDcdRange) { e->dpa, e->len };
    }
    return after(owner, was,
                 cxl_dcd_chain_append(owner->dcd, kind, entries, list->len,
                                      &refusal), true);
}

uint16_t end(Owner *owner, CXLDcdChain kind)
{
    Before was = before(owner);

    return after(owner, was, cxl_dcd_chain_end(owner->dcd, kind, &refusal),
                 true);
}

/* One command with More = 0 after whatever the chain already holds. */
static uint16_t last_command(Owner *owner, CXLDcdChain kind,
                             const char *ranges)
{
    g_autoptr(GByteArray) was = NULL;
    uint16_t code;

    cxl_dcd_chain_abort(owner->dcd);
    was = cxl_dcd_save(owner->dcd);
    code = append(owner, kind, ranges);
    if (code == CXL_DCD_RC_SUCCESS) {
        code = end(owner, kind);
    }
    if (code != CXL_DCD_RC_SUCCESS) {
        g_autoptr(GByteArray) now = cxl_dcd_save(owner->dcd);

        g_assert_cmpmem(now->data, now->len, was->data, was->len);
    }
    return code;
}

uint16_t answer(Owner *owner, const char *ranges)
{
    return last_command(owner, CXL_DCD_CHAIN_ADD_RESPONSE, ranges);
}

uint16_t give_back(Owner *owner, const char *ranges)
{
    return last_command(owner, CXL_DCD_CHAIN_RELEASE, ranges);
}

uint16_t set_region(Owner *owner, uint8_t region, uint64_t block_size,
                    bool sanitize)
{
    Before was = before(owner);

    return after(owner, was,
                 cxl_dcd_set_region(owner->dcd, region, block_size, sanitize,
                                    &refusal), false);
}

uint16_t hold(Owner *owner, char letter)
{
    CXLDcdTag tag = tag_of(letter);
    Before was = before(owner);

    return after(owner, was,
                 cxl_dcd_reference_add(owner->dcd, &tag, &refusal), false);
}

uint16_t let_go(Owner *owner, char letter)
{
    CXLDcdTag tag = tag_of(letter);
    Before was = before(owner);

    return after(owner, was,
                 cxl_dcd_reference_remove(owner->dcd, &tag, &refusal), false);
}

const char *last_error(void)
{
    return refusal ? refusal->message : "";
}

/* --- Checks --- */

void assert_extents(const Owner *owner, const char *expected)
{
    static const char *const names[CXL_DCD_STATE_MAX] = {
        "pending", "accepted", "releasing", "dead", "referenced"
    };
    g_autoptr(GString) all = g_string_new(NULL);
    CXLDcdExtent e = { 0 };

    while (cxl_dcd_extent_from(owner->dcd, e.dpa + e.len, &e)) {
        g_string_append(all, all->len ? ", " : "");
        append_extent(owner, all, &e);
        g_assert_cmpuint(e.state, <, CXL_DCD_STATE_MAX);
        g_string_append_printf(all, " %s", names[e.state]);
    }
    g_assert_cmpstr(all->str, ==, expected);
}

void assert_trace(Owner *owner, const char *expected)
{
    g_assert_cmpstr(owner->trace->str, ==, expected);
    skip_trace(owner);
}

void skip_trace(Owner *owner)
{
    g_string_truncate(owner->trace, 0);
}

void assert_message(const char *part)
{
    if (!strstr(last_error(), part)) {
        g_test_message("\"%s\" is not in \"%s\"", part, last_error());
        g_assert_not_reached();
    }
}
