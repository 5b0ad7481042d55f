/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A device without a machine: the core, its event logs and its MCTP endpoint
 * as QEMU's device has them, on a socket or a pty, and a host that answers
 * through the mailbox commands. For tests of libcxlfm and cxl-fm.
 *
 *   fm-device unix:PATH | tcp | pty
 *
 * Prints "ready ADDRESS" with the address for cxl-fm. Reads words from stdin,
 * each answered by a line:
 *
 *   accept | reject | half | silent   what the host does with offers (accept)
 *   give | keep                       and with requests to release (give)
 *   expel                             drop the connection
 *   listened                          "yes" when somebody asked for events
 *   quit
 *
 * The regions are those of tests/unit/fixture.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>
#include "../unit/fixture.h"

#define LOG_DEPTH 2048

typedef enum Policy { ACCEPT_ALL, ACCEPT_HALF, ACCEPT_NONE, SILENT } Policy;

typedef struct Device {
    Fixture *f;
    int listener;                 /* -1 for a pty */
    int line;                     /* -1: nobody is connected */
    Policy offers;
    bool gives;
} Device;

/* --- The host --- */

static void host_update(Device *d, uint16_t opcode, const GArray *pairs,
                        unsigned count)
{
    uint16_t code = update(d->f, opcode, false, count,
                           (const uint64_t *)(void *)pairs->data);

    if (code != CXL_DCD_RC_SUCCESS) {
        fprintf(stderr, "fm-device: the host's %04xh: %s\n", opcode,
                cxl_dcd_return_code_name(code));
    }
}

/* The oldest record, then clear it as a driver does. */
static bool host_next(Device *d, CXLDcdEvent *ret_event)
{
    const CXLDcdGetEventsResponse *r;
    uint8_t log = CXL_DCD_EVENT_LOG;
    struct CXL_DCD_PACKED {
        CXLDcdClearEventsRequest head;
        cxl_dcd_le16 handle;
    } clear = { .head = { .log = log, .count = 1 } };
    uint16_t handle;
    uint64_t timestamp;

    g_assert_cmphex(mailbox(d->f, CXL_DCD_OP_GET_EVENT_RECORDS, &log, 1), ==,
                    CXL_DCD_RC_SUCCESS);
    r = (const CXLDcdGetEventsResponse *)d->f->out;
    if (!cxl_dcd_get16(r->record_count)) {
        return false;
    }
    g_assert_true(cxl_dcd_event_decode(&r->records[0], ret_event, &handle,
                                       &timestamp));
    clear.handle = cxl_dcd_put16(handle);
    g_assert_cmphex(mailbox(d->f, CXL_DCD_OP_CLEAR_EVENT_RECORDS, &clear,
                            sizeof(clear)), ==, CXL_DCD_RC_SUCCESS);
    return true;
}

static void host_answer_offer(Device *d, const GArray *pairs)
{
    unsigned count = pairs->len / 2;

    switch (d->offers) {
    case ACCEPT_ALL:
        host_update(d, CXL_DCD_OP_ADD_RESPONSE, pairs, count);
        break;
    case ACCEPT_HALF:
        host_update(d, CXL_DCD_OP_ADD_RESPONSE, pairs, count / 2);
        break;
    default:
        host_update(d, CXL_DCD_OP_ADD_RESPONSE, pairs, 0);
        break;
    }
}

static void host_run(Device *d)
{
    g_autoptr(GArray) pairs = g_array_new(false, false, sizeof(uint64_t));
    CXLDcdEvent event;

    while (d->offers != SILENT && host_next(d, &event)) {
        if (event.type == CXL_DCD_EVENT_ADD ||
            event.type == CXL_DCD_EVENT_RELEASE) {
            g_array_append_val(pairs, event.dpa);
            g_array_append_val(pairs, event.length);
        }
        if (event.more) {
            continue;
        }
        if (event.type == CXL_DCD_EVENT_ADD) {
            host_answer_offer(d, pairs);
        } else if (event.type == CXL_DCD_EVENT_RELEASE && d->gives) {
            host_update(d, CXL_DCD_OP_RELEASE, pairs, pairs->len / 2);
        }
        g_array_set_size(pairs, 0);
    }
}

/* --- The line --- */

static void line_close(Device *d)
{
    if (d->listener >= 0 && d->line >= 0) {
        close(d->line);
        d->line = -1;
    }
    cxl_dcd_endpoint_disconnect(d->f->endpoint);
    g_byte_array_set_size(d->f->line, 0);
}

static void line_flush(Device *d)
{
    GByteArray *out = d->f->line;
    guint at = 0;

    while (d->line >= 0 && at < out->len) {
        ssize_t n = write(d->line, out->data + at, out->len - at);

        if (n < 0 && errno != EINTR) {
            line_close(d);
            return;
        }
        at += MAX(n, 0);
    }
    g_byte_array_set_size(out, 0);
}

static void line_read(Device *d)
{
    uint8_t bytes[4096];
    ssize_t n = read(d->line, bytes, sizeof(bytes));

    if (n <= 0) {
        line_close(d);
        return;
    }
    cxl_dcd_endpoint_receive(d->f->endpoint, bytes, n);
    cxl_dcd_assert_state(d->f->dcd);
    line_flush(d);
    host_run(d);
    line_flush(d);
}

static void line_listen(Device *d, const char *where)
{
    struct sockaddr_un local = { .sun_family = AF_UNIX };
    struct sockaddr_in inet = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    socklen_t len = sizeof(inet);

    if (g_str_has_prefix(where, "unix:")) {
        g_strlcpy(local.sun_path, where + 5, sizeof(local.sun_path));
        d->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        g_assert_cmpint(bind(d->listener, (struct sockaddr *)&local,
                             sizeof(local)), ==, 0);
    } else {
        d->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        g_assert_cmpint(bind(d->listener, (struct sockaddr *)&inet, len), ==,
                        0);
        getsockname(d->listener, (struct sockaddr *)&inet, &len);
    }
    g_assert_cmpint(listen(d->listener, 1), ==, 0);
    if (g_str_has_prefix(where, "unix:")) {
        printf("ready fm:%s\n", where + 5);
    } else {
        printf("ready fm:tcp:127.0.0.1:%u\n", ntohs(inet.sin_port));
    }
}

static void line_pty(Device *d)
{
    struct termios raw;

    d->listener = -1;
    d->line = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    g_assert_cmpint(d->line, >=, 0);
    g_assert_cmpint(grantpt(d->line) | unlockpt(d->line), ==, 0);
    /* Hold the other end open, else reading fails between two clients. */
    int slave = open(ptsname(d->line), O_RDWR | O_NOCTTY | O_CLOEXEC);

    g_assert_cmpint(slave, >=, 0);
    tcgetattr(slave, &raw);
    cfmakeraw(&raw);
    tcsetattr(slave, TCSANOW, &raw);
    printf("ready fm:tty:%s\n", ptsname(d->line));
}

/* --- The test's words --- */

static bool device_word(Device *d, const char *word)
{
    static const char *const offers[] = { "accept", "half", "reject",
                                          "silent" };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(offers); i++) {
        if (!strcmp(word, offers[i])) {
            d->offers = i;
        }
    }
    if (!strcmp(word, "give") || !strcmp(word, "keep")) {
        d->gives = !strcmp(word, "give");
    } else if (!strcmp(word, "expel")) {
        line_close(d);
    }
    host_run(d);
    line_flush(d);
    if (!strcmp(word, "listened")) {
        puts(cxl_dcd_fm_cci_event_policy(d->f->cci) ? "yes" : "no");
        return true;
    }
    puts("ok");
    return strcmp(word, "quit");
}

static bool device_round(Device *d)
{
    struct pollfd fds[3] = {
        { .fd = STDIN_FILENO, .events = POLLIN },
        { .fd = d->line, .events = POLLIN },
        { .fd = d->line < 0 ? d->listener : -1, .events = POLLIN },
    };
    char word[64];

    if (poll(fds, 3, -1) < 0) {
        return errno == EINTR;
    }
    if (fds[1].revents) {
        line_read(d);
    }
    if (fds[2].revents) {
        d->line = accept(d->listener, NULL, NULL);
    }
    if (fds[0].revents) {
        /* One line per write: the test waits for each answer. */
        ssize_t n = read(STDIN_FILENO, word, sizeof(word) - 1);

        if (n <= 0) {
            return false;
        }
        word[n] = '\0';
        return device_word(d, g_strstrip(word));
    }
    return true;
}

int main(int argc, char **argv)
{
    Device d = { .listener = -1, .line = -1, .gives = true };

    if (argc != 2) {
        fputs("usage: fm-device unix:PATH | tcp | pty\n", stderr);
        return 2;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    signal(SIGPIPE, SIG_IGN);
    d.f = fixture_new(LOG_DEPTH);
    if (!strcmp(argv[1], "pty")) {
        line_pty(&d);
    } else {
        line_listen(&d, argv[1]);
    }
    while (device_round(&d)) {
        continue;
    }
    fixture_free(d.f);
    return 0;
}
