/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hosts of the configuration */
#ifndef CXL_FMD_WISH_HOST_H
#define CXL_FMD_WISH_HOST_H

#include "core.h"

/*
 * The store gets the hosts of the configuration, and loses those that were in
 * it. False when the store cannot be reached: to be tried again.
 */
bool wish_config_hosts(struct fmd *fmd);

#endif /* CXL_FMD_WISH_HOST_H */
