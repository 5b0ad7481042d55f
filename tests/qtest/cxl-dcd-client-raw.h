/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity qtests: a hostile guest
 *
 * Nothing here asserts that a command makes sense; what is asserted is what
 * holds for any command: it is answered, what is told is not longer than the
 * payload area, and behind it there is nothing.
 */
#ifndef CXL_DCD_CLIENT_RAW_H
#define CXL_DCD_CLIENT_RAW_H

#include "cxl-dcd-client.h"

#define CXL_DCD_RAW_PAYLOAD     2048
#define CXL_DCD_RAW_LENGTH_MAX  0xfffffU  /* the register's field has 20 bits */
#define CXL_DCD_RAW_MAKEUPS     5

/* What a device can be made of; .name is for paths of cases */
typedef struct CXLDcdMakeup {
    const char *name;
    CXLDcdOptions options;
    bool dynamic;                 /* it has dynamic capacity */
    uint64_t lsa;                 /* bytes of its label area */
} CXLDcdMakeup;

extern const CXLDcdMakeup cxl_dcd_makeups[CXL_DCD_RAW_MAKEUPS];

typedef struct CXLDcdRawReply {
    uint16_t code;
    size_t length;
    uint8_t bytes[CXL_DCD_RAW_PAYLOAD];
} CXLDcdRawReply;

/*
 * All of the payload area becomes @payload, then @opcode is rung with a length
 * of @length, whatever that is. @reply may be NULL.
 */
uint16_t cxl_dcd_raw(CXLDcdDevice *device, uint16_t opcode, uint32_t length,
                     const uint8_t payload[CXL_DCD_RAW_PAYLOAD],
                     CXLDcdRawReply *reply);
/* The same for a command that ends where its bytes end; zeros are behind */
uint16_t cxl_dcd_raw_bytes(CXLDcdDevice *device, uint16_t opcode,
                           const void *bytes, size_t length,
                           CXLDcdRawReply *reply);
/* Time goes on for the machine until no command runs in the background. */
void cxl_dcd_raw_wait(CXLDcdDevice *device);
/* Opcodes of the Command Effects Log; the caller frees. */
GArray *cxl_dcd_raw_opcodes(CXLDcdDevice *device);

/* Any width, any alignment; a register's write may ring the doorbell. */
void cxl_dcd_raw_write(CXLDcdDevice *device, uint64_t address, unsigned size,
                       uint64_t value);
uint64_t cxl_dcd_raw_read(CXLDcdDevice *device, uint64_t address,
                          unsigned size);
/* Address of BAR @index as it is programmed */
uint64_t cxl_dcd_raw_bar(CXLDcdDevice *device, unsigned index);
/* ECAM address of the only DOE */
uint64_t cxl_dcd_raw_doe(CXLDcdDevice *device);

/* A generator of its own, so that a seed gives the same everywhere */
uint64_t cxl_dcd_raw_random(uint64_t *state);

#endif /* CXL_DCD_CLIENT_RAW_H */
