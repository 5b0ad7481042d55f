/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The list of events: whoever comes back misses none, or is told so */
#include <glib/gstdio.h>
#include "events.h"
#include "log.h"

#define MORE 100                  /* above what is kept */

struct list {
    char *folder, *path;
    struct events *events;
};

static void list_open(struct list *list)
{
    GError *error = NULL;

    list->events = events_open(list->path, &error);
    g_assert_no_error(error);
}

static void list_begin(struct list *list)
{
    list->folder = g_dir_make_tmp("fmd-events-XXXXXX", NULL);
    g_assert_nonnull(list->folder);
    list->path = g_build_filename(list->folder, "events.db", NULL);
    list_open(list);
}

static void list_end(struct list *list)
{
    g_autoptr(GDir) dir = g_dir_open(list->folder, 0, NULL);
    const char *name;

    g_clear_pointer(&list->events, events_close);
    while ((name = g_dir_read_name(dir))) {
        g_autofree char *path = g_build_filename(list->folder, name, NULL);

        g_assert_cmpint(g_remove(path), ==, 0);
    }
    g_assert_cmpint(g_rmdir(list->folder), ==, 0);
    g_free(list->path);
    g_free(list->folder);
}

static void list_add(struct list *list, unsigned count)
{
    unsigned i;

    for (i = 0; i < count; i++) {
        events_add(list->events, "test", NULL, NULL, "event");
    }
}

/* All after @after, in portions; whether some were lost, and how many came */
static unsigned list_read(struct list *list, uint64_t after, bool *ret_lost)
{
    unsigned count = 0, got;

    *ret_lost = false;
    do {
        g_autoptr(GPtrArray) some = NULL;
        bool lost;
        unsigned i;

        events_since(list->events, after, 1000, &some, &lost);
        *ret_lost |= lost;
        got = some->len;
        for (i = 0; i < got; i++) {
            const fmd_event *event = some->pdata[i];

            g_assert_cmpuint(event->id, >, after);
            after = event->id;
        }
        count += got;
    } while (got);
    return count;
}

static void test_overflow(void)
{
    struct list list;
    bool lost;

    list_begin(&list);
    g_assert_cmpuint(list_read(&list, 0, &lost), ==, 0);
    g_assert_false(lost);
    list_add(&list, EVENTS_KEEP);
    g_assert_cmpuint(list_read(&list, 0, &lost), ==, EVENTS_KEEP);
    g_assert_false(lost);
    list_add(&list, MORE);
    g_assert_cmpuint(list_read(&list, 0, &lost), ==, EVENTS_KEEP);
    g_assert_true(lost);
    g_assert_cmpuint(list_read(&list, MORE - 1, &lost), ==, EVENTS_KEEP);
    g_assert_true(lost);
    g_assert_cmpuint(list_read(&list, MORE, &lost), ==, EVENTS_KEEP);
    g_assert_false(lost);
    g_assert_cmpuint(list_read(&list, events_last(list.events) - 1, &lost), ==,
                     1);
    g_assert_false(lost);
    list_end(&list);
}

static void test_over_restarts(void)
{
    uint64_t last, begun;
    struct list list;
    bool lost;

    list_begin(&list);
    list_add(&list, 2 * MORE);
    last = events_last(list.events);
    events_close(list.events);
    list_open(&list);
    begun = events_last(list.events);
    g_assert_cmpuint(list_read(&list, last - MORE, &lost), ==, MORE);
    g_assert_false(lost);
    /* As many as make the file forget the oldest, but none of these */
    list_add(&list, 5 * MORE);
    g_assert_cmpuint(list_read(&list, last - MORE, &lost), ==, 6 * MORE);
    g_assert_false(lost);
    g_assert_cmpuint(list_read(&list, last, &lost), ==, 5 * MORE);
    g_assert_false(lost);
    /* Of that life, but it could not be kept: others may have gone with it */
    g_assert_cmpuint(begun, >, last + 1);
    g_assert_cmpuint(list_read(&list, last + 1, &lost), ==, 5 * MORE);
    g_assert_true(lost);
    events_close(list.events);
    list_open(&list);
    g_assert_cmpuint(list_read(&list, 0, &lost), ==, 7 * MORE);
    g_assert_false(lost);
    list_end(&list);
}

static void test_ahead(void)
{
    struct list list;
    bool lost;

    list_begin(&list);
    list_add(&list, MORE);
    g_assert_cmpuint(list_read(&list, MORE + 1, &lost), ==, 0);
    g_assert_true(lost);
    list_end(&list);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    log_begin(LOG_LEVEL_WARNING);
    g_test_add_func("/events/overflow", test_overflow);
    g_test_add_func("/events/over-restarts", test_over_restarts);
    g_test_add_func("/events/ahead", test_ahead);
    return g_test_run();
}
