/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The process behind a monitor, held so that no other is ever meant
 */
#ifndef CXL_FMD_HEAD_PEER_H
#define CXL_FMD_HEAD_PEER_H

#include <stdbool.h>
#include <glib.h>
#include "cxlfm.h"

struct head_peer;

/*
 * Who listens at the monitor to which @fm is connected; NULL: it cannot be said.
 * Ask while it answers: then it lives.
 */
struct head_peer *head_peer_new(const cxlfm *fm);
void head_peer_free(struct head_peer *peer);

/*
 * End it by SIGKILL, if it has @file, the pool's, open: a monitor's socket may
 * also be listened at by who started the machine, or a relay. True when it was
 * sent, or is not needed as it has ended.
 */
bool head_peer_kill(const struct head_peer *peer, const char *file,
                    GError **error);

#endif /* CXL_FMD_HEAD_PEER_H */
