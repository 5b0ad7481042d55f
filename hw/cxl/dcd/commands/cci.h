/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: the fabric manager's CCI, as its commands see it
 */
#ifndef CXL_DCD_CCI_H
#define CXL_DCD_CCI_H

#include "hw/cxl/dcd/commands.h"

struct CXLDcdFmCci {
    CXLDcdCommandContext context;
    CXLDcdFmIdentity identity;
    const CXLDcdCommand *commands; /* static, ascending by opcode */
    size_t count;
    CXLDcdEventLog *no_events;    /* logs 0 to 3: nothing ever happens there */
    uint8_t limit;                /* response payload, 2^n bytes */
    uint16_t event_policy;        /* CXL_DCD_MCTP_EVENT_* */
    bool tunnelled;               /* the running command came by 5300h */
};

bool cxl_dcd_cci_is_request(const CXLDcdCciHeader *header);
/* The answer to @request: header and, on success, @len payload bytes at @out */
size_t cxl_dcd_cci_answer(const CXLDcdCciHeader *request, uint16_t code,
                          size_t len, uint8_t *out);

#endif /* CXL_DCD_CCI_H */
