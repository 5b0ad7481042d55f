/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the programs that measure the core share: time, memory, chance
 */
#ifndef SCALE_H
#define SCALE_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Of a clock that only goes forward */
double seconds(void);

/* End the program with @error, or without one, unless @ok. */
void must(bool ok, GError *error);

/* Bytes that malloc has given out */
size_t heap(void);

/* The same numbers in every run: xorshift, from a seed that is not 0 */
uint64_t next_random(uint64_t *state);

/* One call of @what, the mean of @rounds; the best of five times that */
typedef void (*ScaleRound)(void *opaque, uint64_t *random);
double best_microseconds(unsigned rounds, ScaleRound what, void *opaque);

#endif /* SCALE_H */
