/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Looking things up in a snapshot */
#ifndef CXLFM_SNAPSHOT_H
#define CXLFM_SNAPSHOT_H

#include "cxlfm.h"

/* NULL when the snapshot has no such host */
const struct cxlfm_host *cxlfm_snapshot_host(
    const struct cxlfm_snapshot *snapshot, uint16_t id);
/* Bytes of @tag that are listed for @host */
uint64_t cxlfm_snapshot_tag_bytes(const struct cxlfm_snapshot *snapshot,
                                  uint16_t host, const uint8_t *tag);

#endif /* CXLFM_SNAPSHOT_H */
