/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who tried tokens and certificates that let nobody in
 */
#include <netdb.h>
#include <sys/socket.h>
#include "http-refused.h"

#define TURN_US       G_USEC_PER_SEC
#define ADDRESSES_MAX 256         /* at once; the rest are one */

typedef struct Tried {
    gint64 said;
    unsigned more;                /* since then */
} Tried;

struct HttpRefused {
    GMutex lock;                  /* of what follows */
    GHashTable *tried;            /* address: Tried */
};

HttpRefused *http_refused_new(void)
{
    HttpRefused *refused = g_new0(HttpRefused, 1);

    g_mutex_init(&refused->lock);
    refused->tried = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
                                           g_free);
    return refused;
}

static void refused_say(const char *address, Tried *tried)
{
    g_warning("%s: %u more login%s refused", address, tried->more,
              tried->more == 1 ? " was" : "s were");
    tried->more = 0;
    tried->said = g_get_monotonic_time();
}

void http_refused_free(HttpRefused *refused)
{
    GHashTableIter iter;
    char *address;
    Tried *tried;

    g_hash_table_iter_init(&iter, refused->tried);
    while (g_hash_table_iter_next(&iter, (gpointer *)&address,
                                  (gpointer *)&tried)) {
        if (tried->more) {
            refused_say(address, tried);
        }
    }
    g_hash_table_unref(refused->tried);
    g_mutex_clear(&refused->lock);
    g_free(refused);
}

static char *refused_address(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(
        connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    char text[NI_MAXHOST];
    socklen_t size;

    if (!info || !info->client_addr) {
        return g_strdup("an unknown address");
    }
    size = info->client_addr->sa_family == AF_INET6 ?
           sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
    return !getnameinfo(info->client_addr, size, text, sizeof(text), NULL, 0,
                        NI_NUMERICHOST) ? g_strdup(text) :
           g_strdup("an unknown address");
}

void http_refused_note(HttpRefused *refused, struct MHD_Connection *connection)
{
    char *address = refused_address(connection);
    Tried *tried;

    g_mutex_lock(&refused->lock);
    if (!g_hash_table_contains(refused->tried, address) &&
        g_hash_table_size(refused->tried) >= ADDRESSES_MAX) {
        g_free(address);
        address = g_strdup("other addresses");
    }
    tried = g_hash_table_lookup(refused->tried, address);
    if (tried) {
        tried->more++;
        g_free(address);
    } else {
        tried = g_new0(Tried, 1);
        tried->said = g_get_monotonic_time();
        g_warning("%s: a login was refused: no such token, or certificate",
                  address);
        g_hash_table_insert(refused->tried, address, tried);
    }
    g_mutex_unlock(&refused->lock);
}

void http_refused_sweep(HttpRefused *refused)
{
    gint64 now = g_get_monotonic_time();
    GHashTableIter iter;
    char *address;
    Tried *tried;

    g_mutex_lock(&refused->lock);
    g_hash_table_iter_init(&iter, refused->tried);
    while (g_hash_table_iter_next(&iter, (gpointer *)&address,
                                  (gpointer *)&tried)) {
        if (now - tried->said < TURN_US) {
            continue;
        }
        if (tried->more) {
            refused_say(address, tried);
        } else {
            g_hash_table_iter_remove(&iter);
        }
    }
    g_mutex_unlock(&refused->lock);
}
