/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * AF_MCTP for a program on a kernel without it: to be preloaded
 *
 * A socket of that family becomes a serial line (DSP0253) to the unix socket
 * that MCTP_LINE names, which is what the kernel's mctp-serial would have; the
 * program sees the kernel's interface: whole messages, addresses, tags that are
 * not its own. As on the kernel: requests come to who has bound their type,
 * answers to who has asked. With MCTP_NOISE, another endpoint never stops to send
 * requests.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <glib.h>
#include <linux/mctp.h>
#include "hw/cxl/dcd/mctp.h"

#define FAMILY      45
#define OUR_EID     8
#define MESSAGE_MAX 4096

typedef struct Line {
    int fd;
    CXLDcdMctp *mctp;
    int bound;                    /* type of requests; -1: none */
    uint8_t next_tag;
    GQueue messages;              /* of GByteArray: address, then the body */
} Line;

static Line *line;

static void line_send(void *opaque, const uint8_t *bytes, size_t len)
{
    while (len) {
        ssize_t n = write(((Line *)opaque)->fd, bytes, len);

        if (n > 0) {
            bytes += n;
            len -= n;
        } else if (errno != EAGAIN && errno != EINTR) {
            return;
        }
    }
}

static void line_message(void *opaque, const CXLDcdMctpMessage *message)
{
    Line *l = opaque;
    struct sockaddr_mctp from = {
        .smctp_family = FAMILY,
        .smctp_network = 1,
        .smctp_addr.s_addr = message->source,
        .smctp_type = message->body[0],
        .smctp_tag = message->tag | (message->tag_owner ? MCTP_TAG_OWNER : 0),
    };
    GByteArray *kept;

    if (message->tag_owner && message->body[0] != l->bound) {
        return;
    }
    kept = g_byte_array_new();
    g_byte_array_append(kept, (const uint8_t *)&from, sizeof(from));
    g_byte_array_append(kept, message->body + 1, message->len - 1);
    g_queue_push_tail(&l->messages, kept);
}

int socket(int domain, int type, int protocol)
{
    static const CXLDcdMctpOps ops = {
        .send = line_send, .message = line_message,
    };
    const CXLDcdMctpConfig config = { .eid = OUR_EID,
                                      .max_message = MESSAGE_MAX };
    int (*real)(int, int, int) = dlsym(RTLD_NEXT, "socket");
    struct sockaddr_un address = { .sun_family = AF_UNIX };

    if (domain != FAMILY || !getenv("MCTP_LINE")) {
        return real(domain, type, protocol);
    }
    line = g_new0(Line, 1);
    g_strlcpy(address.sun_path, getenv("MCTP_LINE"), sizeof(address.sun_path));
    line->fd = real(AF_UNIX, SOCK_STREAM | (type & SOCK_CLOEXEC), 0);
    line->bound = -1;
    if (connect(line->fd, (struct sockaddr *)&address, sizeof(address)) ||
        (type & SOCK_NONBLOCK &&
         fcntl(line->fd, F_SETFL, O_NONBLOCK))) {
        return -1;
    }
    line->mctp = cxl_dcd_mctp_new(&config, &ops, line);
    return line->fd;
}

int bind(int fd, const struct sockaddr *address, socklen_t len)
{
    int (*real)(int, const struct sockaddr *, socklen_t) =
        dlsym(RTLD_NEXT, "bind");

    if (!line || fd != line->fd) {
        return real(fd, address, len);
    }
    if (getenv("MCTP_TAKEN")) {
        errno = EADDRINUSE;
        return -1;
    }
    line->bound = ((const struct sockaddr_mctp *)address)->smctp_type;
    return 0;
}

ssize_t sendto(int fd, const void *bytes, size_t len, int flags,
               const struct sockaddr *address, socklen_t address_len)
{
    ssize_t (*real)(int, const void *, size_t, int, const struct sockaddr *,
                    socklen_t) = dlsym(RTLD_NEXT, "sendto");
    const struct sockaddr_mctp *to = (const struct sockaddr_mctp *)address;
    g_autofree uint8_t *body = NULL;

    if (!line || fd != line->fd) {
        return real(fd, bytes, len, flags, address, address_len);
    }
    if (to->smctp_network != 1) {
        errno = EHOSTUNREACH;
        return -1;
    }
    body = g_malloc(len + 1);
    body[0] = to->smctp_type;
    memcpy(body + 1, bytes, len);
    /* Not the numbers that a program would give */
    line->next_tag = (line->next_tag + 5) & MCTP_TAG_MASK;
    cxl_dcd_mctp_send(line->mctp, OUR_EID, to->smctp_addr.s_addr,
                      line->next_tag, true, body, len + 1);
    return len;
}

/* Always one more request, of endpoint 77 */
static ssize_t noise(void *buffer, size_t size, struct sockaddr *address,
                     socklen_t *address_len)
{
    const struct sockaddr_mctp from = {
        .smctp_family = FAMILY,
        .smctp_network = 1,
        .smctp_addr.s_addr = 77,
        .smctp_type = line->bound,
        .smctp_tag = MCTP_TAG_OWNER,
    };

    memcpy(address, &from, sizeof(from));
    *address_len = sizeof(from);
    memset(buffer, 0, MIN(size, 16));
    return 16;
}

ssize_t recvfrom(int fd, void *buffer, size_t size, int flags,
                 struct sockaddr *address, socklen_t *address_len)
{
    ssize_t (*real)(int, void *, size_t, int, struct sockaddr *, socklen_t *) =
        dlsym(RTLD_NEXT, "recvfrom");
    g_autoptr(GByteArray) message = NULL;
    uint8_t bytes[512];
    size_t len;
    ssize_t n;

    if (!line || fd != line->fd) {
        return real(fd, buffer, size, flags, address, address_len);
    }
    if (getenv("MCTP_NOISE")) {
        return noise(buffer, size, address, address_len);
    }
    while (g_queue_is_empty(&line->messages)) {
        n = read(fd, bytes, sizeof(bytes));
        if (n <= 0) {
            if (!n) {
                errno = EHOSTUNREACH;
            }
            return -1;
        }
        cxl_dcd_mctp_receive(line->mctp, bytes, n);
    }
    message = g_queue_pop_head(&line->messages);
    memcpy(address, message->data, sizeof(struct sockaddr_mctp));
    *address_len = sizeof(struct sockaddr_mctp);
    len = message->len - sizeof(struct sockaddr_mctp);
    memcpy(buffer, message->data + sizeof(struct sockaddr_mctp),
           MIN(len, size));
    return len;
}
