/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: the registers of the host's mailbox (r3.2 8.2.8.4)
 *
 * In place of the parent's, which take the guest's word for the length of a
 * command, and for the width of an access. A command is carried out when the
 * doorbell is rung; the doorbell is still set, and the other registers do not
 * change, until what the command says is so: capacity that was given back is
 * out of every processor's reach, what must outlive the process is written.
 */
#include "qemu/osdep.h"
#include "exec/memory.h"
#include "hw/cxl/cxl.h"
#include "fault.h"
#include "mailbox-registers.h"
#include "qemu/timer.h"

#define REGISTERS_END A_CXL_DEV_CMD_PAYLOAD
#define CONTROL_ENABLES                                                        \
    (R_CXL_DEV_MAILBOX_CTRL_INT_EN_MASK | R_CXL_DEV_MAILBOX_CTRL_BG_INT_EN_MASK)

typedef struct CXLDcdMailbox {
    CXLDcdDevice *device;
    CXLDcdSettled waiter;         /* .waiting: the doorbell stays set */
    QEMUTimer *delay;             /* of a fault, or it hangs */
    uint32_t delay_ms;
    /* Handlers of the parent's take them for structures so aligned */
    uint8_t in[CXL_MAILBOX_MAX_PAYLOAD_SIZE] QEMU_ALIGNED(16);
    uint8_t out[CXL_MAILBOX_MAX_PAYLOAD_SIZE] QEMU_ALIGNED(16);
} CXLDcdMailbox;

static CXLDeviceState *cxl_dcd_mailbox_state(CXLDcdDevice *device)
{
    return &CXL_TYPE3(device)->cxl_dstate;
}

static uint8_t *cxl_dcd_mailbox_bytes(CXLDcdDevice *device)
{
    return cxl_dcd_mailbox_state(device)->mbox_reg_state;
}

/* --- Reading --- */

/* What the parent's background operation is up to */
static void cxl_dcd_mailbox_refresh(CXLDcdDevice *device)
{
    uint8_t *bytes = cxl_dcd_mailbox_bytes(device);
    const CXLCCI *cci = &CXL_TYPE3(device)->cci;
    uint64_t status = ldq_le_p(bytes + A_CXL_DEV_MAILBOX_STS), background = 0;

    background = FIELD_DP64(background, CXL_DEV_BG_CMD_STS, OP, cci->bg.opcode);
    background = FIELD_DP64(background, CXL_DEV_BG_CMD_STS, PERCENTAGE_COMP,
                            cci->bg.complete_pct);
    background =
        FIELD_DP64(background, CXL_DEV_BG_CMD_STS, RET_CODE, cci->bg.ret_code);
    stq_le_p(bytes + A_CXL_DEV_BG_CMD_STS, background);
    /* Not at its first tick, but when it is over */
    stq_le_p(bytes + A_CXL_DEV_MAILBOX_STS,
             FIELD_DP64(status, CXL_DEV_MAILBOX_STS, BG_OP, !!cci->bg.runtime));
}

static uint64_t cxl_dcd_mailbox_read(void *opaque, hwaddr offset, unsigned size)
{
    CXLDcdMailbox *mailbox = opaque;

    if (offset >= A_CXL_DEV_MAILBOX_STS && offset < REGISTERS_END) {
        cxl_dcd_mailbox_refresh(mailbox->device);
    }
    return ldn_le_p(cxl_dcd_mailbox_bytes(mailbox->device) + offset, size);
}

/* --- A command --- */

static void cxl_dcd_mailbox_set_doorbell(CXLDcdDevice *device, bool set)
{
    uint8_t *control = cxl_dcd_mailbox_bytes(device) + A_CXL_DEV_MAILBOX_CTRL;

    stl_le_p(control, FIELD_DP32(ldl_le_p(control), CXL_DEV_MAILBOX_CTRL,
                                 DOORBELL, set));
}

static void cxl_dcd_mailbox_let_go(void *opaque)
{
    CXLDcdMailbox *mailbox = opaque;

    mailbox->device->doorbell_held = false;
    timer_del(mailbox->delay);
    cxl_dcd_mailbox_set_doorbell(mailbox->device, false);
    cxl_dcd_device_fault_ended(mailbox->device);
}

static void cxl_dcd_mailbox_settled(void *opaque)
{
    CXLDcdMailbox *mailbox = opaque;

    if (!mailbox->device->doorbell_held) {
        cxl_dcd_mailbox_set_doorbell(mailbox->device, false);
    } else if (mailbox->delay_ms) {
        timer_mod(mailbox->delay, qemu_clock_get_ms(QEMU_CLOCK_VIRTUAL) +
                                  mailbox->delay_ms);
    }
}

/* Any other command ends a More chain, also one that is refused unseen. */
static bool cxl_dcd_mailbox_answers(uint16_t opcode)
{
    return opcode == CXL_DCD_OP_ADD_RESPONSE || opcode == CXL_DCD_OP_RELEASE;
}

/*
 * The command in mailbox->in and what a fault makes of it. What becomes of the
 * last fault is not seen before it is clear whether the doorbell hangs.
 */
static void cxl_dcd_mailbox_run_one(CXLDcdMailbox *mailbox, uint16_t opcode,
                                    size_t in_len, CXLDcdFaultAnswer *answer,
                                    bool *background)
{
    CXLDcdDevice *device = mailbox->device;
    bool run;
    CXLDcdFault *fault = cxl_dcd_fault_find(device->faults, false, opcode,
                                            mailbox->in, in_len, &run);

    if (run) {
        answer->code = cxl_process_cci_message(
            &CXL_TYPE3(device)->cci, opcode >> 8, opcode & 0xff, in_len,
            mailbox->in, &answer->len, answer->out, background);
    } else if (device->dcd) {
        cxl_dcd_chain_abort(device->dcd);
    }
    answer->len = MIN(answer->len, answer->room);
    if (answer->code != CXL_MBOX_SUCCESS) {
        answer->len = 0;
    }
    device->doorbell_held = fault;
    cxl_dcd_fault_strike(device->faults, fault, answer);
}

static void cxl_dcd_mailbox_process(CXLDcdMailbox *mailbox, uint16_t opcode,
                                    size_t in_len, CXLDcdFaultAnswer *answer,
                                    bool *background)
{
    CXLDcdDevice *device = mailbox->device;
    uint8_t *payload = cxl_dcd_mailbox_bytes(device) + A_CXL_DEV_CMD_PAYLOAD;
    bool fits = in_len <= CXL_MAILBOX_MAX_PAYLOAD_SIZE;

    if (device->dcd && (!cxl_dcd_mailbox_answers(opcode) || !fits)) {
        cxl_dcd_chain_abort(device->dcd);
    }
    memset(mailbox->out, 0, sizeof(mailbox->out));
    if (fits) {
        /* What is behind the input is nothing of an earlier command's */
        memcpy(mailbox->in, payload, in_len);
        memset(mailbox->in + in_len, 0, sizeof(mailbox->in) - in_len);
        cxl_dcd_mailbox_run_one(mailbox, opcode, in_len, answer, background);
    } else {
        answer->code = CXL_MBOX_INVALID_PAYLOAD_LENGTH;
    }
    /* A refusal tells nothing, whatever the handler had begun */
    memset(mailbox->out + answer->len, 0, sizeof(mailbox->out) - answer->len);
    if (!answer->none) {
        memcpy(payload, mailbox->out, sizeof(mailbox->out));
    }
}

static void cxl_dcd_mailbox_ring(CXLDcdMailbox *mailbox)
{
    CXLDcdDevice *device = mailbox->device;
    uint8_t *bytes = cxl_dcd_mailbox_bytes(device);
    uint64_t command = ldq_le_p(bytes + A_CXL_DEV_MAILBOX_CMD), status;
    uint16_t opcode = command & 0xffff;
    CXLDcdFaultAnswer answer = {
        .out = mailbox->out, .room = sizeof(mailbox->out),
        .outside = device->dc_end,
    };
    bool background = false;

    cxl_dcd_mailbox_process(mailbox, opcode,
                            FIELD_EX64(command, CXL_DEV_MAILBOX_CMD, LENGTH),
                            &answer, &background);
    if (!answer.none) {
        status = FIELD_DP64(0, CXL_DEV_MAILBOX_STS, BG_OP, background);
        status = FIELD_DP64(status, CXL_DEV_MAILBOX_STS, ERRNO, answer.code);
        stq_le_p(bytes + A_CXL_DEV_MAILBOX_CMD,
                 FIELD_DP64(opcode, CXL_DEV_MAILBOX_CMD, LENGTH, answer.said));
        stq_le_p(bytes + A_CXL_DEV_MAILBOX_STS, status);
    }
    device->doorbell_held = answer.none || answer.delay;
    mailbox->delay_ms = answer.delay;
    cxl_dcd_device_fault_ended(device);
    if (answer.code == CXL_MBOX_SUCCESS && cxl_dcd_mailbox_answers(opcode) &&
        !cxl_dcd_durable(device)) {
        cxl_dcd_settle_wait(device, &mailbox->waiter);
    } else {
        cxl_dcd_mailbox_settled(mailbox);
    }
}

/* --- Writing --- */

static void cxl_dcd_mailbox_write(void *opaque, hwaddr offset, uint64_t value,
                                  unsigned size)
{
    CXLDcdMailbox *mailbox = opaque;
    uint8_t *bytes = cxl_dcd_mailbox_bytes(mailbox->device);
    uint8_t fresh[REGISTERS_END];
    uint32_t control;

    if (mailbox->waiter.waiting || mailbox->device->doorbell_held) {
        return; /* 8.2.8.4: read-only while it is rung */
    }
    if (offset >= REGISTERS_END) {
        stn_le_p(bytes + offset, size, value);
        return;
    }
    /* Registers that are there can be written; of control, some bits */
    cxl_dcd_mailbox_set_doorbell(mailbox->device, false);
    memcpy(fresh, bytes, sizeof(fresh));
    stn_le_p(fresh + offset, size, value);
    memcpy(bytes + A_CXL_DEV_MAILBOX_CMD, fresh + A_CXL_DEV_MAILBOX_CMD,
           A_CXL_DEV_MAILBOX_STS - A_CXL_DEV_MAILBOX_CMD);
    control = ldl_le_p(fresh + A_CXL_DEV_MAILBOX_CTRL);
    stl_le_p(bytes + A_CXL_DEV_MAILBOX_CTRL, control & CONTROL_ENABLES);
    if (FIELD_EX32(control, CXL_DEV_MAILBOX_CTRL, DOORBELL)) {
        cxl_dcd_mailbox_set_doorbell(mailbox->device, true);
        cxl_dcd_mailbox_ring(mailbox);
    }
}

static const MemoryRegionOps cxl_dcd_mailbox_ops = {
    .read = cxl_dcd_mailbox_read,
    .write = cxl_dcd_mailbox_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = { .min_access_size = 1, .max_access_size = 8, .unaligned = false },
    .impl = { .min_access_size = 1, .max_access_size = 8 },
};

/* --- Life --- */

void cxl_dcd_mailbox_registers_init(CXLDcdDevice *device)
{
    CXLDcdMailbox *mailbox = g_new0(CXLDcdMailbox, 1);
    MemoryRegion *mr = &cxl_dcd_mailbox_state(device)->mailbox;

    mailbox->device = device;
    mailbox->waiter.done = cxl_dcd_mailbox_settled;
    mailbox->waiter.durable = true;
    mailbox->waiter.opaque = mailbox;
    mailbox->delay = timer_new_ms(QEMU_CLOCK_VIRTUAL, cxl_dcd_mailbox_let_go,
                                  mailbox);
    device->mailbox = mailbox;
    mr->ops = &cxl_dcd_mailbox_ops;
    mr->opaque = mailbox;
}

void cxl_dcd_mailbox_registers_free(CXLDcdDevice *device)
{
    if (device->mailbox) {
        cxl_dcd_settle_cancel(device, &device->mailbox->waiter);
        timer_free(device->mailbox->delay);
        g_clear_pointer(&device->mailbox, g_free);
    }
}

void cxl_dcd_mailbox_registers_reset(CXLDcdDevice *device)
{
    cxl_dcd_settle_cancel(device, &device->mailbox->waiter);
    cxl_dcd_mailbox_let_go(device->mailbox);
}

void cxl_dcd_mailbox_registers_stopped(CXLDcdDevice *device)
{
    CXLDcdMailbox *mailbox = device->mailbox;

    if (mailbox && mailbox->waiter.waiting) {
        cxl_dcd_settle_cancel(device, &mailbox->waiter);
        cxl_dcd_mailbox_settled(mailbox);
    }
}
