/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity qtests: the device goes while processors are at it
 *
 * Three processors ring its mailbox and read its registers for ever, each in
 * a thread of its own (cxl-dcd-stress.S). One that has found the register in
 * the memory map may wait for QEMU's lock while the device is taken away.
 */
#include "qemu/osdep.h"
#include "cxl-dcd-client.h"

#define BLOCK      CXL_DCD_TEST_BLOCK
#define PROCESSORS 3
#define ROUNDS     24

/* cxl-dcd-stress.S */
#define CONTROL    0x20000
#define GO         0x00
#define MAILBOX    0x48
#define COUNT      0x80

static void counts(QTestState *qts, uint64_t *count)
{
    for (unsigned i = 0; i < PROCESSORS; i++) {
        count[i] = qtest_readq(qts, CONTROL + COUNT + i * 8);
    }
}

/* Every processor comes round @more times. */
static void come_round(QTestState *qts, unsigned more)
{
    gint64 limit = g_get_monotonic_time() + 60 * G_TIME_SPAN_SECOND;
    uint64_t before[PROCESSORS], now[PROCESSORS];
    unsigned i;
    bool all;

    counts(qts, before);
    do {
        g_assert_cmpint(g_get_monotonic_time(), <, limit);
        g_usleep(100);
        counts(qts, now);
        for (i = 0, all = true; i < PROCESSORS; i++) {
            all = all && now[i] >= before[i] + more;
        }
    } while (!all);
}

static void ring(QTestState *qts, uint64_t mailbox)
{
    qtest_writeq(qts, CONTROL + MAILBOX, mailbox);
    come_round(qts, 3);
}

/* Whatever the answer is: the device may be gone by then. */
static void answered(CXLDcdDevice *d, const char *format)
{
    g_autofree char *json = g_strdup_printf(format, d->path);

    qtest_qmp_send_raw(d->machine->qts, "%s", json);
    qobject_unref(qtest_qmp_receive(d->machine->qts));
}

/*
 * Who only listens for the event leaves unread what the machine says of its
 * timer's interrupts, which stops it.
 */
static void wait_deleted(QTestState *qts)
{
    QDict *event;

    while (!(event = qtest_qmp_event_ref(qts, "DEVICE_DELETED"))) {
        come_round(qts, 1);
        qtest_qmp_assert_success(qts, "{'execute':'query-status'}");
    }
    qobject_unref(event);
}

static void unplugged(void)
{
    static const CXLDcdOptions options = {
        .rom = CXL_DCD_STRESS_ROM,
        .arguments = "-accel tcg,thread=multi -cpu max -smp 3 ",
    };
    CXLDcdMachine *m = cxl_dcd_machine_start(&options);
    CXLDcdDevice *d = &m->device[0];

    qtest_writeq(m->qts, CONTROL + MAILBOX, 0);
    qtest_writeq(m->qts, CONTROL + GO, 2);
    for (unsigned i = 0; i < ROUNDS; i++) {
        cxl_dcd_add_accepted(d, { 0, BLOCK });
        ring(m->qts, d->mailbox);
        cxl_dcd_device_unplug_begin(d);
        answered(d, "{\"execute\":\"cxl-add-dynamic-capacity\",\"arguments\":{"
                    "\"path\":\"%s\",\"region\":0,\"selection-policy\":"
                    "\"free\",\"length\":4194304}}");
        answered(d, "{\"execute\":\"cxl-release-dynamic-capacity\","
                    "\"arguments\":{\"path\":\"%s\",\"region\":0,"
                    "\"forced-removal\":true,\"extents\":[{\"offset\":0,"
                    "\"len\":2097152}]}}");
        wait_deleted(m->qts);
        /* Nothing is there, and they go on */
        come_round(m->qts, 10);
        ring(m->qts, 0);
        cxl_dcd_device_plug(d);
    }
    cxl_dcd_machine_stop(m);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    /* QEMU does not get away with using what it has freed */
    g_setenv("MALLOC_PERTURB_", "165", false);
    qtest_add_func("/cxl-dcd/ringing/unplugged", unplugged);
    return g_test_run();
}
