/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Give a host memory, and say what came of it
 *
 *   cc give.c $(pkg-config --cflags --libs libcxlfm) -o give
 *   ./give qmp:/tmp/qmp-sock 0 1073741824
 */
#include <cxlfm.h>
#include <stdio.h>
#include <stdlib.h>

/* The device that is this host's: one address may lead to several. */
static int find_device(cxlfm *fm, uint16_t host)
{
    struct cxlfm_snapshot *s;
    size_t device, i;

    for (device = 0; device < cxlfm_device_count(fm); device++) {
        if (cxlfm_snapshot(fm, device, &s) < 0) {
            continue;
        }
        for (i = 0; i < s->host_count && s->hosts[i].id != host; i++) {
            continue;
        }
        if (i < s->host_count) {
            cxlfm_snapshot_free(s);
            return device;
        }
        cxlfm_snapshot_free(s);
    }
    return -1;
}

static int give(cxlfm *fm, int device, const struct cxlfm_add *request)
{
    struct cxlfm_wait *wait;
    struct cxlfm_outcome outcome;
    int ret = cxlfm_wait_begin_add(fm, device, request, &wait);

    if (ret < 0) {
        return ret;
    }
    ret = cxlfm_add(fm, device, request);
    if (ret >= 0) {
        ret = cxlfm_wait_run(wait, 30000, NULL, NULL, &outcome);
    }
    cxlfm_wait_free(wait);
    if (ret >= 0) {
        printf("host %u has taken %llu of %llu bytes\n", request->host,
               (unsigned long long)outcome.done,
               (unsigned long long)outcome.wanted);
        free(outcome.extents);
        ret = outcome.state != CXLFM_OUTCOME_DONE;
    }
    return ret;
}

int main(int argc, char **argv)
{
    struct cxlfm_add request = { .policy = CXLFM_POLICY_FREE };
    cxlfm *fm = cxlfm_new();
    int device, ret = -1;

    if (argc != 4) {
        fprintf(stderr, "usage: give ADDRESS HOST BYTES\n");
        return 2;
    }
    request.host = strtoul(argv[2], NULL, 10);
    request.length = strtoull(argv[3], NULL, 10);
    if (cxlfm_connect(fm, argv[1]) < 0) {
        fprintf(stderr, "%s\n", cxlfm_error_text(fm));
    } else if ((device = find_device(fm, request.host)) < 0) {
        fprintf(stderr, "%s leads to no device of host %u\n", argv[1],
                request.host);
    } else if ((ret = give(fm, device, &request)) < 0) {
        /* CXLFM_ERROR_UNKNOWN: look before you ask again. */
        fprintf(stderr, "%s\n", cxlfm_error_text(fm));
    }
    cxlfm_free(fm);
    return ret != 0;
}
