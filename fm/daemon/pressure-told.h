/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a daemon tells the others of its fleet of its hosts' pressure
 *
 * It hangs on the lease that their "alive" hangs on: who falls silent has told
 * nothing. It is written anew when it has changed by TOLD_CHANGE, so that a
 * fleet whose hosts are well writes nothing.
 */
#ifndef CXL_FMD_PRESSURE_TOLD_H
#define CXL_FMD_PRESSURE_TOLD_H

#include "core.h"

struct lease;

#define TOLD_CHANGE 1.0           /* percent */

/* What stands in the store of one host, by us; all zero: nothing */
struct pressure_told {
    int64_t lease;                /* 0: nothing */
    double percent;
};

/* Tell @percent of a host of this machine; negative: it is not known now. */
void pressure_tell(struct fmd *fmd, struct lease *lease, const char *uuid,
                   double percent, struct pressure_told *told);
/*
 * What another daemon tells; negative: nothing that makes sense, or it is not
 * known whether it still does.
 */
double pressure_heard(struct fmd *fmd, const char *uuid);
/* Call @fn with each of another machine of which something is known. */
void pressure_each_heard(struct fmd *fmd,
                         void (*fn)(const char *uuid, const char *name,
                                    double percent, void *opaque),
                         void *opaque);

#endif /* CXL_FMD_PRESSURE_TOLD_H */
