/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: Get Feature and Set Feature, 0501h and 0502h, before
 * the parent has them (r3.2 8.2.10.6.2, 8.2.10.6.3)
 *
 * A feature may come in parts. The parent bounds each part by the feature's
 * size, but not their sum, which it believes at the end; and what it refuses
 * has changed its state already. Here parts follow each other: one begins where
 * the one before it ended, so the sum is at most the size. What is refused
 * changes nothing.
 */
#include "qemu/osdep.h"
#include "hw/cxl/cxl.h"
#include "judge.h"

/* Input, in front of the data */
#define FEATURE_FLAGS      16
#define FEATURE_OFFSET     20
#define FEATURE_VERSION    22
#define FEATURE_DATA       32

#define FEATURE_ACTION     0x07
#define ACTION_FULL        0
#define ACTION_INITIATE    1
#define ACTION_CONTINUE    2
#define ACTION_FINISH      3
#define ACTION_ABORT       4

typedef struct CXLDcdFeature {
    QemuUUID uuid;
    size_t size;                  /* of what can be set */
    uint8_t version;
} CXLDcdFeature;

/* What the parent has behind its handler */
static const CXLDcdFeature cxl_dcd_features[] = {
    {
        .uuid = { .data = UUID(0x96dad7d6, 0xfde8, 0x482b, 0xa7, 0x33, 0x75,
                               0x77, 0x4e, 0x06, 0xdb, 0x8a) },
        .size = sizeof(CXLMemPatrolScrubWriteAttrs),
        .version = CXL_MEMDEV_PS_SET_FEATURE_VERSION,
    }, {
        .uuid = { .data = UUID(0xe5b13f22, 0x2328, 0x4a14, 0xb8, 0xba, 0xb9,
                               0x69, 0x1e, 0x89, 0x33, 0x86) },
        .size = sizeof(CXLMemECSWriteAttrs),
        .version = CXL_ECS_SET_FEATURE_VERSION,
    },
};

static const CXLDcdFeature *cxl_dcd_feature_of(const QemuUUID *uuid)
{
    size_t i;

    for (i = 0; i < ARRAY_SIZE(cxl_dcd_features); i++) {
        if (qemu_uuid_is_equal(&cxl_dcd_features[i].uuid, uuid)) {
            return &cxl_dcd_features[i];
        }
    }
    return NULL;
}

/* No name is not the name of a transfer, of which there is none */
bool cxl_dcd_judge_get_feature(CXLDcdDevice *device, const uint8_t *in,
                               size_t in_len, CXLRetCode *ret_code)
{
    QemuUUID uuid;

    memcpy(&uuid, in, sizeof(uuid));
    *ret_code = CXL_MBOX_UNSUPPORTED;
    return cxl_dcd_feature_of(&uuid);
}

void cxl_dcd_feature_forget(CXLDcdDevice *device)
{
    CXLType3Dev *ct3d = CXL_TYPE3(device);

    memset(&ct3d->set_feat_info, 0, sizeof(ct3d->set_feat_info));
    memset(&ct3d->patrol_scrub_wr_attrs, 0,
           sizeof(ct3d->patrol_scrub_wr_attrs));
    memset(&ct3d->ecs_wr_attrs, 0, sizeof(ct3d->ecs_wr_attrs));
}

/* The code for a part that does not go on where the one before ended */
static CXLRetCode cxl_dcd_feature_order(const CXLSetFeatureInfo *under_way,
                                        const QemuUUID *uuid, unsigned action,
                                        uint16_t offset)
{
    bool begun = !qemu_uuid_is_null(&under_way->uuid);

    if (begun && (!qemu_uuid_is_equal(&under_way->uuid, uuid) ||
                  action == ACTION_FULL)) {
        return CXL_MBOX_FEATURE_TRANSFER_IN_PROGRESS;
    }
    switch (action) {
    case ACTION_FULL:
        return CXL_MBOX_SUCCESS;
    case ACTION_INITIATE:
        return offset ? CXL_MBOX_FEATURE_TRANSFER_OUT_OF_ORDER
                      : CXL_MBOX_SUCCESS;
    default:
        return begun && offset == under_way->data_size
            ? CXL_MBOX_SUCCESS : CXL_MBOX_FEATURE_TRANSFER_OUT_OF_ORDER;
    }
}

bool cxl_dcd_judge_feature(CXLDcdDevice *device, const uint8_t *in,
                           size_t in_len, CXLRetCode *ret_code)
{
    const CXLSetFeatureInfo *under_way = &CXL_TYPE3(device)->set_feat_info;
    unsigned action = ldl_le_p(in + FEATURE_FLAGS) & FEATURE_ACTION;
    uint16_t offset = lduw_le_p(in + FEATURE_OFFSET);
    size_t length = in_len - FEATURE_DATA;
    const CXLDcdFeature *feature;
    QemuUUID uuid;

    memcpy(&uuid, in, sizeof(uuid));
    feature = cxl_dcd_feature_of(&uuid);
    if (!feature || in[FEATURE_VERSION] != feature->version) {
        *ret_code = CXL_MBOX_UNSUPPORTED;
    } else if (action > ACTION_ABORT) {
        *ret_code = CXL_MBOX_INVALID_INPUT;
    } else if (action == ACTION_ABORT) {
        if (qemu_uuid_is_equal(&under_way->uuid, &uuid)) {
            cxl_dcd_feature_forget(device);
        }
        *ret_code = qemu_uuid_is_null(&under_way->uuid) ?
            CXL_MBOX_SUCCESS : CXL_MBOX_FEATURE_TRANSFER_IN_PROGRESS;
    } else if (!length || offset > feature->size ||
               length > feature->size - offset) {
        *ret_code = CXL_MBOX_INVALID_PAYLOAD_LENGTH;
    } else {
        *ret_code = cxl_dcd_feature_order(under_way, &uuid, action, offset);
        return *ret_code == CXL_MBOX_SUCCESS;
    }
    return false;
}
