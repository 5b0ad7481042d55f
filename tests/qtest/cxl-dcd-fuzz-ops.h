/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity qtests: bytes as deeds of a hostile guest
 *
 * Any bytes are a list of deeds: the first byte chooses what the device is made
 * of, then each deed has a byte for its kind and some for its arguments. What
 * is missing at the end is zero.
 */
#ifndef CXL_DCD_FUZZ_OPS_H
#define CXL_DCD_FUZZ_OPS_H

#include "cxl-dcd-client-raw.h"

#define CXL_DCD_FUZZ_MAX   4096    /* bytes that are looked at */

/* Kinds of deeds; the byte for it chooses one of 16, commands more often */
typedef enum CXLDcdFuzzKind {
    FUZZ_COMMAND,       /* opcode, length, 1 + n bytes of payload, filling */
    FUZZ_COMMAND_RAW,   /* opcode and length as they are, filling */
    FUZZ_REGISTER,      /* BAR, offset, width, value */
    FUZZ_MAILBOX,       /* offset, width, value */
    FUZZ_CONFIG,        /* offset, width, value */
    FUZZ_EXCHANGE,      /* words for the DOE, then some reads */
    FUZZ_MEMORY,        /* offset in the window, width, value */
    FUZZ_TIME,          /* 100 ms and more */
    FUZZ_QMP,           /* capacity is added, released, poisoned */
    FUZZ_RESET,         /* one of three kinds */
} CXLDcdFuzzKind;

/* Do it all with a machine of its own; then the device must work. */
void cxl_dcd_fuzz_run(const uint8_t *bytes, size_t count);

#endif /* CXL_DCD_FUZZ_OPS_H */
