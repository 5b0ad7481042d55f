// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Settings of the kernel: files of one line.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "dcd-setting.h"

/* The first line of a file.  Returns: 0 or -errno. */
int dcd_read_setting(const char *path, char *buf, size_t len)
{
	ssize_t n;
	int fd, rc = 0;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	n = read(fd, buf, len - 1);
	if (n <= 0)
		rc = n < 0 ? -errno : -EIO;
	close(fd);
	if (rc < 0)
		return rc;
	buf[n] = '\0';
	buf[strcspn(buf, "\n")] = '\0';
	return 0;
}

/* Returns: 0 or -errno. */
int dcd_write_setting(const char *path, const char *text)
{
	ssize_t len = strlen(text);
	int fd, rc = 0;

	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (write(fd, text, len) != len)
		rc = -errno;
	close(fd);
	return rc;
}
