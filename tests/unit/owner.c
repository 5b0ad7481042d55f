/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A core whose owner writes down all that it is asked: see the header
 */
#include <stdio.h>
#include "owner.h"

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
    if (owner->unread && event->type <= CXL_DCD_EVENT_REGION_CONFIG) {
        cxl_dcd_event_log_insert(owner->unread, event);
    }
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

static bool owner_sanitize(void *opaque, const CXLDcdRange *range, bool must)
{
    Owner *owner = opaque;

    trace_range(owner, must ? "zero" : "discard", range);
    return !owner->slow;
}

static bool owner_agrees(Owner *owner, const char *what,
                         const CXLDcdExtent *extents, size_t count,
                         GError **error)
{
    if (owner->refuse_change) {
        g_set_error_literal(error, CXL_DCD_ERROR, CXL_DCD_RC_RETRY_REQUIRED,
                            owner->refuse_change);
        return false;
    }
    if (!owner->trace_agreement) {
        return true;
    }
    g_string_append(owner->trace, what);
    for (size_t i = 0; i < count; i++) {
        g_string_append(owner->trace, i ? ", " : " ");
        append_range(owner, owner->trace, extents[i].dpa, extents[i].len);
    }
    g_string_append_c(owner->trace, '\n');
    return true;
}

static bool owner_accept(void *opaque, const CXLDcdExtent *extents,
                         size_t count, GError **error)
{
    return owner_agrees(opaque, "accept", extents, count, error);
}

static bool owner_leave(void *opaque, const CXLDcdExtent *extents,
                        size_t count, GError **error)
{
    return owner_agrees(opaque, "leave", extents, count, error);
}

/* What is traced as a request for release has not been read */
static GHashTable *owner_event_ranges(void *opaque, uint8_t type)
{
    Owner *owner = opaque;

    return owner->unread ? cxl_dcd_event_log_ranges(owner->unread, type) : NULL;
}

static bool owner_offerable(void *opaque, GError **error)
{
    Owner *owner = opaque;

    if (owner->refuse_offer) {
        g_set_error_literal(error, CXL_DCD_ERROR, CXL_DCD_RC_UNSUPPORTED,
                            owner->refuse_offer);
    }
    return !owner->refuse_offer;
}

static bool owner_may_change(void *opaque, GError **error)
{
    Owner *owner = opaque;

    if (owner->refuse_all) {
        g_set_error_literal(error, CXL_DCD_ERROR, CXL_DCD_RC_RETRY_REQUIRED,
                            owner->refuse_all);
    }
    return !owner->refuse_all;
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

static const CXLDcdOps owner_ops = {
    .event_room = owner_room,
    .event = owner_event,
    .reach = owner_reach,
    .commit = owner_commit,
    .sanitize = owner_sanitize,
    .outcome = owner_outcome,
    .claim = owner_claim,
    .event_ranges = owner_event_ranges,
    .accept = owner_accept,
    .leave = owner_leave,
    .may_change = owner_may_change,
    .offerable = owner_offerable,
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
        forget_error();
    }
}
