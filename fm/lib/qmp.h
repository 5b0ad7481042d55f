/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The QMP door: one command and its answer. Events that come meanwhile are
 * queued on the handle.
 */
#ifndef CXLFM_QMP_H
#define CXLFM_QMP_H

#include <stdbool.h>
#include "cxlfm.h"
#include "deadline.h"

struct json_object;

/* Take QEMU's greeting on the open line. */
int cxlfm_qmp_open(cxlfm *fm, CxlfmDeadline deadline);
void cxlfm_qmp_close(cxlfm *fm);
/*
 * Run @command; takes over @arguments (may be NULL). *ret_result (may be
 * NULL) is what it returned, to be put with json_object_put().
 */
int cxlfm_qmp_call(cxlfm *fm, const char *command,
                   struct json_object *arguments,
                   struct json_object **ret_result);
/* As struct cxlfm_door_ops has it */
bool cxlfm_qmp_waiting(const cxlfm *fm);
int cxlfm_qmp_pump(cxlfm *fm, unsigned timeout);

#endif /* CXLFM_QMP_H */
