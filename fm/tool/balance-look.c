/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How the hosts of a policy fare: what they have, and what they say
 */
#include "balance-look.h"
#include "pressure-command.h"

void balance_read_pressures(const BalancePolicy *policy,
                            const volatile sig_atomic_t *stop)
{
    unsigned i;

    for (i = 0; i < policy->hosts->len && !(stop && *stop); i++) {
        BalanceHost *host = &g_array_index(policy->hosts, BalanceHost, i);

        host->pressure = -1;
        g_clear_pointer(&host->pressure_fault, g_free);
        if (host->command) {
            host->pressure = pressure_command_run(host->command, stop,
                                                  &host->pressure_fault);
        }
    }
}

static void balance_count(const struct cxlfm_snapshot *s, uint8_t region,
                          BalanceHost *host)
{
    size_t i;

    for (i = 0; i < s->extent_count; i++) {
        const struct cxlfm_extent *e = &s->extents[i];

        if (e->region != region || e->host != host->id) {
            continue;
        }
        if (e->state == CXLFM_EXTENT_ACCEPTED) {
            host->owned += e->length;
            /* Tagged capacity belongs together: a size does not choose it. */
            if (cxlfm_tag_is_zero(e->tag)) {
                g_array_append_val(host->held, *e);
            }
        } else if (e->state == CXLFM_EXTENT_PENDING) {
            host->owned += e->length;
            host->offered += e->length;
        } else if (e->state == CXLFM_EXTENT_RELEASING) {
            host->asked += e->length;
        }
    }
}

/* Of a host that nobody can ask, the pool still tells what it has. */
static void balance_count_elsewhere(const PoolView *view, uint8_t region,
                                    BalanceHost *host)
{
    size_t i;

    for (i = 0; i < view->pool->extent_count; i++) {
        const struct cxlfm_pool_extent *e = &view->pool->extents[i];

        if (e->host == host->id && e->region == region &&
            e->state != CXLFM_POOL_LEAVING) {
            host->owned += e->length;
        }
    }
}

void balance_look(const PoolView *view, uint8_t region, BalanceHost *host)
{
    const struct cxlfm_pool_host *known = pool_find_host(view, host->id);
    struct cxlfm_snapshot *s;
    Target target;

    g_clear_pointer(&host->held, g_array_unref);
    host->held = g_array_new(false, false, sizeof(struct cxlfm_extent));
    host->owned = host->asked = host->offered = 0;
    host->alive = known && known->alive &&
                  pool_head(view, host->id, &target, NULL) &&
                  cxlfm_snapshot(target.fm, target.device, &s) >= 0;
    if (host->alive) {
        balance_count(s, region, host);
        cxlfm_snapshot_free(s);
    } else {
        balance_count_elsewhere(view, region, host);
    }
}

uint64_t balance_available(const PoolView *view, uint8_t region)
{
    const struct cxlfm_pool *pool = view->pool;

    return !pool->region_count ? pool->available :
           region < pool->region_count ? pool->region_available[region] : 0;
}
