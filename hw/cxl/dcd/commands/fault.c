/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: faults that are armed, and the answers they meet
 */
#include <string.h>
#include "hw/cxl/dcd/core.h"
#include "hw/cxl/dcd/fault.h"
#include "fault-answer.h"

/* CXL_DCD_FAULT_REPEAT keeps what was answered first. */
typedef struct Armed {
    CXLDcdFault fault;            /* first */
    bool kept;
    uint16_t kept_code;
    GByteArray *kept_answer;
} Armed;

struct CXLDcdFaults {
    GPtrArray *armed;             /* of Armed, in the order they strike in */
    void (*changed)(void *opaque, bool armed);
    void *opaque;
};

static void cxl_dcd_fault_free(void *opaque)
{
    Armed *armed = opaque;

    g_clear_pointer(&armed->fault.bytes, g_bytes_unref);
    g_clear_pointer(&armed->kept_answer, g_byte_array_unref);
    g_free(armed);
}

CXLDcdFaults *cxl_dcd_faults_new(void (*changed)(void *opaque, bool armed),
                                 void *opaque)
{
    CXLDcdFaults *faults = g_new0(CXLDcdFaults, 1);

    faults->armed = g_ptr_array_new_with_free_func(cxl_dcd_fault_free);
    faults->changed = changed;
    faults->opaque = opaque;
    return faults;
}

void cxl_dcd_faults_free(CXLDcdFaults *faults)
{
    if (faults) {
        g_ptr_array_unref(faults->armed);
        g_free(faults);
    }
}

static void cxl_dcd_faults_ended(CXLDcdFaults *faults)
{
    if (!faults->armed->len && faults->changed) {
        faults->changed(faults->opaque, false);
    }
}

void cxl_dcd_faults_clear(CXLDcdFaults *faults)
{
    if (faults->armed->len) {
        g_ptr_array_set_size(faults->armed, 0);
        cxl_dcd_faults_ended(faults);
    }
}

const CXLDcdFault *cxl_dcd_fault_armed(const CXLDcdFaults *faults,
                                       unsigned index)
{
    return index < faults->armed->len ?
        g_ptr_array_index(faults->armed, index) : NULL;
}

/* --- Arming --- */

G_GNUC_PRINTF(2, 3)
static bool cxl_dcd_fault_refuse(GError **error, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_propagate_error(error, g_error_new_valist(CXL_DCD_ERROR,
                                                CXL_DCD_RC_INVALID_INPUT,
                                                format, args));
    va_end(args);
    return false;
}

static bool cxl_dcd_fault_is_event(CXLDcdFaultKind kind)
{
    return kind == CXL_DCD_FAULT_OVERFLOW ||
           kind == CXL_DCD_FAULT_LOST_INTERRUPT;
}

static bool cxl_dcd_fault_bytes_make_sense(const CXLDcdFault *fault,
                                           GError **error)
{
    size_t len = fault->bytes ? g_bytes_get_size(fault->bytes) : 0;

    if (!len || len > CXL_DCD_FAULT_BYTES_MAX) {
        return cxl_dcd_fault_refuse(error, "%zu bytes to put into the answer: "
                                    "give from 1 to %u", len,
                                    CXL_DCD_FAULT_BYTES_MAX);
    }
    if (fault->offset > CXL_DCD_FAULT_LENGTH_MAX) {
        return cxl_dcd_fault_refuse(error, "offset %u is behind the end of any "
                                    "answer, 0x%x", fault->offset,
                                    CXL_DCD_FAULT_LENGTH_MAX);
    }
    return true;
}

static bool cxl_dcd_fault_makes_sense(const CXLDcdFault *fault,
                                      GError **error)
{
    switch (fault->kind) {
    case CXL_DCD_FAULT_DELAY:
        if (!fault->delay || fault->delay > CXL_DCD_FAULT_DELAY_MAX) {
            return cxl_dcd_fault_refuse(error, "a delay of %u ms: give from 1 "
                                        "to %u", fault->delay,
                                        CXL_DCD_FAULT_DELAY_MAX);
        }
        return true;
    case CXL_DCD_FAULT_CORRUPT:
        return cxl_dcd_fault_bytes_make_sense(fault, error);
    case CXL_DCD_FAULT_LENGTH:
        if (fault->length > CXL_DCD_FAULT_LENGTH_MAX) {
            return cxl_dcd_fault_refuse(error, "a length of %u: the most that "
                                        "can be said is %u", fault->length,
                                        CXL_DCD_FAULT_LENGTH_MAX);
        }
        return true;
    default:
        if (cxl_dcd_fault_fits(fault->kind, fault->opcode)) {
            return true;
        }
        return cxl_dcd_fault_refuse(error, "the answer to opcode %04xh has "
                                    "nothing that this fault could be in: it "
                                    "is for lists of extents (4801h, 5603h, "
                                    "0100h)%s", fault->opcode,
                                    fault->kind == CXL_DCD_FAULT_OVERLAP ||
                                    fault->kind == CXL_DCD_FAULT_MISALIGN ||
                                    fault->kind == CXL_DCD_FAULT_OUTSIDE ? "" :
                                    " and of tags (5608h)");
    }
}

bool cxl_dcd_fault_arm(CXLDcdFaults *faults, const CXLDcdFault *fault,
                       GError **error)
{
    Armed *armed;

    if (faults->armed->len == CXL_DCD_FAULTS_MAX) {
        return cxl_dcd_fault_refuse(error, "%u faults are armed, which is the "
                                    "most; clear them first",
                                    CXL_DCD_FAULTS_MAX);
    }
    if (!cxl_dcd_fault_makes_sense(fault, error)) {
        return false;
    }
    armed = g_new0(Armed, 1);
    armed->fault = *fault;
    if (fault->bytes) {
        g_bytes_ref(fault->bytes);
    }
    g_ptr_array_add(faults->armed, armed);
    if (faults->armed->len == 1 && faults->changed) {
        faults->changed(faults->opaque, true);
    }
    return true;
}

/* --- Striking --- */

static bool cxl_dcd_fault_is_for(const CXLDcdFault *fault, bool fm,
                                 uint16_t opcode, const uint8_t *in,
                                 size_t in_len)
{
    bool events = opcode == CXL_DCD_OP_GET_EVENT_RECORDS ||
                  opcode == CXL_DCD_OP_CLEAR_EVENT_RECORDS;

    return !cxl_dcd_fault_is_event(fault->kind) && fault->fm == fm &&
           fault->opcode == opcode &&
           (!events || (in_len && in[0] == CXL_DCD_EVENT_LOG));
}

static bool cxl_dcd_fault_runs(const Armed *armed)
{
    switch (armed->fault.kind) {
    case CXL_DCD_FAULT_RETURN_CODE:
    case CXL_DCD_FAULT_NO_ANSWER:
        return armed->fault.carry_out;
    case CXL_DCD_FAULT_REPEAT:
        return !armed->kept;
    default:
        return true;
    }
}

CXLDcdFault *cxl_dcd_fault_find(CXLDcdFaults *faults, bool fm, uint16_t opcode,
                                const uint8_t *in, size_t in_len,
                                bool *ret_run)
{
    unsigned i;

    *ret_run = true;
    for (i = 0; faults && i < faults->armed->len; i++) {
        Armed *armed = g_ptr_array_index(faults->armed, i);

        if (!cxl_dcd_fault_is_for(&armed->fault, fm, opcode, in, in_len)) {
            continue;
        }
        if (armed->fault.skip) {
            armed->fault.skip--;
            continue;
        }
        *ret_run = cxl_dcd_fault_runs(armed);
        return &armed->fault;
    }
    return NULL;
}

/* It has struck: the last time, perhaps */
static void cxl_dcd_fault_struck(CXLDcdFaults *faults, CXLDcdFault *fault)
{
    fault->struck++;
    if (fault->left && !--fault->left) {
        g_ptr_array_remove(faults->armed, fault);
        cxl_dcd_faults_ended(faults);
    }
}

static void cxl_dcd_fault_empty(CXLDcdFaultAnswer *answer, uint16_t code)
{
    answer->code = code;
    answer->len = 0;
    memset(answer->out, 0, answer->room);
}

/* The first one is kept, and not spoiled; from then on it is given again. */
static bool cxl_dcd_fault_repeat(Armed *armed, CXLDcdFaultAnswer *answer)
{
    if (!armed->kept) {
        armed->kept = true;
        armed->kept_code = answer->code;
        armed->kept_answer = g_byte_array_new();
        g_byte_array_append(armed->kept_answer, answer->out, answer->len);
        return false;
    }
    cxl_dcd_fault_empty(answer, armed->kept_code);
    answer->len = MIN(armed->kept_answer->len, answer->room);
    if (answer->len) {
        memcpy(answer->out, armed->kept_answer->data, answer->len);
    }
    return true;
}

/* An error has no payload that could be spoiled. */
static bool cxl_dcd_fault_corrupt(const CXLDcdFault *fault,
                                  CXLDcdFaultAnswer *answer)
{
    gsize len;
    const uint8_t *bytes = g_bytes_get_data(fault->bytes, &len);

    if (answer->code != CXL_DCD_RC_SUCCESS || fault->offset >= answer->len) {
        return false;
    }
    memcpy(answer->out + fault->offset, bytes,
           MIN(len, answer->len - fault->offset));
    return true;
}

void cxl_dcd_fault_strike(CXLDcdFaults *faults, CXLDcdFault *fault,
                          CXLDcdFaultAnswer *answer)
{
    bool struck = true;

    answer->none = false;
    answer->delay = 0;
    answer->said = answer->len;
    if (!fault) {
        return;
    }
    switch (fault->kind) {
    case CXL_DCD_FAULT_RETURN_CODE:
        if (fault->return_code != CXL_DCD_RC_SUCCESS || !fault->carry_out) {
            cxl_dcd_fault_empty(answer, fault->return_code);
        } else {
            answer->code = fault->return_code;
        }
        break;
    case CXL_DCD_FAULT_NO_ANSWER:
        answer->none = true;
        break;
    case CXL_DCD_FAULT_DELAY:
        answer->delay = fault->delay;
        break;
    case CXL_DCD_FAULT_CORRUPT:
        struck = cxl_dcd_fault_corrupt(fault, answer);
        break;
    case CXL_DCD_FAULT_LENGTH:
        break;
    case CXL_DCD_FAULT_REPEAT:
        struck = cxl_dcd_fault_repeat((Armed *)fault, answer);
        break;
    default:
        struck = cxl_dcd_fault_spoil(fault, answer);
        break;
    }
    answer->said = fault->kind == CXL_DCD_FAULT_LENGTH ? fault->length :
                                                         answer->len;
    if (struck) {
        cxl_dcd_fault_struck(faults, fault);
    }
}

bool cxl_dcd_fault_event(CXLDcdFaults *faults, CXLDcdFaultKind kind)
{
    unsigned i;

    for (i = 0; faults && i < faults->armed->len; i++) {
        CXLDcdFault *fault = g_ptr_array_index(faults->armed, i);

        if (fault->kind != kind) {
            continue;
        }
        if (fault->skip) {
            fault->skip--;
            continue;
        }
        cxl_dcd_fault_struck(faults, fault);
        return true;
    }
    return false;
}
