/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What balance is told to do, and what hosts say of themselves */
#ifndef CXL_FM_BALANCE_POLICY_H
#define CXL_FM_BALANCE_POLICY_H

#include <stdbool.h>
#include <stdint.h>
#include <glib.h>
#include "cxlfm.h"

/* Capacity that balance had cxl-fmd get for a host; it goes as a whole */
typedef struct BalanceClaim {
    char uuid[CXLFM_TAG_TEXT];
    uint64_t bytes;
} BalanceClaim;

typedef struct BalanceHost {
    uint16_t id;
    uint64_t min;                     /* bytes, as the next two */
    uint64_t max;
    double weight;
    char *command;                    /* that tells its pressure; NULL: none */
    /* What it is at the moment, as far as the region is concerned */
    bool alive;
    double pressure;                  /* percent; negative: not known */
    char *pressure_fault;             /* why the command did not tell it; NULL:
                                         it did, or there is none */
    uint64_t owned;                   /* it has or is offered; less @asked */
    uint64_t asked;                   /* is to give back, and has not yet */
    uint64_t offered;                 /* of @owned: has not answered */
    GArray *held;                     /* struct cxlfm_extent that it may be
                                         asked for; NULL: not known */
    GArray *claims;                   /* BalanceClaim that may end, instead of
                                         @held; NULL: no cxl-fmd keeps it */
} BalanceHost;

typedef struct BalancePolicy {
    uint64_t step;                    /* bytes moved at a time */
    double high;                      /* from here on a host wants more */
    double low;                       /* up to here it can release */
    GArray *hosts;                    /* BalanceHost */
} BalancePolicy;

/* @text as cxl-fm-balance(1) has it; errors name the line. */
BalancePolicy *balance_policy_parse(const char *text, GError **error);
void balance_policy_free(BalancePolicy *policy);

#endif /* CXL_FM_BALANCE_POLICY_H */
