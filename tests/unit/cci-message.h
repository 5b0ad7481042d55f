/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CCI messages (CXL r3.2 7.6.3), as tests make them
 */
#ifndef CCI_MESSAGE_H
#define CCI_MESSAGE_H

#include "fixture.h"

typedef struct Message {
    CXLDcdCciHeader header;
    uint8_t payload[1100];
} Message;

static inline Message message(uint16_t opcode, const void *payload,
                              size_t len)
{
    Message m = {
        .header = {
            .tag = 0x5a, .command = opcode, .command_set = opcode >> 8,
            .length = { len, len >> 8, len >> 16 },
        },
    };

    if (len) {
        memcpy(m.payload, payload, len);
    }
    return m;
}

#endif
