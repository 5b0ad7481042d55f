/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The line under a door, with deadlines. What fails closes it for good: half a
 * message that was sent or read makes all that follows meaningless.
 */
#ifndef CXLFM_STREAM_H
#define CXLFM_STREAM_H

#include <stddef.h>
#include "cxlfm.h"
#include "deadline.h"

/* Open @where ("/path", "tcp:host:port", "tty:/dev/x"). */
int cxlfm_stream_open(cxlfm *fm, const char *where, CxlfmDeadline deadline);
/* Close it if it is open. */
void cxlfm_stream_close(cxlfm *fm);
int cxlfm_stream_write(cxlfm *fm, const void *bytes, size_t len,
                       CxlfmDeadline deadline);
/* Bytes read (> 0), 0 at the deadline, or an error; never end of file. */
int cxlfm_stream_read(cxlfm *fm, void *bytes, size_t size,
                      CxlfmDeadline deadline);
/* The same, for an answer that is due at once: may spin for 100 us. */
int cxlfm_stream_read_soon(cxlfm *fm, void *bytes, size_t size,
                           CxlfmDeadline deadline);

#endif /* CXLFM_STREAM_H */
