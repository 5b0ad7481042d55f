/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Accounts, which are the names in the tokens file, and their roles. They are
 * only read: the file is changed by who owns it.
 */
#include <string.h>
#include "redfish-tree.h"

static const struct {
    const char *id;
    AuthRole role;
    const char *privileges[5];
} roles[] = {
    { "ReadOnly", AUTH_READER, { "Login", "ConfigureSelf" } },
    { "Operator", AUTH_USER, { "Login", "ConfigureSelf",
                               "ConfigureComponents" } },
    { "Administrator", AUTH_ADMIN, { "Login", "ConfigureSelf",
                                     "ConfigureComponents",
                                     "ConfigureManager",
                                     "ConfigureUsers" } },
};

struct json_object *redfish_account_service(RedfishView *view,
                                            char *const *part)
{
    struct json_object *to = node_new("AccountService.v1_15_0.AccountService",
                                      "AccountService", "Names of tokens",
                                      "/AccountService");

    node_bool(to, "ServiceEnabled", true);
    node_text(to, "LocalAccountAuth", "Enabled");
    node_text(to, "HTTPBasicAuth", "Enabled");
    node_number(to, "AccountLockoutThreshold", 0);
    node_number(to, "AccountLockoutDuration", 0);
    node_number(to, "AccountLockoutCounterResetAfter", 0);
    node_number(to, "MinPasswordLength", 16);
    node_number(to, "MaxPasswordLength", 512);
    node_status(to, "Enabled", "OK");
    node_link(to, "Accounts", "/AccountService/Accounts");
    node_link(to, "Roles", "/AccountService/Roles");
    return to;
}

static GPtrArray *account_list(HttpRequest *request)
{
    return request->tokens ? auth_tokens_list(request->tokens) :
           g_ptr_array_new();
}

/*
 * Names need not be such as can stand in a path, nor be different: an account
 * is the number of its line among the tokens.
 */
struct json_object *redfish_accounts(RedfishView *view, char *const *part)
{
    struct json_object *to = node_collection("ManagerAccountCollection",
                                             "Names of tokens",
                                             "/AccountService/Accounts");
    g_autoptr(GPtrArray) list = account_list(view->request);
    unsigned i;

    for (i = 0; i < list->len; i++) {
        node_member(to, "/AccountService/Accounts/%u", i + 1);
    }
    return to;
}

struct json_object *redfish_account(RedfishView *view, char *const *part)
{
    g_autoptr(GPtrArray) list = account_list(view->request);
    const AuthGrant *grant;
    const char *role = "";
    struct json_object *to;
    guint64 number;
    unsigned i;

    if (part[0][0] == '0' || !list->len ||
        !g_ascii_string_to_unsigned(part[0], 10, 1, list->len, &number, NULL)) {
        return NULL;
    }
    grant = list->pdata[number - 1];
    for (i = 0; i < G_N_ELEMENTS(roles); i++) {
        role = roles[i].role == grant->role ? roles[i].id : role;
    }
    to = node_new("ManagerAccount.v1_7_0.ManagerAccount", part[0], grant->name,
                  "/AccountService/Accounts/%s", part[0]);
    node_text(to, "UserName", grant->name);
    node_null(to, "Password");
    node_text(to, "RoleId", role);
    node_bool(to, "Enabled", true);
    node_bool(to, "Locked", false);
    node_texts(to, "AccountTypes", "Redfish", NULL);
    node_link(node_object(to, "Links"), "Role", "/AccountService/Roles/%s",
              role);
    return to;
}

struct json_object *redfish_roles(RedfishView *view, char *const *part)
{
    struct json_object *to = node_collection("RoleCollection", "Roles",
                                             "/AccountService/Roles");
    unsigned i;

    for (i = 0; i < G_N_ELEMENTS(roles); i++) {
        node_member(to, "/AccountService/Roles/%s", roles[i].id);
    }
    return to;
}

struct json_object *redfish_role(RedfishView *view, char *const *part)
{
    struct json_object *to, *list;
    unsigned i, j;

    for (i = 0; i < G_N_ELEMENTS(roles) && strcmp(roles[i].id, part[0]); i++) {
        continue;
    }
    if (i == G_N_ELEMENTS(roles)) {
        return NULL;
    }
    to = node_new("Role.v1_2_2.Role", part[0],
                  auth_role_name(roles[i].role), "/AccountService/Roles/%s",
                  part[0]);
    node_text(to, "RoleId", part[0]);
    node_bool(to, "IsPredefined", true);
    list = node_array(to, "AssignedPrivileges");
    for (j = 0; j < G_N_ELEMENTS(roles[i].privileges) &&
         roles[i].privileges[j]; j++) {
        json_object_array_add(list, json_object_new_string(
            roles[i].privileges[j]));
    }
    node_array(to, "OemPrivileges");
    return to;
}
