/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity qtests: a network card whose rings another process
 * serves, by the vhost-user protocol. The process is this one; it has room for
 * 8 pieces of memory, and takes its time before it looks at a table of them.
 * When the host is told that capacity has left, it must have looked.
 */
#include "qemu/osdep.h"
#include "cxl-dcd-client.h"
#include "libqos/pci.h"
#include "libqos/virtio-pci.h"
#include "standard-headers/linux/virtio_config.h"

#define BLOCK   CXL_DCD_TEST_BLOCK
#define SIZE    (256 * CXL_DCD_TEST_MIB)
#define SLOTS   8
#define SLOT    5
/* Two are left to others */
#define MAPPED  (SLOTS - 2)
#define EXTENTS 10
/* Before a table is looked at */
#define SLOW_US 100000

#define GET_FEATURES  1
#define SET_MEM_TABLE 5
#define GET_PROTOCOL_FEATURES 15
#define PROTOCOL_FEATURES (1ULL << 30)
#define REPLY_ACK     (1ULL << 3)
#define VERSION       1
#define REPLY         4
#define NEED_REPLY    8

typedef struct Message {
    uint32_t request, flags, size;
} QEMU_PACKED Message;

typedef struct Region {
    uint64_t gpa, len, address, offset;
} QEMU_PACKED Region;

typedef struct Table {
    uint32_t count, padding;
    Region region[SLOTS];
} QEMU_PACKED Table;

typedef struct Backend {
    char *folder, *path;
    int listener;
    GThread *thread;
    uint64_t features;            /* of the protocol */
    GMutex lock;                  /* of what follows */
    Table table;                  /* the last that was received */
} Backend;

static bool receive(int fd, void *data, size_t len)
{
    char control[CMSG_SPACE(SLOTS * sizeof(int))];
    struct iovec iov = { data, len };
    struct msghdr header = {
        .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control,
        .msg_controllen = sizeof(control),
    };
    struct cmsghdr *c;
    size_t i;

    if (recvmsg(fd, &header, MSG_WAITALL) != len) {
        return false;
    }
    for (c = CMSG_FIRSTHDR(&header); c; c = CMSG_NXTHDR(&header, c)) {
        for (i = 0; i < (c->cmsg_len - CMSG_LEN(0)) / sizeof(int); i++) {
            close(((int *)CMSG_DATA(c))[i]);
        }
    }
    return true;
}

static void answer(int fd, uint32_t request, uint64_t value)
{
    struct {
        Message message;
        uint64_t value;
    } QEMU_PACKED reply = {
        { request, VERSION | REPLY, sizeof(value) }, value,
    };

    g_assert_cmpint(write(fd, &reply, sizeof(reply)), ==, sizeof(reply));
}

static void *serve(void *opaque)
{
    Backend *backend = opaque;
    int fd = accept(backend->listener, NULL, NULL);
    uint8_t payload[4096];
    Message message;

    while (receive(fd, &message, sizeof(message))) {
        g_assert_cmpuint(message.size, <=, sizeof(payload));
        if (message.size && !receive(fd, payload, message.size)) {
            break;
        }
        if (message.request == GET_FEATURES) {
            answer(fd, GET_FEATURES, 1ULL << VIRTIO_F_VERSION_1 |
                   PROTOCOL_FEATURES);
        } else if (message.request == GET_PROTOCOL_FEATURES) {
            answer(fd, message.request, backend->features);
        } else if (message.request == SET_MEM_TABLE) {
            g_usleep(SLOW_US);
            g_mutex_lock(&backend->lock);
            g_assert_cmpuint(message.size, <=, sizeof(backend->table));
            memcpy(&backend->table, payload, message.size);
            g_mutex_unlock(&backend->lock);
        }
        if (message.flags & NEED_REPLY) {
            answer(fd, message.request, 0);
        }
    }
    close(fd);
    return NULL;
}

static void backend_start(Backend *backend)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };

    g_mutex_init(&backend->lock);
    backend->folder = g_dir_make_tmp("cxl-dcd-XXXXXX", NULL);
    backend->path = g_build_filename(backend->folder, "vhost", NULL);
    g_strlcpy(address.sun_path, backend->path, sizeof(address.sun_path));
    backend->listener = socket(AF_UNIX, SOCK_STREAM, 0);
    g_assert_cmpint(bind(backend->listener, (struct sockaddr *)&address,
                         sizeof(address)), ==, 0);
    g_assert_cmpint(listen(backend->listener, 1), ==, 0);
    backend->thread = g_thread_new("vhost", serve, backend);
}

static void backend_end(Backend *backend)
{
    g_thread_join(backend->thread);
    close(backend->listener);
    unlink(backend->path);
    rmdir(backend->folder);
    g_free(backend->path);
    g_free(backend->folder);
}

static bool in_table(const Table *table, uint64_t gpa)
{
    unsigned i;

    for (i = 0; i < table->count; i++) {
        if (gpa >= table->region[i].gpa &&
            gpa - table->region[i].gpa < table->region[i].len) {
            return true;
        }
    }
    return false;
}

/* What it knows has so many pieces, with @gpa or without. */
static void assert_known(Backend *backend, unsigned count, uint64_t gpa,
                         bool with)
{
    g_mutex_lock(&backend->lock);
    g_assert_cmpuint(backend->table.count, ==, count);
    g_assert_cmpint(in_table(&backend->table, gpa), ==, with);
    g_mutex_unlock(&backend->lock);
}

static void drive(CXLDcdMachine *machine)
{
    QPCIAddress address = { .devfn = QPCI_DEVFN(SLOT, 0) };
    QVirtioPCIDevice *card = virtio_pci_new(machine->qs->pcibus, &address);

    g_assert_nonnull(card);
    qvirtio_pci_device_enable(card);
    qvirtio_start_device(&card->vdev);
    qvirtio_set_features(&card->vdev, 1ULL << VIRTIO_F_VERSION_1);
    qvirtio_set_driver_ok(&card->vdev);
    qos_object_destroy(&card->obj);
}

static void slots(uint64_t features)
{
    Backend backend = { .features = features };
    g_autofree char *memory = NULL, *arguments = NULL;
    int fd = g_file_open_tmp("cxl-dcd-XXXXXX", &memory, NULL);
    CXLDcdOptions options = {
        .size = SIZE, .regions = "[{\"size\":268435456}]",
        .memory_file = memory,
    };
    CXLDcdMachine *m;
    CXLDcdDevice *d;
    uint64_t hpa;
    unsigned i;

    close(fd);
    backend_start(&backend);
    options.arguments = arguments = g_strdup_printf(
        "-chardev socket,id=vhost,path=%s "
        "-netdev vhost-user,id=net,chardev=vhost "
        "-device virtio-net-pci,netdev=net,bus=pcie.0,"
        "addr=%u.0,romfile= ", backend.path,
        SLOT);
    m = cxl_dcd_machine_start(&options);
    d = &m->device[0];
    hpa = cxl_dcd_map(d);
    for (i = 0; i < EXTENTS; i++) {
        cxl_dcd_add_accepted(d, { 2 * i * BLOCK, BLOCK });
        if (!i) {
            /* Memory that it cannot have, such as this machine's, is no slot */
            drive(m);
            assert_known(&backend, 1, hpa, true);
        }
        g_assert_cmpuint(cxl_dcd_query_count(d, "mapping", "direct"), ==,
                         MIN(i + 1, MAPPED));
        qtest_writeq(m->qts, hpa + 2 * i * BLOCK, i + 1);
    }
    assert_known(&backend, MAPPED, hpa, true);
    /* What has no slot is memory all the same */
    for (i = 0; i < EXTENTS; i++) {
        g_assert_cmphex(qtest_readq(m->qts, hpa + 2 * i * BLOCK), ==, i + 1);
    }
    g_assert_cmpuint(cxl_dcd_query_count(d, "mapping", "trapped"), ==,
                     EXTENTS - MAPPED);
    /* What leaves gives its slot to another; a larger one takes it */
    g_assert_cmphex(cxl_dcd_give_back(d, { d->dc_base, BLOCK }), ==,
                    CXL_DCD_RC_SUCCESS);
    assert_known(&backend, MAPPED, hpa, false);
    cxl_dcd_add_accepted(d, { 40 * BLOCK, 4 * BLOCK });
    assert_known(&backend, MAPPED, hpa + 40 * BLOCK, true);
    cxl_dcd_qmp_release(d, .forced = true,
                        CXL_DCD_EXTENTS({ 40 * BLOCK, 4 * BLOCK }));
    assert_known(&backend, MAPPED, hpa + 40 * BLOCK, false);
    cxl_dcd_machine_stop(m);
    backend_end(&backend);
    unlink(memory);
}

static void eight_slots(void)
{
    slots(0);
}

static void with_replies(void)
{
    slots(REPLY_ACK);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("/cxl-dcd/vhost/eight-slots", eight_slots);
    qtest_add_func("/cxl-dcd/vhost/with-replies", with_replies);
    return g_test_run();
}
