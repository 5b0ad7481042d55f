/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a handle's calls end with
 */
#include "done.h"
#include "door.h"
#include "handle.h"
#include "ready.h"

int cxlfm_done(cxlfm *fm, int ret)
{
    cxlfm_ready_mark(fm, !g_queue_is_empty(&fm->events) || fm->news ||
                     fm->fd < 0 || fm->door->waiting(fm));
    return ret;
}
