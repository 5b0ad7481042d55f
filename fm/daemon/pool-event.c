/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What devices tell by themselves */
#include <stdlib.h>
#include "fmd-wire.h"
#include "pool-clean.h"
#include "pool-event.h"
#include "words.h"

static void pool_event_tell(struct pool *pool, const struct head *head,
                            const struct cxlfm_event *event)
{
    static const char *const texts[CXLFM_EVENT_MAX] = {
        "accepted capacity", "took nothing of what was offered",
        "gave capacity back", "lost capacity by force", "events were lost",
    };
    struct json_object *data = cxlfm_wire_event(event);
    g_autofree char *text = NULL;

    fmd_write_text(data, "id", head->host->uuid);
    text = fmd_write_end(data);
    events_add(pool->fmd->events, "device", head->host->uuid, text,
               "host %s %s", head->host->name, texts[event->type]);
}

void pool_events(struct pool *pool, struct head *head, int64_t since)
{
    struct cxlfm_event *event;
    int ret;

    g_mutex_lock(&head->lock);
    while ((ret = cxlfm_next_event(head->fm, 0, &event)) > 0) {
        if (event->type == CXLFM_EVENT_RELEASED ||
            event->type == CXLFM_EVENT_FORCED) {
            pool_clean_event(pool, head, event, since);
        }
        pool_event_tell(pool, head, event);
        free(event);
    }
    if (ret < 0) {
        head_note(head, ret);
    }
    g_mutex_unlock(&head->lock);
}
