/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: the line to fabric managers, a character device
 */
#ifndef CXL_DCD_LINE_H
#define CXL_DCD_LINE_H

#include "hw/cxl/dcd/mctp.h"

typedef struct CXLDcdLine CXLDcdLine;

/* An endpoint on the line; its owner keeps it from join to leave. */
typedef struct CXLDcdLineClient {
    CXLDcdMctp *mctp;
    /*
     * Is a request in work? Then no more bytes are looked at before
     * cxl_dcd_line_ready().
     */
    bool (*busy)(void *opaque);
    /* A fabric manager is there now, or left. */
    void (*event)(void *opaque, bool open);
    void *opaque;
} CXLDcdLineClient;

/*
 * Attach @client to the line of character device @label. NULL with @errp set
 * when that cannot be. Every join is ended by a leave.
 */
CXLDcdLine *cxl_dcd_line_join(const char *label, const CXLDcdLineClient *client,
                              Error **errp);
void cxl_dcd_line_leave(CXLDcdLine *line, const CXLDcdLineClient *client);
/* Has one of the endpoints there this EID? */
bool cxl_dcd_line_has(const CXLDcdLine *line, uint8_t eid);
/* A client is not busy any more. */
void cxl_dcd_line_ready(CXLDcdLine *line);
/* Send, or keep to be sent; dropped when nobody is there. */
void cxl_dcd_line_send(CXLDcdLine *line, const uint8_t *bytes, size_t len);

#endif /* CXL_DCD_LINE_H */
