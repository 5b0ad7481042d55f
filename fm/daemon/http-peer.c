/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The connections of a door
 *
 * libmicrohttpd ends a connection on which nothing happens; one that sends a
 * letter now and then would stay for ever. Each step has a deadline here. A
 * connection is ended by shutting its socket down, which the server's thread
 * sees; the lock keeps the descriptor from being another's by then.
 */
#include <poll.h>
#include <sys/socket.h>
#include "http-peer.h"

struct HttpPeer {
    HttpPeers *peers;
    int fd;
    bool idle;
    bool ended;                   /* shut down by us, not yet gone */
    gint64 since;                 /* of the step */
    gint64 deadline;              /* of the step; 0: none */
    double allowance;             /* requests it may make at once */
    gint64 allowed;               /* when that was so */
};

struct HttpPeers {
    GMutex lock;                  /* of all that follows, and of each peer */
    GHashTable *all;              /* HttpPeer * */
    unsigned limit, rate;
    HttpPeerCounters counters;
};

HttpPeers *http_peers_new(unsigned limit, unsigned rate)
{
    HttpPeers *peers = g_new0(HttpPeers, 1);

    g_mutex_init(&peers->lock);
    peers->all = g_hash_table_new(NULL, NULL);
    peers->limit = limit;
    peers->rate = rate;
    return peers;
}

void http_peers_free(HttpPeers *peers)
{
    if (peers) {
        g_assert(!g_hash_table_size(peers->all));
        g_hash_table_unref(peers->all);
        g_mutex_clear(&peers->lock);
        g_free(peers);
    }
}

/* The rest, with the lock: */

static void http_peer_step(HttpPeer *peer, bool idle, unsigned seconds)
{
    peer->idle = idle;
    peer->since = g_get_monotonic_time();
    peer->deadline = seconds ? peer->since + (gint64)seconds * G_USEC_PER_SEC :
                     0;
}

static void http_peer_shut(HttpPeer *peer)
{
    peer->ended = true;
    shutdown(peer->fd, SHUT_RDWR);
}

/* Leave an eighth of the room for those who come. */
static void http_peers_make_room(HttpPeers *peers)
{
    HttpPeer *oldest = NULL, *peer;
    GHashTableIter iter;

    if (g_hash_table_size(peers->all) < peers->limit - peers->limit / 8) {
        return;
    }
    g_hash_table_iter_init(&iter, peers->all);
    while (g_hash_table_iter_next(&iter, (gpointer *)&peer, NULL)) {
        if (peer->idle && !peer->ended &&
            (!oldest || peer->since < oldest->since)) {
            oldest = peer;
        }
    }
    if (oldest) {
        peers->counters.evicted++;
        http_peer_shut(oldest);
    }
}

/* And those that take it. */

HttpPeer *http_peer_begin(HttpPeers *peers, int fd, unsigned seconds)
{
    HttpPeer *peer = g_new0(HttpPeer, 1);

    peer->peers = peers;
    peer->fd = fd;
    peer->allowance = peers->rate;
    peer->allowed = g_get_monotonic_time();
    g_mutex_lock(&peers->lock);
    http_peers_make_room(peers);
    http_peer_step(peer, true, seconds);
    g_hash_table_add(peers->all, peer);
    peers->counters.accepted++;
    g_mutex_unlock(&peers->lock);
    return peer;
}

void http_peer_end(HttpPeer *peer)
{
    HttpPeers *peers = peer->peers;

    g_mutex_lock(&peers->lock);
    g_hash_table_remove(peers->all, peer);
    g_mutex_unlock(&peers->lock);
    g_free(peer);
}

static void http_peer_change(HttpPeer *peer, bool idle, unsigned seconds)
{
    g_mutex_lock(&peer->peers->lock);
    http_peer_step(peer, idle, seconds);
    g_mutex_unlock(&peer->peers->lock);
}

void http_peer_idle(HttpPeer *peer, unsigned seconds)
{
    http_peer_change(peer, true, seconds);
}

void http_peer_busy(HttpPeer *peer, unsigned seconds)
{
    http_peer_change(peer, false, seconds);
}

void http_peer_ours(HttpPeer *peer)
{
    http_peer_change(peer, false, 0);
}

bool http_peer_may_ask(HttpPeer *peer)
{
    gint64 now = g_get_monotonic_time();
    HttpPeers *peers = peer->peers;
    bool may;

    g_mutex_lock(&peers->lock);
    peer->allowance += (double)(now - peer->allowed) / G_USEC_PER_SEC *
                       peers->rate;
    peer->allowance = MIN(peer->allowance, peers->rate);
    peer->allowed = now;
    may = peer->allowance >= 1;
    if (may) {
        peer->allowance -= 1;
    } else {
        peers->counters.throttled++;
    }
    g_mutex_unlock(&peers->lock);
    return may;
}

/*
 * An end that only says that it will ask no more shuts down one direction, and
 * what it asked for is done: a unix socket tells the two apart. TCP does not,
 * but there TLS has its own way to say that; whose TCP ends is gone.
 */
bool http_peer_hung_up(const HttpPeer *peer)
{
    struct pollfd p = { .fd = peer->fd, .events = POLLRDHUP };
    struct sockaddr_storage address;
    socklen_t size = sizeof(address);

    if (poll(&p, 1, 0) <= 0) {
        return false;
    }
    if (p.revents & (POLLHUP | POLLERR)) {
        return true;
    }
    return (p.revents & POLLRDHUP) &&
           !getsockname(peer->fd, (struct sockaddr *)&address, &size) &&
           address.ss_family != AF_UNIX;
}

void http_peers_sweep(HttpPeers *peers)
{
    gint64 now = g_get_monotonic_time();
    GHashTableIter iter;
    HttpPeer *peer;

    g_mutex_lock(&peers->lock);
    g_hash_table_iter_init(&iter, peers->all);
    while (g_hash_table_iter_next(&iter, (gpointer *)&peer, NULL)) {
        if (peer->deadline && peer->deadline < now && !peer->ended) {
            peers->counters.late++;
            http_peer_shut(peer);
        }
    }
    g_mutex_unlock(&peers->lock);
}

void http_peers_count(HttpPeers *peers, HttpPeerCounters *add_to)
{
    g_mutex_lock(&peers->lock);
    add_to->now += g_hash_table_size(peers->all);
    add_to->accepted += peers->counters.accepted;
    add_to->evicted += peers->counters.evicted;
    add_to->late += peers->counters.late;
    add_to->throttled += peers->counters.throttled;
    g_mutex_unlock(&peers->lock);
}
