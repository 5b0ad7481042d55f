/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: a device that misbehaves on demand, over QMP
 */
#include "qemu/osdep.h"
#include "hw/cxl/cxl.h"
#include "hw/cxl/dcd/fault.h"
#include "qmp.h"
#include "qapi/error.h"
#include "qapi/qapi-commands-cxl.h"

/* Command sets that only fabric managers have: 53h to 56h */
#define FM_SET_FIRST 0x53
#define FM_SET_LAST  0x56

static const CXLDcdFaultKind cxl_dcd_fault_kinds[] = {
    [CXL_DCD_FAULT_KIND_RETURN_CODE] = CXL_DCD_FAULT_RETURN_CODE,
    [CXL_DCD_FAULT_KIND_NO_ANSWER] = CXL_DCD_FAULT_NO_ANSWER,
    [CXL_DCD_FAULT_KIND_DELAY] = CXL_DCD_FAULT_DELAY,
    [CXL_DCD_FAULT_KIND_CORRUPT] = CXL_DCD_FAULT_CORRUPT,
    [CXL_DCD_FAULT_KIND_LENGTH] = CXL_DCD_FAULT_LENGTH,
    [CXL_DCD_FAULT_KIND_REPEAT] = CXL_DCD_FAULT_REPEAT,
    [CXL_DCD_FAULT_KIND_OVERLAP] = CXL_DCD_FAULT_OVERLAP,
    [CXL_DCD_FAULT_KIND_MISALIGN] = CXL_DCD_FAULT_MISALIGN,
    [CXL_DCD_FAULT_KIND_OUTSIDE] = CXL_DCD_FAULT_OUTSIDE,
    [CXL_DCD_FAULT_KIND_ENDLESS] = CXL_DCD_FAULT_ENDLESS,
    [CXL_DCD_FAULT_KIND_UNSTABLE] = CXL_DCD_FAULT_UNSTABLE,
    [CXL_DCD_FAULT_KIND_OVERFLOW] = CXL_DCD_FAULT_OVERFLOW,
    [CXL_DCD_FAULT_KIND_LOST_INTERRUPT] = CXL_DCD_FAULT_LOST_INTERRUPT,
};
QEMU_BUILD_BUG_ON(ARRAY_SIZE(cxl_dcd_fault_kinds) != CXL_DCD_FAULT_KIND__MAX);
QEMU_BUILD_BUG_ON(CXL_DCD_FAULT_KIND__MAX != (int)CXL_DCD_FAULT_KINDS);

/* --- A member that a kind needs, or does not know --- */

typedef struct Member {
    const char *name;
    bool given;
    unsigned kinds;               /* those that know it, a bit each */
    bool needed;                  /* and these cannot be without */
} Member;

#define KIND(kind) (1u << CXL_DCD_FAULT_KIND_##kind)
#define EVENT_KINDS (KIND(OVERFLOW) | KIND(LOST_INTERRUPT))

static bool cxl_dcd_fault_members_fit(const CxlDcdFault *asked, Error **errp)
{
    const Member members[] = {
        { "opcode", asked->has_opcode, ~EVENT_KINDS, true },
        { "door", asked->has_door, ~EVENT_KINDS, false },
        { "return-code", asked->has_return_code, KIND(RETURN_CODE), true },
        { "carry-out", asked->has_carry_out,
          KIND(RETURN_CODE) | KIND(NO_ANSWER), false },
        { "delay", asked->has_delay, KIND(DELAY), true },
        { "offset", asked->has_offset, KIND(CORRUPT), false },
        { "bytes", asked->bytes, KIND(CORRUPT), true },
        { "length", asked->has_length, KIND(LENGTH), true },
    };
    size_t i;

    for (i = 0; i < ARRAY_SIZE(members); i++) {
        const Member *member = &members[i];
        bool known = member->kinds & 1u << asked->kind;

        if (known && member->needed && !member->given) {
            error_setg(errp, "a fault of kind '%s' needs '%s'",
                       CxlDcdFaultKind_str(asked->kind), member->name);
            return false;
        }
        if (member->given && !known) {
            error_setg(errp, "'%s' means nothing to a fault of kind '%s': "
                       "leave it out", member->name,
                       CxlDcdFaultKind_str(asked->kind));
            return false;
        }
    }
    return true;
}

static bool cxl_dcd_fault_bytes(const char *text, GBytes **ret, Error **errp)
{
    size_t len = strlen(text), i;
    g_autofree uint8_t *bytes = NULL;

    if (len % 2 || len / 2 > CXL_DCD_FAULT_BYTES_MAX) {
        error_setg(errp, "'bytes' has %zu hexadecimal digits: give two for "
                   "each byte, for at most %u bytes", len,
                   CXL_DCD_FAULT_BYTES_MAX);
        return false;
    }
    bytes = g_malloc0(len / 2 + 1);
    for (i = 0; i < len; i++) {
        int digit = g_ascii_xdigit_value(text[i]);

        if (digit < 0) {
            error_setg(errp, "'bytes' has '%c', which is no hexadecimal digit",
                       g_ascii_isprint(text[i]) ? text[i] : '?');
            return false;
        }
        bytes[i / 2] = bytes[i / 2] << 4 | digit;
    }
    *ret = g_bytes_new(bytes, len / 2);
    return true;
}

static bool cxl_dcd_fault_at_fm(const CxlDcdFault *asked)
{
    if (asked->has_door) {
        return asked->door == CXL_DCD_DOOR_FM_API;
    }
    return asked->has_opcode && asked->opcode >> 8 >= FM_SET_FIRST &&
           asked->opcode >> 8 <= FM_SET_LAST;
}

void qmp_cxl_dcd_fault(CxlDcdFaultRequest *request, Error **errp)
{
    const CxlDcdFault *asked = qapi_CxlDcdFaultRequest_base(request);
    CXLDcdDevice *device = cxl_dcd_qmp_device(request->path, errp);
    g_autoptr(GBytes) bytes = NULL;
    CXLDcdFault fault = {
        .kind = cxl_dcd_fault_kinds[asked->kind],
        .fm = cxl_dcd_fault_at_fm(asked),
        .opcode = asked->opcode,
        .return_code = asked->return_code,
        .carry_out = asked->has_carry_out ?
            asked->carry_out : asked->kind == CXL_DCD_FAULT_KIND_NO_ANSWER,
        .skip = asked->skip,
        .left = asked->has_count ? asked->count : 1,
        .delay = asked->delay,
        .offset = asked->offset,
        .length = asked->length,
    };

    if (!device || !cxl_dcd_fault_members_fit(asked, errp) ||
        (asked->bytes && !cxl_dcd_fault_bytes(asked->bytes, &bytes, errp))) {
        return;
    }
    if (fault.fm && !device->fm) {
        error_setg(errp, "device '%s' has no endpoint for fabric managers: "
                   "make it with property '" CXL_DCD_PROP_FMAPI "'",
                   device->path);
        return;
    }
    fault.bytes = bytes;
    cxl_dcd_device_fault(device, &fault, errp);
}

void qmp_cxl_dcd_fault_clear(const char *path, Error **errp)
{
    CXLDcdDevice *device = cxl_dcd_qmp_device(path, errp);

    if (device) {
        cxl_dcd_device_fault_clear(device);
    }
}

/* --- Query --- */

static char *cxl_dcd_fault_bytes_text(GBytes *from)
{
    GString *text = g_string_new(NULL);
    gsize len, i;
    const uint8_t *bytes = g_bytes_get_data(from, &len);

    for (i = 0; i < len; i++) {
        g_string_append_printf(text, "%02x", bytes[i]);
    }
    return g_string_free(text, false);
}

static CxlDcdFaultInfo *cxl_dcd_fault_info(const CXLDcdFault *fault)
{
    CxlDcdFaultInfo *info = g_new0(CxlDcdFaultInfo, 1);
    unsigned kind;

    for (kind = 0; cxl_dcd_fault_kinds[kind] != fault->kind; kind++) {
        continue;
    }
    info->kind = kind;
    info->has_opcode = info->has_door = !(EVENT_KINDS & 1u << kind);
    info->opcode = fault->opcode;
    info->door = fault->fm ? CXL_DCD_DOOR_FM_API : CXL_DCD_DOOR_MAILBOX;
    info->has_skip = info->has_count = true;
    info->skip = fault->skip;
    info->count = fault->left;
    info->has_return_code = kind == CXL_DCD_FAULT_KIND_RETURN_CODE;
    info->return_code = fault->return_code;
    info->has_carry_out = kind == CXL_DCD_FAULT_KIND_RETURN_CODE ||
                          kind == CXL_DCD_FAULT_KIND_NO_ANSWER;
    info->carry_out = fault->carry_out;
    info->has_delay = kind == CXL_DCD_FAULT_KIND_DELAY;
    info->delay = fault->delay;
    info->has_offset = kind == CXL_DCD_FAULT_KIND_CORRUPT;
    info->offset = fault->offset;
    info->bytes = fault->bytes ? cxl_dcd_fault_bytes_text(fault->bytes) : NULL;
    info->has_length = kind == CXL_DCD_FAULT_KIND_LENGTH;
    info->length = fault->length;
    info->struck = fault->struck;
    return info;
}

CxlDcdFaultInfoList *cxl_dcd_fault_query(const CXLDcdDevice *device)
{
    CxlDcdFaultInfoList *list = NULL, **tail = &list;
    const CXLDcdFault *fault;
    unsigned i;

    for (i = 0; (fault = cxl_dcd_fault_armed(device->faults, i)); i++) {
        QAPI_LIST_APPEND(tail, cxl_dcd_fault_info(fault));
    }
    return list;
}
