/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Migration state of CXL components
 */
#ifndef CXL_DCD_VMSTATE_H
#define CXL_DCD_VMSTATE_H

#include "migration/vmstate.h"

extern const VMStateInfo cxl_dcd_vmstate_info_component;
/* What a DC device inherits from QEMU's Type 3 device; of a CXLType3Dev */
extern const VMStateDescription cxl_dcd_vmstate_type3;

/*
 * The component registers (8.2.4: HDM decoders, RAS, ...) of the DeviceState
 * that a VMStateDescription describes; any device that owns a CXL component.
 */
#define CXL_DCD_VMSTATE_COMPONENT() {                           \
    .name  = "cxl-component-registers",                         \
    .size  = sizeof(uint8_t),                                   \
    .info  = &cxl_dcd_vmstate_info_component,                   \
    .flags = VMS_SINGLE,                                        \
    .offset = 0,                                                \
}

#endif
