/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From what is wished and what is, the one next act of a claim: no device, no
 * clock, no store, so that tests can ask about every case
 */
#ifndef CXL_FMD_PLAN_H
#define CXL_FMD_PLAN_H

#include "cxlfm.h"
#include "head.h"
#include "model.h"

#define PLAN_NEVER (-1)

/* One host where the claim is wanted, or where its tag is */
struct plan_host {
    const char *uuid;             /* "" : nobody has put it */
    const char *name;
    enum head_state state;
    const char *error;            /* why it is not up; NULL */
    bool wanted;
    uint64_t bytes[CXLFM_EXTENT_STATE_MAX]; /* with the tag, by state */
    /* ms since, as far as this daemon knows; PLAN_NEVER */
    int64_t asked;                /* a release was asked for */
    int64_t ask_in;               /* ms until it may be asked once more */
    int64_t offered;              /* an offer stands */
    int64_t dead;                 /* its process was seen to be ended */
    int64_t failed;               /* an act was refused or declined */
    int64_t patience;             /* ms from @failed to the next try */
    bool declined;                /* it took nothing, or gave it back unasked */
    bool life_changed;            /* another process than at the last act */
    const char *refusal;          /* what the device said at the last act */
    /* Policy, ms; PLAN_NEVER */
    int64_t ask_timeout;
    int64_t force_after;          /* after @ask_timeout */
    int64_t reclaim_after;        /* after it died */
    bool reclaimable;             /* nothing else would go with it */
    int64_t silent;               /* ms that its monitor is asked in vain */
    int64_t kill_after;           /* after that; its process is known */
    uint64_t takeable;            /* bytes above its minimum */
    bool below_min;               /* it has less, without what is asked for */
    uint64_t room_to_max;         /* bytes until its maximum */
};

struct plan_in {
    uint64_t bytes;
    bool deleted;
    bool shared;                  /* for several hosts */
    bool sharable;                /* the region is */
    bool known;                   /* what the devices have; else only hosts
                                     that are up say the truth */
    bool region_is_there;
    uint64_t block_size;          /* 0: not known */
    uint64_t available;           /* of the region */
    enum fmd_phase phase;         /* as it was written last */
    unsigned host_count;
    const struct plan_host *hosts; /* the first wanted one first */
};

struct plan_out {
    enum fmd_phase phase;
    enum fmd_act act;
    unsigned host;                /* of the act */
    char *message;                /* freed by the caller */
    int64_t again;                /* ms until time alone changes something;
                                     PLAN_NEVER */
};

void plan(const struct plan_in *in, struct plan_out *out);

#endif /* CXL_FMD_PLAN_H */
