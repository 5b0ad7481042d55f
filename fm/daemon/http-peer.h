/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The connections of a door: by when each must have sent what is next, how
 * often it may ask, and which goes when there are too many
 */
#ifndef FMD_HTTP_PEER_H
#define FMD_HTTP_PEER_H

#include <stdbool.h>
#include <stdint.h>
#include <glib.h>

typedef struct HttpPeers HttpPeers;
typedef struct HttpPeer HttpPeer;

typedef struct HttpPeerCounters {
    uint64_t now, accepted, evicted, late, throttled;
} HttpPeerCounters;

/* At most @limit connections, each with @rate requests a second. */
HttpPeers *http_peers_new(unsigned limit, unsigned rate);
/* None may be left. */
void http_peers_free(HttpPeers *peers);
/*
 * A new connection, which must have asked within @seconds. When it is nearly
 * the last that fits, the one goes that has waited longest without asking.
 */
HttpPeer *http_peer_begin(HttpPeers *peers, int fd, unsigned seconds);
void http_peer_end(HttpPeer *peer);
/* It waits to be asked: it may go to make room. */
void http_peer_idle(HttpPeer *peer, unsigned seconds);
/* A request is under way, and must be at its next step within @seconds. */
void http_peer_busy(HttpPeer *peer, unsigned seconds);
/* The next step is ours. */
void http_peer_ours(HttpPeer *peer);
/* Whether the rate allows one more request now */
bool http_peer_may_ask(HttpPeer *peer);
/* The other end is gone, and nobody would read an answer. */
bool http_peer_hung_up(const HttpPeer *peer);
/* Close what is late. */
void http_peers_sweep(HttpPeers *peers);
void http_peers_count(HttpPeers *peers, HttpPeerCounters *add_to);

#endif /* FMD_HTTP_PEER_H */
