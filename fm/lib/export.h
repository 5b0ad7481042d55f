/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Marks a definition that libcxlfm exports; all others are hidden. */
#ifndef CXLFM_EXPORT_H
#define CXLFM_EXPORT_H

#define CXLFM_EXPORT __attribute__((visibility("default")))

#endif /* CXLFM_EXPORT_H */
