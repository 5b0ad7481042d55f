/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The process behind a monitor */
#include <errno.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "handle.h"
#include "head-peer.h"
#include "words.h"

#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77           /* Linux 6.5 */
#endif

struct head_peer {
    int pidfd;
    pid_t pid;
};

static int peer_pidfd(int line, pid_t pid)
{
    int pidfd;
    socklen_t size = sizeof(pidfd);

    if (!getsockopt(line, SOL_SOCKET, SO_PEERPIDFD, &pidfd, &size)) {
        return pidfd;
    }
    return syscall(SYS_pidfd_open, pid, 0);
}

struct head_peer *head_peer_new(const cxlfm *fm)
{
    struct ucred peer;
    socklen_t size = sizeof(peer);
    struct head_peer *found;
    int pidfd;

    /* Of a terminal, or a machine elsewhere, there is no such process. */
    if (fm->fd < 0 ||
        getsockopt(fm->fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) ||
        peer.pid <= 1 || (pidfd = peer_pidfd(fm->fd, peer.pid)) < 0) {
        return NULL;
    }
    found = g_new(struct head_peer, 1);
    found->pidfd = pidfd;
    found->pid = peer.pid;
    return found;
}

void head_peer_free(struct head_peer *peer)
{
    if (peer) {
        close(peer->pidfd);
        g_free(peer);
    }
}

static bool peer_fail(const struct head_peer *peer, const char *why, int code,
                      GError **error)
{
    return fmd_fail(error, FMD_ERROR_UNAVAILABLE, "process %d is not ended: "
                    "%s%s%s", (int)peer->pid, why, code ? ": " : "",
                    code ? g_strerror(code) : "");
}

static bool peer_has_open(const struct head_peer *peer, const char *file,
                          GError **error)
{
    g_autofree char *folder = g_strdup_printf("/proc/%d/fd", (int)peer->pid);
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    struct stat wanted, found;
    const char *name;
    bool has = false;

    if (stat(file, &wanted)) {
        return peer_fail(peer, file, errno, error);
    }
    if (!dir) {
        return peer_fail(peer, "what it has open cannot be seen: run cxl-fmd "
                         "as its user", 0, error);
    }
    while (!has && (name = g_dir_read_name(dir))) {
        g_autofree char *path = g_build_filename(folder, name, NULL);

        has = !stat(path, &found) && found.st_dev == wanted.st_dev &&
              found.st_ino == wanted.st_ino;
    }
    return has || peer_fail(peer, "it listens at the monitor, but has not the "
                            "pool open: end the machine's process by hand", 0,
                            error);
}

bool head_peer_kill(const struct head_peer *peer, const char *file,
                    GError **error)
{
    if (syscall(SYS_pidfd_send_signal, peer->pidfd, 0, NULL, 0)) {
        return errno == ESRCH || peer_fail(peer, "it may not be signalled",
                                           errno, error);
    }
    /* The number was looked at while the process that is meant had it. */
    if (!peer_has_open(peer, file, error)) {
        return false;
    }
    return !syscall(SYS_pidfd_send_signal, peer->pidfd, SIGKILL, NULL, 0) ||
           errno == ESRCH || peer_fail(peer, "it may not be signalled", errno,
                                       error);
}
