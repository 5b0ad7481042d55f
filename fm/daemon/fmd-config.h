/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * /etc/cxl-fmd.conf, a key file
 *
 *   [daemon]
 *   machine = a             this machine's name; default: the host's name
 *   store = sqlite:/var/lib/cxl-fmd/store.db     or etcd:URL,URL...
 *   state = /var/lib/cxl-fmd                     events, what is this machine's
 *   run = /run/cxl-fmd                           socket and locks
 *   url =                   where other machines reach this one
 *   owner-ttl = 10          seconds until another daemon may take over
 *   pass = 30               seconds between looks when nothing is told
 *   retry = 30              seconds until who declined is asked again, then
 *                           twice as long each time
 *   lost-after = 300        seconds without owner until the claims of a pool
 *                           that may be anywhere are placed anew
 *   claims = 32768          at most, of all
 *   claims-per-token = 0    of one who puts them: a token, a certificate, a
 *                           user of the socket; 0: no limit
 *
 *   [http]                  any key; its meaning is with the HTTP files
 *   socket = /run/cxl-fmd/api
 *
 *   [host NAME]             a host, as if it was put by a client
 *   monitor = qmp:/run/vm1.qmp
 *   uuid, pool, min, max, weight, pressure, ask-timeout, force-after,
 *   reclaim-after
 *   label.KEY = VALUE
 */
#ifndef CXL_FMD_CONFIG_H
#define CXL_FMD_CONFIG_H

#include <glib.h>
#include "model.h"

#define FMD_CONFIG_FILE "/etc/cxl-fmd.conf"

struct fmd_config {
    char *path;                   /* NULL: defaults */
    char *machine;
    char *store;                  /* address */
    char *state;                  /* folder */
    char *run;                    /* folder */
    char *url;                    /* "" */
    unsigned owner_ttl;           /* seconds */
    unsigned pass;                /* seconds */
    unsigned retry;               /* seconds */
    unsigned lost_after;          /* seconds */
    unsigned claims;              /* at most */
    unsigned claims_per_token;    /* of whoever put them; 0: no limit */
    GPtrArray *hosts;             /* struct fmd_host * */
    GKeyFile *keys;               /* all of it, for the faces */
};

/* @path NULL: FMD_CONFIG_FILE if that is there, else the defaults. */
struct fmd_config *fmd_config_load(const char *path, GError **error);
void fmd_config_free(struct fmd_config *config);

#endif /* CXL_FMD_CONFIG_H */
