// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Is the kernel still bringing CXL devices up?
 *
 * libcxl waits before it looks at devices until udev has no event to handle,
 * since one of them may load the driver that a device lacks. But udev has
 * events of all the machine; when capacity comes and goes quickly it has them
 * for minutes. So it is only waited for while a device lacks its driver.
 */
#include <stdio.h>
#include <errno.h>
#include <string.h>
#include <dirent.h>
#include <unistd.h>
#include <uuid/uuid.h>
#include <ccan/list/list.h>
#include <cxl/libcxl.h>

#include "private.h"

#define BUS_DIR "/sys/bus/cxl/devices"

/* Does a device of this name need a driver to be of use? */
static bool dcd_needs_driver(const char *name)
{
	return strncmp(name, "mem", 3) == 0 || strncmp(name, "port", 4) == 0 ||
	       strncmp(name, "endpoint", 8) == 0;
}

/**
 * cxl_dcd_probe_pending - may a device come, or get its driver, just now?
 *
 * True also when there is no device at all: then their driver may be on its
 * way.
 */
bool cxl_dcd_probe_pending(void)
{
	DIR *dir = opendir(BUS_DIR);
	struct dirent *de;
	char path[512];
	int found = 0;
	bool lacks = false;

	if (!dir)
		return true;
	while (!lacks && (de = readdir(dir)) != NULL) {
		if (!dcd_needs_driver(de->d_name))
			continue;
		found++;
		snprintf(path, sizeof(path), BUS_DIR "/%s/driver", de->d_name);
		lacks = access(path, F_OK) != 0;
	}
	closedir(dir);
	return lacks || !found;
}
