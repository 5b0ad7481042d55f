/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The FM API door: what changes something; see struct cxlfm_door_ops. */
#ifndef CXLFM_FMAPI_CHANGE_H
#define CXLFM_FMAPI_CHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include "cxlfm.h"

int cxlfm_fmapi_add(cxlfm *fm, size_t device,
                    const struct cxlfm_add *request);
int cxlfm_fmapi_release(cxlfm *fm, size_t device,
                        const struct cxlfm_release *request);
int cxlfm_fmapi_reference(cxlfm *fm, size_t device, const uint8_t *tag,
                          bool held);
int cxlfm_fmapi_set_region(cxlfm *fm, size_t device, uint8_t region,
                           uint64_t block_size, bool sanitize);
size_t cxlfm_fmapi_extent_limit(const cxlfm *fm);

#endif /* CXLFM_FMAPI_CHANGE_H */
