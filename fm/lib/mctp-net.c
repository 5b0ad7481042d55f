/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * MCTP through the kernel: a socket of AF_MCTP instead of a line of our own
 *
 * For endpoints behind I2C, I3C, USB or a serial port that the kernel has,
 * where it cuts messages into packets, finds the way, and keeps tags. Who is
 * there, an operator says (mctp(8), mctpd); we ask the endpoint that we are
 * given.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <linux/mctp.h>
#include "error.h"
#include "handle.h"
#include "mctp-net.h"

#ifndef AF_MCTP
#define AF_MCTP 45
#endif

#define EID_MAX     254
#define NETWORK_MAX INT32_MAX

static int cxlfm_mctp_net_broken(cxlfm *fm, const char *what)
{
    const char *hint = "";

    if (errno == EACCES || errno == EPERM) {
        hint = "; MCTP takes CAP_NET_RAW to send, which root has";
    } else if (errno == EAFNOSUPPORT) {
        hint = "; this kernel was built without CONFIG_MCTP";
    } else if (errno == EHOSTUNREACH || errno == ENETUNREACH) {
        hint = "; has the endpoint a route, and its link an address? See "
               "mctp route, mctp address";
    }
    return cxlfm_fail(fm, CXLFM_ERROR_UNREACHABLE, "%s: %s: %s%s", fm->address,
                      what, g_strerror(errno), hint);
}

/* "NET:EID" */
static int cxlfm_mctp_net_parse(cxlfm *fm, const char *where)
{
    char *end = NULL;
    unsigned long network = 0, eid = 0;

    if (g_ascii_isdigit(where[0])) {
        network = strtoul(where, &end, 10);
    }
    if (end && *end == ':' && g_ascii_isdigit(end[1])) {
        eid = strtoul(end + 1, &end, 10);
    }
    if (!end || *end || fm->eid || !network || network > NETWORK_MAX ||
        eid < CXL_DCD_MCTP_EID_FIRST || eid > EID_MAX) {
        return cxlfm_fail(fm, CXLFM_ERROR_INVALID,
                          "address %s: give the kernel's number of the network, "
                          "from 1, and the endpoint's id, from %d to %d, as in "
                          "fm:mctp:1:9", fm->address, CXL_DCD_MCTP_EID_FIRST,
                          EID_MAX);
    }
    fm->network = network;
    fm->eid = eid;
    return 0;
}

int cxlfm_mctp_net_open(cxlfm *fm, const char *where)
{
    struct sockaddr_mctp listen = {
        .smctp_family = AF_MCTP,
        .smctp_type = CXL_DCD_MCTP_TYPE_CCI,
        .smctp_addr.s_addr = MCTP_ADDR_ANY,
    };
    int ret = cxlfm_mctp_net_parse(fm, where);

    if (ret < 0) {
        return ret;
    }
    listen.smctp_network = fm->network;
    fm->fd = socket(AF_MCTP, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fm->fd < 0) {
        return cxlfm_mctp_net_broken(fm, "no socket for MCTP");
    }
    /*
     * Requests to us, which Event Notification is. Of a type, one socket of a
     * network has them.
     */
    if (bind(fm->fd, (struct sockaddr *)&listen, sizeof(listen))) {
        cxlfm_log(fm, "%s: no notifications will come: %s", fm->address,
                  g_strerror(errno));
    }
    return 0;
}

static int cxlfm_mctp_net_poll(cxlfm *fm, short events, CxlfmDeadline deadline)
{
    struct pollfd poller = { .fd = fm->fd, .events = events };
    int ret;

    do {
        ret = poll(&poller, 1, cxlfm_left(deadline));
    } while (ret < 0 && errno == EINTR);
    return ret < 0 ? cxlfm_mctp_net_broken(fm, "waiting") : ret;
}

int cxlfm_mctp_net_send(cxlfm *fm, uint8_t eid, const uint8_t *body, size_t len,
                        CxlfmDeadline deadline)
{
    const struct sockaddr_mctp to = {
        .smctp_family = AF_MCTP,
        .smctp_network = fm->network,
        .smctp_addr.s_addr = eid,
        .smctp_type = body[0],
        .smctp_tag = MCTP_TAG_OWNER,
    };
    int ret;

    while (sendto(fm->fd, body + 1, len - 1, MSG_NOSIGNAL,
                  (const struct sockaddr *)&to, sizeof(to)) < 0) {
        /* EBUSY: all eight tags to this endpoint are out, for a while */
        if (errno == EBUSY || errno == ENOBUFS) {
            g_usleep(1000);
            ret = cxlfm_left(deadline);
        } else if (errno == EAGAIN) {
            ret = cxlfm_mctp_net_poll(fm, POLLOUT, deadline);
        } else {
            ret = errno == EINTR ? 1 : cxlfm_mctp_net_broken(fm, "sending");
        }
        if (ret <= 0) {
            return ret < 0 ? ret :
                   cxlfm_fail(fm, CXLFM_ERROR_TIMEOUT,
                              "%s: the kernel took no more requests in time",
                              fm->address);
        }
    }
    return 0;
}

int cxlfm_mctp_net_receive(cxlfm *fm, uint8_t *buffer, size_t size,
                           CxlfmDeadline deadline, CXLDcdMctpMessage *ret)
{
    struct sockaddr_mctp from = { 0 };
    socklen_t from_len = sizeof(from);
    ssize_t n;
    int ready;

    do {
        /* MSG_TRUNC: what it really had */
        n = recvfrom(fm->fd, buffer + 1, size - 1, MSG_TRUNC,
                     (struct sockaddr *)&from, &from_len);
        ready = 1;
        if (n < 0 && errno == EAGAIN) {
            ready = cxlfm_mctp_net_poll(fm, POLLIN, deadline);
        } else if (n < 0 && errno != EINTR) {
            ready = cxlfm_mctp_net_broken(fm, "receiving");
        }
    } while (n < 0 && ready > 0);
    if (ready <= 0) {
        return ready;
    }
    buffer[0] = from.smctp_type & 0x7f;
    *ret = (CXLDcdMctpMessage) {
        .source = from.smctp_addr.s_addr,
        .tag = from.smctp_tag & MCTP_TAG_MASK,
        .tag_owner = from.smctp_tag & MCTP_TAG_OWNER,
        .body = buffer,
        .len = 1 + MIN((size_t)n, size - 1),
        .total = 1 + (size_t)n,
    };
    return 1;
}
