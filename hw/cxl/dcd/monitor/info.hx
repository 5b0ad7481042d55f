HXCOMM SPDX-License-Identifier: GPL-2.0-or-later

    {
        .name       = "cxl-dynamic-capacity",
        .args_type  = "",
        .params     = "",
        .help       = "show dynamic capacity of CXL devices",
    },

SRST
  ``info cxl-dynamic-capacity``
    Show regions and extents of CXL dynamic capacity devices.
ERST
