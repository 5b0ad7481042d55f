/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The line under a door: a unix socket, TCP, or a terminal, with deadlines
 */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>
#include "error.h"
#include "handle.h"
#include "resolve.h"
#include "stream.h"

#define SOON_US  100
#define QUEUE_US 2000
/* Device numbers of ptys, of which the kernel's devices.txt has eight */
#define PTY_MAJOR      136
#define PTY_MAJOR_LAST 143

static int cxlfm_stream_unreachable(cxlfm *fm, int error)
{
    const char *hint = "";

    if (error == ENOENT) {
        hint = "; is the machine running, and is this its socket?";
    } else if (error == ECONNREFUSED) {
        hint = "; nothing listens there any more";
    } else if (error == EAGAIN) {
        hint = "; another fabric manager holds it";
    }
    return cxlfm_fail(fm, CXLFM_ERROR_UNREACHABLE, "cannot reach %s: %s%s",
                      fm->address, g_strerror(error), hint);
}

/* Wait until the line is ready for @events. 1 ready, 0 too late. */
static int cxlfm_stream_poll(cxlfm *fm, short events, CxlfmDeadline deadline)
{
    struct pollfd poller = { .fd = fm->fd, .events = events };
    int ret;

    do {
        ret = poll(&poller, 1, cxlfm_left(deadline));
    } while (ret < 0 && errno == EINTR);
    return ret < 0 ? cxlfm_stream_unreachable(fm, errno) : ret;
}

static int cxlfm_stream_connect_fd(cxlfm *fm, const struct sockaddr *address,
                                   socklen_t len, CxlfmDeadline deadline)
{
    int error = 0, ret;
    socklen_t error_len = sizeof(error);

    do {
        if (!connect(fm->fd, address, len)) {
            return 0;
        }
        /* EAGAIN: its queue is full, for which poll() does not wait. */
    } while (errno == EAGAIN && cxlfm_left(deadline) && !usleep(QUEUE_US));
    if (errno != EINPROGRESS) {
        return cxlfm_stream_unreachable(fm, errno);
    }
    ret = cxlfm_stream_poll(fm, POLLOUT, deadline);
    if (ret < 0) {
        return ret;
    }
    if (!ret) {
        return cxlfm_stream_unreachable(fm, ETIMEDOUT);
    }
    getsockopt(fm->fd, SOL_SOCKET, SO_ERROR, &error, &error_len);
    return error ? cxlfm_stream_unreachable(fm, error) : 0;
}

/* Who listens there? A path does not say it: it may lead elsewhere by now. */
static int cxlfm_stream_check_owner(cxlfm *fm)
{
    struct ucred peer;
    socklen_t len = sizeof(peer);

    if (!fm->own) {
        return 0;
    }
    if (getsockopt(fm->fd, SOL_SOCKET, SO_PEERCRED, &peer, &len)) {
        return cxlfm_stream_unreachable(fm, errno);
    }
    return !peer.uid || peer.uid == geteuid() ? 0 :
           cxlfm_fail(fm, CXLFM_ERROR_UNREACHABLE, "user %u listens at %s, who "
                      "is neither you nor root; name the address yourself if "
                      "you trust that user", (unsigned)peer.uid, fm->address);
}

static int cxlfm_stream_open_unix(cxlfm *fm, const char *path,
                                  CxlfmDeadline deadline)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int ret;

    if (!*path || strlen(path) >= sizeof(address.sun_path)) {
        return cxlfm_fail(fm, CXLFM_ERROR_INVALID,
                          "address %s: a socket's path has 1 to %zu characters",
                          fm->address, sizeof(address.sun_path) - 1);
    }
    strcpy(address.sun_path, path);
    fm->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fm->fd < 0) {
        return cxlfm_stream_unreachable(fm, errno);
    }
    ret = cxlfm_stream_connect_fd(fm, (struct sockaddr *)&address,
                                  sizeof(address), deadline);
    return ret < 0 ? ret : cxlfm_stream_check_owner(fm);
}

static int cxlfm_stream_open_tcp(cxlfm *fm, const char *where,
                                 CxlfmDeadline deadline)
{
    const char *port = strrchr(where, ':');
    g_autofree char *host = NULL;
    struct addrinfo *list, *a;
    const int on = 1;
    int ret;

    if (!port || port == where || !port[1]) {
        return cxlfm_fail(fm, CXLFM_ERROR_INVALID,
                          "address %s: TCP needs a host and a port, as in "
                          "tcp:localhost:4444", fm->address);
    }
    if (where[0] == '[' && port[-1] == ']') {
        host = g_strndup(where + 1, port - where - 2);
    } else {
        host = g_strndup(where, port - where);
    }
    ret = cxlfm_resolve(host, port + 1, deadline, &list);
    if (ret) {
        return cxlfm_fail(fm, CXLFM_ERROR_UNREACHABLE, "cannot reach %s: %s",
                          fm->address, gai_strerror(ret));
    }
    ret = CXLFM_ERROR_UNREACHABLE;
    for (a = list; a && ret < 0; a = a->ai_next) {
        cxlfm_stream_close(fm);
        fm->fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC |
                        SOCK_NONBLOCK, a->ai_protocol);
        if (fm->fd < 0) {
            ret = cxlfm_stream_unreachable(fm, errno);
            continue;
        }
        /* Requests are small: holding them back to join them only delays. */
        setsockopt(fm->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        /* One of several that is silent must leave time for the next. */
        ret = cxlfm_stream_connect_fd(fm, a->ai_addr, a->ai_addrlen,
                                      a->ai_next ? cxlfm_deadline(
                                          cxlfm_left(deadline) / 2) :
                                      deadline);
    }
    freeaddrinfo(list);
    return ret;
}

/* Cut ",baud=N" from the end of @path; *ret_speed is 0 when it is not there. */
static int cxlfm_stream_cut_speed(cxlfm *fm, char *path, speed_t *ret_speed)
{
    char *option = g_strrstr(path, ",baud="), *end;
    struct termios trial = { 0 };

    *ret_speed = 0;
    if (!option) {
        return 0;
    }
    *option = '\0';
    option += strlen(",baud=");
    *ret_speed = strtoul(option, &end, 10);
    if (!g_ascii_isdigit(*option) || *end || !*ret_speed ||
        cfsetspeed(&trial, *ret_speed)) {
        return cxlfm_fail(fm, CXLFM_ERROR_INVALID, "address %s: '%s' is not a "
                          "speed that a serial port may have, such as 9600 or "
                          "115200", fm->address, option);
    }
    return 0;
}

/*
 * Nobody else opens a serial port that is ours. Not so of a pty, which would
 * stay so, closed to all but root, after we were killed.
 */
static void cxlfm_stream_claim_tty(int fd)
{
    struct stat status;

    if (!fstat(fd, &status) && (major(status.st_rdev) < PTY_MAJOR ||
                                major(status.st_rdev) > PTY_MAJOR_LAST)) {
        ioctl(fd, TIOCEXCL);
    }
}

static int cxlfm_stream_open_tty(cxlfm *fm, const char *where)
{
    g_autofree char *path = g_strdup(where);
    struct termios settings;
    speed_t speed;
    int ret = cxlfm_stream_cut_speed(fm, path, &speed);

    if (ret < 0) {
        return ret;
    }
    fm->fd = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
    if (fm->fd < 0) {
        return cxlfm_stream_unreachable(fm, errno);
    }
    /* Two on one line would take bytes from each other. */
    if (flock(fm->fd, LOCK_EX | LOCK_NB)) {
        return cxlfm_stream_unreachable(fm, errno);
    }
    if (tcgetattr(fm->fd, &settings)) {
        return cxlfm_stream_unreachable(fm, errno);
    }
    fm->terminal = g_new(struct termios, 1);
    *fm->terminal = settings;
    cfmakeraw(&settings);
    /* Eight bits, one to stop, and no wires that say when. */
    settings.c_cflag &= ~(CSTOPB | CRTSCTS);
    settings.c_cflag |= CLOCAL | CREAD;
    if (speed) {
        cfsetspeed(&settings, speed);
    }
    cxlfm_stream_claim_tty(fm->fd);
    if (tcsetattr(fm->fd, TCSANOW, &settings)) {
        return cxlfm_stream_unreachable(fm, errno);
    }
    return 0;
}

void cxlfm_stream_close(cxlfm *fm)
{
    if (fm->fd >= 0) {
        if (fm->terminal) {
            ioctl(fm->fd, TIOCNXCL);
            tcsetattr(fm->fd, TCSANOW, fm->terminal);
        }
        close(fm->fd);
        fm->fd = -1;
    }
    g_clear_pointer(&fm->terminal, g_free);
}

int cxlfm_stream_open(cxlfm *fm, const char *where, CxlfmDeadline deadline)
{
    int ret;

    if (g_str_has_prefix(where, "tcp:")) {
        ret = cxlfm_stream_open_tcp(fm, where + strlen("tcp:"), deadline);
    } else if (g_str_has_prefix(where, "tty:")) {
        ret = cxlfm_stream_open_tty(fm, where + strlen("tty:"));
    } else {
        ret = cxlfm_stream_open_unix(fm, where, deadline);
    }
    if (ret < 0) {
        cxlfm_stream_close(fm);
    }
    return ret;
}

/* The line is of no use any more. */
static int cxlfm_stream_broken(cxlfm *fm, const char *why)
{
    cxlfm_stream_close(fm);
    return cxlfm_fail(fm, CXLFM_ERROR_UNREACHABLE,
                      "the connection to %s broke: %s", fm->address, why);
}

int cxlfm_stream_write(cxlfm *fm, const void *bytes, size_t len,
                       CxlfmDeadline deadline)
{
    const uint8_t *at = bytes;

    while (len) {
        /* No SIGPIPE, which would end the program that uses the library. */
        ssize_t n = send(fm->fd, at, len, MSG_NOSIGNAL);

        if (n < 0 && errno == ENOTSOCK) {
            n = write(fm->fd, at, len);
        }
        if (n >= 0) {
            at += n;
            len -= n;
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            int ret = cxlfm_stream_poll(fm, POLLOUT, deadline);

            if (ret < 0) {
                return ret;
            }
            if (!ret) {
                /* A part of the message may be out: no other can follow. */
                return cxlfm_stream_broken(fm, "the other side does not read");
            }
        } else if (errno != EINTR) {
            return cxlfm_stream_broken(fm, g_strerror(errno));
        }
    }
    return 0;
}

int cxlfm_stream_read(cxlfm *fm, void *bytes, size_t size,
                      CxlfmDeadline deadline)
{
    for (;;) {
        ssize_t n = read(fm->fd, bytes, MIN(size, G_MAXINT));

        if (n > 0) {
            return n;
        }
        if (!n) {
            return cxlfm_stream_broken(fm, "the other side closed it");
        }
        if (errno == EAGAIN || errno == EWOULDBLOCK) {
            int ret = cxlfm_stream_poll(fm, POLLIN, deadline);

            if (ret <= 0) {
                return ret;
            }
        } else if (errno != EINTR) {
            return cxlfm_stream_broken(fm, g_strerror(errno));
        }
    }
}

/*
 * A device answers a small command in less time than it takes the kernel to
 * put us to sleep and to wake us, so look again for a moment before sleeping.
 * sched_yield() lets the device run meanwhile where it shares our processor.
 */
int cxlfm_stream_read_soon(cxlfm *fm, void *bytes, size_t size,
                           CxlfmDeadline deadline)
{
    const int64_t end = MIN(g_get_monotonic_time() + SOON_US, deadline);

    do {
        ssize_t n = read(fm->fd, bytes, MIN(size, G_MAXINT));

        if (n > 0) {
            return n;
        }
        if (!n || (errno != EAGAIN && errno != EWOULDBLOCK)) {
            break;                /* cxlfm_stream_read() knows what to say */
        }
        sched_yield();
    } while (g_get_monotonic_time() < end);
    return cxlfm_stream_read(fm, bytes, size, deadline);
}
