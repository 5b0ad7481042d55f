/* SPDX-License-Identifier: GPL-2.0-or-later OR LGPL-2.1-or-later */
/*
 * MCTP control messages that a simple endpoint answers (DSP0236)
 *
 * Enough for a bus owner to find the endpoint, give it an address and learn
 * that it speaks the CXL FM API (07h) and CXL CCI (08h).
 */
#include <string.h>
#include "hw/cxl/dcd/mctp.h"

/* Body: type, Rq/D/instance, command, then data (response: completion code) */
#define REQUEST_DATA  3
#define RESPONSE_DATA 4

/* Set Endpoint ID operations */
enum {
    EID_SET = 0,
    EID_FORCE = 1,
    EID_RESET = 2,
};

/* Its status byte; no pool of EIDs to hand on */
#define EID_ACCEPTED  0x00
#define EID_REJECTED  0x10

#define ENDPOINT_STATIC_EID 0x01  /* type byte: simple endpoint, static EID */

static const uint8_t version_base[4] = { 0xf1, 0xf3, 0xf1, 0x00 };
static const uint8_t version_cxl[4] = { 0xf1, 0xf0, 0xff, 0x00 };

/* What Set Endpoint ID asks for; the null EID when that is not possible */
static uint8_t cxl_dcd_mctp_control_wanted(const CXLDcdMctpConfig *config,
                                           const uint8_t *data)
{
    uint8_t operation = data[0] & 0x03;

    if (operation == EID_RESET) {
        /* No static EID to go back to: null */
        return config->eid;
    }
    if ((operation == EID_SET || operation == EID_FORCE) &&
        data[1] >= CXL_DCD_MCTP_EID_FIRST &&
        data[1] < CXL_DCD_MCTP_EID_BROADCAST) {
        return data[1];
    }
    /* There is no discovered flag on a serial line */
    return CXL_DCD_MCTP_EID_NULL;
}

/* Each of these returns the completion code and adds its data to *@len. */
static uint8_t cxl_dcd_mctp_control_set_eid(uint8_t *eid, uint8_t want,
                                            bool taken, uint8_t *ret,
                                            size_t *len)
{
    if (want == CXL_DCD_MCTP_EID_NULL) {
        return CXL_DCD_MCTP_CC_INVALID_DATA;
    }
    ret[0] = EID_ACCEPTED;
    if (want != *eid && taken) {
        ret[0] = EID_REJECTED;
    } else {
        *eid = want;
    }
    ret[1] = *eid;
    ret[2] = 0;                   /* pool size */
    *len += 3;
    return CXL_DCD_MCTP_CC_SUCCESS;
}

static uint8_t cxl_dcd_mctp_control_version(uint8_t type, uint8_t *ret,
                                            size_t *len)
{
    const uint8_t *version;

    switch (type) {
    case 0xff:
    case CXL_DCD_MCTP_TYPE_CONTROL:
        version = version_base;
        break;
    case CXL_DCD_MCTP_TYPE_FM_API:
    case CXL_DCD_MCTP_TYPE_CCI:
        version = version_cxl;
        break;
    default:
        return CXL_DCD_MCTP_CC_NO_SUCH_TYPE;
    }
    ret[0] = 1;
    memcpy(ret + 1, version, 4);
    *len += 5;
    return CXL_DCD_MCTP_CC_SUCCESS;
}

static uint8_t cxl_dcd_mctp_control_command(const CXLDcdMctpConfig *config,
                                            uint8_t *eid, bool taken,
                                            uint8_t command,
                                            const uint8_t *data,
                                            size_t data_len, uint8_t *ret,
                                            size_t *len)
{
    static const uint8_t request_len[] = {
        [CXL_DCD_MCTP_SET_EID] = 2,
        [CXL_DCD_MCTP_GET_VERSION] = 1,
        [CXL_DCD_MCTP_GET_TYPES] = 0,
    };

    if (command < CXL_DCD_MCTP_SET_EID || command > CXL_DCD_MCTP_GET_TYPES) {
        return CXL_DCD_MCTP_CC_UNSUPPORTED;
    }
    if (data_len != request_len[command]) {
        return CXL_DCD_MCTP_CC_INVALID_LENGTH;
    }
    switch (command) {
    case CXL_DCD_MCTP_SET_EID:
        return cxl_dcd_mctp_control_set_eid(
            eid, cxl_dcd_mctp_control_wanted(config, data), taken, ret, len);
    case CXL_DCD_MCTP_GET_EID:
        ret[0] = *eid;
        ret[1] = config->eid ? ENDPOINT_STATIC_EID : 0;
        ret[2] = 0;               /* nothing medium-specific */
        *len += 3;
        return CXL_DCD_MCTP_CC_SUCCESS;
    case CXL_DCD_MCTP_GET_UUID:
        memcpy(ret, config->uuid, sizeof(config->uuid));
        *len += sizeof(config->uuid);
        return CXL_DCD_MCTP_CC_SUCCESS;
    case CXL_DCD_MCTP_GET_VERSION:
        return cxl_dcd_mctp_control_version(data[0], ret, len);
    default:
        ret[0] = 3;
        ret[1] = CXL_DCD_MCTP_TYPE_CONTROL;
        ret[2] = CXL_DCD_MCTP_TYPE_FM_API;
        ret[3] = CXL_DCD_MCTP_TYPE_CCI;
        *len += 4;
        return CXL_DCD_MCTP_CC_SUCCESS;
    }
}

uint8_t cxl_dcd_mctp_control_wants(const CXLDcdMctpConfig *config,
                                   const uint8_t *request, size_t len)
{
    if (len != REQUEST_DATA + 2 || request[2] != CXL_DCD_MCTP_SET_EID) {
        return CXL_DCD_MCTP_EID_NULL;
    }
    return cxl_dcd_mctp_control_wanted(config, request + REQUEST_DATA);
}

size_t cxl_dcd_mctp_control(const CXLDcdMctpConfig *config, uint8_t *eid,
                            bool taken, const uint8_t *request, size_t len,
                            uint8_t *out)
{
    size_t out_len = RESPONSE_DATA;

    /* A datagram is a request that wants no answer; nothing here takes one. */
    if (len < REQUEST_DATA || !(request[1] & CXL_DCD_MCTP_CONTROL_RQ) ||
        (request[1] & CXL_DCD_MCTP_CONTROL_DATAGRAM)) {
        return 0;
    }
    out[0] = CXL_DCD_MCTP_TYPE_CONTROL;
    out[1] = request[1] & CXL_DCD_MCTP_CONTROL_INSTANCE;
    out[2] = request[2];
    out[3] = cxl_dcd_mctp_control_command(config, eid, taken, request[2],
                                          request + REQUEST_DATA,
                                          len - REQUEST_DATA,
                                          out + RESPONSE_DATA, &out_len);
    return out_len;
}
