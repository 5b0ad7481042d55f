/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One claim of cxl-fmd, until it is as it was asked for */
#ifndef CXL_FM_FLEET_CLAIM_H
#define CXL_FM_FLEET_CLAIM_H

#include <signal.h>
#include "fleet.h"

/* "/v1/claims/UUID" */
char *fleet_claim_path(const char *uuid);
/* "Pending" for one that nobody has looked at yet */
const char *fleet_claim_phase(struct json_object *claim);
/*
 * Until claim @uuid is bound, or, with @gone, is not there any more; not beyond
 * @timeout seconds, nor once *@stop (may be NULL). Exit status, with what it
 * was at last in *ret_claim, NULL when it is gone; or -1 with @error.
 */
int fleet_claim_wait(Tool *tool, cxlfm *fm, const char *uuid, bool gone,
                     double timeout, const volatile sig_atomic_t *stop,
                     struct json_object **ret_claim, GError **error);

#endif /* CXL_FM_FLEET_CLAIM_H */
