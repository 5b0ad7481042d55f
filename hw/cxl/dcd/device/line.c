/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: the line to fabric managers, a character device
 *
 * One character device serves the endpoints of one device or, as a shared bus,
 * of several. Bytes of the line go to the endpoints; while one has a request in
 * work, no more are looked at. What the line does not take at once is kept and
 * sent when it can.
 * While much is kept nothing more is read, so a fabric manager that asks and
 * does not listen costs a bounded amount of memory.
 */
#include "qemu/osdep.h"
#include "chardev/char-fe.h"
#include "hw/cxl/dcd/device.h"
#include "line.h"
#include "qapi/error.h"
#include "qemu/queue.h"

/*
 * Bytes taken at a time. Every message in them is carried out before virtual
 * CPUs get the machine back: so many short ones must fit into a millisecond.
 */
#define CXL_DCD_LINE_READ      512
/* A message and its answer are 1 KiB; a burst of small ones may add up. */
#define CXL_DCD_LINE_BACKLOG   65536

struct CXLDcdLine {
    CharBackend chr;
    char *label;                  /* of the character device */
    unsigned references;          /* one per device, one while reading */
    CXLDcdMctpBus *bus;
    GPtrArray *clients;           /* CXLDcdLineClient */
    GByteArray *in;               /* not looked at yet */
    GByteArray *out;              /* not sent yet */
    guint watch;                  /* until the line takes more; 0: none */
    bool open;                    /* somebody is at the other end */
    QLIST_ENTRY(CXLDcdLine) next;
};

static QLIST_HEAD(, CXLDcdLine) cxl_dcd_lines =
    QLIST_HEAD_INITIALIZER(cxl_dcd_lines);

static void cxl_dcd_line_flush(CXLDcdLine *line);

static gboolean cxl_dcd_line_writable(void *do_not_use, GIOCondition condition,
                                      void *opaque)
{
    CXLDcdLine *line = opaque;

    line->watch = 0;
    cxl_dcd_line_flush(line);
    qemu_chr_fe_accept_input(&line->chr);
    return G_SOURCE_REMOVE;
}

static void cxl_dcd_line_flush(CXLDcdLine *line)
{
    int sent;

    if (!line->open || line->watch || !line->out->len) {
        return;
    }
    sent = qemu_chr_fe_write(&line->chr, line->out->data, line->out->len);
    if (sent > 0) {
        g_byte_array_remove_range(line->out, 0, sent);
    }
    if (line->out->len) {
        line->watch = qemu_chr_fe_add_watch(&line->chr, G_IO_OUT | G_IO_HUP,
                                            cxl_dcd_line_writable, line);
        if (!line->watch) {
            /* A line that cannot tell when it is ready: it is lost. */
            g_byte_array_set_size(line->out, 0);
        }
    }
}

void cxl_dcd_line_send(CXLDcdLine *line, const uint8_t *bytes, size_t len)
{
    /* A notification for nobody, or for one who stopped listening */
    if (!line->open || line->out->len > 2 * CXL_DCD_LINE_BACKLOG) {
        return;
    }
    g_byte_array_append(line->out, bytes, len);
    cxl_dcd_line_flush(line);
}

static bool cxl_dcd_line_busy(const CXLDcdLine *line)
{
    guint i;

    for (i = 0; i < line->clients->len; i++) {
        const CXLDcdLineClient *client = g_ptr_array_index(line->clients, i);

        if (client->busy(client->opaque)) {
            return true;
        }
    }
    return false;
}

static int cxl_dcd_line_can_read(void *opaque)
{
    CXLDcdLine *line = opaque;

    return line->out->len < CXL_DCD_LINE_BACKLOG && !line->in->len &&
                   !cxl_dcd_line_busy(line) ?
               CXL_DCD_LINE_READ :
               0;
}

static void cxl_dcd_line_unref(CXLDcdLine *line)
{
    if (--line->references) {
        return;
    }
    QLIST_REMOVE(line, next);
    if (line->watch) {
        g_source_remove(line->watch);
    }
    qemu_chr_fe_deinit(&line->chr, false);
    cxl_dcd_mctp_bus_free(line->bus);
    g_ptr_array_unref(line->clients);
    g_byte_array_unref(line->in);
    g_byte_array_unref(line->out);
    g_free(line->label);
    g_free(line);
}

/* One at a time, as a request may keep its endpoint busy for a while */
static void cxl_dcd_line_feed(CXLDcdLine *line)
{
    guint done = 0;

    line->references++;
    while (done < line->in->len && !cxl_dcd_line_busy(line)) {
        cxl_dcd_mctp_bus_receive(line->bus, line->in->data + done, 1);
        done++;
    }
    /* The line may have closed, and forgotten what came before */
    g_byte_array_remove_range(line->in, 0, MIN(done, line->in->len));
    cxl_dcd_line_unref(line);
}

static void cxl_dcd_line_read(void *opaque, const uint8_t *bytes, int len)
{
    CXLDcdLine *line = opaque;

    g_byte_array_append(line->in, bytes, len);
    cxl_dcd_line_feed(line);
}

bool cxl_dcd_line_has(const CXLDcdLine *line, uint8_t eid)
{
    return cxl_dcd_mctp_bus_find(line->bus, eid);
}

void cxl_dcd_line_ready(CXLDcdLine *line)
{
    line->references++;
    cxl_dcd_line_feed(line);
    qemu_chr_fe_accept_input(&line->chr);
    cxl_dcd_line_unref(line);
}

static void cxl_dcd_line_event(void *opaque, QEMUChrEvent event)
{
    CXLDcdLine *line = opaque;

    if (event != CHR_EVENT_OPENED && event != CHR_EVENT_CLOSED) {
        return;
    }
    line->open = event == CHR_EVENT_OPENED;
    if (!line->open) {
        if (line->watch) {
            g_source_remove(line->watch);
            line->watch = 0;
        }
        g_byte_array_set_size(line->in, 0);
        g_byte_array_set_size(line->out, 0);
        cxl_dcd_mctp_bus_link_reset(line->bus);
    }
    for (unsigned i = 0; i < line->clients->len; i++) {
        const CXLDcdLineClient *client = g_ptr_array_index(line->clients, i);

        client->event(client->opaque, line->open);
    }
}

/* The line on character device @label, made when it is the first use. */
static CXLDcdLine *cxl_dcd_line_get(const char *label, Error **errp)
{
    CXLDcdLine *line;
    Chardev *chr;

    QLIST_FOREACH(line, &cxl_dcd_lines, next) {
        if (!strcmp(line->label, label)) {
            line->references++;
            return line;
        }
    }
    chr = qemu_chr_find(label);
    if (!chr) {
        error_setg(errp, "property '" CXL_DCD_PROP_FMAPI "': there is no "
                   "character device '%s'; make it with -chardev ...,id=%s",
                   label, label);
        return NULL;
    }
    line = g_new0(CXLDcdLine, 1);
    if (!qemu_chr_fe_init(&line->chr, chr, errp)) {
        error_prepend(errp, "property '" CXL_DCD_PROP_FMAPI "': ");
        g_free(line);
        return NULL;
    }
    line->references = 1;
    line->label = g_strdup(label);
    line->bus = cxl_dcd_mctp_bus_new();
    line->clients = g_ptr_array_new();
    line->in = g_byte_array_new();
    line->out = g_byte_array_new();
    QLIST_INSERT_HEAD(&cxl_dcd_lines, line, next);
    qemu_chr_fe_set_handlers(&line->chr, cxl_dcd_line_can_read,
                             cxl_dcd_line_read, cxl_dcd_line_event, NULL, line,
                             NULL, true);
    return line;
}

CXLDcdLine *cxl_dcd_line_join(const char *label, const CXLDcdLineClient *client,
                              Error **errp)
{
    CXLDcdLine *line = cxl_dcd_line_get(label, errp);

    if (!line) {
        return NULL;
    }
    if (!cxl_dcd_mctp_bus_attach(line->bus, client->mctp)) {
        error_setg(errp, "property '" CXL_DCD_PROP_FMAPI_EID "': MCTP endpoint "
                   "id %u is taken on character device '%s'; give every "
                   "device there another", cxl_dcd_mctp_eid(client->mctp),
                   label);
        cxl_dcd_line_unref(line);
        return NULL;
    }
    g_ptr_array_add(line->clients, (void *)client);
    return line;
}

void cxl_dcd_line_leave(CXLDcdLine *line, const CXLDcdLineClient *client)
{
    cxl_dcd_mctp_bus_detach(line->bus, client->mctp);
    g_ptr_array_remove(line->clients, (void *)client);
    cxl_dcd_line_ready(line); /* it may have been busy */
    cxl_dcd_line_unref(line);
}
