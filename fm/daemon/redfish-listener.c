/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who reads the stream of events */
#include <stdint.h>
#include "redfish-listener.h"

struct RedfishListeners {
    GMutex lock;                  /* of what follows */
    GHashTable *welcome;          /* id: GUINT_TO_POINTER(it may stay) */
    uint64_t count;               /* ever */
};

RedfishListeners *redfish_listeners_new(void)
{
    RedfishListeners *listeners = g_new0(RedfishListeners, 1);

    g_mutex_init(&listeners->lock);
    listeners->welcome = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
                                               NULL);
    return listeners;
}

void redfish_listeners_free(RedfishListeners *listeners)
{
    if (listeners) {
        g_hash_table_unref(listeners->welcome);
        g_mutex_clear(&listeners->lock);
        g_free(listeners);
    }
}

char *redfish_listener_begin(RedfishListeners *listeners)
{
    char *id;

    g_mutex_lock(&listeners->lock);
    id = g_strdup_printf(REDFISH_LISTENER_ID "%" G_GUINT64_FORMAT, ++listeners->count);
    g_hash_table_insert(listeners->welcome, g_strdup(id), GUINT_TO_POINTER(1));
    g_mutex_unlock(&listeners->lock);
    return id;
}

void redfish_listener_gone(RedfishListeners *listeners, const char *id)
{
    g_mutex_lock(&listeners->lock);
    g_hash_table_remove(listeners->welcome, id);
    g_mutex_unlock(&listeners->lock);
}

bool redfish_listener_is_welcome(RedfishListeners *listeners, const char *id)
{
    bool welcome;

    g_mutex_lock(&listeners->lock);
    welcome = g_hash_table_lookup(listeners->welcome, id);
    g_mutex_unlock(&listeners->lock);
    return welcome;
}

bool redfish_listener_end(RedfishListeners *listeners, const char *id)
{
    bool there;

    g_mutex_lock(&listeners->lock);
    there = g_hash_table_lookup(listeners->welcome, id);
    if (there) {
        g_hash_table_replace(listeners->welcome, g_strdup(id), NULL);
    }
    g_mutex_unlock(&listeners->lock);
    return there;
}

GPtrArray *redfish_listener_list(RedfishListeners *listeners)
{
    GPtrArray *list = g_ptr_array_new_with_free_func(g_free);
    GHashTableIter iter;
    void *id, *welcome;

    g_mutex_lock(&listeners->lock);
    g_hash_table_iter_init(&iter, listeners->welcome);
    while (g_hash_table_iter_next(&iter, &id, &welcome)) {
        if (welcome) {
            g_ptr_array_add(list, g_strdup(id));
        }
    }
    g_mutex_unlock(&listeners->lock);
    return list;
}
