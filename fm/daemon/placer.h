/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One daemon of all is elected to choose hosts for claims that name none, and
 * to notice pools that nobody keeps any more
 */
#ifndef CXL_FMD_PLACER_H
#define CXL_FMD_PLACER_H

#include "core.h"
#include "lease.h"

struct placer;

struct placer *placer_new(struct fmd *fmd, struct lease *lease);
/* Gives the office up. */
void placer_free(struct placer *placer);
/* Try to be elected; if so, place what is to be placed. */
void placer_turn(struct placer *placer);
/* By any thread */
bool placer_is(struct placer *placer);

#endif /* CXL_FMD_PLACER_H */
