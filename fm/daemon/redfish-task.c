/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tasks: claims on their way */
#include <string.h>
#include "redfish-task.h"
#include "redfish-tree.h"

#define TASKS_MAX    1024         /* then the oldest goes */
#define BODY_MAX     4096
#define SEEN_US      (10 * G_USEC_PER_SEC)
#define PATH_TASK    "/TaskService/Tasks/%s"
#define PATH_MONITOR "/TaskService/TaskMonitors/%s"

typedef struct Task {
    char *id;
    RedfishTaskKind kind;
    char *who;                    /* has asked for it */
    char *claim;                  /* UUID */
    char *chunk;                  /* path */
    char *target;                 /* of the request */
    char *body;                   /* "" */
    int64_t begun, ended;         /* s since 1970; 0: not yet */
    int64_t asked;                /* monotonic us */
    bool seen;                    /* its claim was there */
    bool there;                   /* it is now */
    const char *state;            /* TaskState */
    char *message;                /* what the claim's status says */
    unsigned percent;
} Task;

struct RedfishTasks {
    GMutex lock;                  /* of what follows */
    GQueue list;                  /* Task *, oldest first */
};

static void task_free(gpointer data)
{
    Task *task = data;

    g_free(task->id);
    g_free(task->who);
    g_free(task->claim);
    g_free(task->chunk);
    g_free(task->target);
    g_free(task->body);
    g_free(task->message);
    g_free(task);
}

RedfishTasks *redfish_tasks_new(void)
{
    RedfishTasks *tasks = g_new0(RedfishTasks, 1);

    g_queue_init(&tasks->list);
    g_mutex_init(&tasks->lock);
    return tasks;
}

void redfish_tasks_free(RedfishTasks *tasks)
{
    if (tasks) {
        g_queue_clear_full(&tasks->list, task_free);
        g_mutex_clear(&tasks->lock);
        g_free(tasks);
    }
}

/* --- How far it is; with the lock --- */

static bool task_is_over(const Task *task)
{
    return !strcmp(task->state, "Completed") ||
           !strcmp(task->state, "Exception") ||
           !strcmp(task->state, "Cancelled");
}

static const char *task_state_create(const Task *task,
                                     struct json_object *claim)
{
    const char *phase = claim ? redfish_claim_phase(claim) : "Gone";

    if (!claim || node_get_bool(claim, "deleted")) {
        /* The copy of the store may be a little behind. */
        return task->seen || g_get_monotonic_time() - task->asked > SEEN_US ?
               "Cancelled" : "Starting";
    }
    if (!strcmp(phase, "Bound")) {
        return "Completed";
    }
    if (!strcmp(phase, "Lost")) {
        return "Exception";
    }
    if (!strcmp(phase, "Declined")) {
        return "Suspended";
    }
    return !strcmp(phase, "Pending") ? "Pending" : "Running";
}

static const char *task_state_release(struct json_object *claim)
{
    if (!claim || !strcmp(redfish_claim_phase(claim), "Gone")) {
        return "Completed";
    }
    return !strcmp(redfish_claim_phase(claim), "Stuck") ? "Suspended" :
           "Running";
}

/* How much of @claim the first host has */
static unsigned task_percent(struct json_object *claim)
{
    struct json_object *status = node_get(claim, "status");
    struct json_object *extents = node_get(status, "extents");
    uint64_t bytes = node_get_number(claim, "bytes"), have = 0;
    size_t i;

    for (i = 0; i < node_count(extents); i++) {
        struct json_object *e = node_at(extents, i);

        if (!strcmp(node_get_text(e, "state"), "accepted") &&
            !strcmp(node_get_text(e, "host"), node_get_text(status, "host"))) {
            have += node_get_number(e, "length");
        }
    }
    return bytes ? MIN(have / (bytes / 100. + 1), 99) : 0;
}

static void task_look(RedfishView *view, Task *task)
{
    struct json_object *claim = redfish_claim(view, task->claim);

    task->there = claim != NULL;
    if (task_is_over(task)) {
        return;
    }
    task->state = task->kind == REDFISH_TASK_CREATE ?
                  task_state_create(task, claim) : task_state_release(claim);
    task->seen |= claim != NULL;
    g_free(task->message);
    task->message = g_strdup(node_get_text(node_get(claim, "status"),
                                           "message"));
    task->percent = task->kind == REDFISH_TASK_CREATE ? task_percent(claim) :
                    0;
    if (task_is_over(task)) {
        task->ended = g_get_real_time() / G_USEC_PER_SEC;
        task->percent = 100;
    }
}

static Task *task_find(RedfishTasks *tasks, const char *id)
{
    GList *at;

    for (at = tasks->list.head; at; at = at->next) {
        if (!strcmp(((Task *)at->data)->id, id)) {
            return at->data;
        }
    }
    return NULL;
}

/* --- As resources --- */

static void task_messages(struct json_object *to, const Task *task)
{
    struct json_object *list = node_array(to, "Messages"), *one;
    bool good = !strcmp(task->state, "Completed");

    if (!good && !*task->message) {
        return;
    }
    one = json_object_new_object();
    node_text(one, "@odata.type", "#Message.v1_1_2.Message");
    node_text(one, "MessageId", good ? REDFISH_BASE ".Success" :
              REDFISH_BASE ".GeneralError");
    node_text(one, "Message", good ? "The request completed successfully." :
              task->message);
    node_array(one, "MessageArgs");
    node_text(one, "MessageSeverity", good ? "OK" : "Warning");
    node_text(one, "Resolution", good ? "None." : task->message);
    json_object_array_add(list, one);
}

static struct json_object *task_node(const Task *task)
{
    bool create = task->kind == REDFISH_TASK_CREATE;
    struct json_object *to = node_new(
        "Task.v1_7_0.Task", task->id, create ? "Memory is claimed" :
        "Memory is released", PATH_TASK, task->id), *payload;
    g_autofree char *monitor = g_strdup_printf(REDFISH_ROOT PATH_MONITOR,
                                               task->id);

    node_text(to, "TaskState", task->state);
    if (task_is_over(task)) {
        node_text(to, "TaskStatus", !strcmp(task->state, "Completed") ? "OK" :
                  "Warning");
        node_time(to, "EndTime", task->ended);
    }
    node_time(to, "StartTime", task->begun);
    node_text(to, "TaskMonitor", monitor);
    node_number(to, "PercentComplete", task->percent);
    node_bool(to, "HidePayload", false);
    payload = node_object(to, "Payload");
    node_text(payload, "HttpOperation", create ? "POST" : "DELETE");
    node_text(payload, "TargetUri", task->target);
    node_text_if_any(payload, "JsonBody", task->body);
    node_array(payload, "HttpHeaders");
    /* A link leads somewhere, also when that was released since. */
    if (create && task->there && !strcmp(task->state, "Completed")) {
        node_link_add(node_array(node_object(to, "Links"),
                                 "CreatedResources"), "%s", task->chunk);
    }
    task_messages(to, task);
    return to;
}

struct json_object *redfish_task_service(RedfishView *view, char *const *part)
{
    struct json_object *to = node_new("TaskService.v1_2_0.TaskService",
                                      "TaskService", "Tasks", "/TaskService");

    node_text(to, "CompletedTaskOverWritePolicy", "Oldest");
    node_bool(to, "LifeCycleEventOnTaskStateChange", false);
    node_bool(to, "ServiceEnabled", true);
    node_status(to, "Enabled", "OK");
    node_link(to, "Tasks", "/TaskService/Tasks");
    return to;
}

struct json_object *redfish_tasks(RedfishView *view, char *const *part)
{
    struct json_object *to = node_collection("TaskCollection", "Tasks",
                                             "/TaskService/Tasks");
    RedfishTasks *tasks = redfish_of(view->request)->tasks;
    GList *at;

    g_mutex_lock(&tasks->lock);
    for (at = tasks->list.head; at; at = at->next) {
        node_member(to, PATH_TASK, ((Task *)at->data)->id);
    }
    g_mutex_unlock(&tasks->lock);
    return to;
}

struct json_object *redfish_task(RedfishView *view, char *const *part)
{
    RedfishTasks *tasks = redfish_of(view->request)->tasks;
    struct json_object *to = NULL;
    Task *task;

    g_mutex_lock(&tasks->lock);
    task = task_find(tasks, part[0]);
    if (task) {
        task_look(view, task);
        to = task_node(task);
    }
    g_mutex_unlock(&tasks->lock);
    return to;
}

/* --- Requests --- */

static void task_accepted(HttpRequest *request, struct json_object *node)
{
    char *monitor = g_strdup(node_get_text(node, "TaskMonitor"));

    redfish_answer(request, 202, node);
    request->location = monitor;
    request->retry_after = 1;
}

void redfish_task_begin(HttpRequest *request, RedfishTaskKind kind,
                        const char *claim, const char *chunk)
{
    RedfishTasks *tasks = redfish_of(request)->tasks;
    Task *task = g_new0(Task, 1);
    struct json_object *node;
    char id[FMD_UUID_TEXT];
    RedfishView view;

    fmd_uuid_random(id);
    task->id = g_strdup(id);
    task->kind = kind;
    task->who = g_strdup(request->who);
    task->claim = g_strdup(claim);
    task->chunk = g_strdup(chunk);
    task->target = g_strdup(request->path);
    task->body = g_strdup(request->body_text &&
                          strlen(request->body_text) <= BODY_MAX ?
                          request->body_text : "");
    task->message = g_strdup("");
    task->state = "Starting";
    task->begun = g_get_real_time() / G_USEC_PER_SEC;
    task->asked = g_get_monotonic_time();
    redfish_view_begin(&view, request);
    g_mutex_lock(&tasks->lock);
    if (g_queue_get_length(&tasks->list) >= TASKS_MAX) {
        task_free(g_queue_pop_head(&tasks->list));
    }
    g_queue_push_tail(&tasks->list, task);
    task_look(&view, task);
    node = task_node(task);
    g_mutex_unlock(&tasks->lock);
    redfish_view_end(&view);
    task_accepted(request, node);
}

static void task_missing(HttpRequest *request)
{
    redfish_fail(request, 404, "ResourceMissingAtURI", "the service keeps the "
                 "last tasks of its life: look at the chunk", request->path,
                 NULL);
}

/* Only the record goes: to undo the thing is to delete the chunk. */
void redfish_task_delete(HttpRequest *request)
{
    RedfishTasks *tasks = redfish_of(request)->tasks;
    RedfishView view;
    bool over = false, may = true;
    Task *task;

    redfish_view_begin(&view, request);
    g_mutex_lock(&tasks->lock);
    task = task_find(tasks, request->segments[0]);
    if (task) {
        task_look(&view, task);
        over = task_is_over(task);
        /* Whose hosts it was about nobody knows when the claim has gone. */
        may = !request->hosts || !strcmp(request->who, task->who);
    }
    if (over && may) {
        g_queue_remove(&tasks->list, task);
        task_free(task);
    }
    g_mutex_unlock(&tasks->lock);
    redfish_view_end(&view);
    if (!task) {
        task_missing(request);
    } else if (!may) {
        redfish_fail(request, 403, "InsufficientPrivilege", "a token of some "
                     "hosts only ends the records of its own tasks", NULL);
    } else if (!over) {
        redfish_fail(request, 409, "ResourceInUse", "it is not over: to undo "
                     "it, delete the memory chunk", NULL);
    } else {
        http_answer_empty(request, 204);
    }
}

/* What the request would have been answered with, had it waited */
static void task_result(HttpRequest *request, RedfishView *view,
                        const char *claim, const char *chunk)
{
    char *part[HTTP_MAX_SEGMENTS + 1];
    struct json_object *node = NULL;

    if (node_path_fits(PATTERN_CHUNK, chunk, part, HTTP_MAX_SEGMENTS)) {
        node = redfish_chunk(view, part);
        node_parts_free(part);
    }
    if (!node) {
        redfish_fail(request, 404, "ResourceMissingAtURI", NULL, chunk, NULL);
        return;
    }
    redfish_answer(request, 201, node);
    request->location = g_strconcat(REDFISH_ROOT, chunk, NULL);
}

void redfish_task_monitor(HttpRequest *request)
{
    RedfishTasks *tasks = redfish_of(request)->tasks;
    g_autofree char *claim = NULL, *chunk = NULL, *message = NULL;
    struct json_object *node = NULL;
    const char *state = "";
    bool over = false, create = false;
    RedfishView view;
    Task *task;

    redfish_view_begin(&view, request);
    g_mutex_lock(&tasks->lock);
    task = task_find(tasks, request->segments[0]);
    if (task) {
        task_look(&view, task);
        over = task_is_over(task);
        create = task->kind == REDFISH_TASK_CREATE;
        state = task->state;
        claim = g_strdup(task->claim);
        chunk = g_strdup(task->chunk);
        message = g_strdup(*task->message ? task->message :
                           "it was released meanwhile");
        node = over ? NULL : task_node(task);
    }
    g_mutex_unlock(&tasks->lock);
    if (!claim) {
        task_missing(request);
    } else if (!over) {
        task_accepted(request, node);
    } else if (strcmp(state, "Completed")) {
        redfish_fail(request, 409, "ResourceInUse", message, NULL);
    } else if (create) {
        task_result(request, &view, claim, chunk);
    } else {
        http_answer_empty(request, 204);
    }
    redfish_view_end(&view);
}
