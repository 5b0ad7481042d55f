/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What people read: names, sizes, lists, events
 */
#include <inttypes.h>
#include <string.h>
#include <glib.h>
#include "text.h"

const char size_units[] = "BKMGTPE";

static const char *const policy_names[] = {
    "free", "contiguous", "prescriptive", "shared",
};
static const char *const state_names[] = {
    "pending", "accepted", "releasing", "sanitizing", "dead", "referenced",
};
static const char *const mapping_names[] = {
    "unknown", "direct", "trapped", "none",
};
static const char *const event_names[] = {
    "added", "rejected", "released", "forced", "lost",
};
static const char *const outcome_names[] = {
    "done", "partial", "rejected", "timeout",
};
static const char *const pool_state_names[] = {
    "pending", "accepted", "leaving",
};
static const char *const attribute_names[] = {
    [2] = "non-volatile", [3] = "sharable", [4] = "hw-coherent",
    [5] = "ic-specific", [6] = "read-only",
};
G_STATIC_ASSERT(G_N_ELEMENTS(state_names) == CXLFM_EXTENT_STATE_MAX);
G_STATIC_ASSERT(G_N_ELEMENTS(event_names) == CXLFM_EVENT_MAX);
G_STATIC_ASSERT(G_N_ELEMENTS(outcome_names) == CXLFM_OUTCOME_MAX);
G_STATIC_ASSERT(G_N_ELEMENTS(pool_state_names) == CXLFM_POOL_STATE_MAX);

#define NAME_OF(table, index) \
    ((index) < G_N_ELEMENTS(table) ? (table)[index] : "unknown")

const char *policy_name(unsigned policy)
{
    return NAME_OF(policy_names, policy);
}

const char *extent_state_name(unsigned state)
{
    return NAME_OF(state_names, state);
}

const char *mapping_name(unsigned mapping)
{
    return NAME_OF(mapping_names, mapping);
}

const char *event_name(unsigned type)
{
    return NAME_OF(event_names, type);
}

const char *outcome_name(unsigned state)
{
    return NAME_OF(outcome_names, state);
}

const char *pool_state_name(unsigned state)
{
    return NAME_OF(pool_state_names, state);
}

const char *attribute_name(unsigned bit)
{
    return bit < G_N_ELEMENTS(attribute_names) ? attribute_names[bit] : NULL;
}

static bool size_as_number;

void format_size_as_number(void)
{
    size_as_number = true;
}

char *format_size(uint64_t bytes)
{
    unsigned unit = 0;

    if (size_as_number) {
        return g_strdup_printf("%" PRIu64, bytes);
    }

    while (unit + 1 < strlen(size_units) && bytes >= 1ull << (unit + 1) * 10) {
        unit++;
    }
    /* A smaller unit, until quarters of it are exact. */
    while (unit && bytes % ((1ull << unit * 10) / 4)) {
        unit--;
    }
    if (!unit) {
        return g_strdup_printf("%" PRIu64 " B", bytes);
    }
    uint64_t whole = bytes >> unit * 10;
    unsigned quarter = bytes / ((1ull << unit * 10) / 4) % 4;
    static const char *const decimals[] = { "", ".25", ".5", ".75" };

    return g_strdup_printf("%" PRIu64 "%s %ciB", whole, decimals[quarter],
                           size_units[unit]);
}

char *format_count(size_t count, const char *singular)
{
    return g_strdup_printf("%zu %s%s", count, singular,
                           count == 1 ? "" : "s");
}

char *format_extents(const struct cxlfm_extent *extents, size_t count,
                     size_t limit)
{
    GString *text = g_string_new(NULL);
    size_t i;

    for (i = 0; i < count && i < limit; i++) {
        g_string_append_printf(text, "%s[0x%" PRIx64 ", +0x%" PRIx64 "]",
                               i ? " " : "", extents[i].offset,
                               extents[i].length);
    }
    if (count > limit) {
        g_string_append_printf(text, " and %zu more", count - limit);
    }
    return g_string_free(text, false);
}

char *format_tag(const uint8_t tag[CXLFM_TAG_SIZE])
{
    char text[CXLFM_TAG_TEXT] = "-";

    if (!cxlfm_tag_is_zero(tag)) {
        cxlfm_tag_format(tag, text);
    }
    return g_strdup(text);
}

char *format_attributes(uint8_t attributes)
{
    GString *text = g_string_new(NULL);
    unsigned i;

    /* Every region of a DCD is IC-specific: that would tell people nothing. */
    attributes &= ~CXLFM_REGION_IC_SPECIFIC;
    for (i = 0; i < 8; i++) {
        if (attributes >> i & 1 && attribute_name(i)) {
            g_string_append_printf(text, "%s%s", text->len ? ", " : "",
                                   attribute_name(i));
        }
    }
    if (!text->len) {
        g_string_append(text, "-");
    }
    return g_string_free(text, false);
}

char *format_hosts(const uint8_t bitmap[32])
{
    GString *text = g_string_new(NULL);
    unsigned i;

    for (i = 0; i < 256; i++) {
        if (bitmap[i / 8] >> i % 8 & 1) {
            g_string_append_printf(text, "%s%u", text->len ? ", " : "", i);
        }
    }
    if (!text->len) {
        g_string_append(text, "-");
    }
    return g_string_free(text, false);
}

char *format_event(const struct cxlfm_event *event, const char *name)
{
    static const char *const what[CXLFM_EVENT_MAX] = {
        "accepted", "declined", "gave back", "lost by force",
    };
    g_autoptr(GDateTime) when = event->timestamp ?
        g_date_time_new_from_unix_local(event->timestamp / 1000000000) :
        g_date_time_new_now_local();
    g_autofree char *time = g_date_time_format(when, "%T");
    g_autofree char *tag = format_tag(event->tag), *size = NULL, *list = NULL;
    bool tagged = !cxlfm_tag_is_zero(event->tag);
    uint64_t bytes = 0;
    unsigned i;

    if (event->type == CXLFM_EVENT_LOST) {
        return g_strdup_printf("%s %s: events were lost; 'cxl-fm extents' "
                               "shows how things are", time, name);
    }
    for (i = 0; i < event->extent_count; i++) {
        bytes += event->extents[i].length;
    }
    size = format_size(bytes);
    list = format_extents(event->extents, event->extent_count, 4);
    return g_strdup_printf("%s %s: host %u %s %s of region %u %s%s%s", time,
                           name, event->host, what[event->type], size,
                           event->region, list, tagged ? " tag " : "",
                           tagged ? tag : "");
}
