/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A descriptor that polls true when there may be an event: the line, or a mark
 * of ours for what has been read from it already
 */
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include "handle.h"
#include "ready.h"

static bool cxlfm_ready_watch(cxlfm *fm, int fd)
{
    struct epoll_event event = { .events = EPOLLIN };

    return !epoll_ctl(fm->poll_fd, EPOLL_CTL_ADD, fd, &event);
}

void cxlfm_ready_open(cxlfm *fm)
{
    fm->poll_fd = epoll_create1(EPOLL_CLOEXEC);
    fm->mark_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (fm->poll_fd < 0 || fm->mark_fd < 0 ||
        !cxlfm_ready_watch(fm, fm->fd) || !cxlfm_ready_watch(fm, fm->mark_fd)) {
        cxlfm_ready_close(fm);
    }
}

void cxlfm_ready_close(cxlfm *fm)
{
    if (fm->poll_fd >= 0) {
        close(fm->poll_fd);
        fm->poll_fd = -1;
    }
    if (fm->mark_fd >= 0) {
        close(fm->mark_fd);
        fm->mark_fd = -1;
    }
}

void cxlfm_ready_mark(cxlfm *fm, bool waiting)
{
    eventfd_t count;

    if (fm->mark_fd >= 0) {
        (void)!(waiting ? eventfd_write(fm->mark_fd, 1) :
                eventfd_read(fm->mark_fd, &count));
    }
}
