/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Looking things up in a snapshot, and freeing it
 */
#include <string.h>
#include <glib.h>
#include "export.h"
#include "snapshot.h"

CXLFM_EXPORT void cxlfm_snapshot_free(struct cxlfm_snapshot *snapshot)
{
    if (snapshot) {
        g_free(snapshot->hosts);
        g_free(snapshot->extents);
        g_free(snapshot);
    }
}

const struct cxlfm_host *cxlfm_snapshot_host(
    const struct cxlfm_snapshot *snapshot, uint16_t id)
{
    size_t i;

    for (i = 0; i < snapshot->host_count; i++) {
        if (snapshot->hosts[i].id == id) {
            return &snapshot->hosts[i];
        }
    }
    return NULL;
}

uint64_t cxlfm_snapshot_tag_bytes(const struct cxlfm_snapshot *snapshot,
                                  uint16_t host, const uint8_t *tag)
{
    uint64_t bytes = 0;
    size_t i;

    for (i = 0; i < snapshot->extent_count; i++) {
        const struct cxlfm_extent *e = &snapshot->extents[i];

        if (e->host == host && !memcmp(e->tag, tag, CXLFM_TAG_SIZE)) {
            bytes += e->length;
        }
    }
    return bytes;
}
