/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity qtests: what a reset leaves (CXL r3.2 9.5, 9.7, 9.13.3)
 *
 * Conventional reset: offers that were not answered are withdrawn and their
 * events with them, accepted capacity that is not shared stays with its
 * contents, shared capacity is released. FLR touches none of it.
 */
#include "qemu/osdep.h"
#include "hw/pci/pci_regs.h"
#include "cxl-dcd-client.h"

#define BLOCK   CXL_DCD_TEST_BLOCK
#define SUCCESS CXL_DCD_RC_SUCCESS

#define MEM_ENABLE (1 << 2)

/* No offer outlives a reset, nor does its event. */
static void withdraws_offers(CXLDcdDevice *d)
{
    CXLDcdHostConfig before, now;

    g_assert_cmphex(cxl_dcd_get_config(d, 0, 0, &before), ==, SUCCESS);
    cxl_dcd_qmp_add(d, CXL_DCD_EXTENTS({ 0, BLOCK }, { 4 * BLOCK, BLOCK }));
    cxl_dcd_machine_reset(d->machine);
    g_assert_cmpuint(cxl_dcd_query_count(d, "state", "pending"), ==, 0);
    cxl_dcd_assert_no_events(d);
    g_assert_cmphex(cxl_dcd_accept(d, { d->dc_base, BLOCK }), !=, SUCCESS);
    g_assert_cmphex(cxl_dcd_get_config(d, 0, 0, &now), ==, SUCCESS);
    g_assert_cmpmem(&now.counters, sizeof(now.counters), &before.counters,
                    sizeof(before.counters));
    /* The capacity can be offered again, and its event is the first one. */
    cxl_dcd_qmp_add(d, CXL_DCD_EXTENTS({ 0, BLOCK }));
    cxl_dcd_assert_event_group(d, CXL_DCD_EVENT_ADD,
        { d->dc_base, BLOCK });
    g_assert_cmphex(cxl_dcd_accept(d, { d->dc_base, BLOCK }), ==, SUCCESS);
}

static void keeps_accepted(CXLDcdDevice *d)
{
    uint64_t hpa = cxl_dcd_map(d);

    cxl_dcd_add_accepted(d, { 0, 2 * BLOCK });
    qtest_writeq(d->machine->qts, hpa + BLOCK, 4711);
    cxl_dcd_machine_reset(d->machine);
    cxl_dcd_assert_extents(d, { d->dc_base, 2 * BLOCK });
    /* No decoder is committed any more. */
    g_assert_cmpuint(cxl_dcd_query_count(d, "mapping", "none"), ==, 1);
    g_assert_cmphex(qtest_readq(d->machine->qts, hpa + BLOCK), ==, UINT64_MAX);
    g_assert_cmphex(cxl_dcd_map(d), ==, hpa);
    g_assert_cmphex(qtest_readq(d->machine->qts, hpa + BLOCK), ==, 4711);
    g_assert_cmphex(cxl_dcd_give_back(d, { d->dc_base, 2 * BLOCK }), ==,
                    SUCCESS);
}

/* A request to release was an event; after the reset it may be made again. */
static void release_can_be_asked_again(CXLDcdDevice *d)
{
    cxl_dcd_add_accepted(d, { 0, BLOCK });
    cxl_dcd_qmp_release(d, CXL_DCD_EXTENTS({ 0, BLOCK }));
    cxl_dcd_machine_reset(d->machine);
    cxl_dcd_assert_extents(d, { d->dc_base, BLOCK });
    cxl_dcd_qmp_release(d, CXL_DCD_EXTENTS({ 0, BLOCK }));
    cxl_dcd_assert_event_group(d, CXL_DCD_EVENT_RELEASE,
        { d->dc_base, BLOCK });
}

static void drops_chain(CXLDcdDevice *d)
{
    const CXLDcdSpan first = { d->dc_base, BLOCK };

    cxl_dcd_add_accepted(d, { 0, BLOCK }, { 4 * BLOCK, BLOCK });
    g_assert_cmphex(cxl_dcd_update(d, CXL_DCD_OP_RELEASE, CXL_DCD_UPDATE_MORE,
                                   &first, 1), ==, SUCCESS);
    cxl_dcd_machine_reset(d->machine);
    g_assert_cmphex(cxl_dcd_give_back(d, { d->dc_base + 4 * BLOCK, BLOCK }), ==,
                    SUCCESS);
    cxl_dcd_assert_extents(d, { d->dc_base, BLOCK });
}

static void interrupt_policy_is_none(CXLDcdDevice *d)
{
    CXLDcdEventIrqPolicy policy;
    unsigned vector = cxl_dcd_irq_enable(d);
    size_t len;

    cxl_dcd_machine_reset(d->machine);
    g_assert_cmphex(cxl_dcd_command(d, CXL_DCD_OP_GET_EVENT_IRQ_POLICY, NULL, 0,
                                    &policy, sizeof(policy), &len), ==,
                    SUCCESS);
    g_assert_cmphex(policy.dynamic_capacity & CXL_DCD_IRQ_MODE_MASK, ==, 0);
    cxl_dcd_qmp_add(d, CXL_DCD_EXTENTS({ 0, BLOCK }));
    g_assert_false(cxl_dcd_irq_take(d, vector));
}

/* An event before the reset must not eat the interrupt of the one after. */
static void next_offer_interrupts(CXLDcdDevice *d)
{
    unsigned vector;

    cxl_dcd_qmp_add(d, CXL_DCD_EXTENTS({ 0, BLOCK }));
    cxl_dcd_machine_reset(d->machine);
    vector = cxl_dcd_irq_enable(d);
    cxl_dcd_qmp_add(d, CXL_DCD_EXTENTS({ 0, BLOCK }));
    g_assert_true(cxl_dcd_irq_take(d, vector));
}

static void releases_shared(CXLDcdDevice *d)
{
    cxl_dcd_qmp_add(d, .policy = "free", .length = BLOCK,
                    .tag = "10111213-1415-1617-1819-1a1b1c1d1e1f");
    g_assert_cmphex(cxl_dcd_accept(d, { d->dc_base, BLOCK }), ==, SUCCESS);
    cxl_dcd_machine_reset(d->machine);
    cxl_dcd_assert_no_extents(d);
    cxl_dcd_assert_no_events(d);   /* no event about it */
}

/* FLR does not touch CXL.mem or what the device holds (9.5). */
static void flr_keeps_all(CXLDcdDevice *d)
{
    uint64_t hpa = cxl_dcd_map(d);
    char *before;

    cxl_dcd_add_accepted(d, { 0, BLOCK });
    qtest_writeq(d->machine->qts, hpa, 4711);
    cxl_dcd_qmp_add(d, CXL_DCD_EXTENTS({ 4 * BLOCK, BLOCK }));
    before = cxl_dcd_snapshot(d);
    cxl_dcd_device_flr(d);
    cxl_dcd_assert_unchanged(d, before);
    g_assert_cmphex(qtest_readq(d->machine->qts, hpa), ==, 4711);
    g_assert_cmphex(cxl_dcd_accept(d, { d->dc_base + 4 * BLOCK, BLOCK }), ==,
                    SUCCESS);
}

/* Control of the DVSEC for devices (8.1.3.2) */
static uint64_t dvsec_control(CXLDcdDevice *d)
{
    QTestState *qts = d->machine->qts;
    uint64_t at = d->config + PCI_CFG_SPACE_SIZE;

    while ((qtest_readl(qts, at) & 0xffff) != PCI_EXT_CAP_ID_DVSEC ||
           qtest_readw(qts, at + 4) != 0x1e98 ||
           qtest_readw(qts, at + 8) != 0) {
        unsigned next = qtest_readl(qts, at) >> 20;

        g_assert_cmphex(next, !=, 0);
        at = d->config + next;
    }
    return at + 0x0c;
}

/* Mem_Enable: withdrawn, all is out of reach; FLR keeps it, others clear it */
static void mem_enable(CXLDcdDevice *d)
{
    QTestState *qts = d->machine->qts;
    uint64_t hpa = cxl_dcd_map(d), control = dvsec_control(d);

    cxl_dcd_add_accepted(d, { 0, BLOCK });
    qtest_writew(qts, control, qtest_readw(qts, control) | MEM_ENABLE);
    qtest_writeq(qts, hpa, 4711);
    cxl_dcd_device_flr(d);
    g_assert_cmphex(qtest_readw(qts, control) & MEM_ENABLE, ==, MEM_ENABLE);
    g_assert_cmphex(qtest_readq(qts, hpa), ==, 4711);
    qtest_writew(qts, control, qtest_readw(qts, control) & ~MEM_ENABLE);
    g_assert_cmphex(qtest_readq(qts, hpa), ==, UINT64_MAX);
    g_assert_cmpuint(cxl_dcd_query_count(d, "mapping", "none"), ==, 1);
    qtest_writew(qts, control, qtest_readw(qts, control) | MEM_ENABLE);
    g_assert_cmphex(qtest_readq(qts, hpa), ==, 4711);

    cxl_dcd_machine_reset(d->machine);
    g_assert_cmphex(qtest_readw(qts, control) & MEM_ENABLE, ==, 0);
    g_assert_cmphex(qtest_readq(qts, hpa), ==, UINT64_MAX);
    cxl_dcd_assert_extents(d, { d->dc_base, BLOCK });
    qtest_writew(qts, control, qtest_readw(qts, control) | MEM_ENABLE);
    cxl_dcd_device_cxl_reset(d);
    g_assert_cmphex(qtest_readw(qts, control) & MEM_ENABLE, ==, 0);
    cxl_dcd_assert_extents(d, { d->dc_base, BLOCK });
}

/* CXL reset (9.7): CXL.mem and what the device holds, of this device alone */
static void cxl_reset(CXLDcdDevice *d)
{
    CXLDcdDevice *other = &d->machine->device[1];
    unsigned i;
    char *before;

    for (i = 0; i < 2; i++) {
        uint64_t hpa = cxl_dcd_map_beside(d->machine, i);

        cxl_dcd_add_accepted(&d->machine->device[i], { 0, BLOCK });
        qtest_writeq(d->machine->qts, hpa, 4711 + i);
    }
    cxl_dcd_qmp_add(d, CXL_DCD_EXTENTS({ 4 * BLOCK, BLOCK }));
    before = cxl_dcd_snapshot(other);
    cxl_dcd_device_cxl_reset(d);
    cxl_dcd_assert_unchanged(other, before);
    g_assert_cmphex(qtest_readq(d->machine->qts, d->machine->window +
                                CXL_DCD_TEST_GIB), ==, 4712);
    /* Offers are withdrawn, what was accepted stays, decoders are not set */
    cxl_dcd_assert_extents(d, { d->dc_base, BLOCK });
    g_assert_cmpuint(cxl_dcd_query_count(d, "state", "pending"), ==, 0);
    cxl_dcd_assert_no_events(d);
    g_assert_cmpuint(cxl_dcd_query_count(d, "mapping", "none"), ==, 1);
    g_assert_cmphex(qtest_readq(d->machine->qts, d->machine->window), ==,
                    UINT64_MAX);
}

/* Many resets in a row leak nothing and lose nothing. */
static void many_in_a_row(CXLDcdDevice *d)
{
    unsigned i;

    cxl_dcd_add_accepted(d, { 0, BLOCK });
    for (i = 0; i < 5; i++) {
        uint64_t hpa = cxl_dcd_map(d);

        cxl_dcd_qmp_add(d, CXL_DCD_EXTENTS({ 4 * BLOCK, BLOCK }));
        qtest_writeq(d->machine->qts, hpa, i);
        g_assert_cmphex(qtest_readq(d->machine->qts, hpa), ==, i);
        cxl_dcd_machine_reset(d->machine);
    }
    cxl_dcd_assert_extents(d, { d->dc_base, BLOCK });
}

int main(int argc, char **argv)
{
    static const CXLDcdOptions sharable = {
        .size = CXL_DCD_TEST_GIB,
        .regions = "[{\"size\":1073741824,\"flags\":[\"sharable\"]}]",
    };
    static const CXLDcdOptions two = { .devices = 2 };

    g_test_init(&argc, &argv, NULL);
    cxl_dcd_add_case("/cxl-dcd/reset/withdraws-offers", NULL,
                     withdraws_offers);
    cxl_dcd_add_case("/cxl-dcd/reset/keeps-accepted", NULL, keeps_accepted);
    cxl_dcd_add_case("/cxl-dcd/reset/release-can-be-asked-again", NULL,
                     release_can_be_asked_again);
    cxl_dcd_add_case("/cxl-dcd/reset/drops-chain", NULL, drops_chain);
    cxl_dcd_add_case("/cxl-dcd/reset/interrupt-policy-is-none", NULL,
                     interrupt_policy_is_none);
    cxl_dcd_add_case("/cxl-dcd/reset/next-offer-interrupts", NULL,
                     next_offer_interrupts);
    cxl_dcd_add_case("/cxl-dcd/reset/releases-shared", &sharable,
                     releases_shared);
    cxl_dcd_add_case("/cxl-dcd/reset/cxl-reset", &two, cxl_reset);
    cxl_dcd_add_case("/cxl-dcd/reset/flr-keeps-all", NULL, flr_keeps_all);
    cxl_dcd_add_case("/cxl-dcd/reset/mem-enable", NULL, mem_enable);
    cxl_dcd_add_case("/cxl-dcd/reset/many-in-a-row", NULL, many_in_a_row);
    return g_test_run();
}
