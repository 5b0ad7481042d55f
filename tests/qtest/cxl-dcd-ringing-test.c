/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity qtests: the device goes while processors are at it, or
 * one of them goes
 *
 * Three processors ring its mailbox and read its registers for ever, each in
 * a thread of its own (cxl-dcd-stress.S). One that has found the register in
 * the memory map may wait for QEMU's lock while the device is taken away.
 */
#include "qemu/osdep.h"
#include "qobject/qlist.h"
#include "cxl-dcd-client.h"

#define BLOCK      CXL_DCD_TEST_BLOCK
#define PROCESSORS 3
#define ROUNDS     24
/* A machine each: who comes back is not started */
#define MACHINES   6

/* ACPI, as firmware finds it on this machine: a processor and what to do */
#define ACPI_CPU_SELECT 0xcd8
#define ACPI_CPU_FLAGS  0xcdc
#define ACPI_CPU_EJECT  (1 << 3)

/* Those that are there, from number 0 on */
static unsigned processors = PROCESSORS;

/* cxl-dcd-stress.S */
#define CONTROL    0x20000
#define GO         0x00
#define MAILBOX    0x48
#define COUNT      0x80

static void counts(QTestState *qts, uint64_t *count)
{
    for (unsigned i = 0; i < processors; i++) {
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
        for (i = 0, all = true; i < processors; i++) {
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

/* What the guest's kernel does to the last one; it may be anywhere by then */
static void eject(QTestState *qts)
{
    qtest_outl(qts, ACPI_CPU_SELECT, 0);
    qtest_qmp_assert_success(qts, "{'execute':'device_del','arguments':"
                             "{'id':'last'}}");
    qtest_outl(qts, ACPI_CPU_SELECT, PROCESSORS - 1);
    processors = PROCESSORS - 1;
    qtest_outb(qts, ACPI_CPU_FLAGS, ACPI_CPU_EJECT);
}

/* QEMU says of no processor that runs by TCG that it was deleted. */
static unsigned count_processors(QTestState *qts)
{
    QDict *response = qtest_qmp(qts, "{'execute':'query-cpus-fast'}");
    unsigned count = qlist_size(qdict_get_qlist(response, "return"));

    qobject_unref(response);
    return count;
}

/*
 * A processor goes while it is at a register of the device, and while what left
 * waits for all processors. Nothing waits for the one that is gone.
 */
static void processor_gone(void)
{
    static const CXLDcdOptions options = {
        .rom = CXL_DCD_STRESS_ROM,
        .arguments = "-accel tcg,thread=multi -cpu max "
                     "-smp 2,maxcpus=3,sockets=3,cores=1,threads=1 "
                     "-device max-x86_64-cpu,id=last,socket-id=2,core-id=0,"
                     "thread-id=0 ",
    };

    for (unsigned i = 0; i < MACHINES; i++) {
        CXLDcdMachine *m = cxl_dcd_machine_start(&options);
        CXLDcdDevice *d = &m->device[0];

        processors = PROCESSORS;
        qtest_writeq(m->qts, CONTROL + MAILBOX, 0);
        qtest_writeq(m->qts, CONTROL + GO, 2);
        cxl_dcd_add_accepted(d, { 0, 4 * BLOCK });
        cxl_dcd_qmp_add(d, CXL_DCD_EXTENTS({ 8 * BLOCK, BLOCK }));
        ring(m->qts, d->mailbox);
        qtest_qmp_send(m->qts, "{'execute':'cxl-release-dynamic-capacity',"
            "'arguments':{'path':%s,'region':0,'forced-removal':true,"
            "'extents':[{'offset':0,'len':8388608}]}}", d->path);
        if (i & 1) {
            qobject_unref(qtest_qmp_receive(m->qts));
        }
        eject(m->qts);
        if (!(i & 1)) {
            qobject_unref(qtest_qmp_receive(m->qts));
        }
        g_assert_cmpuint(count_processors(m->qts), ==, processors);
        come_round(m->qts, 10);
        ring(m->qts, 0);
        /* The offer is still one, and what left is clean and free */
        cxl_dcd_wait_clean(d);
        g_assert_cmpuint(cxl_dcd_query_count(d, "state", "pending"), ==, 1);
        cxl_dcd_qmp_add(d, CXL_DCD_EXTENTS({ 0, 4 * BLOCK }));
        g_assert_cmphex(cxl_dcd_accept(d, { d->dc_base + 8 * BLOCK, BLOCK }),
                        ==, CXL_DCD_RC_SUCCESS);
        /* Nor does anything of it hold the device */
        cxl_dcd_device_unplug_begin(d);
        wait_deleted(m->qts);
        cxl_dcd_machine_stop(m);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    /* QEMU does not get away with using what it has freed */
    g_setenv("MALLOC_PERTURB_", "165", false);
    qtest_add_func("/cxl-dcd/ringing/unplugged", unplugged);
    qtest_add_func("/cxl-dcd/ringing/processor-gone", processor_gone);
    return g_test_run();
}
