/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Asking cxl-fmd: claims, hosts, health */
#ifndef CXL_FM_FLEET_H
#define CXL_FM_FLEET_H

#include <stdbool.h>
#include "cxlfm.h"
#include "options.h"
#include "tool.h"

struct json_object;

#define FLEET_DEFAULT_ADDRESS "fmd:" OPTIONS_DAEMON_SOCKET
#define FLEET_UUID_TEXT       CXLFM_TAG_TEXT
/* Of a fleet: in parts that neither side has trouble with */
#define FLEET_CLAIMS          "/v1/claims?limit=1000"
#define FLEET_HOSTS           "/v1/hosts?limit=1000"

/*
 * Connect to the daemon: the first fmd: address that was given, else the
 * default one. The handle belongs to @tool. NULL with @error.
 */
cxlfm *fleet_reach(Tool *tool, GError **error);
/*
 * Ask it; takes over @body (may be NULL). *ret (may be NULL) is the answer.
 * False with @error: no answer, or one that says no; *ret_status (may be NULL)
 * tells them apart: 0 for none.
 */
bool fleet_ask(Tool *tool, cxlfm *fm, const char *method, const char *path,
               struct json_object *body, unsigned *ret_status,
               struct json_object **ret, GError **error);
/*
 * GET @path, whose answer has the list @key. What comes in parts is put together;
 * *ret is the answer with all of it. False with @error.
 */
bool fleet_ask_list(Tool *tool, cxlfm *fm, const char *path, const char *key,
                    struct json_object **ret, GError **error);
/* Names of the hosts that @fm knows, by their UUIDs; NULL with @error */
GHashTable *fleet_host_names(Tool *tool, cxlfm *fm, GError **error);
/* @text as a UUID in small letters; false with @error. */
bool fleet_uuid(const char *text, char ret[FLEET_UUID_TEXT], GError **error);
/* Member @key of @o: its text, "" when it has none; its number, else 0 */
const char *fleet_text(struct json_object *o, const char *key);
uint64_t fleet_number(struct json_object *o, const char *key);
/* Member @key of @o, NULL when it is not there or null */
struct json_object *fleet_member(struct json_object *o, const char *key);

#endif /* CXL_FM_FLEET_H */
