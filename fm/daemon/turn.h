/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A lock that is had in the order in which it was asked for
 *
 * Of a mutex, who gives it back and wants it again has it before others have
 * woken. Where it is held for as long as a disk takes, and somebody has much to
 * write, others would wait until all of that is written.
 */
#ifndef CXL_FMD_TURN_H
#define CXL_FMD_TURN_H

#include <stdbool.h>
#include <glib.h>

struct turn {
    GMutex lock;                  /* of the next two */
    GQueue waiting;
    bool taken;
};

void turn_init(struct turn *turn);
void turn_clear(struct turn *turn);
void turn_take(struct turn *turn);
void turn_leave(struct turn *turn);

/* g_autoptr(turn_holder) holder = turn_hold(turn): until the block ends */
typedef struct turn turn_holder;
static inline turn_holder *turn_hold(struct turn *turn)
{
    turn_take(turn);
    return turn;
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(turn_holder, turn_leave)

#endif /* CXL_FMD_TURN_H */
