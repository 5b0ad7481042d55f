/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Fuzz the kernel module with a device that lies: its mailbox, its event log
 * and what it makes of offers, lists, configurations and CDATs, in user space
 *
 * The input is what the module does next, and what the device answers to each
 * command: well formed with any values, raw, short, late, put off or refused.
 * Whatever it says, what the module takes lies inside the device, twice over
 * nothing, and a tag is taken as a whole.
 */
#include "linux/test/kernel.h"
#include "linux/cdat.h"
#include "linux/events.h"
#include "linux/list.h"
#include "linux/mailbox.h"
#include "linux/match.h"
#include "linux/names.h"
#include "fuzzer.h"
#include "module-device.h"

#define WAYS     4
#define RECORDS  24
#define HELD_MAX 64

static struct cxl_dcd_span held[HELD_MAX];
static unsigned held_nr;
static int the_region;

static enum cxl_dcd_why resolve(void *ctx, struct cxl_dcd_rec *rec)
{
    const struct cxl_dcd *dcd = ctx;
    const struct cxl_dcd_part *part = &dcd->parts[rec->part];
    uint64_t offset = rec->dpa - part->base;

    if (!cxl_dcd_range_within(0, part->size, offset, rec->len)) {
        return CXL_DCD_STRADDLES;
    }
    rec->region = &the_region;
    rec->offset = offset;
    for (unsigned i = 0; i < held_nr; i++) {
        if (cxl_dcd_ranges_overlap(held[i].dpa, held[i].len, rec->dpa,
                                   rec->len)) {
            return CXL_DCD_OVERLAP;
        }
    }
    return CXL_DCD_OK;
}

static bool tag_live(void *ctx, const u8 *tag)
{
    return tag[15] == 3 && held_nr;
}

/* What is good is inside, free, and of a whole tag. */
static void check_verdicts(const struct cxl_dcd *dcd,
                           const struct cxl_dcd_rec *recs, unsigned nr)
{
    for (unsigned i = 0; i < nr; i++) {
        const struct cxl_dcd_rec *a = &recs[i];
        const struct cxl_dcd_part *part = dcd->parts;

        MUST(a->why < CXL_DCD_WHY_MAX && *cxl_dcd_why_text(a->why));
        if (a->why) {
            continue;
        }
        MUST(a->part < dcd->nr_parts && a->len && a->region == &the_region);
        part += a->part;
        MUST(cxl_dcd_range_within(part->base, part->size, a->dpa, a->len));
        MUST(!((a->dpa - part->base) % part->block || a->len % part->block));
        MUST(!part->shareable || !cxl_dcd_tag_null(a->tag));
        for (unsigned k = 0; k < nr && k < 256; k++) {
            const struct cxl_dcd_rec *b = &recs[k];

            if (k != i && !b->why) {
                MUST(!cxl_dcd_ranges_overlap(a->dpa, a->len, b->dpa, b->len));
            }
            if (b->why && !memcmp(a->tag, b->tag, sizeof(a->tag))) {
                MUST(cxl_dcd_tag_null(a->tag));
            }
        }
    }
}

static void offer_init(struct cxl_dcd_offer *offer, struct cxl_dcd *dcd,
                       struct cxl_dcd_rec *recs, u32 nr)
{
    *offer = (struct cxl_dcd_offer) { .dcd = dcd, .recs = recs, .nr = nr };
    offer->sorted = calloc(nr ?: 1, sizeof(*offer->sorted));
    offer->place = calloc(nr ?: 1, sizeof(*offer->place));
    offer->spans = calloc(nr ?: 1, sizeof(*offer->spans));
}

static void offer_free(struct cxl_dcd_offer *offer)
{
    free(offer->sorted);
    free(offer->place);
    free(offer->spans);
}

static void offer_judge(struct cxl_dcd_offer *offer)
{
    struct cxl_dcd_judge outside = {
        .parts = offer->dcd->parts, .nr_parts = offer->dcd->nr_parts,
        .resolve = resolve, .tag_live = tag_live, .ctx = offer->dcd,
    };

    cxl_dcd_judge(&outside, offer->recs, offer->sorted, offer->nr);
    check_verdicts(offer->dcd, offer->recs, offer->nr);
}

static void chain_done(struct cxl_dcd *dcd)
{
    cxl_dcd_chain_reset(&dcd->chain);
    dcd->stall_work.queued = false;
    dcd->parked = false;
}

static void on_offer(struct cxl_dcd *dcd)
{
    struct cxl_dcd_offer offer;

    if (dcd->chain.broken) {
        cxl_dcd_update(dcd, CXL_DCD_OP_ADD_RESPONSE, NULL, 0);
        chain_done(dcd);
        return;
    }
    MUST(dcd->chain.nr && dcd->chain.nr <= dcd->chain.room);
    if (take() > 250) {             /* as if others of a set lacked theirs */
        dcd->parked = dcd->chain.open = true;
        cxl_dcd_stall_begin(dcd);
        return;
    }
    offer_init(&offer, dcd, dcd->chain.recs, dcd->chain.nr);
    offer_judge(&offer);
    for (u32 i = 0; i < offer.nr; i++) {
        const struct cxl_dcd_rec *rec = offer.sorted[i];

        if (!rec->why) {
            offer.spans[offer.accepted++] =
                (struct cxl_dcd_span) { rec->dpa, rec->len };
        }
    }
    if (!cxl_dcd_update(dcd, CXL_DCD_OP_ADD_RESPONSE, offer.spans,
                        offer.accepted)) {
        for (u32 i = 0; i < offer.accepted && held_nr < HELD_MAX; i++) {
            held[held_nr++] = offer.spans[i];
        }
    }
    offer_free(&offer);
    chain_done(dcd);
}

static void on_expired(struct cxl_dcd *dcd)
{
    bool rest = !dcd->parked;

    cxl_dcd_update(dcd, CXL_DCD_OP_ADD_RESPONSE, NULL, 0);
    chain_done(dcd);
    if (rest) {
        cxl_dcd_rest_begin(dcd);
    }
}

static void on_release(struct cxl_dcd *dcd, const struct cxl_dcd_rec *rec)
{
    for (unsigned i = 0; i < held_nr; i++) {
        if (rec->len && cxl_dcd_ranges_overlap(held[i].dpa, held[i].len,
                                               rec->dpa, 1)) {
            struct cxl_dcd_span span = held[i];

            held[i] = held[--held_nr];
            cxl_dcd_list_release(dcd, &span, 1);
            return;
        }
    }
}

static void look_at_list(struct cxl_dcd *dcd);

static int on_reconcile(struct cxl_dcd *dcd, bool emptied)
{
    if (emptied && dcd->overflow) {
        look_at_list(dcd);
        dcd->overflow = false;
    }
    return 0;
}

static void on_drained(struct cxl_dcd *dcd)
{
}

/* --- Steps: what the bytes of an input are turned into --- */

/* What is joined ascends, and no two touch. */
static void look_at_list(struct cxl_dcd *dcd)
{
    struct cxl_dcd_span *spans;
    u32 nr;

    if (cxl_dcd_listed(dcd, &spans, &nr)) {
        MUST(!spans);
        return;
    }
    for (u32 i = 0; i < nr; i++) {
        MUST(spans[i].len && spans[i].dpa + spans[i].len > spans[i].dpa);
        MUST(!i || spans[i - 1].dpa + spans[i - 1].len < spans[i].dpa);
        MUST(cxl_dcd_spans_cover(spans, nr, spans[i].dpa, spans[i].len));
    }
    free(spans);
}

static void read_config(struct cxl_dcd *dcd)
{
    struct cxl_dcd_part parts[CXL_DCD_MAX_REGIONS] = { 0 };
    unsigned nr;

    if (cxl_dcd_get_config(dcd->cxlds, parts, &nr)) {
        return;
    }
    MUST(nr && nr <= CXL_DCD_MAX_REGIONS && !cxl_dcd_parts_check(parts, nr));
    memcpy(dcd->parts, parts, sizeof(parts));
    dcd->nr_parts = nr;
    held_nr = 0;
    chain_done(dcd);
}

static void drain(struct cxl_dcd *dcd)
{
    cxl_dcd_events_kick(dcd);
    kernel_run(&dcd->event_work);
}

static void wait(struct cxl_dcd *dcd)
{
    jiffies += take() * HZ;
    kernel_run(&dcd->event_work);
    kernel_run(&dcd->stall_work);
}

static void give_back(struct cxl_dcd *dcd)
{
    struct cxl_dcd_span spans[HELD_MAX];
    unsigned nr = held_nr;

    if (nr) {
        memcpy(spans, held, sizeof(spans));
        held_nr = 0;
        cxl_dcd_list_release(dcd, spans, nr);
    }
}

static void cdat(struct cxl_dcd *dcd)
{
    size_t len = take();
    uint8_t *table = malloc(len ?: 1);
    struct cxl_dcd_perf perf;

    for (size_t i = 0; i < len; i++) {
        table[i] = take();
    }
    cxl_dcd_cdat_flags(dcd->parts, dcd->nr_parts, table, len);
    for (unsigned i = 0; i < dcd->nr_parts; i++) {
        bool any = cxl_dcd_cdat_perf(dcd->parts[i].dsmad, table, len, &perf);

        MUST(any == (perf.read_latency || perf.write_latency ||
                     perf.read_bandwidth || perf.write_bandwidth));
    }
    free(table);
}

/* A set of devices, each with an offer of its own */
static void match(struct cxl_dcd *dcd)
{
    unsigned ways = 1 + take() % WAYS;
    struct cxl_dcd_rec recs[WAYS][RECORDS];
    struct cxl_dcd_offer offers[WAYS];
    uint32_t good[WAYS] = { 0 };

    for (unsigned k = 0; k < ways; k++) {
        uint8_t shape = take();
        unsigned nr = shape % RECORDS;

        if (k && shape > 128) {     /* as the first one offers, or nearly */
            nr = offers[0].nr;
        }
        for (unsigned i = 0; i < nr; i++) {
            CXLDcdWireExtent extent = { 0 };

            if (k && shape > 128 && take() < 250) {
                memcpy(&recs[k][i], &recs[0][i], sizeof(recs[k][i]));
                recs[k][i].why = CXL_DCD_OK;
                recs[k][i].part = CXL_DCD_PART_NONE;
                continue;
            }
            extent = take_extent();
            cxl_dcd_rec_decode(&recs[k][i], &extent, i);
        }
        offer_init(&offers[k], dcd, recs[k], nr);
    }
    for (unsigned k = 0; k < ways; k++) {
        offer_judge(&offers[k]);
    }
    cxl_dcd_match(offers, ways);
    for (unsigned k = 0; k < ways; k++) {
        check_verdicts(dcd, recs[k], offers[k].nr);
        for (u32 i = 0; i < offers[k].nr; i++) {
            good[k] += !recs[k][i].why;
        }
        MUST(good[k] == good[0]);
        offer_free(&offers[k]);
    }
}

static void names(struct cxl_dcd *dcd)
{
    static const char * const series[] = {
        "dc0", "dynamic_ram_a", "dynamic_ram_1", "dynamic_ram", "none",
    };
    char *text = malloc(32);
    int i;

    cxl_dcd_names_choose(series[take() % ARRAY_SIZE(series)]);
    for (i = 0; i < 31; i++) {
        text[i] = take();
    }
    text[i] = 0;
    if (take() & 1) {
        snprintf(text, 32, "%s", cxl_dcd_slot_name(take() %
                                                   cxl_dcd_slots()));
    }
    i = cxl_dcd_name_part(dcd->parts, dcd->nr_parts, text);
    MUST(i == -ENXIO || i == -EINVAL ||
         (i >= 0 && i < (int)dcd->nr_parts && dcd->parts[i].size));
    free(text);
}

/* What an honest device has: ordinary capacity, and some to be shared */
static const struct cxl_dcd_part honest[] = {
    { .base = 0, .size = 64ULL << 21, .decode = 1ULL << 28,
      .block = 1ULL << 21, .dsmad = 1 },
    { .base = 1ULL << 28, .size = 1ULL << 20, .decode = 1ULL << 28,
      .block = 4096, .dsmad = 2, .shareable = true },
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct cxl_dcd_event_ops ops = {
        on_offer, on_expired, on_release, on_release, on_reconcile, on_drained,
    };
    static void (* const steps[])(struct cxl_dcd *dcd) = {
        drain, drain, drain, look_at_list, give_back, wait, match, cdat,
        names, read_config,
    };
    struct device pdev;
    struct cxl_memdev memdev;
    struct cxl_dev_state state = { .dev = &pdev };
    struct cxl_dcd dcd = { .cxlmd = &memdev, .cxlds = &state, .armed = true };
    uint8_t shape;

    input = data;
    left = size;
    world = &dcd;
    held_nr = 0;
    shape = take();
    jiffies = shape & 1 ? -5 * HZ : 0;
    state.cxl_mbox.payload_size = 256 << (shape >> 1 & 3);
    memcpy(dcd.parts, honest, sizeof(honest));
    dcd.nr_parts = ARRAY_SIZE(honest);
    dcd.events = malloc(state.cxl_mbox.payload_size);
    dcd.handled = calloc(state.cxl_mbox.payload_size /
                         sizeof(CXLDcdEventRecord), sizeof(*dcd.handled));
    cxl_dcd_names_choose("dc0");
    cxl_dcd_events_attach(&dcd, &ops);
    if (shape & 8) {
        read_config(&dcd);
    }
    while (left) {
        steps[take() % ARRAY_SIZE(steps)](&dcd);
    }
    cxl_dcd_events_detach(&dcd);
    chain_done(&dcd);
    free(dcd.events);
    free(dcd.handled);
    return 0;
}
