/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which extents to ask for when only a size was given
 *
 * A host can release a whole extent far more easily than a piece of one, since
 * a DAX device or a memory block may use all of it. So the largest extents that
 * fit are asked for. What is left after that is the end of a larger one: of the
 * smallest that is large enough.
 */
#include <inttypes.h>
#include "fail.h"
#include "pick.h"
#include "text.h"

typedef struct Candidate {
    struct cxlfm_extent extent;
    bool taken;
} Candidate;

static int pick_larger_first(gconstpointer a, gconstpointer b)
{
    const struct cxlfm_extent *x = &((const Candidate *)a)->extent;
    const struct cxlfm_extent *y = &((const Candidate *)b)->extent;

    if (x->length != y->length) {
        return x->length > y->length ? -1 : 1;
    }
    /* Of two of one length the higher, which came later, goes first. */
    return x->dpa > y->dpa ? -1 : x->dpa < y->dpa;
}

/* Candidates are sorted, so the first that fits is the largest that does. */
static void pick_whole(GArray *candidates, GArray *picked, uint64_t *left)
{
    unsigned i;

    for (i = 0; i < candidates->len && *left; i++) {
        Candidate *c = &g_array_index(candidates, Candidate, i);

        if (c->extent.length <= *left) {
            g_array_append_val(picked, c->extent);
            *left -= c->extent.length;
            c->taken = true;
        }
    }
}

static void pick_tail(GArray *candidates, GArray *picked, uint64_t *left)
{
    unsigned i;

    for (i = candidates->len; i-- && *left;) {
        const Candidate *c = &g_array_index(candidates, Candidate, i);
        struct cxlfm_extent tail = c->extent;

        if (c->taken || tail.length <= *left) {
            continue;
        }
        tail.offset += tail.length - *left;
        tail.dpa += tail.length - *left;
        tail.length = *left;
        g_array_append_val(picked, tail);
        *left = 0;
    }
}

bool pick_extents(const struct cxlfm_extent *held, size_t count,
                  uint64_t bytes, uint64_t block_size,
                  struct cxlfm_extent **ret_extents, size_t *ret_count,
                  GError **error)
{
    g_autoptr(GArray) candidates = g_array_new(false, true, sizeof(Candidate));
    g_autoptr(GArray) picked = g_array_new(false, false,
                                           sizeof(struct cxlfm_extent));
    uint64_t total = 0, left = bytes;
    size_t i;

    for (i = 0; i < count; i++) {
        const Candidate c = { .extent = held[i] };

        g_array_append_val(candidates, c);
        total += held[i].length;
    }
    if (bytes > total) {
        g_autofree char *has = format_size(total);
        g_autofree char *want = format_size(bytes);

        tool_fail(error, TOOL_FAILED,
                  "the host has %s that can be asked for, less than %s", has,
                  want);
        return false;
    }
    if (block_size && bytes % block_size) {
        tool_fail(error, TOOL_FAILED,
                  "%" PRIu64 " bytes are not a multiple of the region's block "
                  "size 0x%" PRIx64, bytes, block_size);
        return false;
    }
    g_array_sort(candidates, pick_larger_first);
    pick_whole(candidates, picked, &left);
    pick_tail(candidates, picked, &left);
    *ret_count = picked->len;
    *ret_extents = (struct cxlfm_extent *)g_array_free(
        g_steal_pointer(&picked), false);
    return true;
}

uint64_t pick_whole_bytes(const struct cxlfm_extent *held, size_t count,
                          const struct cxlfm_extent *picked,
                          size_t picked_count)
{
    uint64_t bytes = 0;
    size_t i, j;

    for (i = 0; i < count; i++) {
        for (j = 0; j < picked_count; j++) {
            if (picked[j].dpa < held[i].dpa + held[i].length &&
                held[i].dpa < picked[j].dpa + picked[j].length) {
                bytes += held[i].length;
                break;
            }
        }
    }
    return bytes;
}
