/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: one bit a block, "the host can reach it"
 *
 * Answers in constant time what every trapped access asks. The bits follow
 * from the extents; cxl_dcd_set_reach() is the only place that changes them.
 *
 * They are kept in pieces of 2^18 blocks. A piece with no bit set, or with all
 * of them, has no memory: 16 TiB in blocks of 64 bytes, accepted as one extent,
 * cost the table of pieces (8 MiB) and not 32 GiB.
 */
#include <string.h>
#include "blocks.h"
#include "geometry.h"

#define PIECE_BLOCKS    (1ULL << 18)
#define PIECE_BYTES     (PIECE_BLOCKS / 8)

/* What a piece points to when all its bits are set; only its address counts */
static uint8_t all_set;

static bool cxl_dcd_blocks_has_bits(const uint8_t *piece)
{
    return piece && piece != &all_set;
}

static void cxl_dcd_blocks_set_piece(uint8_t **piece, uint8_t *to)
{
    if (cxl_dcd_blocks_has_bits(*piece)) {
        g_free(*piece);
    }
    *piece = to;
}

void cxl_dcd_blocks_clear(CXLDcdRegion *region)
{
    for (uint64_t i = 0; i < region->num_pieces; i++) {
        cxl_dcd_blocks_set_piece(&region->pieces[i], NULL);
    }
    g_free(region->pieces);
    region->pieces = NULL;
    region->num_pieces = 0;
}

void cxl_dcd_blocks_layout(CXLDcd *dcd, unsigned i)
{
    const CXLDcdRegionConfig *config = cxl_dcd_region_config(dcd, i);
    CXLDcdRegion *region = &dcd->regions[i];
    uint64_t blocks = config->length / config->block_size;

    cxl_dcd_blocks_clear(region);
    region->block_shift = __builtin_ctzll(config->block_size);
    region->num_pieces = (blocks + PIECE_BLOCKS - 1) / PIECE_BLOCKS;
    region->pieces = g_new0(uint8_t *, region->num_pieces);
}

/* Bits [@bit, @bit + @count) of @bits, @count >= 1 */
static void cxl_dcd_blocks_set_bits(uint8_t *bits, uint64_t bit, uint64_t count,
                                    bool value)
{
    uint64_t last = bit + count - 1;
    uint8_t head = 0xff << bit % 8, tail = 0xff >> (7 - last % 8);

    if (bit / 8 == last / 8) {
        head &= tail;
        tail = head;
    }
    if (value) {
        bits[bit / 8] |= head;
        bits[last / 8] |= tail;
    } else {
        bits[bit / 8] &= ~head;
        bits[last / 8] &= ~tail;
    }
    if (last / 8 > bit / 8 + 1) {
        memset(&bits[bit / 8 + 1], value ? 0xff : 0, last / 8 - bit / 8 - 1);
    }
}

static void cxl_dcd_blocks_set_blocks(CXLDcdRegion *region, uint64_t first,
                                      uint64_t count, bool value)
{
    uint8_t *const uniform = value ? &all_set : NULL;

    while (count) {
        uint8_t **piece = &region->pieces[first / PIECE_BLOCKS];
        uint64_t bit = first % PIECE_BLOCKS;
        uint64_t n = MIN(count, PIECE_BLOCKS - bit);

        if (n == PIECE_BLOCKS) {
            cxl_dcd_blocks_set_piece(piece, uniform);
        } else if (*piece != uniform) {
            if (!cxl_dcd_blocks_has_bits(*piece)) {
                *piece = g_malloc(PIECE_BYTES);
                memset(*piece, value ? 0 : 0xff, PIECE_BYTES);
            }
            cxl_dcd_blocks_set_bits(*piece, bit, n, value);
        }
        first += n;
        count -= n;
    }
}

void cxl_dcd_set_reach(CXLDcd *dcd, unsigned i, uint64_t dpa, uint64_t len,
                       bool reachable)
{
    CXLDcdRegion *region = &dcd->regions[i];
    uint64_t offset = dpa - cxl_dcd_region_config(dcd, i)->base;
    CXLDcdRange range = { dpa, len };

    cxl_dcd_blocks_set_blocks(region, offset >> region->block_shift,
                              len >> region->block_shift, reachable);
    if (dcd->ops->reach) {
        dcd->ops->reach(dcd->opaque, &range, reachable);
    }
}

/* Are bits [@bit, @bit + @count) all set? Whole bytes at a time. */
static bool cxl_dcd_blocks_bits_set(const uint8_t *bits, uint64_t bit,
                                    uint64_t count)
{
    uint64_t end = bit + count;

    while (bit < end) {
        if (!(bit % 8) && end - bit >= 8) {
            if (bits[bit / 8] != 0xff) {
                return false;
            }
            bit += 8;
        } else {
            if (!(bits[bit / 8] & 1 << bit % 8)) {
                return false;
            }
            bit++;
        }
    }
    return true;
}

bool cxl_dcd_reachable(const CXLDcd *dcd, uint64_t dpa, uint64_t len)
{
    int i = cxl_dcd_region_of(dcd, dpa, len);
    const CXLDcdRegion *region;
    uint64_t block, left;

    if (i < 0) {
        return false;
    }
    region = &dcd->regions[i];
    dpa -= cxl_dcd_region_config(dcd, i)->base;
    block = dpa >> region->block_shift;
    left = ((dpa + len - 1) >> region->block_shift) - block + 1;
    while (left) {
        const uint8_t *piece = region->pieces[block / PIECE_BLOCKS];
        uint64_t bit = block % PIECE_BLOCKS;
        uint64_t n = MIN(left, PIECE_BLOCKS - bit);

        if (!piece ||
            (piece != &all_set && !cxl_dcd_blocks_bits_set(piece, bit, n))) {
            return false;
        }
        block += n;
        left -= n;
    }
    return true;
}

uint64_t cxl_dcd_blocks_count(const CXLDcdRegion *region)
{
    uint64_t count = 0;

    for (uint64_t i = 0; i < region->num_pieces; i++) {
        const uint8_t *piece = region->pieces[i];

        if (cxl_dcd_blocks_has_bits(piece)) {
            for (size_t at = 0; at < PIECE_BYTES; at++) {
                count += __builtin_popcount(piece[at]);
            }
        } else if (piece) {
            count += PIECE_BLOCKS;
        }
    }
    return count;
}
