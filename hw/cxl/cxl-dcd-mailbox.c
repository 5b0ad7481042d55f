/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: the host's mailbox
 *
 * The parent rebuilds its command table at every reset; ours are put over it
 * then. 4800h-4803h are ours alone. The event commands are shared: log 4 is
 * ours, logs 0 to 3 stay the parent's, so are the commands that only need an
 * addition: the fifth byte of the interrupt policy, the depth of log 4 in
 * Identify, and mappings that follow the poison list.
 */
#include "qemu/osdep.h"
#include "hw/cxl/cxl.h"
#include "hw/cxl/cxl_dcd_device.h"
#include "hw/pci/msix.h"
#include "trace.h"

#define EVENT_LOG(device, log) (&CXL_TYPE3(device)->cxl_dstate.event_logs[log])
#define LOG_DC CXL_EVENT_TYPE_DYNAMIC_CAP

/* 8.2.10.2.5: the settings of log 4 in the interrupt policy */
#define POLICY_DC_BYTE     4
#define POLICY_MODE        0x03
#define POLICY_MSI         0x01
#define POLICY_VECTOR      4

/* 8.2.10.9.1.1 */
#define IDENTIFY_LOG_SIZE  0x43
#define IDENTIFY_LEN       0x45

#define CLEAR_EVENTS_MIN   6

static uint16_t cxl_dcd_opcode(const struct cxl_cmd *cmd, CXLCCI *cci)
{
    return cmd - &cci->cxl_cmd_set[0][0];
}

static CXLRetCode cxl_dcd_call_parent(CXLDcdDevice *device, unsigned which,
                                      uint8_t *in, size_t in_len, uint8_t *out,
                                      size_t *out_len)
{
    const struct cxl_cmd *cmd = &device->parent_command[which];

    return cmd->handler(cmd, in, in_len, out, out_len,
                        &CXL_TYPE3(device)->cci);
}

/* 4800h-4803h, and the event commands for log 4 */
static CXLRetCode cxl_dcd_mailbox_command(const struct cxl_cmd *cmd,
                                          uint8_t *in, size_t in_len,
                                          uint8_t *out, size_t *out_len,
                                          CXLCCI *cci)
{
    CXLDcdDevice *device = CXL_DCD(cci->d);
    uint16_t opcode = cxl_dcd_opcode(cmd, cci);
    uint16_t code;

    *out_len = 0;
    if (in_len > CXL_MAILBOX_MAX_PAYLOAD_SIZE) {
        /* The register has room for more than the payload area */
        code = CXL_DCD_RC_INVALID_PAYLOAD_LENGTH;
    } else {
        code = cxl_dcd_mailbox_run(&device->context, opcode, in, in_len, out,
                                   CXL_MAILBOX_MAX_PAYLOAD_SIZE, out_len);
    }
    trace_cxl_dcd_mailbox(device->path, opcode, in_len, code,
                          cxl_dcd_return_code_name(code), *out_len);
    return code;
}

static CXLRetCode cxl_dcd_get_events(const struct cxl_cmd *cmd,
                                     uint8_t *in, size_t in_len,
                                     uint8_t *out, size_t *out_len,
                                     CXLCCI *cci)
{
    if (in_len == 1 && in[0] != LOG_DC) {
        return cxl_dcd_call_parent(CXL_DCD(cci->d), CXL_DCD_PARENT_GET_EVENTS,
                                   in, in_len, out, out_len);
    }
    return cxl_dcd_mailbox_command(cmd, in, in_len, out, out_len, cci);
}

static CXLRetCode cxl_dcd_clear_events(const struct cxl_cmd *cmd,
                                       uint8_t *in, size_t in_len,
                                       uint8_t *out, size_t *out_len,
                                       CXLCCI *cci)
{
    if (in_len >= CLEAR_EVENTS_MIN && in_len <= CXL_MAILBOX_MAX_PAYLOAD_SIZE &&
        in[0] != LOG_DC) {
        return cxl_dcd_call_parent(CXL_DCD(cci->d),
                                   CXL_DCD_PARENT_CLEAR_EVENTS,
                                   in, in_len, out, out_len);
    }
    return cxl_dcd_mailbox_command(cmd, in, in_len, out, out_len, cci);
}

static CXLRetCode cxl_dcd_get_policy(const struct cxl_cmd *cmd,
                                     uint8_t *in, size_t in_len,
                                     uint8_t *out, size_t *out_len,
                                     CXLCCI *cci)
{
    CXLDcdDevice *device = CXL_DCD(cci->d);
    CXLEventLog *log = EVENT_LOG(device, LOG_DC);
    CXLRetCode code;

    code = cxl_dcd_call_parent(device, CXL_DCD_PARENT_GET_POLICY, in, in_len,
                               out, out_len);
    if (code == CXL_MBOX_SUCCESS && *out_len > POLICY_DC_BYTE) {
        out[POLICY_DC_BYTE] = log->irq_enabled ?
            POLICY_MSI | log->irq_vec << POLICY_VECTOR : 0;
    }
    return code;
}

static CXLRetCode cxl_dcd_set_policy(const struct cxl_cmd *cmd,
                                     uint8_t *in, size_t in_len,
                                     uint8_t *out, size_t *out_len,
                                     CXLCCI *cci)
{
    CXLDcdDevice *device = CXL_DCD(cci->d);

    *out_len = 0;
    if (in_len > POLICY_DC_BYTE + 1) {
        return CXL_MBOX_INVALID_PAYLOAD_LENGTH;
    }
    /* Firmware interrupts are not for this log, 3 is reserved */
    if (in_len > POLICY_DC_BYTE &&
        (in[POLICY_DC_BYTE] & POLICY_MODE) > POLICY_MSI) {
        return CXL_MBOX_INVALID_INPUT;
    }
    return cxl_dcd_call_parent(device, CXL_DCD_PARENT_SET_POLICY, in, in_len,
                               out, out_len);
}

static CXLRetCode cxl_dcd_identify(const struct cxl_cmd *cmd,
                                   uint8_t *in, size_t in_len,
                                   uint8_t *out, size_t *out_len,
                                   CXLCCI *cci)
{
    CXLDcdDevice *device = CXL_DCD(cci->d);
    CXLRetCode code;

    code = cxl_dcd_call_parent(device, CXL_DCD_PARENT_IDENTIFY, in, in_len,
                               out, out_len);
    if (code == CXL_MBOX_SUCCESS && *out_len >= IDENTIFY_LEN) {
        stw_le_p(out + IDENTIFY_LOG_SIZE,
                 cxl_dcd_event_log_depth(device->events));
    }
    return code;
}

/* Poisoned lines must not be reached as memory: mappings are cut around them */
static CXLRetCode cxl_dcd_change_poison(const struct cxl_cmd *cmd,
                                        uint8_t *in, size_t in_len,
                                        uint8_t *out, size_t *out_len,
                                        CXLCCI *cci)
{
    CXLDcdDevice *device = CXL_DCD(cci->d);
    bool inject = cxl_dcd_opcode(cmd, cci) == 0x4301;
    CXLRetCode code;

    code = cxl_dcd_call_parent(device, inject ? CXL_DCD_PARENT_INJECT_POISON :
                               CXL_DCD_PARENT_CLEAR_POISON, in, in_len, out,
                               out_len);
    if (code == CXL_MBOX_SUCCESS) {
        cxl_dcd_poison_changed(CXL_TYPE3(device));
    }
    return code;
}

static const struct {
    uint16_t opcode;
    unsigned parent;
    opcode_handler handler;
} cxl_dcd_shared_commands[] = {
    { 0x0100, CXL_DCD_PARENT_GET_EVENTS, cxl_dcd_get_events },
    { 0x0101, CXL_DCD_PARENT_CLEAR_EVENTS, cxl_dcd_clear_events },
    { 0x0102, CXL_DCD_PARENT_GET_POLICY, cxl_dcd_get_policy },
    { 0x0103, CXL_DCD_PARENT_SET_POLICY, cxl_dcd_set_policy },
    { 0x4000, CXL_DCD_PARENT_IDENTIFY, cxl_dcd_identify },
    { 0x4301, CXL_DCD_PARENT_INJECT_POISON, cxl_dcd_change_poison },
    { 0x4302, CXL_DCD_PARENT_CLEAR_POISON, cxl_dcd_change_poison },
};

void cxl_dcd_mailbox_install(CXLDcdDevice *device)
{
    CXLCCI *cci = &CXL_TYPE3(device)->cci;
    const CXLDcdCommand *commands;
    struct cxl_cmd *cmd;
    size_t count, i;

    commands = cxl_dcd_mailbox_commands(&count);
    for (i = 0; i < count; i++) {
        if (commands[i].opcode >> 8 != 0x48) {
            continue;
        }
        cmd = &cci->cxl_cmd_set[commands[i].opcode >> 8]
                               [commands[i].opcode & 0xff];
        cmd->name = commands[i].name;
        cmd->handler = cxl_dcd_mailbox_command;
        cmd->in = ~0;             /* our table has the lengths */
        cmd->effect = commands[i].effects;
    }
    for (i = 0; i < ARRAY_SIZE(cxl_dcd_shared_commands); i++) {
        uint16_t opcode = cxl_dcd_shared_commands[i].opcode;

        cmd = &cci->cxl_cmd_set[opcode >> 8][opcode & 0xff];
        device->parent_command[cxl_dcd_shared_commands[i].parent] = *cmd;
        cmd->handler = cxl_dcd_shared_commands[i].handler;
    }
    /* The table is in place; this makes the Command Effects Log follow it. */
    cxl_add_cci_commands(cci, (const struct cxl_cmd (*)[256])cci->cxl_cmd_set,
                         cci->payload_max);
}

void cxl_dcd_mailbox_interrupt(CXLDcdDevice *device)
{
    PCIDevice *pci_dev = PCI_DEVICE(device);
    CXLEventLog *log = EVENT_LOG(device, LOG_DC);

    if (log->irq_enabled && msix_enabled(pci_dev)) {
        trace_cxl_dcd_interrupt(device->path, log->irq_vec);
        msix_notify(pci_dev, log->irq_vec);
    }
}
