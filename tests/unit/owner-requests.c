/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A core whose owner writes down all that it is asked: what tests ask of it, and
 * what they find afterwards
 */
#include "owner.h"

static GError *refusal;

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

void sanitized(Owner *owner, const char *ranges)
{
    g_autoptr(GArray) list = parse_extents(owner, ranges);

    for (unsigned i = 0; i < list->len; i++) {
        const CXLDcdExtent *e = &g_array_index(list, CXLDcdExtent, i);
        CXLDcdRange range = { e->dpa, e->len };

        cxl_dcd_sanitized(owner->dcd, &range);
    }
    cxl_dcd_assert_state(owner->dcd);
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

void forget_error(void)
{
    g_clear_error(&refusal);
}

/* --- Checks --- */

void assert_extents(const Owner *owner, const char *expected)
{
    static const char *const names[CXL_DCD_STATE_MAX] = {
        "pending", "accepted", "releasing", "dead", "referenced",
        "sanitizing"
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

/* --- All states --- */

Owner *owner_with_everything(void)
{
    Owner *o = owner_new();

    assert_ok(add(o, "2:9+1 B#1, 2:0+2 B#0"));
    assert_ok(hold(o, 'B'));
    assert_ok(answer(o, "2:9+1, 2:0+2"));
    assert_ok(add(o, "0:0+9 A#0, 1:0+2"));
    assert_ok(answer(o, "0:0+9, 1:0+2"));
    assert_ok(give_back(o, "0:4+1, 2:0+2, 2:9+1"));
    assert_ok(ask_back(o, "1:1+1"));
    assert_ok(add(o, "3:0+1 C#0"));
    assert_ok(answer(o, "3:0+1"));
    assert_ok(add(o, "0:20+1, 0:30+2 A#0"));
    assert_ok(force(o, "0:20+1"));
    assert_ok(add(o, "0:12+1, 0:10+1 A#0"));
    assert_ok(append(o, CXL_DCD_CHAIN_RELEASE, "0:0+1, 1:0+1"));
    skip_trace(o);
    return o;
}
