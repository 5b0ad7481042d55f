/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Requests that wait for workers
 *
 * Who asks more than others does not wait less: the workers take one of each in
 * turn. What waits can be taken back, by the end of the server and when whoever
 * asked has hung up.
 */
#ifndef FMD_HTTP_QUEUE_H
#define FMD_HTTP_QUEUE_H

#include <stdbool.h>
#include <stdint.h>
#include <glib.h>

typedef struct HttpQueue HttpQueue;

/* All workers begin now; @run is called in them. */
HttpQueue *http_queue_new(const char *name, unsigned workers, GFunc run,
                          void *opaque);
/* What runs ends first. What waits must have been taken: http_queue_take(). */
void http_queue_free(HttpQueue *queue);

/* How many of @who wait or run */
unsigned http_queue_count(HttpQueue *queue, const char *who);
void http_queue_push(HttpQueue *queue, const char *who, void *job);

/* Those that wait and of which @wanted says true (NULL: all), now the caller's */
typedef bool (*HttpQueueFn)(void *job);
GPtrArray *http_queue_take(HttpQueue *queue, HttpQueueFn wanted);

/* us for which the oldest one has waited; 0: none waits */
int64_t http_queue_waited(HttpQueue *queue);

#endif /* FMD_HTTP_QUEUE_H */
