/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: the host's mailbox
 *
 * The parent rebuilds its command table at every reset; ours are put over it
 * then. 4800h-4803h are ours alone. The event commands are shared: log 4 is
 * ours, logs 0 to 3 stay the parent's, so are the commands that only need an
 * addition: the fifth byte of the interrupt policy, the depth of log 4 in
 * Identify, and mappings that follow the poison list. All others pass through
 * us as well, for what the parent refuses while media is disabled, and because
 * a command is judged before the parent has it. A device without dynamic
 * capacity has the same in front of its parent.
 */
#include "qemu/osdep.h"
#include "hw/cxl/cxl.h"
#include "hw/cxl/dcd/memory.h"
#include "hw/cxl/dcd/trace.h"
#include "fault.h"
#include "judge.h"
#include "mailbox.h"
#include "sanitize.h"
#include "hw/pci/msix.h"

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

/* 8.2.10.9.4.2: bits of the address of a poisoned line that mean nothing */
#define DPA_RESERVED       0x3fULL

#define OP_SET_DCD          0x48
#define OP_GET_POISON       0x4300
#define OP_INJECT_POISON    0x4301
#define OP_CLEAR_POISON     0x4302
#define OP_SANITIZE         0x4400

static uint16_t cxl_dcd_opcode(const struct cxl_cmd *cmd, CXLCCI *cci)
{
    return cmd - &cci->cxl_cmd_set[0][0];
}

/*
 * What the parent refuses by its handlers' identity while media is disabled;
 * save Sanitize itself, which is the way out
 */
static bool cxl_dcd_needs_media(uint16_t opcode)
{
    static const uint16_t opcodes[] = {
        0x0100, 0x0201, 0x0202, 0x0401, 0x4100, 0x4102, 0x4103, 0x4300, 0x4301,
        0x4302,
    };
    size_t i;

    for (i = 0; i < ARRAY_SIZE(opcodes); i++) {
        if (opcodes[i] == opcode) {
            return true;
        }
    }
    return false;
}

/* A command of the parent */
static CXLRetCode cxl_dcd_call_parent(const struct cxl_cmd *cmd,
                                      uint8_t *in, size_t in_len,
                                      uint8_t *out, size_t *out_len,
                                      CXLCCI *cci)
{
    CXLDcdDevice *device = CXL_DCD(cci->d);
    uint16_t opcode = cxl_dcd_opcode(cmd, cci);
    const struct cxl_cmd *parent;
    CXLRetCode code;

    if (cxl_dcd_media_disabled(device) && cxl_dcd_needs_media(opcode)) {
        return CXL_MBOX_MEDIA_DISABLED;
    }
    if (!cxl_dcd_judge(device, opcode, in, in_len, &code)) {
        return code;
    }
    parent = g_hash_table_lookup(device->parent_commands,
                                 GUINT_TO_POINTER(opcode));
    return parent->handler(parent, in, in_len, out, out_len, cci);
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
    code = cxl_dcd_mailbox_run(&device->context, opcode, in, in_len, out,
                               CXL_MAILBOX_MAX_PAYLOAD_SIZE, out_len);
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
        return cxl_dcd_call_parent(cmd, in, in_len, out, out_len, cci);
    }
    return cxl_dcd_mailbox_command(cmd, in, in_len, out, out_len, cci);
}

static CXLRetCode cxl_dcd_clear_events(const struct cxl_cmd *cmd,
                                       uint8_t *in, size_t in_len,
                                       uint8_t *out, size_t *out_len,
                                       CXLCCI *cci)
{
    if (in_len >= CLEAR_EVENTS_MIN && in[0] != LOG_DC) {
        return cxl_dcd_call_parent(cmd, in, in_len, out, out_len, cci);
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

    code = cxl_dcd_call_parent(cmd, in, in_len, out, out_len, cci);
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
    *out_len = 0;
    if (in_len > POLICY_DC_BYTE + 1) {
        return CXL_MBOX_INVALID_PAYLOAD_LENGTH;
    }
    /* Firmware interrupts are not for this log, 3 is reserved */
    if (in_len > POLICY_DC_BYTE &&
        (in[POLICY_DC_BYTE] & POLICY_MODE) > POLICY_MSI) {
        return CXL_MBOX_INVALID_INPUT;
    }
    return cxl_dcd_call_parent(cmd, in, in_len, out, out_len, cci);
}

static CXLRetCode cxl_dcd_identify(const struct cxl_cmd *cmd,
                                   uint8_t *in, size_t in_len,
                                   uint8_t *out, size_t *out_len,
                                   CXLCCI *cci)
{
    CXLDcdDevice *device = CXL_DCD(cci->d);
    CXLRetCode code;

    code = cxl_dcd_call_parent(cmd, in, in_len, out, out_len, cci);
    if (code == CXL_MBOX_SUCCESS && *out_len >= IDENTIFY_LEN) {
        stw_le_p(out + IDENTIFY_LOG_SIZE,
                 cxl_dcd_event_log_depth(device->events));
    }
    return code;
}

/*
 * Only what the host has can be poisoned. Poisoned lines must not be reached
 * as memory: mappings are cut around them. The parent clears a line of the list
 * that it shows, and leaves the one of what had no room in that.
 */
static CXLRetCode cxl_dcd_change_poison(const struct cxl_cmd *cmd,
                                        uint8_t *in, size_t in_len,
                                        uint8_t *out, size_t *out_len,
                                        CXLCCI *cci)
{
    CXLDcdDevice *device = CXL_DCD(cci->d);
    CXLDcdRange line = { 0, CXL_CACHE_LINE_SIZE };
    bool clear = in_len > sizeof(uint64_t);
    CXLRetCode code;

    if (in_len >= sizeof(uint64_t)) {
        line.dpa = ldq_le_p(in) & ~DPA_RESERVED;
        stq_le_p(in, line.dpa);
        if (!cxl_dcd_poison_possible(device, line.dpa, line.len)) {
            return CXL_MBOX_INVALID_PA;
        }
    }
    code = cxl_dcd_call_parent(cmd, in, in_len, out, out_len, cci);
    if (code == CXL_MBOX_SUCCESS) {
        cxl_dcd_poison_again(device, line.dpa, line.len);
        if (clear) {
            cxl_dcd_poison_drop(device, &line);
        }
        cxl_dcd_poison_changed(device);
    }
    return code;
}

static CXLRetCode cxl_dcd_sanitize(const struct cxl_cmd *cmd,
                                   uint8_t *in, size_t in_len,
                                   uint8_t *out, size_t *out_len,
                                   CXLCCI *cci)
{
    CXLRetCode code = cxl_dcd_call_parent(cmd, in, in_len, out, out_len, cci);

    if (code == CXL_MBOX_BG_STARTED) {
        cxl_dcd_sanitize_begin(CXL_DCD(cci->d));
    }
    return code;
}

/* Of a device without dynamic capacity, what is the parent's stays so */
static opcode_handler cxl_dcd_handler_of(uint16_t opcode, bool dynamic)
{
    if (!dynamic) {
        return cxl_dcd_call_parent;
    }
    switch (opcode) {
    case CXL_DCD_OP_GET_EVENT_RECORDS:
        return cxl_dcd_get_events;
    case CXL_DCD_OP_CLEAR_EVENT_RECORDS:
        return cxl_dcd_clear_events;
    case CXL_DCD_OP_GET_EVENT_IRQ_POLICY:
        return cxl_dcd_get_policy;
    case CXL_DCD_OP_SET_EVENT_IRQ_POLICY:
        return cxl_dcd_set_policy;
    case CXL_DCD_OP_IDENTIFY_MEMDEV:
        return cxl_dcd_identify;
    case OP_INJECT_POISON:
    case OP_CLEAR_POISON:
        return cxl_dcd_change_poison;
    case OP_SANITIZE:
        return cxl_dcd_sanitize;
    default:
        return cxl_dcd_call_parent;
    }
}

/* Our commands alone, which the parent's must not shine through */
static void cxl_dcd_install_own(CXLCCI *cci)
{
    const CXLDcdCommand *commands;
    size_t count, i;

    commands = cxl_dcd_mailbox_commands(&count);
    for (i = 0; i < count; i++) {
        uint8_t set = commands[i].opcode >> 8;
        struct cxl_cmd *cmd = &cci->cxl_cmd_set[set][commands[i].opcode & 0xff];

        if (set == OP_SET_DCD) {
            cmd->name = commands[i].name;
            cmd->handler = cxl_dcd_mailbox_command;
            cmd->in = ~0;         /* our table has the lengths */
            cmd->effect = commands[i].effects;
        }
    }
}

/* A command of the parent's, from now on behind us; or none any more */
static void cxl_dcd_take_over(CXLDcdDevice *device, uint16_t opcode,
                              struct cxl_cmd *cmd)
{
    struct cxl_cmd *parent;

    if (!cxl_dcd_judge_knows(opcode)) {
        memset(cmd, 0, sizeof(*cmd));
        return;
    }
    parent = g_memdup2(cmd, sizeof(*cmd));
    if (opcode == OP_GET_POISON) {
        parent->handler = cxl_dcd_poison_report;
    }
    g_hash_table_insert(device->parent_commands, GUINT_TO_POINTER(opcode),
                        parent);
    cmd->handler = cxl_dcd_handler_of(opcode, device->dcd);
}

/*
 * What the judge does not know is not offered. Among that is Media Operations,
 * 4402h, which is optional, and which the parent has from QEMU 10.2 on: it
 * knows nothing of who has which capacity, and a saved state would not hold the
 * ranges that it is about.
 */
void cxl_dcd_mailbox_install(CXLDcdDevice *device)
{
    CXLCCI *cci = &CXL_TYPE3(device)->cci;
    unsigned opcode;

    cxl_dcd_mailbox_free(device);
    device->parent_commands = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    for (opcode = 0; opcode <= UINT16_MAX; opcode++) {
        struct cxl_cmd *cmd = &cci->cxl_cmd_set[opcode >> 8][opcode & 0xff];

        if (cmd->handler && opcode >> 8 != OP_SET_DCD) {
            cxl_dcd_take_over(device, opcode, cmd);
        }
    }
    if (device->dcd) {
        cxl_dcd_install_own(cci);
    }
    /* The table is in place; this makes the Command Effects Log follow it. */
    cxl_add_cci_commands(cci, (const struct cxl_cmd (*)[256])cci->cxl_cmd_set,
                         cci->payload_max);
}

void cxl_dcd_mailbox_free(CXLDcdDevice *device)
{
    g_clear_pointer(&device->parent_commands, g_hash_table_unref);
}

void cxl_dcd_mailbox_interrupt(CXLDcdDevice *device)
{
    PCIDevice *pci_dev = PCI_DEVICE(device);
    CXLEventLog *log = EVENT_LOG(device, LOG_DC);

    if (log->irq_enabled && msix_enabled(pci_dev) &&
        !cxl_dcd_fault_event(device->faults, CXL_DCD_FAULT_LOST_INTERRUPT)) {
        trace_cxl_dcd_interrupt(device->path, log->irq_vec);
        msix_notify(pci_dev, log->irq_vec);
    }
}
