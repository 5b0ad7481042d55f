/* SPDX-License-Identifier: GPL-2.0-or-later */
/* All that this daemon holds: monitors, pools, leases */
#ifndef CXL_FMD_MACHINE_H
#define CXL_FMD_MACHINE_H

#include "core.h"
#include "head.h"

struct lease;
struct pool;

void machine_start(struct fmd *fmd);
void machine_stop(struct machine *machine);
/* The store has changed: @news says whom that concerns; NULL: everybody. */
void machine_wake(struct machine *machine, const struct claim_news *news);
/* Something was done to a host's device: its pool looks. */
void machine_wake_host(struct machine *machine, const char *uuid);
/* The hosts of the configuration are others now. */
void machine_reload(struct machine *machine);

/* By any thread. Of a pool that is here; false: it is not. */
bool machine_with_pool(struct machine *machine, const char *uuid,
                       void (*fn)(struct pool *pool, void *opaque),
                       void *opaque);
void machine_each_pool(struct machine *machine,
                       void (*fn)(struct pool *pool, void *opaque),
                       void *opaque);
/* With a reference; NULL */
struct head *machine_head(struct machine *machine, const char *uuid);
/* Of all hosts of this machine, with references */
GPtrArray *machine_heads(struct machine *machine);
/* What is known of a host: members of fmd_host_list(); NULL: not here */
struct json_object *machine_note(struct machine *machine, const char *uuid);
/* On which hangs what this daemon says */
struct lease *machine_lease(struct machine *machine);
bool machine_is_placer(struct machine *machine);
bool machine_is_live(struct machine *machine);

#endif /* CXL_FMD_MACHINE_H */
