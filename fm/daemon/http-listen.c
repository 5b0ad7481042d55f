/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Listening sockets
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <netdb.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <gio/gio.h>
#include "http-call.h"

#define BACKLOG 4096

static int http_listen_fail(int fd, GError **error, const char *where,
                            const char *what)
{
    int reason = errno;

    g_set_error(error, G_IO_ERROR, g_io_error_from_errno(reason),
                "%s: %s: %s", where, what, g_strerror(reason));
    if (fd >= 0) {
        close(fd);
    }
    return -1;
}

/* A socket that nobody listens on any more goes; false: somebody does. */
static bool http_listen_clear(const struct sockaddr_un *address)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    struct stat there;
    bool busy;

    if (fd < 0) {
        return true;
    }
    busy = !connect(fd, (const struct sockaddr *)address, sizeof(*address)) ||
           errno == EAGAIN;
    close(fd);
    if (!busy && !lstat(address->sun_path, &there) &&
        S_ISSOCK(there.st_mode)) {
        unlink(address->sun_path);
    }
    return !busy;
}

static bool http_listen_rights(const HttpConfig *config)
{
    const struct group *group;

    if (config->socket_group) {
        group = getgrnam(config->socket_group);
        if (!group) {
            errno = ENOENT;
            return false;
        }
        if (chown(config->socket, -1, group->gr_gid) < 0) {
            return false;
        }
    }
    return !chmod(config->socket, config->socket_mode);
}

int http_listen_unix(HttpServer *server, GError **error)
{
    const HttpConfig *config = server->config;
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    struct stat there;
    mode_t mask;
    int fd, ret;

    if (config->socket_fd >= 0) {
        /* It is as somebody else made it. */
        fcntl(config->socket_fd, F_SETFD, FD_CLOEXEC);
        fcntl(config->socket_fd, F_SETFL,
              fcntl(config->socket_fd, F_GETFL) | O_NONBLOCK);
        return config->socket_fd;
    }
    if (g_strlcpy(address.sun_path, config->socket,
                  sizeof(address.sun_path)) >= sizeof(address.sun_path)) {
        errno = ENAMETOOLONG;
        return http_listen_fail(-1, error, config->socket, "socket of [http]");
    }
    if (!http_listen_clear(&address)) {
        errno = EADDRINUSE;
        return http_listen_fail(-1, error, config->socket,
                                "another daemon serves there");
    }
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return http_listen_fail(fd, error, config->socket, "no socket");
    }
    /* Nobody else gets in before it has its group and mode. */
    mask = umask(0177);
    ret = bind(fd, (const struct sockaddr *)&address, sizeof(address));
    umask(mask);
    if (ret < 0) {
        return http_listen_fail(fd, error, config->socket, "cannot listen");
    }
    if (!http_listen_rights(config) || stat(config->socket, &there) < 0 ||
        listen(fd, BACKLOG) < 0) {
        ret = errno;
        unlink(config->socket);
        errno = ret;
        return http_listen_fail(fd, error, config->socket,
                                "socket-group and socket-mode of [http]");
    }
    server->socket = g_strdup(config->socket);
    server->socket_device = there.st_dev;
    server->socket_inode = there.st_ino;
    return fd;
}

void http_listen_end(HttpServer *server)
{
    struct stat there;

    if (server->socket && !lstat(server->socket, &there) &&
        there.st_dev == server->socket_device &&
        there.st_ino == server->socket_inode) {
        unlink(server->socket);
    }
    g_free(server->socket);
}

/* "ADDRESS:PORT" or "[ADDRESS]:PORT"; the caller frees the list. */
static struct addrinfo *http_listen_resolve(const char *where, GError **error)
{
    const struct addrinfo hints = {
        .ai_flags = AI_PASSIVE | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM,
    };
    const char *colon = strrchr(where, ':');
    g_autofree char *host = NULL;
    struct addrinfo *list = NULL;
    int ret = EAI_NONAME;

    if (colon) {
        host = g_strndup(where, colon - where);
        if (*host == '[' && g_str_has_suffix(host, "]")) {
            memmove(host, host + 1, strlen(host));
            host[strlen(host) - 1] = '\0';
        }
        ret = getaddrinfo(*host ? host : NULL, colon + 1, &hints, &list);
    }
    if (ret) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                    "[http] listen: ADDRESS:PORT, such as 0.0.0.0:8443, not "
                    "'%s' (%s)", where, gai_strerror(ret));
        return NULL;
    }
    return list;
}

int http_listen_tcp(const HttpConfig *config, GError **error)
{
    struct addrinfo *list = http_listen_resolve(config->listen, error);
    const int yes = 1;
    int fd;

    if (!list) {
        return -1;
    }
    fd = socket(list->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
                0);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes,
                             sizeof(yes)) < 0 ||
        bind(fd, list->ai_addr, list->ai_addrlen) < 0 ||
        listen(fd, BACKLOG) < 0) {
        fd = http_listen_fail(fd, error, config->listen, "cannot listen");
    }
    freeaddrinfo(list);
    return fd;
}
