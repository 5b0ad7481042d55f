/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: a device that misbehaves on demand
 *
 * For whoever writes kernels and fabric managers: the next answer of an opcode
 * comes late, not at all, with another return code, or with contents that no
 * device should send. Faults are set by an operator, never by a guest; there is
 * none unless somebody has asked for it.
 *
 * Terms
 *   fault    what is done to answers of one opcode at one door
 *   door     the host's mailbox, or the fabric manager's CCI
 *   armed    the fault is set, and has not struck as often as it was to
 *
 * One answer meets at most one fault: the first of those armed that is for it.
 * Not thread-safe, the caller's lock is held (in QEMU the BQL).
 */
#ifndef CXL_DCD_FAULT_H
#define CXL_DCD_FAULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <glib.h>
#include "hw/cxl/dcd/wire.h"

#define CXL_DCD_FAULTS_MAX          64    /* armed at once */
#define CXL_DCD_FAULT_DELAY_MAX     60000 /* ms */
#define CXL_DCD_FAULT_BYTES_MAX     256
#define CXL_DCD_FAULT_LENGTH_MAX    0xfffff /* what the register can say */

typedef enum CXLDcdFaultKind {
    CXL_DCD_FAULT_RETURN_CODE,    /* another return code */
    CXL_DCD_FAULT_NO_ANSWER,      /* the doorbell stays, the line is silent */
    CXL_DCD_FAULT_DELAY,
    CXL_DCD_FAULT_CORRUPT,        /* other bytes at an offset of the payload */
    CXL_DCD_FAULT_LENGTH,         /* another length than the payload has */
    CXL_DCD_FAULT_REPEAT,         /* the answer that was given before */
    CXL_DCD_FAULT_OVERLAP,        /* an extent is there twice */
    CXL_DCD_FAULT_MISALIGN,       /* the first extent starts inside a block */
    CXL_DCD_FAULT_OUTSIDE,        /* the first extent is in no region */
    CXL_DCD_FAULT_ENDLESS,        /* there is always more to come */
    CXL_DCD_FAULT_UNSTABLE,       /* a list that changes with each look */
    CXL_DCD_FAULT_OVERFLOW,       /* the log acts as if it were full */
    CXL_DCD_FAULT_LOST_INTERRUPT, /* the next interrupt is not sent */
    CXL_DCD_FAULT_KINDS,
} CXLDcdFaultKind;

typedef struct CXLDcdFault {
    CXLDcdFaultKind kind;
    bool fm;                      /* which door; log and interrupt: mailbox */
    uint16_t opcode;              /* not of log and interrupt */
    uint16_t return_code;         /* CXL_DCD_FAULT_RETURN_CODE */
    bool carry_out;               /* return code, no answer: it is done yet */
    uint32_t skip;                /* answers that are let go before */
    uint32_t left;                /* how often it strikes yet; 0: no limit */
    uint32_t struck;              /* how often it has */
    uint32_t delay;               /* ms, CXL_DCD_FAULT_DELAY */
    uint32_t offset;              /* in the payload, CXL_DCD_FAULT_CORRUPT */
    uint32_t length;              /* CXL_DCD_FAULT_LENGTH */
    GBytes *bytes;                /* CXL_DCD_FAULT_CORRUPT */
} CXLDcdFault;

typedef struct CXLDcdFaults CXLDcdFaults;

/*
 * None armed. @changed is called when the first is armed and when the last has
 * ended. Free with cxl_dcd_faults_free(), which takes NULL.
 */
CXLDcdFaults *cxl_dcd_faults_new(void (*changed)(void *opaque, bool armed),
                                 void *opaque);
void cxl_dcd_faults_free(CXLDcdFaults *faults);

/*
 * Arm @fault behind those that are armed; @fault->bytes is referenced. False
 * with @error set when its values make no sense or too many are armed.
 */
bool cxl_dcd_fault_arm(CXLDcdFaults *faults, const CXLDcdFault *fault,
                       GError **error);
void cxl_dcd_faults_clear(CXLDcdFaults *faults);
/* The @index-th that is armed, NULL past the end. Theirs. */
const CXLDcdFault *cxl_dcd_fault_armed(const CXLDcdFaults *faults,
                                       unsigned index);

/* An answer of a door, on its way; payload in @out */
typedef struct CXLDcdFaultAnswer {
    uint16_t code;
    uint8_t *out;
    size_t room;                  /* bytes at @out */
    size_t len;                   /* of these, the answer */
    uint64_t outside;             /* a DPA behind all regions */
    /* What comes of it */
    bool none;                    /* it is not sent */
    uint32_t delay;               /* ms before it is */
    size_t said;                  /* the length that is told */
} CXLDcdFaultAnswer;

/*
 * A command came, with @in_len bytes at @in: the fault that waits for it, NULL
 * for none. @ret_run: is the command to be carried out? False only with a
 * fault. Of 0100h and 0101h on the mailbox, those for log 4 are meant.
 *
 * The fault is good until cxl_dcd_fault_strike() or cxl_dcd_faults_clear().
 */
CXLDcdFault *cxl_dcd_fault_find(CXLDcdFaults *faults, bool fm, uint16_t opcode,
                                const uint8_t *in, size_t in_len,
                                bool *ret_run);
/* Do to @answer what @fault, which may be NULL, says. Sets answer->said. */
void cxl_dcd_fault_strike(CXLDcdFaults *faults, CXLDcdFault *fault,
                          CXLDcdFaultAnswer *answer);

/*
 * Is the event that comes now lost, or the interrupt? Counted as one. A log
 * loses only what comes behind a record that is in it.
 */
bool cxl_dcd_fault_event(CXLDcdFaults *faults, CXLDcdFaultKind kind);

#endif /* CXL_DCD_FAULT_H */
