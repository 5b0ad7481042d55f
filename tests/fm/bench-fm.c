/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Round trips through a door of libcxlfm
 *
 *   bench-fm ADDRESS [SECONDS]
 *
 * Over the FM API: Get DCD Info, whole frames there and back. Over QMP: the
 * query of the same device. Prints one JSON object.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <glib.h>
#include "cxlfm.h"
#include "fmapi-call.h"
#include "hw/cxl/dcd/wire_fm.h"

static int bench_once(cxlfm *fm)
{
    struct cxlfm_snapshot *snapshot;
    const uint8_t *answer;
    size_t len;
    int ret;

    if (cxlfm_is_fmapi(fm)) {
        return cxlfm_fmapi_call(fm, &(const CxlfmRequest) {
                                    .opcode = CXL_DCD_OP_FM_GET_INFO,
                                    .min_answer = sizeof(CXLDcdFmInfoResponse),
                                }, &answer, &len);
    }
    ret = cxlfm_snapshot(fm, 0, &snapshot);
    if (ret >= 0) {
        cxlfm_snapshot_free(snapshot);
    }
    return ret;
}

int main(int argc, char **argv)
{
    double seconds = argc > 2 ? atof(argv[2]) : 2;
    int64_t begin, took, worst = 0, calls = 0;
    cxlfm *fm = cxlfm_new();

    if (argc < 2 || !(seconds > 0)) {
        fputs("usage: bench-fm ADDRESS [SECONDS]\n", stderr);
        return 2;
    }
    if (cxlfm_connect(fm, argv[1]) < 0) {
        fprintf(stderr, "bench-fm: %s\n", cxlfm_error_text(fm));
        return 1;
    }
    begin = g_get_monotonic_time();
    do {
        int64_t at = g_get_monotonic_time();

        if (bench_once(fm) < 0) {
            fprintf(stderr, "bench-fm: %s\n", cxlfm_error_text(fm));
            return 1;
        }
        took = g_get_monotonic_time();
        worst = MAX(worst, took - at);
        calls++;
        took -= begin;
    } while (took < seconds * 1000000);
    printf("{ \"door\": \"%s\", \"round-trips\": %" PRId64
           ", \"per-second\": %.0f, \"worst-us\": %" PRId64 " }\n",
           cxlfm_is_fmapi(fm) ? "fm" : "qmp", calls,
           calls * 1000000.0 / took, worst);
    cxlfm_free(fm);
    return 0;
}
