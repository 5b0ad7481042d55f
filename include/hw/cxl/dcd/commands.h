/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: commands, from payload bytes to the core and back
 *
 * Two tables of commands, one per kind of CCI (CXL r3.2 Tables 8-37 and 8-126
 * of r3.1 say which opcode may live where):
 *
 *   mailbox  the host's: 4800h-4803h, and log 4 through 0100h and 0101h
 *   FM       the fabric manager's: 5600h-5608h, of a pool's head 5500h and
 *            5501h, the component commands that an MCTP CCI needs, 0100h and
 *            0101h for its own log 4, tunnel 5300h
 *
 * A handler takes a request payload of host-controlled bytes and gives a CCI
 * return code. It checks length, then values, then lets the core decide;
 * nothing changes before the core commits, and an error carries no payload.
 *
 * Everything is synchronous: no command here runs in the background. Not
 * thread-safe, the caller's lock is held (in QEMU the BQL).
 */
#ifndef CXL_DCD_COMMAND_H
#define CXL_DCD_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "hw/cxl/dcd/core.h"
#include "hw/cxl/dcd/event_log.h"
#include "hw/cxl/dcd/mctp.h"
#include "hw/cxl/dcd/wire.h"

typedef struct CXLDcdFmCci CXLDcdFmCci;

/* What a handler may touch. Owned by whoever received the command. */
typedef struct CXLDcdCommandContext {
    CXLDcd *dcd;
    CXLDcdEventLog *events;       /* log 4 of this CCI, not owned */
    CXLDcdFmCci *fm;              /* NULL on a mailbox */
    struct CXLDcdPool *pool;      /* FM: the device is a head of it, or NULL */
    CXLDcdHeadInfo link;          /* of a head that is up */
} CXLDcdCommandContext;

/*
 * Run one command: @in_len bytes of request, at most @out_max bytes of
 * response. *@ret_len is set on success only.
 */
typedef uint16_t (*CXLDcdCommandFn)(CXLDcdCommandContext *context,
                                    const uint8_t *in, size_t in_len,
                                    uint8_t *out, size_t out_max,
                                    size_t *ret_len);

typedef struct CXLDcdCommand {
    uint16_t opcode;
    uint16_t effects;             /* CXL_DCD_EFFECT_*, for the CEL */
    uint16_t min_in;              /* bytes a request has at least */
    bool variable;                /* may be longer than min_in */
    const char *name;
    CXLDcdCommandFn run;
} CXLDcdCommand;

/* The tables, ascending by opcode. *@ret_count entries, static. */
const CXLDcdCommand *cxl_dcd_mailbox_commands(size_t *ret_count);
const CXLDcdCommand *cxl_dcd_fm_commands(size_t *ret_count);

/* The entry of @opcode, NULL when the table has none. */
const CXLDcdCommand *cxl_dcd_command_find(const CXLDcdCommand *table,
                                          size_t count, uint16_t opcode);

/*
 * Check the payload's length against the entry and run it. This is the only
 * way to a handler. Unsupported for a NULL @command.
 *
 * A More chain of 4802h or 4803h (8.2.10.9.9.3) must be consecutive: any other
 * command that comes through here in between, and any error, drops what the
 * chain collected; the offer stays pending and the host may start over.
 */
uint16_t cxl_dcd_command_run(const CXLDcdCommand *command,
                             CXLDcdCommandContext *context,
                             const uint8_t *in, size_t in_len,
                             uint8_t *out, size_t out_max, size_t *ret_len);

/* cxl_dcd_mailbox_commands() by opcode: for tests, fuzzers, the mailbox glue */
uint16_t cxl_dcd_mailbox_run(CXLDcdCommandContext *context, uint16_t opcode,
                             const uint8_t *in, size_t in_len,
                             uint8_t *out, size_t out_max, size_t *ret_len);

/* Specification name of a CCI return code; "unknown" for others. Static. */
const char *cxl_dcd_return_code_name(uint16_t code);

/* --- The fabric manager's CCI --- */

typedef struct CXLDcdFmIdentity {
    uint16_t vendor;
    uint16_t device;
    uint16_t subsystem_vendor;
    uint16_t subsystem;
    uint64_t serial;
} CXLDcdFmIdentity;

/*
 * A CCI with a response limit and an event context of its own (9.20). @events
 * and @dcd stay the caller's. Free with cxl_dcd_fm_cci_free(), NULL allowed.
 */
CXLDcdFmCci *cxl_dcd_fm_cci_new(CXLDcd *dcd, CXLDcdEventLog *events,
                                const CXLDcdFmIdentity *identity);
void cxl_dcd_fm_cci_free(CXLDcdFmCci *cci);
/*
 * The device is one head of @pool, which stays the caller's: the CCI answers
 * for all hosts, and by 5300h as the LD pool's. @link: what 5501h tells.
 */
void cxl_dcd_fm_cci_set_pool(CXLDcdFmCci *cci, struct CXLDcdPool *pool,
                             const CXLDcdHeadInfo *link);

/* Response limit (bytes) and 0105h policy; both go back on cci_reset(). */
uint16_t cxl_dcd_fm_cci_limit(const CXLDcdFmCci *cci);
uint16_t cxl_dcd_fm_cci_event_policy(const CXLDcdFmCci *cci);
/* The first DPA behind the device's regions. */
uint64_t cxl_dcd_fm_cci_outside(const CXLDcdFmCci *cci);
/* The requester is gone: limit and policy to their defaults. */
void cxl_dcd_fm_cci_reset(CXLDcdFmCci *cci);
/* For restoring a snapshot: false when a value is out of range. */
bool cxl_dcd_fm_cci_restore(CXLDcdFmCci *cci, uint16_t limit, uint16_t policy);

/* One FM command by opcode, without message framing. */
uint16_t cxl_dcd_fm_run(CXLDcdFmCci *cci, uint16_t opcode,
                        const uint8_t *in, size_t in_len,
                        uint8_t *out, size_t out_max, size_t *ret_len);

/*
 * One whole CCI message (7.6.3) of @len bytes, 12-byte header included, of a
 * request that really had @total bytes. Its answer goes to @out, which has
 * room for CXL_DCD_CCI_MESSAGE_MAX bytes. Returns the answer's bytes, 0 when
 * the message is no request and gets none.
 *
 * @mctp_type is the type the message came under; a command of the other
 * type's sets is Unsupported.
 */
#define CXL_DCD_CCI_MESSAGE_MAX \
    (sizeof(CXLDcdCciHeader) + (1 << CXL_DCD_LIMIT_MAX))
size_t cxl_dcd_fm_message(CXLDcdFmCci *cci, uint8_t mctp_type,
                          const uint8_t *message, size_t len, size_t total,
                          uint8_t *out);

/* --- The MCTP endpoint: line bytes in, line bytes out --- */

typedef struct CXLDcdEndpoint CXLDcdEndpoint;

typedef struct CXLDcdEndpointOps {
    /* Bytes for the line. */
    void (*send)(void *opaque, const uint8_t *bytes, size_t len);
    /* For trace: a command was run. May be NULL. */
    void (*ran)(void *opaque, uint16_t opcode, size_t in_len, uint16_t code,
                size_t out_len);
    /*
     * An answer with @code is ready. True: it may be sent. False: it waits for
     * cxl_dcd_endpoint_settled(), not called before @delay ms; until then no
     * bytes may come. May be NULL.
     */
    bool (*settle)(void *opaque, uint16_t opcode, uint16_t code,
                   uint32_t delay);
    /*
     * Around a command that may begin something and be refused, to be run again
     * when that is done. May be NULL.
     */
    void (*may_wait)(void *opaque, bool may_wait);
    /*
     * Has it? Then cxl_dcd_endpoint_again() is called, and until then no bytes
     * may come. NULL when may_wait is.
     */
    bool (*begun)(void *opaque);
} CXLDcdEndpointOps;

/*
 * An endpoint for @cci (not owned) with static EID @eid (0: none) and @uuid.
 * Free with cxl_dcd_endpoint_free(), NULL allowed.
 */
CXLDcdEndpoint *cxl_dcd_endpoint_new(CXLDcdFmCci *cci, uint8_t eid,
                                     const uint8_t uuid[16],
                                     const CXLDcdEndpointOps *ops,
                                     void *opaque);
void cxl_dcd_endpoint_free(CXLDcdEndpoint *endpoint);
/* What may happen to its answers (fault.h), not owned; NULL: nothing. */
struct CXLDcdFaults;
void cxl_dcd_endpoint_set_faults(CXLDcdEndpoint *endpoint,
                                 struct CXLDcdFaults *faults);

/* Bytes that came from the line. */
void cxl_dcd_endpoint_receive(CXLDcdEndpoint *endpoint, const uint8_t *bytes,
                              size_t len);
/* What the answer that waits says is so now: it is sent. */
void cxl_dcd_endpoint_settled(CXLDcdEndpoint *endpoint);
/* What the command that waits has begun is done: it is run again. */
void cxl_dcd_endpoint_again(CXLDcdEndpoint *endpoint);
/* The peer disconnected: nothing of its half-sent messages remains. */
void cxl_dcd_endpoint_disconnect(CXLDcdEndpoint *endpoint);
/*
 * Log 4 of the FM's CCI became non-empty: send Event Notification (0106h) to
 * whoever asked for it with 0105h, if anybody did. Call it from the log's
 * became_non_empty callback.
 */
void cxl_dcd_endpoint_notify(CXLDcdEndpoint *endpoint);
/*
 * What a fabric manager has made of the endpoint: EID, limit, event policy, who
 * listens. The caller unrefs the bytes. Restoring checks all before it changes
 * anything; false: they make no sense. @taken: does another one have the EID?
 */
GByteArray *cxl_dcd_endpoint_save(const CXLDcdEndpoint *endpoint);
bool cxl_dcd_endpoint_restore(CXLDcdEndpoint *endpoint, const uint8_t *bytes,
                              size_t len,
                              bool (*taken)(void *opaque, uint8_t eid));
/* The state machine below, for its EID and statistics. */
CXLDcdMctp *cxl_dcd_endpoint_mctp(CXLDcdEndpoint *endpoint);

#endif /* CXL_DCD_COMMAND_H */
