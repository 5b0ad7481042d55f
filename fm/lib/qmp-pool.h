/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The QMP door: the pool; see struct cxlfm_door_ops. */
#ifndef CXLFM_QMP_POOL_H
#define CXLFM_QMP_POOL_H

#include <glib.h>
#include "cxlfm.h"

struct json_object;

/* From one element of query-cxl-dc-pool; NULL when it makes no sense. */
struct cxlfm_pool *cxlfm_qmp_pool_parse(const cxlfm *fm,
                                        struct json_object *from);
int cxlfm_qmp_pool_query(cxlfm *fm, GPtrArray *pools);
int cxlfm_qmp_pool_reclaim(cxlfm *fm, const char *pool, uint16_t host,
                           uint64_t *ret_freed);

#endif /* CXLFM_QMP_POOL_H */
