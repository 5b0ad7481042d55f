/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* QEMU's JSON into our structs */
#ifndef CXLFM_QMP_PARSE_H
#define CXLFM_QMP_PARSE_H

#include "cxlfm.h"

struct json_object;

/* The string called @key, "" when there is none; belongs to @from. */
const char *cxlfm_qmp_string(struct json_object *from, const char *key);
/*
 * The number called @key, @absent when there is none. False when it is no
 * number from 0 to @max.
 */
bool cxlfm_qmp_number(struct json_object *from, const char *key,
                      uint64_t absent, uint64_t max, uint64_t *ret_value);
/*
 * Index of the string called @key in @names, @absent when there is none, -1
 * when it is none of them.
 */
int cxlfm_qmp_name(struct json_object *from, const char *key,
                   const char *const *names, int count, int absent);
/* The list called @key; NULL when there is none. */
struct json_object *cxlfm_qmp_list(struct json_object *from, const char *key);
/* Fail: QEMU's @what makes no sense. */
int cxlfm_qmp_senseless(cxlfm *fm, const char *what);
/* Fill from one element of query-cxl-dynamic-capacity. */
int cxlfm_qmp_parse_device(cxlfm *fm, struct json_object *device,
                           struct cxlfm_snapshot *fill);
/* One of our events, for free(); NULL when it is none of ours. */
struct cxlfm_event *cxlfm_qmp_parse_event(const cxlfm *fm,
                                          struct json_object *event);

#endif /* CXLFM_QMP_PARSE_H */
